#include "bench/histogram.h"

#include <math.h>

enum {
    HALF_BITS = 6, /* 64 buckets a doubling */
    HALF      = 1 << HALF_BITS,
};

/* Below 2 * HALF the value itself; above, its exponent and its first HALF_BITS + 1 bits. */
static unsigned bucket_of(uint64_t value)
{
    if (value < 2 * HALF)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HALF_BITS;
    unsigned bucket = (shift + 1) * HALF + (unsigned)(value >> shift) - HALF;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest value that falls into `bucket`. */
static uint64_t bucket_top(unsigned bucket)
{
    if (bucket < 2 * HALF)
        return bucket;
    unsigned shift = bucket / HALF - 1;
    uint64_t bottom = (uint64_t)(bucket % HALF + HALF) << shift;
    return bottom + (UINT64_C(1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t value_us)
{
    h->count++;
    h->sum_us += value_us;
    if (value_us > h->max_us)
        h->max_us = value_us;
    h->buckets[bucket_of(value_us)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *h)
{
    if (h->count == 0)
        return;
    into->count += h->count;
    into->sum_us += h->sum_us;
    if (h->max_us > into->max_us)
        into->max_us = h->max_us;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += h->buckets[i];
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
    uint64_t rank = (uint64_t)ceil((double)h->count * percent / 100);
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= rank && seen > 0)
            return i < HISTOGRAM_BUCKETS - 1 && bucket_top(i) < h->max_us ? bucket_top(i) : h->max_us;
    }
    return 0;
}

double histogram_mean_us(const struct histogram *h)
{
    return h->count > 0 ? (double)h->sum_us / (double)h->count : 0;
}
