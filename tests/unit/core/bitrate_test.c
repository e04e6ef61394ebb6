#include "check.h"

#include "core/bitrate.h"

/* The second at which a steady sender is found out; 0 if never within an hour. */
static unsigned found_after(uint64_t bytes_per_s, uint64_t limit)
{
    struct bitrate b = { 0 };
    for (unsigned s = 0; s <= 3600; s++)
        if (bitrate_is_exceeded(&b, s * bytes_per_s, 1000000 + s * 1000, limit))
            return s;
    return 0;
}

static void test_steady(void **state)
{
    (void)state;
    CHECK_EQ(found_after(125000, 1000000), 0);      /* just the rate */
    CHECK_EQ(found_after(124999, 1000000), 0);
    CHECK_EQ(found_after(250000, 1000000), 6);      /* twice: past the burst of 5 s */
    CHECK_EQ(found_after(1250000, 1000000), 1);     /* ten times */
    CHECK_EQ(found_after(137500, 1000000), 51);     /* a tenth above it */
    CHECK_EQ(found_after(1, 1), 1);
    CHECK_EQ(found_after(UINT64_C(1) << 40, 0), 0); /* no limit */
    CHECK_EQ(found_after(UINT64_C(1) << 50, UINT64_C(100000000000)), 1);
}

/* A burst is forgiven, and its credit comes back. */
static void test_bursts(void **state)
{
    (void)state;
    struct bitrate b = { 0 };
    uint64_t       bytes = 0, now_ms = 5;
    CHECK(!bitrate_is_exceeded(&b, 1000000000, now_ms, 1000000)); /* the first look: whatever it is */
    bytes = 1000000000;
    for (int i = 0; i < 10; i++) {
        bytes += 5 * 125000;
        now_ms += 1000;
        CHECK(!bitrate_is_exceeded(&b, bytes, now_ms, 1000000));
        for (int quiet = 0; quiet < 5; quiet++) {
            now_ms += 1000;
            CHECK(!bitrate_is_exceeded(&b, bytes, now_ms, 1000000));
        }
    }
    CHECK(bitrate_is_exceeded(&b, bytes + 6 * 125000 + 1, now_ms + 1000, 1000000));
}

/* Time that stands still or leaps, and a limit that is set, changed or taken back on the way. */
static void test_odd_times(void **state)
{
    (void)state;
    struct bitrate b = { 0 };
    CHECK(!bitrate_is_exceeded(&b, 0, 1000, 8000));
    CHECK(!bitrate_is_exceeded(&b, 5000, 1000, 8000));
    CHECK(bitrate_is_exceeded(&b, 5001, 1000, 8000));
    CHECK(!bitrate_is_exceeded(&b, 5001, 2000, 8000));
    CHECK(bitrate_is_exceeded(&b, 5001 + 15000, 1000 + 3600 * 1000, 8000)); /* credit for 10 s, not an hour */
    CHECK(!bitrate_is_exceeded(&b, 5001 + 15000, 1000 + 3600 * 1000, 80000));
    CHECK(!bitrate_is_exceeded(&b, 99999999, 1000 + 3601 * 1000, 0));
    CHECK(!bitrate_is_exceeded(&b, 99999999 + 1000, 1000 + 3602 * 1000, 8000)); /* what was free stays free */
}

/* A rate of 1000 bits a second, kept up or not, by bytes and length of each window. */
static void test_floor(void **state)
{
    (void)state;
    static const struct { uint64_t bytes, ms; enum bitrate_level level; } windows[] = {
        { 999, 0, BITRATE_UNKNOWN },    /* the first look */
        { 249, 2000, BITRATE_LOW },
        { 250, 2000, BITRATE_LOW },     /* just the rate is not a quarter more */
        { 312, 2000, BITRATE_LOW },
        { 313, 2000, BITRATE_WELL },
        { 250, 2000, BITRATE_WELL },
        { 500, 4000, BITRATE_WELL },    /* looked at late */
        { 499, 4000, BITRATE_LOW },
        { 0, 1999, BITRATE_LOW },       /* not over */
        { 400, 1, BITRATE_WELL },
        { 0, 3600000, BITRATE_LOW },
    };
    struct bitrate_floor f = { 0 };
    uint64_t             bytes = 77, now_ms = 5;
    for (size_t i = 0; i < COUNT(windows); i++) {
        bitrate_floor_look(&f, bytes += windows[i].bytes, now_ms += windows[i].ms, 1000);
        CHECK_EQ(f.level, windows[i].level);
    }
    bitrate_floor_look(&f, bytes, now_ms + 1, 0);
    CHECK_EQ(f.level, BITRATE_UNKNOWN);
    bitrate_floor_look(&f, bytes, now_ms + 2, 1000);
    bitrate_floor_look(&f, bytes + 250, now_ms + 2002, 1000);
    CHECK_EQ(f.level, BITRATE_WELL); /* nothing is held against it */
    struct bitrate_floor low = { .level = BITRATE_LOW };
    bitrate_floor_look(&low, 0, 100, 1000);
    CHECK_EQ(low.level, BITRATE_LOW);
    bitrate_floor_look(&low, 260, 2100, 1000);
    CHECK_EQ(low.level, BITRATE_LOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_odd_times),
        cmocka_unit_test(test_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
