/* patience_test.c - peers that fall silent or send a byte now and then, at any point of what they say,
 * and a clock that is set: time passes here as fast as it is counted. */
#include "seeds.h"

#include <stdlib.h>

/* Longer than all time limits one after the other: a publisher goes after 60 s, its viewers 10 s later,
 * and an RTMP viewer may stay connected for another 60. */
#define SILENCE_S 240

static size_t step_for(size_t places)
{
    size_t most = getenv("MILLRACE_EVERY") != NULL ? 400 : 15;
    return places <= most ? 1 : places / most;
}

static void fall_silent(const char *name, struct bytes script, enum sim_port port)
{
    size_t all = script_play(script, port, NULL).sent, step = step_for(all);
    for (size_t size = 1 + strlen(name) % step; size <= all; size += step) {
        struct script_faults faults = { .bytes_max = size, .silent_s = SILENCE_S };
        struct script_result result = script_play(script, port, &faults);
        if (result.publishers + result.viewers + result.idle > 0)
            fail_msg("%s, silent after %zu bytes: it is still there", name, size);
    }
}

static void test_silence_at_any_byte(void **state)
{
    (void)state;
    seeds_each(fall_silent);
}

/* A publisher whose messages come one a minute is one, and an RTMP viewer whose stream has ended may
 * wait for the next while it shows life; nobody else may live on crumbs. */
static bool lives_on(struct bytes script, enum sim_port port, size_t from, size_t count)
{
    struct script_faults faults = { .bytes_max = from + count, .dribble_from = from, .dribble_ms = 2000 };
    struct script_result result = script_play(script, port, &faults);
    bool                 watching = result.publishers > 0 || port == SIM_RTMP;
    return result.idle > 0 || (result.viewers > 0 && !watching);
}

/* Somebody may just have begun to be idle: then not a minute later. */
static void fall_slow(const char *name, struct bytes script, enum sim_port port)
{
    size_t all = script_play(script, port, NULL).sent, step = step_for(all);
    for (size_t from = strlen(name) % step; from + 190 <= all; from += step) {
        if (lives_on(script, port, from, 150) && lives_on(script, port, from, 190))
            fail_msg("%s, a byte in two seconds after %zu: it is still there", name, from);
    }
}

static void test_dribble_from_any_byte(void **state)
{
    (void)state;
    seeds_each(fall_slow);
}

/* The first bytes of all: whoever does not come to a request in limits.handshake_s is gone. */
static void begin_slowly(const char *name, struct bytes script, enum sim_port port)
{
    struct script_faults faults = { .bytes_max = 10, .dribble_ms = 1500 };
    struct script_result result = script_play(script, port, &faults);
    if (result.publishers + result.viewers + result.idle > 0)
        fail_msg("%s: it is still there", name);
}

static void test_dribbled_beginning(void **state)
{
    (void)state;
    seeds_each(begin_slowly);
}

/* The digest has all bytes and when they came.  HTTP tells the date; RTMP does not. */
static void set_the_clock(const char *name, struct bytes script, enum sim_port port)
{
    static const int jumps_s[] = { 3600, -3600, 400000000, -400000000, 1, -1 };
    uint64_t         undisturbed = script_play(script, port, NULL).digest;
    CHECK(script_play(script, port, NULL).digest == undisturbed);
    for (size_t i = 0; i < COUNT(jumps_s) && port == SIM_RTMP; i++) {
        struct script_faults faults = { .wall_jump_s = jumps_s[i] };
        if (script_play(script, port, &faults).digest != undisturbed)
            fail_msg("%s, the clock set by %d s: what is delivered, or when, has changed", name, jumps_s[i]);
    }
}

static void test_clock_jumps(void **state)
{
    (void)state;
    seeds_each(set_the_clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_at_any_byte),
        cmocka_unit_test(test_dribble_from_any_byte),
        cmocka_unit_test(test_dribbled_beginning),
        cmocka_unit_test(test_clock_jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
