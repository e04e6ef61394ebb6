#include "core/pace.h"

#define SAMPLE_NS 50e6 /* shorter ones say little: one turn may send to all viewers */
#define SMOOTH_NS 1e9

#define SHARE_AT_ONCE 0.1 /* as busy as this, a worker still sends at once */
#define SHARE_FULL    0.6

#define REST_EVENTS_MIN 16 /* a rest in which fewer than this come is not worth its latency */

static void take_sample(struct pace *p, double step_ns, uint64_t busy_ns, uint64_t events)
{
    double weight = step_ns / (SMOOTH_NS + step_ns);
    double share = (double)(busy_ns - p->busy_ns) / step_ns;
    double rate = (double)(events - p->events) * 1e9 / step_ns;
    p->share += ((share < 1 ? share : 1) - p->share) * weight;
    p->event_rate += (rate - p->event_rate) * weight;
}

bool pace_observe(struct pace *p, uint64_t now_ns, uint64_t busy_ns, uint64_t events)
{
    double step_ns = (double)(now_ns - p->at_ns);
    if (p->began && step_ns < SAMPLE_NS)
        return false;
    if (p->began)
        take_sample(p, step_ns, busy_ns, events);
    p->began = true;
    p->at_ns = now_ns;
    p->busy_ns = busy_ns;
    p->events = events;
    return true;
}

unsigned pace_busy_permille(const struct pace *p)
{
    return (unsigned)(p->share * 1000 + 0.5);
}

unsigned pace_window_ms(const struct pace *p)
{
    double part = (p->share - SHARE_AT_ONCE) / (SHARE_FULL - SHARE_AT_ONCE);
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return (unsigned)(part * PACE_WINDOW_MAX_MS + 0.5);
}

unsigned pace_rest_ms(const struct pace *p, unsigned window_ms)
{
    unsigned rest_ms = window_ms / 2 < PACE_REST_MAX_MS ? window_ms / 2 : PACE_REST_MAX_MS;
    return p->event_rate * rest_ms / 1000 >= REST_EVENTS_MIN ? rest_ms : 0;
}
