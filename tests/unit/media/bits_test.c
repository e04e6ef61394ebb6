#include "check.h"

#include "media/bits.h"

#define BITS(...) ((struct bytes){ (const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }) })

static void test_reads_most_significant_first(void **state)
{
    (void)state;
    struct bits b = bits_over(BITS(0xa5, 0x0f, 0xf0, 0x12, 0x34, 0x56, 0x78, 0x9a));
    CHECK_EQ(bits_read(&b, 0), 0);
    CHECK_EQ(bits_read(&b, 1), 1);
    CHECK_EQ(bits_read(&b, 2), 1);
    CHECK_EQ(bits_read(&b, 5), 5);
    CHECK_EQ(bits_read(&b, 12), 0x0ff);
    CHECK_EQ(bits_left(&b), 44);
    CHECK_EQ(bits_read(&b, 32), 0x01234567);
    CHECK(bits_flag(&b));
    bits_skip(&b, 11);
    CHECK_EQ(bits_left(&b), 0);
    CHECK(!b.overrun);
}

/* At every cut: what is there is read, what is not is zero, for good. */
static void test_overrun_stays(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= 5; cut++) {
        uint8_t    *copy = copy_exact("\xff\xff\xff\xff\xff", cut);
        struct bits b = bits_over((struct bytes){ copy, cut });
        CHECK_EQ(bits_read(&b, 7), cut >= 1 ? 0x7f : 0);
        CHECK_EQ(bits_read(&b, 32), cut >= 5 ? 0xffffffff : 0);
        CHECK_EQ(b.overrun, cut < 5);
        CHECK_EQ(bits_read(&b, 1), cut >= 5);
        bits_read(&b, 1);
        CHECK_EQ(bits_left(&b), 0);
        free(copy);
    }
    struct bits b = bits_over(BITS(0xff));
    bits_skip(&b, SIZE_MAX);
    CHECK(b.overrun && bits_left(&b) == 0);
}

/* H.264, tables 9-1 and 9-3. */
static void test_exp_golomb(void **state)
{
    (void)state;
    struct bits b = bits_over(BITS(0xa6, 0x42, 0x98, 0xe2, 0x04, 0x8a));
    for (uint32_t want = 0; want <= 8; want++)
        CHECK_EQ(bits_ue(&b), want);
    CHECK(!b.overrun);
    b = bits_over(BITS(0xa6, 0x42, 0x98, 0xe2, 0x04, 0x8a));
    static const int32_t want[] = { 0, 1, -1, 2, -2, 3, -3, 4, -4 };
    for (size_t i = 0; i < COUNT(want); i++)
        CHECK_EQ(bits_se(&b), want[i]);
    CHECK(!b.overrun);
}

static void test_exp_golomb_at_its_longest(void **state)
{
    (void)state;
    struct bits b = bits_over(BITS(0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe));
    CHECK_EQ(bits_ue(&b), 0xfffffffe);
    b = bits_over(BITS(0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe));
    CHECK_EQ(bits_se(&b), -0x7fffffff);
    b = bits_over(BITS(0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfc));
    CHECK_EQ(bits_se(&b), 0x7fffffff);
    CHECK(!b.overrun);
    b = bits_over(BITS(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff));
    CHECK_EQ(bits_ue(&b), 0);
    CHECK(b.overrun);
    b = bits_over(BITS(0, 0, 0, 1, 0xff));
    bits_ue(&b);
    CHECK(b.overrun);
}

static void test_emulation_prevention(void **state)
{
    (void)state;
    static const struct { const char *wire; size_t size; const char *want; size_t want_size; } cases[] = {
        { "\1\0\0\3\1",              5, "\1\0\0\1",       4 },
        { "\0\0\3\0\0\3\0",          7, "\0\0\0\0\0",     5 },
        { "\0\0\3\3",                4, "\0\0\3",         3 },
        { "\0\3\0\0\4",              5, "\0\3\0\0\4",     5 },
        { "\0\0\0\3\2",              5, "\0\0\0\2",       4 },
        { "\0\0\3",                  3, "\0\0",           2 },
        { "\3\0\1\0\0\3",            6, "\3\0\1\0\0",     5 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t    *copy = copy_exact(cases[i].wire, cases[i].size);
        struct bits b = bits_over_nal((struct bytes){ copy, cases[i].size });
        for (size_t n = 0; n < cases[i].want_size; n++)
            CHECK_EQ(bits_read(&b, 8), cases[i].want[n]);
        CHECK(!b.overrun);
        CHECK_EQ(bits_read(&b, 1), 0);
        CHECK(b.overrun);
        free(copy);
    }
    struct bits plain = bits_over(BITS(0, 0, 3, 1));
    CHECK_EQ(bits_read(&plain, 32), 0x301);
    struct bits across = bits_over_nal(BITS(0x10, 0, 0, 3, 1, 0x80));
    bits_skip(&across, 4);
    CHECK_EQ(bits_read(&across, 32), 0x18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_most_significant_first),
        cmocka_unit_test(test_overrun_stays),
        cmocka_unit_test(test_exp_golomb),
        cmocka_unit_test(test_exp_golomb_at_its_longest),
        cmocka_unit_test(test_emulation_prevention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
