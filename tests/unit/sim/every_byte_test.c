/* every_byte_test.c - what real clients say, to a server that reads and writes a few bytes at a time,
 * whose peers stop at any byte, and whose memory and sockets fail at any moment.
 *
 * judge.h takes all answers apart, and aborts at the first that is wrong; sim_end() does if anything is
 * left behind.  So each of these passes by coming to its end.  MILLRACE_EVERY=1 tries every single
 * place; without it about fifty of each script, others in each. */
#include "seeds.h"

#include <stdlib.h>

#define PLACES 50

static unsigned step_for(size_t places)
{
    bool every = getenv("MILLRACE_EVERY") != NULL;
    return every || places < PLACES ? 1 : (unsigned)(places / PLACES);
}

static void play_in_strides(const char *name, struct bytes script, enum sim_port port)
{
    static const struct script_faults faults[] = {
        { .read_stride = 1 }, { .write_stride = 1 }, { .read_stride = 1, .write_stride = 1 },
        { .read_stride = 7, .write_stride = 3 }, { .read_stride = 2, .write_stride = 255 },
    };
    (void)name;
    for (unsigned i = 0; i < COUNT(faults); i++)
        CHECK(script_play(script, port, &faults[i]).sent > 0);
}

static void test_short_reads_and_writes(void **state)
{
    (void)state;
    seeds_each(play_in_strides);
}

static void play_cut(const char *name, struct bytes script, enum sim_port port)
{
    size_t   all = script_play(script, port, NULL).sent;
    unsigned step = step_for(all);
    for (size_t size = 1 + strlen(name) % step; size < all; size += step) {
        struct script_faults gone = { .bytes_max = size, .reset = true };
        CHECK_EQ(script_play(script, port, &gone).sent, size);
        struct script_faults quiet = { .bytes_max = size };
        CHECK_EQ(script_play(script, port, &quiet).sent, size);
    }
}

static void test_peers_that_stop_at_any_byte(void **state)
{
    (void)state;
    seeds_each(play_cut);
}

static void play_without_memory(const char *name, struct bytes script, enum sim_port port)
{
    (void)name;
    script_play(script, port, NULL);
    unsigned count = sim_allocation_count();
    for (unsigned nth = 1; nth <= count; nth += step_for(count))
        script_play(script, port, &(struct script_faults){ .allocation = nth });
}

static void test_memory_that_runs_out_anywhere(void **state)
{
    (void)state;
    seeds_each(play_without_memory);
}

static void play_with_full_kernel(const char *name, struct bytes script, enum sim_port port)
{
    (void)name;
    for (unsigned times = 1; times <= 64; times *= 4)
        script_play(script, port, &(struct script_faults){ .failing_sends = times });
}

static void test_kernel_without_buffers(void **state)
{
    (void)state;
    seeds_each(play_with_full_kernel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_reads_and_writes),
        cmocka_unit_test(test_peers_that_stop_at_any_byte),
        cmocka_unit_test(test_memory_that_runs_out_anywhere),
        cmocka_unit_test(test_kernel_without_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
