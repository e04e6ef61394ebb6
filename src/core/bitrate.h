/* bitrate.h - whether a sender keeps to a rate.
 *
 * What comes above the rate adds up, what stays below takes away from it, and BITRATE_BURST_S
 * seconds' worth of it is too much.  So a keyframe may be as large as it likes, twice the rate is
 * found out in that time, and a tenth above it in ten times as long.  Pure. */
#ifndef MILLRACE_CORE_BITRATE_H
#define MILLRACE_CORE_BITRATE_H

#include <stdbool.h>
#include <stdint.h>

#define BITRATE_BURST_S 5

struct bitrate {
    bool     began;
    uint64_t bytes;       /* in all, when last looked at */
    uint64_t at_ms;       /* that time */
    uint64_t excess_bits;
};

/* To be called about once a second, with the bytes that have come since any fixed point.  Zeroed
 * before the first call, which only looks.  A rate of 0 is no limit. */
bool bitrate_is_exceeded(struct bitrate *, uint64_t bytes, uint64_t now_ms, uint64_t bits_per_s);

#endif
