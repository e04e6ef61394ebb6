#include "check.h"

#include "core/timeline.h"

enum { AUDIO = 8, VIDEO = 9 };

static struct timeline t;

static int set_up(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    return 0;
}

static int64_t audio(uint32_t time_ms)
{
    return timeline_frame(&t, AUDIO, 0, time_ms);
}

static int64_t video(uint32_t time_ms)
{
    return timeline_frame(&t, VIDEO, 0, time_ms);
}

static void check_counts(unsigned jumps, unsigned disorders, unsigned drifts)
{
    CHECK_EQ(t.jumps, jumps);
    CHECK_EQ(t.disorders, disorders);
    CHECK_EQ(t.drifts, drifts);
}

static void test_starts_where_the_publisher_does(void **state)
{
    (void)state;
    CHECK_EQ(timeline_header(&t, 0), 0);
    CHECK_EQ(video(5000), 5000);
    CHECK_EQ(video(5040), 5040);
    CHECK_EQ(audio(5023), 5023); /* audio that lags behind video keeps its time */
    CHECK_EQ(audio(5046), 5046);
    check_counts(0, 0, 0);
}

static void test_wraps_after_49_days(void **state)
{
    (void)state;
    CHECK_EQ(video(0xfffffff0), 0xfffffff0);
    CHECK_EQ(video(0x00000010), 0x100000010);
    CHECK_EQ(audio(0xfffffff8), 0xfffffff8); /* the other track is not there yet */
    CHECK_EQ(audio(0x00000008), 0x100000008);
    check_counts(0, 0, 0);
}

/* Encoders send metadata and sequence headers with time 0 whenever they like. */
static void test_headers_never_go_back(void **state)
{
    (void)state;
    CHECK_EQ(timeline_header(&t, 7), 7);
    video(90000);
    CHECK_EQ(timeline_header(&t, 0), 90000);
    CHECK_EQ(timeline_header(&t, 90040), 90040);
    CHECK_EQ(video(90020), 90020);
}

/* The next publisher goes on behind the last frame; its tracks keep their distance. */
static void test_next_publisher_continues(void **state)
{
    (void)state;
    video(3000);
    audio(3010);
    video(3040);
    timeline_restart(&t);
    CHECK_EQ(timeline_header(&t, 0), 3040);
    CHECK_EQ(video(100), 3040 + TIMELINE_SEAM_MS);
    CHECK_EQ(audio(87), 3040 + TIMELINE_SEAM_MS - 13);
    CHECK_EQ(video(140), 3040 + TIMELINE_SEAM_MS + 40);
    timeline_restart(&t);
    CHECK_EQ(video(0xffffffff), 3040 + 2 * TIMELINE_SEAM_MS + 40);
    check_counts(0, 0, 0);
}

/* The clock is set back to 0: both tracks go on as if it had not been, 13 ms apart as before. */
static void test_jump_back(void **state)
{
    (void)state;
    video(500000);
    audio(500013);
    CHECK_EQ(video(0), 500013 + TIMELINE_SEAM_MS);
    CHECK_EQ(audio(13), 500013 + TIMELINE_SEAM_MS + 13);
    CHECK_EQ(video(40), 500013 + TIMELINE_SEAM_MS + 40);
    check_counts(1, 0, 0);
}

/* One track leaps first; frames of the other by the old clock are still to come. */
static void test_jump_ahead_with_stragglers(void **state)
{
    (void)state;
    video(1000);
    audio(1000);
    CHECK_EQ(video(3600000), 1000 + TIMELINE_SEAM_MS);
    CHECK_EQ(audio(1023), 1023);
    CHECK_EQ(audio(1046), 1046);
    CHECK_EQ(video(3600040), 1000 + TIMELINE_SEAM_MS + 40);
    CHECK_EQ(audio(3600049), 1000 + TIMELINE_SEAM_MS + 49);
    check_counts(1, 0, 0);
}

static void test_a_pause_is_no_jump(void **state)
{
    (void)state;
    video(0);
    CHECK_EQ(video(TIMELINE_GAP_MS), TIMELINE_GAP_MS);
    check_counts(0, 0, 0);
}

static void test_disorder_is_held(void **state)
{
    (void)state;
    video(1000);
    CHECK_EQ(video(990), 1000);
    CHECK_EQ(video(1040), 1040);
    CHECK_EQ(video(1040 - TIMELINE_BACK_MS), 1040);
    check_counts(0, 2, 0);
}

static void test_a_track_that_drifts_away_is_brought_up(void **state)
{
    (void)state;
    video(0);
    audio(0);
    video(TIMELINE_DRIFT_MS);
    CHECK_EQ(audio(20), 20);
    video(TIMELINE_DRIFT_MS + 100);
    CHECK_EQ(audio(40), TIMELINE_DRIFT_MS + 100);
    CHECK_EQ(audio(60), TIMELINE_DRIFT_MS + 120); /* and keeps that offset */
    check_counts(0, 0, 1);
}

/* Random times, whatever they are, come out in order within each track and never far ahead. */
static void test_nothing_breaks_the_order(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252;
    int64_t  last[2] = { INT64_MIN, INT64_MIN }, newest = INT64_MIN;
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        if (x % 1000 == 0)
            timeline_restart(&t);
        uint32_t time_ms = x & 16 ? (uint32_t)(x >> 20) : (uint32_t)(i * 20);
        int64_t  dts_ms = x & 32 ? audio(time_ms) : video(time_ms);
        assert_true(dts_ms >= last[x >> 5 & 1]);
        assert_true(newest == INT64_MIN || dts_ms <= newest + TIMELINE_GAP_MS);
        last[x >> 5 & 1] = dts_ms;
        newest = dts_ms > newest ? dts_ms : newest;
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_starts_where_the_publisher_does),
        TEST(test_wraps_after_49_days),
        TEST(test_headers_never_go_back),
        TEST(test_next_publisher_continues),
        TEST(test_jump_back),
        TEST(test_jump_ahead_with_stragglers),
        TEST(test_a_pause_is_no_jump),
        TEST(test_disorder_is_held),
        TEST(test_a_track_that_drifts_away_is_brought_up),
        TEST(test_nothing_breaks_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
