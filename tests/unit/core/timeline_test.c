#include "check.h"

#include "core/timeline.h"

static void test_starts_where_the_publisher_does(void **state)
{
    (void)state;
    struct timeline t = { 0 };
    CHECK_EQ(timeline_header(&t, 0), 0);
    CHECK_EQ(timeline_frame(&t, 5000), 5000);
    CHECK_EQ(timeline_frame(&t, 5040), 5040);
    CHECK_EQ(timeline_frame(&t, 5023), 5023); /* audio that lags behind video keeps its time */
}

static void test_wraps_after_49_days(void **state)
{
    (void)state;
    struct timeline t = { 0 };
    CHECK_EQ(timeline_frame(&t, 0xfffffff0), 0xfffffff0);
    CHECK_EQ(timeline_frame(&t, 0x00000010), 0x100000010);
    CHECK_EQ(timeline_frame(&t, 0xfffffff8), 0xfffffff8); /* the other track is not there yet */
    CHECK_EQ(timeline_frame(&t, 0x70000000), 0x170000000);
    CHECK_EQ(timeline_frame(&t, 0xe0000000), 0x1e0000000);
    CHECK_EQ(timeline_frame(&t, 0x00000000), 0x200000000);
}

/* Encoders send metadata and sequence headers with time 0 whenever they like. */
static void test_headers_never_go_back(void **state)
{
    (void)state;
    struct timeline t = { 0 };
    CHECK_EQ(timeline_header(&t, 7), 7);
    timeline_frame(&t, 90000);
    CHECK_EQ(timeline_header(&t, 0), 90000);
    CHECK_EQ(timeline_header(&t, 90040), 90040);
    CHECK_EQ(timeline_frame(&t, 90020), 90020);
}

/* The next publisher goes on behind the last frame; its tracks keep their distance. */
static void test_next_publisher_continues(void **state)
{
    (void)state;
    struct timeline t = { 0 };
    timeline_frame(&t, 3000);
    timeline_frame(&t, 3040);
    timeline_restart(&t);
    CHECK_EQ(timeline_header(&t, 0), 3040);
    CHECK_EQ(timeline_frame(&t, 100), 3040 + TIMELINE_SEAM_MS);
    CHECK_EQ(timeline_frame(&t, 87), 3040 + TIMELINE_SEAM_MS - 13);
    CHECK_EQ(timeline_frame(&t, 140), 3040 + TIMELINE_SEAM_MS + 40);
    timeline_restart(&t);
    CHECK_EQ(timeline_frame(&t, 0xffffffff), 3040 + 2 * TIMELINE_SEAM_MS + 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_where_the_publisher_does),
        cmocka_unit_test(test_wraps_after_49_days),
        cmocka_unit_test(test_headers_never_go_back),
        cmocka_unit_test(test_next_publisher_continues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
