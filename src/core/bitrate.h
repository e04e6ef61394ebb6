/* bitrate.h - whether a sender keeps to a rate, or keeps one up.  Pure.
 *
 * To keep to it: what comes above the rate adds up, what stays below takes away from it, and BITRATE_BURST_S
 * seconds' worth of it is too much.  So a keyframe may be as large as it likes, twice the rate is
 * found out in that time, and a tenth above it in ten times as long.
 *
 * To keep it up: each window of BITRATE_WINDOW_MS counts by itself.  One below the rate is too little;
 * who has been there is well again only with a window that is a quarter above it, so that a sender
 * that hovers about the rate does not change sides with every one. */
#ifndef MILLRACE_CORE_BITRATE_H
#define MILLRACE_CORE_BITRATE_H

#include <stdbool.h>
#include <stdint.h>

#define BITRATE_BURST_S   5
#define BITRATE_WINDOW_MS 2000

struct bitrate {
    bool     began;
    uint64_t bytes;       /* in all, when last looked at */
    uint64_t at_ms;       /* that time */
    uint64_t excess_bits;
};

/* To be called about once a second, with the bytes that have come since any fixed point.  Zeroed
 * before the first call, which only looks.  A rate of 0 is no limit. */
bool bitrate_is_exceeded(struct bitrate *, uint64_t bytes, uint64_t now_ms, uint64_t bits_per_s);

enum bitrate_level { BITRATE_UNKNOWN, BITRATE_LOW, BITRATE_WELL };

struct bitrate_floor {
    enum bitrate_level level; /* as of the last window */
    bool               began;
    uint64_t           bytes; /* in all, when the window began */
    uint64_t           at_ms; /* that time */
};

/* To be called often, with the bytes that have come since any fixed point.  Zeroed before the first
 * call, or with a level to start from.  With a rate of 0 nothing is known. */
void bitrate_floor_look(struct bitrate_floor *, uint64_t bytes, uint64_t now_ms, uint64_t bits_per_s);

#endif
