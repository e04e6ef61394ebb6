/* iso_time_test.c - the moments were computed with GNU date. */
#include "check.h"

#include "base/error.h"
#include "protocol/iso_time.h"

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t     ms;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T00:00:00.001Z", 1 },
        { "2026-01-31T09:05:07Z", 1769850307000 },
        { "2026-01-31t09:05:07z", 1769850307000 },
        { "2026-01-31 09:05:07Z", 1769850307000 },
        { "2026-01-31T09:05Z", 1769850300000 },
        { "2026-01-31T09:05:07.5Z", 1769850307500 },
        { "2026-01-31T09:05:07,123456789Z", 1769850307123 },
        { "2026-01-31T10:05:07+01:00", 1769850307000 },
        { "2026-01-31T10:05:07+0100", 1769850307000 },
        { "2026-01-31T10:05:07 01:00", 1769850307000 }, /* what a query makes of a plus */
        { "2026-01-31T05:35:07.123-03:30", 1769850307123 },
        { "2024-02-29T00:00:00Z", 1709164800000 },
        { "2000-02-29T12:00:00Z", 951825600000 },
        { "1972-12-31T23:59:60Z", 94694400000 }, /* a leap second */
        { "9999-12-31T23:59:59.999Z", 253402300799999 },
        { "0", 0 },
        { "1769850307", 1769850307000 },
        { "99999999999", 99999999999000 },
        { "100000000000", 100000000000 },
        { "1769850307123", 1769850307123 },
        { "253402300799999", 253402300799999 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -1;
        CHECK_EQ(iso_time_parse(cases[i].text, &ms), 0);
        CHECK_EQ(ms, cases[i].ms);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "", " ", "now", "-1", "1.5", "1e9", "0x10", "253402300800000", "99999999999999999999999999",
        "2026-01-31", "2026-01-31T09:05:07", "2026-01-31T09:05:07+1", "2026-01-31T09:05:07+01:0",
        "2026-01-31T09:05:07-00:00", "2026-01-31T09:05:07+24:00", "2026-01-31T09:05:07+01:60",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00", "2026-01-31T24:00:00Z", "2026-01-31T09:60:00Z", "2026-01-31T09:05:61Z",
        "2026-01-31T09Z", "2026-01-31T9:05:07Z", "2026-1-31T09:05:07Z", "2026-01-31T09:05:07.Z",
        "2026-01-31T09:05:07ZZ", " 2026-01-31T09:05:07Z", "2026-01-31T09:05:07Z ",
        "9999-12-31T23:59:59-01:00",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 7;
        CHECK_EQ(iso_time_parse(cases[i], &ms), ERR_INVALID);
        CHECK_EQ(ms, 7);
    }
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = "2026-01-31T10:05:07.25+01:00";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        char   *copy = (char *)copy_exact(text, cut + 1);
        int64_t ms;
        copy[cut] = '\0';
        bool number = cut >= 1 && cut <= 4; /* of seconds */
        CHECK_EQ(iso_time_parse(copy, &ms), number || cut == sizeof text - 1 ? 0 : ERR_INVALID);
        free(copy);
    }
}

static void test_format(void **state)
{
    (void)state;
    static const struct {
        int64_t     ms;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { -1, "1970-01-01T00:00:00.000Z" },
        { 1769850307123, "2026-01-31T09:05:07.123Z" },
        { 1709164800000, "2024-02-29T00:00:00.000Z" },
        { 951868799999, "2000-02-29T23:59:59.999Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[ISO_TIME_SIZE];
        iso_time_format(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
    for (int64_t ms = 1; ms < INT64_C(4000000000000); ms += INT64_C(86399123)) {
        char    text[ISO_TIME_SIZE];
        int64_t back;
        iso_time_format(ms, text);
        CHECK_EQ(iso_time_parse(text, &back), 0);
        CHECK_EQ(back, ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
