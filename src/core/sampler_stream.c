#include "core/sampler_peer.h"

#include "base/alloc.h"
#include "core/broadcast.h"
#include "media/avpacket.h"

#include <stdlib.h>
#include <string.h>

struct track_memory {
    uint8_t     type, track;
    uint64_t    frames; /* when last looked at */
    struct rate frame_rate, byte_rate;
};

struct stream_memory *stream_memory_new(const char *path)
{
    struct stream_memory *m = alloc_zeroed(sizeof *m);
    m->path = alloc_string(path);
    return m;
}

void stream_memory_free(struct stream_memory *m)
{
    history_clear(&m->history);
    free(m->tracks);
    free(m->path);
    free(m);
}

/* Reading: with the lock. */

static uint64_t get(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void read_publisher(const struct session *s, struct publisher_sample *out)
{
    memcpy(out->id, s->id, sizeof out->id);
    memcpy(out->ip, s->ip, sizeof out->ip);
    if (s->agent != NULL)
        memcpy(out->agent, s->agent, strlen(s->agent)); /* no longer than SESSION_AGENT_MAX */
    out->protocol = session_protocol_name(s);
    out->port = s->port;
    out->backup = s->backup;
    out->created_ms = s->created_ms;
    out->in_bytes = get(&s->meter.in_bytes);
    out->in_bitrate = get(&s->meter.in_bitrate);
}

static void read_tracks(const struct stream_tracks *tracks, struct stream_sample *out)
{
    if (tracks->count == 0)
        return;
    out->track_count = tracks->count;
    out->tracks = alloc_zeroed(tracks->count * sizeof *out->tracks);
    for (size_t i = 0; i < tracks->count; i++) {
        const struct stream_track *t = &tracks->tracks[i];
        out->tracks[i] = (struct track_sample){
            .info = t->info,
            .gop_ms = get(&t->gop_ms),
            .frames = get(&t->frames),
            .bytes = get(&t->bytes),
            .frame_ms = get(&t->frame_ms),
            .fourcc = t->fourcc,
            .type = t->type,
            .track = t->track,
        };
    }
}

bool sampler_read_stream(const struct broadcast *b, struct stream_sample *out)
{
    memset(out, 0, sizeof *out);
    broadcast_read_counts(b, out->counts);
    for (int i = 0; i < METER_VIEWER_KINDS; i++)
        out->viewers[i] = (uint32_t)atomic_load_explicit(&b->meter.viewers[i], memory_order_relaxed);
    out->in_bitrate = get(&b->meter.in_bitrate);
    out->out_bitrate = get(&b->meter.out_bitrate);
    memcpy(out->path, b->path, strlen(b->path) + 1);
    out->began_ms = b->began_ms;
    out->status = b->publisher != NULL ? STREAM_LIVE : b->held ? STREAM_RECONNECTING : STREAM_WAITING;
    if (b->publisher != NULL)
        read_publisher(b->publisher, &out->publisher);
    if (b->standby != NULL)
        read_publisher(b->standby, &out->standby);
    if (b->publisher != NULL || b->held)
        read_tracks(&b->tracks, out);
    return b->publisher != NULL || b->successor != NULL || b->standby != NULL || b->outlet_count > 0;
}

/* Measuring. */

static struct track_memory *find_track(struct stream_memory *m, const struct track_sample *t)
{
    for (size_t i = 0; i < m->track_count; i++)
        if (m->tracks[i].type == t->type && m->tracks[i].track == t->track)
            return &m->tracks[i];
    m->tracks = alloc_resize(m->tracks, m->track_count + 1, sizeof *m->tracks);
    struct track_memory *added = &m->tracks[m->track_count++];
    *added = (struct track_memory){ .type = t->type, .track = t->track };
    return added;
}

/* Frames come at moments: to count those of whole intervals, the time of the last is that of the
 * sample, unless none has come. */
static void measure_track(struct track_memory *m, struct track_sample *t, uint64_t now_ms)
{
    uint64_t before_ms = m->frame_rate.used > 0 ? m->frame_rate.at_ms[m->frame_rate.newest] : 0;
    uint64_t at_ms = t->frames != m->frames ? t->frame_ms : now_ms;
    if (t->frames < m->frames) { /* another publisher's */
        m->frame_rate = m->byte_rate = (struct rate){ 0 };
        before_ms = 0;
    }
    if (at_ms < before_ms) /* a worker's clock stands still for a turn */
        at_ms = before_ms;
    m->frames = t->frames;
    rate_sample(&m->frame_rate, t->frames, at_ms);
    rate_sample(&m->byte_rate, t->bytes, at_ms);
    t->frame_rate = rate_get(&m->frame_rate);
    t->bitrate = rate_bits(&m->byte_rate);
}

static double picture_rate(const struct stream_sample *s)
{
    for (size_t i = 0; i < s->track_count; i++)
        if (s->tracks[i].type == AV_VIDEO)
            return s->tracks[i].frame_rate;
    return 0;
}

void sampler_measure_stream(struct stream_memory *m, struct stream_sample *s, uint64_t now_ms,
                            int64_t wall_ms)
{
    for (size_t i = 0; i < s->track_count; i++)
        measure_track(find_track(m, &s->tracks[i]), &s->tracks[i], now_ms);
    struct history_point point = {
        .in_bitrate = (float)s->in_bitrate,
        .out_bitrate = (float)s->out_bitrate,
        .extra = (float)picture_rate(s),
        .viewers = snapshot_viewers(s->viewers),
    };
    history_add(&m->history, &point, wall_ms);
}
