/* What is read from the head of a recorded file: heads of our own, and such as other programs write. */
#include "check.h"

#include "protocol/amf.h"
#include "protocol/flv_head.h"

/* "onMetaData", ECMA array { width: 320, millraceRun: 9, keyframes: [1] }: what a publisher says who sends
 * one of our own recordings. */
static const uint8_t metadata[] = {
    2, 0, 10, 'o','n','M','e','t','a','D','a','t','a', 8, 0,0,0,3,
    0, 5, 'w','i','d','t','h', 0, 0x40,0x74,0,0,0,0,0,0,
    0, 11, 'm','i','l','l','r','a','c','e','R','u','n', 0, 0x40,0x22,0,0,0,0,0,0,
    0, 9, 'k','e','y','f','r','a','m','e','s', 10, 0,0,0,1, 0, 0x3f,0xf0,0,0,0,0,0,0,
    0, 0, 9,
};
static const struct bytes said = { metadata, sizeof metadata };

static struct bytes body_of(const uint8_t *head, size_t size)
{
    return (struct bytes){ head + 24, size - 28 };
}

static void add_keyframe(struct flv_index *x, uint32_t time_ms)
{
    struct avpacket *p = avpacket_new(AV_VIDEO, 100);
    assert_non_null(p);
    p->flags = AV_KEYFRAME;
    p->size = 100;
    flv_index_add(x, p, time_ms);
    avpacket_unref(&p);
}

static uint8_t *make_head(size_t *size)
{
    struct flv_index x;
    *size = flv_head_size(said, 4);
    flv_index_init(&x, 4, *size);
    x.origin = (struct flv_origin){ INT64_C(1769846707123), 5000, 0xfedcba9876543, true };
    for (uint32_t i = 0; i < 3; i++)
        add_keyframe(&x, i * 2000);
    uint8_t *head = malloc(*size);
    assert_non_null(head);
    flv_head_write(head, *size, said, &x);
    flv_index_clear(&x);
    return head;
}

static void test_origin(void **state)
{
    (void)state;
    size_t            size;
    uint8_t          *head = make_head(&size);
    struct flv_origin origin;
    flv_head_read_origin(body_of(head, size), &origin);
    CHECK_EQ(origin.wall_ms, INT64_C(1769846707123));
    CHECK_EQ(origin.stream_ms, 5000);
    CHECK_EQ(origin.run, 0xfedcba9876543);
    CHECK(origin.is_uniform);
    flv_head_read_origin((struct bytes){ 0 }, &origin);
    CHECK_EQ(origin.run, 0);
    free(head);
}

/* Numbers that are none, or beyond what a double counts, are not taken. */
static void test_origin_that_makes_no_sense(void **state)
{
    (void)state;
    static const double wrong[] = { -1, 1e300, -1e300, 0.0 / 0.0, 1.0 / 0.0, 9007199254740994.0 };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        uint8_t           room[128];
        struct flv_origin origin;
        struct writer     w = writer_over(room, sizeof room);
        amf_write_string(&w, "onMetaData");
        amf_write_object_start(&w);
        amf_write_key(&w, "millraceRun");
        amf_write_number(&w, wrong[i]);
        amf_write_key(&w, "millraceUniform");
        amf_write_number(&w, 1);
        amf_write_object_end(&w);
        uint8_t *exact = copy_exact(room, writer_size(&w));
        flv_head_read_origin((struct bytes){ exact, writer_size(&w) }, &origin);
        CHECK_EQ(origin.run, 0);
        CHECK(!origin.is_uniform);
        free(exact);
    }
}

static void test_find_keyframe(void **state)
{
    (void)state;
    size_t              size;
    uint8_t            *head = make_head(&size);
    struct flv_keyframe found;
    static const struct { uint32_t ms, found_ms; unsigned number; } cases[] = {
        { 0, 0, 0 },       { 1999, 0, 0 },    { 2000, 2000, 1 },
        { 3999, 2000, 1 }, { 4000, 4000, 2 }, { UINT32_MAX, 4000, 2 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(flv_head_find_keyframe(body_of(head, size), cases[i].ms, &found));
        CHECK_EQ(found.time_ms, cases[i].found_ms);
        CHECK_EQ(found.position, size + cases[i].number * 115);
    }
    free(head);
}

/* Cut anywhere, and with every byte turned: nothing is read past the end, and no answer is a surprise. */
static void test_broken_heads(void **state)
{
    (void)state;
    size_t              size;
    uint8_t            *head = make_head(&size);
    struct bytes        body = body_of(head, size);
    struct flv_origin   origin;
    struct flv_keyframe found;
    for (size_t cut = 0; cut < body.size; cut++) {
        uint8_t     *exact = copy_exact(body.data, cut);
        struct bytes part = { exact, cut };
        flv_head_read_origin(part, &origin);
        flv_head_find_keyframe(part, 4000, &found);
        free(exact);
    }
    for (size_t at = 0; at < body.size; at++) {
        uint8_t *exact = copy_exact(body.data, body.size);
        exact[at] ^= 0xff;
        struct bytes turned = { exact, body.size };
        flv_head_read_origin(turned, &origin);
        if (flv_head_find_keyframe(turned, 4000, &found))
            CHECK(found.position > 0);
        free(exact);
    }
    CHECK(!flv_head_find_keyframe(said, 4000, &found));
    free(head);
}

static void test_said(void **state)
{
    (void)state;
    static const uint8_t left[] = {
        2, 0, 10, 'o','n','M','e','t','a','D','a','t','a', 8, 0,0,0,1,
        0, 5, 'w','i','d','t','h', 0, 0x40,0x74,0,0,0,0,0,0, 0, 0, 9,
    };
    size_t           size;
    uint8_t         *head = make_head(&size);
    struct avpacket *p = flv_head_said(body_of(head, size));
    assert_non_null(p);
    CHECK_EQ(p->type, AV_DATA);
    CHECK_EQ(p->flags, AV_METADATA);
    CHECK_EQ(p->size, sizeof left);
    assert_memory_equal(avpacket_body(p), left, sizeof left);
    avpacket_unref(&p);
    p = flv_head_said((struct bytes){ 0 });
    assert_non_null(p);
    CHECK_EQ(p->size, 21);
    avpacket_unref(&p);
    free(head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_origin_that_makes_no_sense),
        cmocka_unit_test(test_find_keyframe),
        cmocka_unit_test(test_broken_heads),
        cmocka_unit_test(test_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
