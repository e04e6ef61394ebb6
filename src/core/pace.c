#include "core/pace.h"

#define SAMPLE_NS 50e6 /* shorter ones say little: one turn may send to all viewers */
#define SMOOTH_NS 1e9

#define SHARE_AT_ONCE 0.3 /* as busy as this, a worker still sends at once */
#define SHARE_FULL    0.8

bool pace_observe(struct pace *p, uint64_t now_ns, uint64_t busy_ns)
{
    double step_ns = (double)(now_ns - p->at_ns);
    if (p->began && step_ns < SAMPLE_NS)
        return false;
    if (p->began) {
        double sample = (double)(busy_ns - p->busy_ns) / step_ns;
        sample = sample < 1 ? sample : 1;
        p->share += (sample - p->share) * step_ns / (SMOOTH_NS + step_ns);
    }
    p->began = true;
    p->at_ns = now_ns;
    p->busy_ns = busy_ns;
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
