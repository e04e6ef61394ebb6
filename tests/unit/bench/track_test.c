#include "bench/track.h"

#include "bench/sei.h"
#include "check.h"

static const struct track_limits limits = { .audio_step_ms = 24, .video_step_ms = 34 };

static struct figures figures;
static struct track   track;

static int start(void **state)
{
    (void)state;
    memset(&figures, 0, sizeof figures);
    track = (struct track){ .connect_us = 1000, .play_us = 2000, .stream = 3 };
    return 0;
}

/* A picture sent at `sent_us`, read at `read_us`. */
static void picture(uint64_t sequence, uint32_t stream, uint64_t sent_us, uint32_t time_ms, uint64_t read_us)
{
    uint8_t body[5 + 4 + SEI_NAL_SIZE] = { 0x27, 1, 0, 0, 0, 0, 0, 0, SEI_NAL_SIZE };
    sei_write(&(struct sei_stamp){ sent_us, sequence, stream }, body + 9);
    track_message(&track, &figures, &limits,
                  &(struct skim_message){ true, 9, 1, time_ms, sizeof body, { body, sizeof body } }, read_us);
}

static void sound(uint32_t time_ms)
{
    static const uint8_t body[] = { 0xaf, 1, 2 };
    track_message(&track, &figures, &limits,
                  &(struct skim_message){ true, 8, 1, time_ms, sizeof body, { body, sizeof body } }, 9000);
}

static void test_in_order(void **state)
{
    (void)state;
    picture(10, 3, 1500, 0, 3000);  /* sent before play: from the cache */
    picture(11, 3, 2500, 33, 3100);
    picture(12, 3, 3000, 67, 3700);
    CHECK(figures_are_clean(&figures));
    CHECK_EQ(figures.pictures, 3);
    CHECK_EQ(figures.cached, 1);
    CHECK_EQ(figures.latency.count, 2);
    CHECK_EQ(figures.latency.max_us, 700);
    CHECK_EQ(figures.first_connect.max_us, 2000);
    CHECK_EQ(figures.first_play.max_us, 1000);
    CHECK_EQ(figures.first_play.count, 1);
}

static void test_missing_repeated_foreign(void **state)
{
    (void)state;
    picture(1, 3, 2500, 0, 3000);
    picture(4, 3, 2600, 100, 3000);
    picture(6, 3, 2700, 167, 3000);
    CHECK_EQ(figures.missing, 3);
    CHECK_EQ(figures.gaps, 2);
    picture(6, 3, 2700, 167, 3000);
    picture(2, 3, 2700, 167, 3000);
    CHECK_EQ(figures.repeated, 2);
    picture(7, 4, 2700, 200, 3000);
    CHECK_EQ(figures.foreign, 1);
    picture(7, 3, 2700, 200, 3000);
    CHECK_EQ(figures.missing, 3);
    CHECK_EQ(figures.time_gaps, 0); /* stamps tell better */
    CHECK(!figures_are_clean(&figures));
}

static void test_times_of_sound(void **state)
{
    (void)state;
    static const uint8_t header[] = { 0xaf, 0, 0x12, 0x10 };
    sound(100);
    track_message(&track, &figures, &limits,
                  &(struct skim_message){ true, 8, 1, 0, sizeof header, { header, sizeof header } }, 1);
    sound(123);
    sound(147);
    sound(147);
    CHECK(figures_are_clean(&figures));
    sound(194); /* one is missing */
    CHECK_EQ(figures.time_gaps, 1);
    sound(193);
    CHECK_EQ(figures.time_back, 1);
    CHECK_EQ(figures.messages, 7);
}

static void test_times_wrap(void **state)
{
    (void)state;
    sound(UINT32_MAX - 10);
    sound(12);
    CHECK(figures_are_clean(&figures));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_in_order, start),
        cmocka_unit_test_setup(test_missing_repeated_foreign, start),
        cmocka_unit_test_setup(test_times_of_sound, start),
        cmocka_unit_test_setup(test_times_wrap, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
