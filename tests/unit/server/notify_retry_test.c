/* What statuses mean, and the pauses between attempts. */
#include "check.h"

#include "server/notify_retry.h"

static void test_outcomes(void **state)
{
    (void)state;
    static const struct { long status; enum notify_outcome outcome; } cases[] = {
        { 0, NOTIFY_LATER },     { 200, NOTIFY_TAKEN },   { 204, NOTIFY_TAKEN },   { 299, NOTIFY_TAKEN },
        { 100, NOTIFY_BROKEN },  { 301, NOTIFY_BROKEN },  { 308, NOTIFY_BROKEN },  { 600, NOTIFY_BROKEN },
        { 400, NOTIFY_REFUSED }, { 401, NOTIFY_REFUSED }, { 403, NOTIFY_REFUSED }, { 499, NOTIFY_REFUSED },
        { 408, NOTIFY_LATER },   { 425, NOTIFY_LATER },   { 429, NOTIFY_LATER },
        { 500, NOTIFY_LATER },   { 503, NOTIFY_LATER },   { 599, NOTIFY_LATER },   { -1, NOTIFY_BROKEN },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(notify_outcome_of(cases[i].status), cases[i].outcome);
}

/* Without luck (a random 0) and with all of it. */
static void test_pauses(void **state)
{
    (void)state;
    static const uint64_t longest[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
    for (unsigned i = 0; i < COUNT(longest); i++) {
        CHECK_EQ(notify_retry_ms(i + 1, 1000, 0, 0), longest[i]);
        CHECK_EQ(notify_retry_ms(i + 1, 1000, 0, (uint32_t)(longest[i] / 2)), longest[i] / 2);
    }
    CHECK_EQ(notify_retry_ms(4000000000u, 1000, 0, 0), 60000); /* no overflow, and no long loop */
    CHECK_EQ(notify_retry_ms(100, 10, 0, 0), 60000);
    CHECK_EQ(notify_retry_ms(1, 1, 0, 0), 1);
    for (uint32_t random = 0; random < 5000; random += 7) {
        uint64_t pause_ms = notify_retry_ms(3, 1000, 0, random * 858993u);
        CHECK(pause_ms >= 2000 && pause_ms <= 4000);
    }
}

static void test_retry_after(void **state)
{
    (void)state;
    CHECK_EQ(notify_retry_ms(1, 1000, 7, 0), 7000);
    CHECK_EQ(notify_retry_ms(7, 1000, 7, 0), 60000); /* ours is longer */
    CHECK_EQ(notify_retry_ms(1, 1000, 300, 0), 300000);
    CHECK_EQ(notify_retry_ms(1, 1000, 301, 0), 300000);
    CHECK_EQ(notify_retry_ms(1, 1000, UINT64_MAX, 0), 300000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
