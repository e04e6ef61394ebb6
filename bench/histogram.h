/* histogram.h - how often each duration was seen, to about 1.6 %, in fixed memory.
 *
 * Values are microseconds.  Up to 127 they are counted exactly; above that each doubling has 64
 * buckets.  Plain data: zeroed is empty. */
#ifndef MILLRACE_BENCH_HISTOGRAM_H
#define MILLRACE_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_BUCKETS = 64 * 32, /* the last one ends at 2^37 us, 38 hours; above it all is equal */
};

struct histogram {
    uint64_t count;
    uint64_t sum_us;
    uint64_t max_us; /* exact */
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *, uint64_t value_us);
void histogram_merge(struct histogram *into, const struct histogram *);

/* The value that `percent` (0 to 100) of all do not exceed: the top of its bucket, at most the
 * maximum.  0 if there are none. */
uint64_t histogram_percentile(const struct histogram *, double percent);

double histogram_mean_us(const struct histogram *);

#endif
