#include "session/record_session.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/fanout.h"
#include "core/header_set.h"
#include "core/outlet.h"
#include "core/worker.h"
#include "session/record_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A stream with video whose keyframes stay away: no segment waits longer for one. */
#define KEYFRAME_WAIT_MS (60 * 1000)

/* Headers that change more often than this do not make files, but stay in the stream. */
#define SEGMENT_MIN_MS 1000

static struct record_session *session_of(struct viewer *v)
{
    return LIST_ITEM(v, struct record_session, viewer);
}

/* Told apart from all others by chance, as it is written into files that may be moved. */
static uint64_t draw_run(void)
{
    uint64_t run;
    if (getrandom(&run, sizeof run, 0) != (ssize_t)sizeof run)
        abort();
    return (run & ((UINT64_C(1) << 52) - 1)) + 1;
}

/* Segments. */

void record_close_segment(struct record_session *s, const char *reason)
{
    struct record_segment *segment = s->segment;
    if (segment == NULL)
        return;
    size_t   size = segment->head_size;
    uint8_t *head = alloc_zeroed(size);
    segment->reason = reason;
    record_segment_write_head(segment, true, head);
    disk_writer_close(s->writer, head, size);
    free(head);
    s->status.bytes += segment->index.size;
    s->segment = NULL;
    s->wants_new = false;
}

static void write_packet(struct record_session *s, struct avpacket *p)
{
    uint32_t time_ms = record_segment_add(s->segment, p);
    disk_writer_write(s->writer, p, time_ms);
    s->status.packets++;
}

/* The segment begins with `first`, after the headers in force. */
static void open_segment(struct record_session *s, struct avpacket *first)
{
    struct record_path path = { .root = s->settings.root, .number = s->status.number + 1 };
    int64_t            now_ms = clock_wall_ms();
    snprintf(path.app, sizeof path.app, "%s", s->base.stream->app);
    snprintf(path.name, sizeof path.name, "%s", s->base.stream->name);
    record_path_stamp(now_ms, path.stamp);
    s->segment = record_segment_new(s->headers, first, now_ms, s->settings.segment_ms, s->run);
    s->segment->opened_ms = worker_now_ms(s->base.worker);
    s->segment->after_gap = s->in_gap;
    s->segment->gap_from_ms = s->in_gap ? s->gap_from_ms : s->has_last ? s->last_dts_ms : INT64_MAX;
    s->in_gap = false;
    if (s->newest != NULL)
        s->newest->next = s->segment;
    s->newest = s->segment;
    uint8_t *head = alloc_zeroed(s->segment->head_size);
    record_segment_write_head(s->segment, false, head);
    disk_writer_open(s->writer, &path, head, s->segment->head_size, s->segment);
    free(head);
    s->status.number++;
    s->status.segment_ms = now_ms;
    s->wants_new = s->wants_keyframe = false;
    for (uint32_t i = 0; s->headers != NULL && i < s->headers->count; i++)
        if (!(s->headers->packets[i]->flags & AV_METADATA))
            write_packet(s, s->headers->packets[i]);
}

/* Whether a segment may begin with this frame. */
static bool is_start(const struct record_session *s, const struct avpacket *p)
{
    const struct gop_cache *cache = &s->viewer.outlet->cache;
    if (!cache->has_video)
        return true;
    return p->type == AV_VIDEO && (p->flags & AV_KEYFRAME) && p->track == cache->video_track;
}

static bool is_due(const struct record_session *s, const struct avpacket *p)
{
    const struct record_segment *segment = s->segment;
    uint64_t                     limit = s->settings.segment_size;
    int64_t                      lasted_ms = p->dts_ms - segment->base_ms;
    bool full = lasted_ms >= (int64_t)s->settings.segment_ms || (limit > 0 && segment->index.size >= limit);
    if (is_start(s, p))
        return full || (s->wants_new && worker_now_ms(s->base.worker) - segment->opened_ms >= SEGMENT_MIN_MS);
    return full && lasted_ms >= (int64_t)s->settings.segment_ms + KEYFRAME_WAIT_MS;
}

/* Headers are kept for the next segment.  A picture's configuration that changes ends this one at
 * once, since its keyframe is next; that of sound, which no keyframe need follow, at the next. */
static void take_header(struct record_session *s, struct avpacket *p)
{
    struct record_segment       *segment = s->segment;
    const struct flv_index_kind *kind = segment == NULL        ? NULL
                                        : p->type == AV_VIDEO ? &segment->index.video
                                                              : &segment->index.audio;
    const struct avpacket       *before = record_find_header(s->headers, p);
    bool news = before == NULL || !bytes_equal(avpacket_bytes(before), avpacket_bytes(p));
    bool breaks = kind != NULL && kind->seen && before != NULL && news && (p->flags & AV_SEQUENCE_HEADER);
    bool young = segment != NULL && worker_now_ms(s->base.worker) - segment->opened_ms < SEGMENT_MIN_MS;
    struct header_set *headers = header_set_with(s->headers, p);
    header_set_unref(&s->headers);
    s->headers = headers;
    if (breaks && p->type == AV_VIDEO && !young)
        record_close_segment(s, "the sequence header changed");
    else if (breaks)
        s->wants_new = true;
    if (s->segment == NULL || (p->flags & AV_METADATA))
        return;
    s->segment->is_mixed |= news;
    write_packet(s, p);
}

static void lose_packet(struct record_session *s)
{
    s->status.lost_packets++;
}

static bool may_open(const struct record_session *s, const struct avpacket *p)
{
    if (s->down && worker_now_ms(s->base.worker) < s->retry_ms)
        return false;
    return !s->wants_keyframe || is_start(s, p);
}

static void take_frame(struct record_session *s, struct avpacket *p)
{
    if (s->segment != NULL && is_due(s, p))
        record_close_segment(s, "the segment is full");
    if (s->segment == NULL && !may_open(s, p)) {
        lose_packet(s);
        return;
    }
    if (s->segment == NULL)
        open_segment(s, p);
    s->last_dts_ms = p->dts_ms;
    s->has_last = true;
    write_packet(s, p);
}

/* What waits in the ring is to bridge the time until half of the buffer is written; when all buffers
 * together are full, there is nothing to bridge. */
static bool has_room(struct record_session *s, size_t size)
{
    enum disk_room room = disk_writer_room(s->writer, size);
    s->viewer.lag_size = room == DISK_ALL_FULL ? DISK_SHARE : s->settings.disk.buffer_size;
    return room == DISK_HAS_ROOM;
}

static bool on_packet(struct viewer *v, struct avpacket *p)
{
    struct record_session *s = session_of(v);
    if (!has_room(s, p->size))
        return false;
    if (p->flags & AV_HEADERS)
        take_header(s, p);
    else if (avpacket_is_frame(p) || s->segment != NULL)
        take_frame(s, p);
    else
        lose_packet(s);
    return true;
}

/* As a viewer. */

static void on_start(struct viewer *v, bool has_audio, bool has_video)
{
    (void)v;
    (void)has_audio;
    (void)has_video;
}

static void end(struct record_session *s, const char *reason)
{
    if (s->ending)
        return;
    s->ending = true;
    s->reason = reason;
    session_meter_leave(&s->base);
    outlet_leave(&s->viewer);
    record_close_segment(s, reason);
    disk_writer_end(s->writer);
}

static void on_stream_end(struct viewer *v)
{
    struct record_session *s = session_of(v);
    record_close_segment(s, "publishing ended");
    header_set_unref(&s->headers);
    s->run = draw_run();
    s->status.number = 0;
    s->wants_keyframe = s->in_gap = s->has_last = false;
    if (!s->owner->on_stream_end(s->owner, s))
        end(s, "publishing ended");
}

static void on_skip(struct viewer *v, uint64_t packets)
{
    struct record_session *s = session_of(v);
    log_warn(&s->base.log, "recording of %s: the disk is too slow, %llu packets are lost",
             session_path(&s->base),
             (unsigned long long)packets);
    s->status.lost_packets += packets;
    record_close_segment(s, "the disk is too slow");
    record_begin_gap(s);
    record_tell(s);
}

static void on_lost(struct viewer *v, int error)
{
    (void)error;
    record_session_stop(session_of(v), "the stream was lost");
}

static const struct viewer_ops viewer_ops = {
    .on_start = on_start,
    .on_stream_end = on_stream_end,
    .on_skip = on_skip,
    .on_packet = on_packet,
    .on_lost = on_lost,
};

/* As a session. */

static void on_tick(struct session *base, uint64_t now_ms)
{
    struct record_session *s = (struct record_session *)base;
    (void)now_ms;
    if (s->writer != NULL)
        record_tell(s);
}

static void post_stop(void *session, void *reason)
{
    struct record_session *s = session;
    if (s->base.closed || s->ending)
        return;
    if (s->viewer.state == VIEWER_STEADY || s->viewer.state == VIEWER_BEHIND)
        fanout_feed(s->base.worker->fanout, &s->viewer, UINT64_MAX); /* all that has come */
    end(s, reason);
}

/* Publishers that stop in this turn have posted their last packets; this comes after them. */
static void on_stop(struct session *base)
{
    worker_post(base->worker, base->worker, post_stop, base, (void *)"server stops");
}

static void on_kick(struct session *base, const char *reason)
{
    post_stop(base, (void *)reason);
}

static void on_close(struct session *base, const char *reason)
{
    struct record_session *s = (struct record_session *)base;
    end(s, reason);
    header_set_unref(&s->headers);
    log_info(&base->log, "recording of %s ends: %s", session_path(&s->base), reason);
    s->owner->on_end(s->owner, s);
    s->owner = NULL;
}

/* A session that was made to end before its writer lives on until that has told of its files. */
static void destroy(struct session *base)
{
    struct record_session *s = (struct record_session *)base;
    struct url_stream      stream;
    s->destroyed = true;
    if (s->writer == NULL)
        record_session_free(s);
    else if (url_stream_from_path(s->status.path, &stream, NULL) == 0)
        session_set_stream(base, &stream);
}

void record_session_free(struct record_session *s)
{
    session_forget_stream(&s->base);
    free(s);
}

static void parts(const struct session *base, struct session_parts *out)
{
    out->viewer = &((const struct record_session *)base)->viewer;
}

static const struct session_ops ops = {
    .name = "Record",
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_kick = on_kick,
    .on_close = on_close,
    .destroy = destroy,
    .parts = parts,
};

struct record_session *record_session_start(struct worker *w, struct disk *disk,
                                            const struct url_stream *stream,
                                            const struct record_settings *settings,
                                            struct record_owner *owner)
{
    struct outlet *outlet;
    if (outlet_open(w, stream->path, NULL, &outlet) != 0)
        return NULL;
    struct record_session *s = alloc_zeroed(sizeof *s);
    session_init_internal(&s->base, w, &ops);
    session_set_stream(&s->base, stream);
    s->owner = owner;
    s->settings = *settings;
    s->run = draw_run();
    s->writer = disk_writer_new(disk, w, &settings->disk, &record_writer_ops, s);
    s->status.started_ms = s->base.created_ms;
    memcpy(s->status.id, s->base.id, sizeof s->status.id);
    memcpy(s->status.path, stream->path, sizeof s->status.path);
    viewer_init_sink(&s->viewer, &viewer_ops);
    log_info(&s->base.log, "recording of %s starts", stream->path);
    s->base.role = SESSION_VIEWER;
    session_meter_join(&s->base, &outlet->broadcast->meter, false);
    outlet_join(outlet, &s->viewer);
    return s;
}

void record_session_stop(struct record_session *s, const char *reason)
{
    post_stop(s, (void *)reason);
}
