/* sim_time.c - clocks that only sim_wait() moves, and random numbers that are the same each time. */
#include "sim_peer.h"

#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Not zero, where a forgotten time would not show; a day in 2026. */
#define MONOTONIC_START_MS 1000000u
#define WALL_START_MS      1790000000000

static uint64_t now_ms = MONOTONIC_START_MS;
static int64_t  wall_ms = WALL_START_MS;
static uint64_t random_state = 1;

void sim_time_begin(void)
{
    now_ms = MONOTONIC_START_MS;
    wall_ms = WALL_START_MS;
    random_state = 1;
}

void sim_time_pass(uint64_t ms)
{
    now_ms += ms;
    wall_ms += (int64_t)ms;
}

uint64_t sim_now_ms(void)
{
    return now_ms;
}

void sim_set_wall_ms(int64_t ms)
{
    wall_ms = ms;
}

/* libuv asks this one, through the C library; only monotonic clocks are ours, since the fuzzer's
 * engine counts its own time by the wall. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE)
        return (int)syscall(SYS_clock_gettime, id, out);
    *out = (struct timespec){ (time_t)(now_ms / 1000), (long)(now_ms % 1000) * 1000000 };
    return 0;
}

int64_t __wrap_clock_wall_ms(void);

int64_t __wrap_clock_wall_ms(void)
{
    return wall_ms;
}

/* splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t next_random(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags);

ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags)
{
    uint8_t *at = out;
    (void)flags;
    for (size_t left = size; left > 0;) {
        uint64_t value = next_random();
        size_t   n = left < sizeof value ? left : sizeof value;
        memcpy(at, &value, n);
        at += n;
        left -= n;
    }
    return (ssize_t)size;
}
