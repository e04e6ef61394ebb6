/* rate.h - how fast a count grows, over the last seconds.
 *
 * Samples are taken about once a second; the rate is that between the newest and the oldest of
 * them, RATE_SPAN samples apart.  Pure. */
#ifndef MILLRACE_CORE_RATE_H
#define MILLRACE_CORE_RATE_H

#include <stdint.h>

enum { RATE_SPAN = 5, RATE_SLOTS = RATE_SPAN + 1 };

/* Zeroed before the first sample. */
struct rate {
    uint64_t counts[RATE_SLOTS];
    uint64_t at_ms[RATE_SLOTS];
    uint8_t  newest;
    uint8_t  used;
};

/* `count` is what has been counted in all at `at_ms`.  A count that is less than the one before, or
 * a time before the last, begins anew. */
void rate_sample(struct rate *, uint64_t count, uint64_t at_ms);

/* A second; 0 while there are fewer than two samples. */
double rate_get(const struct rate *);

/* The same of bytes, in bits a second. */
uint64_t rate_bits(const struct rate *);

#endif
