#include "bench/skim_flv.h"

#include "base/error.h"
#include "check.h"

/* Typed from FLV 10.1, E.2 to E.4: header, an empty audio tag, a video tag with an extended
 * timestamp, a script tag. */
static const uint8_t stream[] = {
    'F', 'L', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0,
    8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 11,
    9, 0, 0, 3, 0x34, 0x56, 0x78, 0x12, 0, 0, 0, 0x27, 1, 2, 0, 0, 0, 14,
    18, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 12,
};

static const struct {
    uint8_t  type;
    uint32_t time_ms, size;
} wanted[] = { { 8, 1, 0 }, { 9, 0x12345678, 3 }, { 18, 0, 1 } };

/* Read all of `in`, and check the tags from number `first` on; returns the next number. */
static size_t read_all(struct skim_flv *s, struct bytes in, size_t first)
{
    while (in.size > 0) {
        struct skim_message m;
        ssize_t             n = skim_flv_read(s, in, &m);
        CHECK(n > 0 && (size_t)n <= in.size);
        in = (struct bytes){ in.data + n, in.size - (size_t)n };
        if (!m.complete)
            continue;
        CHECK_EQ(m.type, wanted[first].type);
        CHECK_EQ(m.time_ms, wanted[first].time_ms);
        CHECK_EQ(m.size, wanted[first].size);
        CHECK_EQ(m.head.size, m.size);
        if (m.type == 9)
            assert_memory_equal(m.head.data, "\x27\x01\x02", 3);
        first++;
    }
    return first;
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= sizeof stream; cut++) {
        struct skim_flv s = { .state = 0 };
        uint8_t        *a = copy_exact(stream, cut), *b = copy_exact(stream + cut, sizeof stream - cut);
        size_t          count = read_all(&s, (struct bytes){ a, cut }, 0);
        CHECK_EQ(read_all(&s, (struct bytes){ b, sizeof stream - cut }, count), 3);
        free(a);
        free(b);
    }
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    struct skim_flv s = { .state = 0 };
    size_t          count = 0;
    for (size_t i = 0; i < sizeof stream; i++) {
        uint8_t *copy = copy_exact(stream + i, 1);
        count = read_all(&s, (struct bytes){ copy, 1 }, count);
        free(copy);
    }
    CHECK_EQ(count, 3);
}

/* Of a long body, the head alone is kept, in however many pieces it comes. */
static void test_long_body(void **state)
{
    (void)state;
    enum { SIZE = 1000 };
    uint8_t       wire[13 + 11 + SIZE + 4];
    struct writer w = writer_over(wire, sizeof wire);
    write_bytes(&w, stream, 13);
    write_be(&w, 9, 1);
    write_be(&w, SIZE, 3);
    write_be(&w, 0, 7);
    for (unsigned i = 0; i < SIZE; i++)
        write_be(&w, i & 0xff, 1);
    write_be(&w, SIZE + 11, 4);
    for (size_t step = 1; step < 300; step++) {
        struct skim_flv     s = { .state = 0 };
        struct skim_message m = { .complete = false };
        for (size_t at = 0; at < sizeof wire; at += step) {
            size_t   size = sizeof wire - at < step ? sizeof wire - at : step;
            uint8_t *copy = copy_exact(wire + at, size);
            CHECK_EQ(skim_flv_read(&s, (struct bytes){ copy, size }, &m), size);
            free(copy);
        }
        CHECK(m.complete);
        CHECK_EQ(m.head.size, SKIM_HEAD_SIZE);
        for (unsigned i = 0; i < SKIM_HEAD_SIZE; i++)
            CHECK_EQ(m.head.data[i], i);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        size_t  at;
        uint8_t value;
    } faults[] = {
        { 0, 'G' }, { 3, 2 }, { 8, 8 }, { 6, 1 }, /* signature, version, header too short and too long */
        { 13, 0x48 },                             /* reserved bits of the tag type */
        { 27, 12 },                               /* PreviousTagSize */
    };
    for (size_t i = 0; i < COUNT(faults); i++) {
        uint8_t            *wire = copy_exact(stream, sizeof stream);
        struct skim_flv     s = { .state = 0 };
        struct skim_message m;
        struct bytes        in = { wire, sizeof stream };
        ssize_t             n;
        wire[faults[i].at] = faults[i].value;
        while ((n = skim_flv_read(&s, in, &m)) > 0 && in.size > 0)
            in = (struct bytes){ in.data + n, in.size - (size_t)n };
        CHECK_EQ(n, ERR_PROTOCOL);
        CHECK_EQ(skim_flv_read(&s, in, &m), ERR_PROTOCOL);
        free(wire);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_long_body),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
