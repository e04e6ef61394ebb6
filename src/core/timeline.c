#include "core/timeline.h"

void timeline_restart(struct timeline *t)
{
    t->publisher_begun = false;
    t->has_before = false;
    for (unsigned i = 0; i < t->track_count; i++)
        t->tracks[i] = (struct timeline_track){ t->tracks[i].key, t->tracks[i].last_ms, 0, true };
}

/* `time_ms` as near to where the clock is as 32 bits allow: at most 2^31 away, either way. */
static int64_t unwrap(const struct timeline_clock *c, uint32_t time_ms)
{
    return c->raw_ms + (int32_t)(time_ms - (uint32_t)c->raw_ms);
}

static int64_t stream_time(const struct timeline_clock *c, uint32_t time_ms)
{
    return unwrap(c, time_ms) + c->offset_ms;
}

static struct timeline_track *find_track(struct timeline *t, uint8_t type, uint8_t id)
{
    uint16_t key = (uint16_t)(type << 8 | id);
    for (unsigned i = 0; i < t->track_count; i++)
        if (t->tracks[i].key == key)
            return &t->tracks[i];
    if (t->track_count == TIMELINE_TRACKS)
        return &t->tracks[TIMELINE_TRACKS - 1];
    t->tracks[t->track_count] = (struct timeline_track){ .key = key, .last_ms = INT64_MIN, .fresh = true };
    return &t->tracks[t->track_count++];
}

/* The clock starts anew at `time_ms`, which is just behind all that has been. */
static void set_clock(struct timeline *t, uint32_t time_ms)
{
    t->now.raw_ms = time_ms;
    t->now.offset_ms = t->begun ? t->last_ms + TIMELINE_SEAM_MS - t->now.raw_ms : 0;
}

/* Whether a frame at `dts_ms` is one that may follow: near the newest frame, and not far behind
 * its own track. */
static bool follows(const struct timeline *t, const struct timeline_track *track, int64_t dts_ms)
{
    if (dts_ms > t->last_ms + TIMELINE_GAP_MS)
        return false;
    if (track->fresh)
        return dts_ms >= t->last_ms - TIMELINE_GAP_MS;
    return dts_ms >= track->last_ms - TIMELINE_BACK_MS;
}

/* Find the clock that the frame goes by: the present one, the one before the last jump, or a
 * new one. */
static int64_t read_clock(struct timeline *t, const struct timeline_track *track, uint32_t time_ms)
{
    int64_t dts_ms = stream_time(&t->now, time_ms) + track->shift_ms;
    if (follows(t, track, dts_ms)) {
        t->now.raw_ms = unwrap(&t->now, time_ms);
        return dts_ms;
    }
    if (t->has_before) {
        int64_t old_ms = stream_time(&t->before, time_ms) + track->shift_ms;
        if (follows(t, track, old_ms))
            return old_ms;
    }
    t->before = t->now;
    t->has_before = true;
    set_clock(t, time_ms);
    atomic_fetch_add_explicit(&t->jumps, 1, memory_order_relaxed);
    return stream_time(&t->now, time_ms) + track->shift_ms;
}

static int64_t mend_drift(struct timeline *t, struct timeline_track *track, int64_t dts_ms)
{
    if (!t->begun || dts_ms >= t->last_ms - TIMELINE_DRIFT_MS)
        return dts_ms;
    track->shift_ms += t->last_ms - dts_ms;
    atomic_fetch_add_explicit(&t->drifts, 1, memory_order_relaxed);
    return t->last_ms;
}

static int64_t mend_disorder(struct timeline *t, const struct timeline_track *track, int64_t dts_ms)
{
    if (dts_ms >= track->last_ms)
        return dts_ms;
    atomic_fetch_add_explicit(&t->disorders, 1, memory_order_relaxed);
    return track->last_ms;
}

int64_t timeline_frame(struct timeline *t, uint8_t type, uint8_t id, uint32_t time_ms)
{
    struct timeline_track *track = find_track(t, type, id);
    int64_t                dts_ms;
    if (t->publisher_begun) {
        dts_ms = read_clock(t, track, time_ms);
    } else {
        set_clock(t, time_ms);
        t->publisher_begun = true;
        dts_ms = stream_time(&t->now, time_ms);
    }
    dts_ms = mend_drift(t, track, dts_ms);
    dts_ms = mend_disorder(t, track, dts_ms);
    track->last_ms = dts_ms;
    track->fresh = false;
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
    int64_t dts_ms = stream_time(&t->now, time_ms);
    bool    sane = dts_ms > t->last_ms && dts_ms <= t->last_ms + TIMELINE_GAP_MS;
    return sane ? dts_ms : t->last_ms;
}
