#include "bench/skim_rtmp.h"

#include "base/error.h"
#include "check.h"

/* Typed from RTMP 1.0, 5.3.1 and 5.4.1: Set Chunk Size to 4; a video message of 6 bytes in two
 * chunks with an audio message of another chunk stream between them; a type 1, a type 2 and a
 * type 3 message on that stream; an empty one; one with an extended timestamp in two chunks. */
static const uint8_t stream[] = {
    0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 4,
    0x06, 0, 0, 10, 0, 0, 6, 9, 1, 0, 0, 0, 0x17, 1, 2, 3,
    0x00, 0x40, 0, 0, 20, 0, 0, 2, 8, 1, 0, 0, 0, 0xaf, 1, /* csid 128, in two bytes */
    0xc6, 4, 5,
    0x40, 0x40, 0, 0, 5, 0, 0, 1, 8, 0xaa,                 /* 25 */
    0x80, 0x40, 0, 0, 7, 0xbb,                             /* 32 */
    0xc0, 0x40, 0xcc,                                      /* 39 */
    0x04, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0,
    0x01, 0x02, 0x01, 0xff, 0xff, 0xff, 0, 0, 5, 9, 1, 0, 0, 0, 1, 0, 0, 0, 9, 9, 9, 9, /* csid 322 */
    0xc1, 0x02, 0x01, 1, 0, 0, 0, 8,
};

static const struct {
    uint8_t  type;
    uint32_t time_ms, size, first; /* the first byte of the body */
} wanted[] = {
    { 1, 0, 4, 0 }, { 8, 20, 2, 0xaf }, { 9, 10, 6, 0x17 }, { 8, 25, 1, 0xaa }, { 8, 32, 1, 0xbb },
    { 8, 39, 1, 0xcc }, { 8, 0, 0, 0 }, { 9, 0x1000000, 5, 9 },
};

static size_t read_all(struct skim_rtmp *s, struct bytes in, size_t first)
{
    while (in.size > 0) {
        struct skim_message m;
        ssize_t             n = skim_rtmp_read(s, in, &m);
        CHECK(n > 0 && (size_t)n <= in.size);
        in = (struct bytes){ in.data + n, in.size - (size_t)n };
        if (!m.complete)
            continue;
        CHECK_EQ(m.type, wanted[first].type);
        CHECK_EQ(m.time_ms, wanted[first].time_ms);
        CHECK_EQ(m.size, wanted[first].size);
        CHECK_EQ(m.head.size, m.size);
        CHECK_EQ(m.size > 0 ? m.head.data[0] : 0, wanted[first].first);
        if (m.size == 6)
            assert_memory_equal(m.head.data, "\x17\x01\x02\x03\x04\x05", 6);
        CHECK_EQ(m.msid, m.type == 1 ? 0 : 1);
        first++;
    }
    return first;
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= sizeof stream; cut++) {
        struct skim_rtmp s;
        uint8_t         *a = copy_exact(stream, cut), *b = copy_exact(stream + cut, sizeof stream - cut);
        skim_rtmp_init(&s);
        size_t count = read_all(&s, (struct bytes){ a, cut }, 0);
        CHECK_EQ(read_all(&s, (struct bytes){ b, sizeof stream - cut }, count), COUNT(wanted));
        free(a);
        free(b);
    }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    struct skim_rtmp s;
    size_t           count = 0;
    skim_rtmp_init(&s);
    for (size_t i = 0; i < sizeof stream; i++) {
        uint8_t *copy = copy_exact(stream + i, 1);
        count = read_all(&s, (struct bytes){ copy, 1 }, count);
        free(copy);
    }
    CHECK_EQ(count, COUNT(wanted));
}

static int read_error(const uint8_t *wire, size_t size)
{
    uint8_t            *copy = copy_exact(wire, size);
    struct bytes        in = { copy, size };
    struct skim_rtmp    s;
    struct skim_message m;
    ssize_t             n = 1;
    skim_rtmp_init(&s);
    while (n > 0 && in.size > 0) {
        n = skim_rtmp_read(&s, in, &m);
        in = n > 0 ? (struct bytes){ in.data + n, in.size - (size_t)n } : in;
    }
    if (n < 0)
        CHECK_EQ(skim_rtmp_read(&s, in, &m), n);
    free(copy);
    return n < 0 ? (int)n : 0;
}

static void test_refusals(void **state)
{
    (void)state;
    static const uint8_t type3_first[] = { 0xc6 };
    static const uint8_t type2_first[] = { 0x86, 0, 0, 1 };
    static const uint8_t chunk_size_0[] = { 2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t chunk_size_short[] = { 2, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 1 };
    static const uint8_t header_inside[] = {
        2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1, 6, 0, 0, 0, 0, 0, 2, 9, 1, 0, 0, 0, 0x17,
        6, 0, 0, 0, 0, 0, 2, 9, 1, 0, 0, 0,
    };
    CHECK_EQ(read_error(type3_first, sizeof type3_first), ERR_PROTOCOL);
    CHECK_EQ(read_error(type2_first, sizeof type2_first), ERR_PROTOCOL);
    CHECK_EQ(read_error(chunk_size_0, sizeof chunk_size_0), ERR_PROTOCOL);
    CHECK_EQ(read_error(chunk_size_short, sizeof chunk_size_short), ERR_PROTOCOL);
    CHECK_EQ(read_error(header_inside, sizeof header_inside), ERR_PROTOCOL);
}

static void test_too_many_streams(void **state)
{
    (void)state;
    uint8_t       wire[(SKIM_RTMP_STREAMS + 1) * 12];
    struct writer w = writer_over(wire, sizeof wire);
    for (unsigned i = 0; i <= SKIM_RTMP_STREAMS; i++) {
        write_be(&w, 2 + i, 1);
        write_be(&w, 0, 6);
        write_be(&w, 8, 1);
        write_be(&w, 0, 4);
    }
    CHECK_EQ(read_error(wire, SKIM_RTMP_STREAMS * 12), 0);
    CHECK_EQ(read_error(wire, sizeof wire), ERR_TOO_BIG);
}

/* Abort Message (5.4.2): the next chunk begins a message. */
static void test_abort(void **state)
{
    (void)state;
    static const uint8_t wire[] = {
        2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 4,    6, 0, 0, 0, 0, 0, 8, 9, 1, 0, 0, 0, 1, 2, 3, 4,
        2, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 6,    6, 0, 0, 9, 0, 0, 1, 9, 1, 0, 0, 0, 7,
    };
    struct skim_rtmp    s;
    struct skim_message m;
    struct bytes        in = { wire, sizeof wire };
    skim_rtmp_init(&s);
    while (in.size > 0) {
        ssize_t n = skim_rtmp_read(&s, in, &m);
        CHECK(n > 0);
        in = (struct bytes){ in.data + n, in.size - (size_t)n };
    }
    CHECK(m.complete);
    CHECK_EQ(m.time_ms, 9);
    CHECK_EQ(m.head.data[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),     cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_refusals),         cmocka_unit_test(test_too_many_streams),
        cmocka_unit_test(test_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
