/* Moments as they are written, and the zone in which they are read.  The expected numbers are date(1)'s. */
#include "check.h"

#include "base/time_text.h"

#include <stdlib.h>
#include <time.h>

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static void test_moments(void **state)
{
    (void)state;
    static const struct { const char *text; int64_t ms; } cases[] = {
        { "0", 0 },
        { "1769846707", INT64_C(1769846707000) },
        { "1769846707.5", INT64_C(1769846707500) },
        { "1769846707.123456789", INT64_C(1769846707123) },
        { "1769846707123", INT64_C(1769846707123) },
        { "99999999999", INT64_C(99999999999000) },
        { "100000000000", INT64_C(100000000000) },
        { "2026-01-31T08:05:07Z", INT64_C(1769846707000) },
        { "2026-01-31t08:05:07z", INT64_C(1769846707000) },
        { "2026-01-31T09:05:07.123+01:00", INT64_C(1769846707123) },
        { "2026-01-31T09:05:07 01:00", INT64_C(1769846707000) }, /* a "+" that was read as a space */
        { "2026-01-31T03:35:07-0430", INT64_C(1769846707000) },
        { "2026-01-31T09:05:07+01", INT64_C(1769846707000) },
        { "2026-01-31 09:05:07", INT64_C(1769846707000) },       /* Berlin */
        { "2026-01-31T09:05", INT64_C(1769846700000) },
        { "2026-01-31", INT64_C(1769814000000) },
        { "2026-07-01T12:00:00", INT64_C(1782900000000) },       /* summer time */
        { "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
        { "1970-01-01T00:00:00Z", 0 },
        { "9999-12-31T23:59:59Z", INT64_C(253402300799000) },
    };
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -1;
        if (!time_text_parse(cases[i].text, &ms))
            fail_msg("%s is refused", cases[i].text);
        CHECK_EQ(ms, cases[i].ms);
    }
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "", " ", "x", "-1", "+1", "1e9", "1769846707.", "1769846707.x", "1769846707123.5", "0x10",
        "17698467071234567", "9999999999999999", "999999999999999", "1769846707 ", "1769846707.1234567890",
        "2026-01", "2026-1-31", "2026-13-01", "2026-00-01", "2026-02-30", "2025-02-29", "2026-01-32",
        "1969-12-31T23:59:59Z", "2026-01-31T", "2026-01-31T24:00", "2026-01-31T09", "2026-01-31T09:60",
        "2026-01-31T09:05:61", "2026-01-31T09:05:07.", "2026-01-31T09:05:07+1", "2026-01-31T09:05:07+01:6",
        "2026-01-31T09:05:07+01:60", "2026-01-31T09:05:07+24:00", "2026-01-31T09:05:07ZZ",
        "2026-01-31T09:05:07Z ", "26-01-31T09:05:07", "1970-01-01T00:00:00+01:00",
    };
    set_zone("UTC0");
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 77;
        char   *exact = (char *)copy_exact(cases[i], strlen(cases[i]) + 1);
        if (time_text_parse(exact, &ms))
            fail_msg("\"%s\" is taken for %lld", cases[i], (long long)ms);
        CHECK_EQ(ms, 77);
        free(exact);
    }
}

/* The hour that comes twice in autumn is one of the two; the one that spring leaves out is near. */
static void test_local_time_at_its_edges(void **state)
{
    (void)state;
    int64_t ms;
    set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
    CHECK(time_text_parse("2026-10-25T02:30:00", &ms));
    CHECK(ms == INT64_C(1792888200000) || ms == INT64_C(1792891800000));
    CHECK(time_text_parse("2026-03-29T02:30:00", &ms));
    CHECK(ms >= INT64_C(1774744200000) && ms <= INT64_C(1774751400000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_local_time_at_its_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
