#include "bench/sei.h"

#include "base/error.h"
#include "check.h"

/* Written out from H.264 (7.3.2.3.1, D.1.7): NAL header, payload type, payload size, UUID, our
 * numbers of seven bits a byte, stop bit. */
static const uint8_t nal[SEI_NAL_SIZE] = {
    0x06, 0x05, 0x20,
    0x8d, 0x2f, 0xb1, 0x5e, 0x63, 0xc9, 0x4a, 0x17, 0x9b, 0xe4, 0x71, 0xd6, 0x38, 0xfa, 0x25, 0xc3,
    0x80, 0x80, 0x80, 0x80, 0x80, 0xbd, 0x84, 0xc0, /* 1000000 */
    0x80, 0x80, 0x80, 0x82, 0xac,                   /* 300 */
    0x80, 0x80, 0x87,                               /* 7 */
    0x80,
};

static void test_write(void **state)
{
    (void)state;
    uint8_t out[SEI_NAL_SIZE];
    sei_write(&(struct sei_stamp){ .time_us = 1000000, .sequence = 300, .stream = 7 }, out);
    assert_memory_equal(out, nal, sizeof nal);
}

/* No start code nor escape may arise (7.4.1): no byte is zero. */
static void test_largest_values(void **state)
{
    (void)state;
    struct sei_stamp in = { (UINT64_C(1) << 56) - 1, (UINT64_C(1) << 35) - 1, SEI_STREAM_MAX }, got;
    uint8_t          out[SEI_NAL_SIZE];
    sei_write(&in, out);
    for (size_t i = 0; i < sizeof out; i++)
        CHECK(out[i] != 0);
    CHECK(sei_find((struct bytes){ out, sizeof out }, &got));
    CHECK(got.time_us == in.time_us && got.sequence == in.sequence && got.stream == in.stream);
}

/* A video tag as a server may pass it on, cut at every byte. */
static void test_find_cut(void **state)
{
    (void)state;
    uint8_t whole[5 + 6 + 4 + SEI_NAL_SIZE + 8] = { 0x27, 1, 0, 0, 0, 0, 0, 0, 2, 9, 0x30, 0, 0, 0, 36 };
    size_t  at = 15, needed = at + SEI_NAL_SIZE - 1; /* the stop bit is not looked at */
    memcpy(whole + at, nal, sizeof nal);
    for (size_t cut = 0; cut <= sizeof whole; cut++) {
        uint8_t         *copy = copy_exact(whole, cut);
        struct sei_stamp stamp = { 0, 0, 0 };
        CHECK_EQ(sei_find((struct bytes){ copy, cut }, &stamp), cut >= needed);
        CHECK_EQ(stamp.time_us, cut >= needed ? 1000000 : 0);
        CHECK_EQ(stamp.sequence, cut >= needed ? 300 : 0);
        CHECK_EQ(stamp.stream, cut >= needed ? 7 : 0);
        free(copy);
    }
}

static void test_length_size(void **state)
{
    (void)state;
    uint8_t config[] = { 0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff, 0xe1 };
    CHECK_EQ(sei_length_size((struct bytes){ config, sizeof config }), 4);
    config[9] = 0xfd;
    CHECK_EQ(sei_length_size((struct bytes){ config, sizeof config }), 2);
    config[9] = 0xfc;
    CHECK_EQ(sei_length_size((struct bytes){ config, sizeof config }), 1);
    config[9] = 0xfe; /* three is not allowed */
    CHECK_EQ(sei_length_size((struct bytes){ config, sizeof config }), ERR_PROTOCOL);
    CHECK_EQ(sei_length_size((struct bytes){ config, 9 }), ERR_PROTOCOL);
    CHECK_EQ(sei_length_size((struct bytes){ config, 1 }), ERR_UNSUPPORTED);
    config[1] = 1; /* a picture */
    CHECK_EQ(sei_length_size((struct bytes){ config, sizeof config }), ERR_UNSUPPORTED);
    config[0] = 0x90; /* Enhanced RTMP */
    config[1] = 0;
    CHECK_EQ(sei_length_size((struct bytes){ config, sizeof config }), ERR_UNSUPPORTED);
}

static void test_place(void **state)
{
    (void)state;
    static const struct {
        unsigned length_size;
        ssize_t  want;
        uint8_t  size, body[24];
    } cases[] = {
        { 4, 5,  12, { 0x17, 1, 0, 0, 0, 0, 0, 0, 3, 0x65, 1, 2 } },
        { 4, 11, 18, { 0x17, 1, 0, 0, 0, 0, 0, 0, 2, 9, 0x30, 0, 0, 0, 3, 0x65, 1, 2 } }, /* delimiter */
        { 2, 9,  14, { 0x27, 1, 0, 0, 0, 0, 2, 9, 0x30, 0, 3, 0x41, 1, 2 } },
        { 1, 5,  8,  { 0x27, 1, 0, 0, 0, 2, 0x41, 1 } },
        { 4, ERR_PROTOCOL,    12, { 0x17, 1, 0, 0, 0, 0, 0, 0, 4, 0x65, 1, 2 } },   /* beyond the end */
        { 4, ERR_PROTOCOL,    9,  { 0x17, 1, 0, 0, 0, 0, 0, 0, 0 } },               /* empty unit */
        { 4, ERR_PROTOCOL,    7,  { 0x17, 1, 0, 0, 0, 0, 0 } },
        { 4, ERR_PROTOCOL,    11, { 0x17, 1, 0, 0, 0, 0, 0, 0, 2, 9, 0x30 } },      /* no picture */
        { 4, ERR_PROTOCOL,    4,  { 0x17, 1, 0, 0 } },
        { 4, ERR_UNSUPPORTED, 5,  { 0x17, 2, 0, 0, 0 } },                           /* end of sequence */
        { 4, ERR_UNSUPPORTED, 6,  { 0x22, 1, 0, 0, 0, 0 } },                        /* Sorenson */
        { 4, ERR_UNSUPPORTED, 0,  { 0 } },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t *body = copy_exact(cases[i].body, cases[i].size);
        CHECK_EQ(sei_place((struct bytes){ body, cases[i].size }, cases[i].length_size), cases[i].want);
        free(body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),       cmocka_unit_test(test_largest_values),
        cmocka_unit_test(test_find_cut),    cmocka_unit_test(test_length_size),
        cmocka_unit_test(test_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
