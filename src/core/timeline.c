#include "core/timeline.h"

void timeline_restart(struct timeline *t)
{
    t->publisher_begun = false;
}

/* `time_ms` next to the publisher's last time: at most 2^31 away, either way. */
static int64_t unwrap(const struct timeline *t, uint32_t time_ms)
{
    return t->raw_ms + (int32_t)(time_ms - (uint32_t)t->raw_ms);
}

static void begin_publisher(struct timeline *t, uint32_t time_ms)
{
    t->raw_ms = time_ms;
    t->offset_ms = t->begun ? t->last_ms + TIMELINE_SEAM_MS - t->raw_ms : 0;
    t->publisher_begun = true;
}

int64_t timeline_frame(struct timeline *t, uint32_t time_ms)
{
    if (!t->publisher_begun)
        begin_publisher(t, time_ms);
    t->raw_ms = unwrap(t, time_ms);
    int64_t dts_ms = t->raw_ms + t->offset_ms;
    if (!t->begun || dts_ms > t->last_ms)
        t->last_ms = dts_ms;
    t->begun = true;
    return dts_ms;
}

int64_t timeline_header(const struct timeline *t, uint32_t time_ms)
{
    if (!t->begun)
        return time_ms;
    if (!t->publisher_begun)
        return t->last_ms;
    int64_t dts_ms = unwrap(t, time_ms) + t->offset_ms;
    return dts_ms > t->last_ms ? dts_ms : t->last_ms;
}
