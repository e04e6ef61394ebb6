#include "core/rate.h"

void rate_sample(struct rate *r, uint64_t count, uint64_t at_ms)
{
    if (r->used > 0 && (count < r->counts[r->newest] || at_ms < r->at_ms[r->newest]))
        *r = (struct rate){ 0 };
    if (r->used > 0)
        r->newest = (uint8_t)((r->newest + 1) % RATE_SLOTS);
    if (r->used < RATE_SLOTS)
        r->used++;
    r->counts[r->newest] = count;
    r->at_ms[r->newest] = at_ms;
}

double rate_get(const struct rate *r)
{
    if (r->used < 2)
        return 0;
    unsigned oldest = (r->newest + RATE_SLOTS + 1u - r->used) % RATE_SLOTS;
    uint64_t span_ms = r->at_ms[r->newest] - r->at_ms[oldest];
    uint64_t grown = r->counts[r->newest] - r->counts[oldest];
    return span_ms > 0 ? (double)grown * 1000 / (double)span_ms : 0;
}

uint64_t rate_bits(const struct rate *r)
{
    return (uint64_t)(rate_get(r) * 8 + 0.5);
}
