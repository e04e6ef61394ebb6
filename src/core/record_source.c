/* record_source.c - which files, and where each lies on the timeline. */
#include "core/record_source_peer.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "protocol/flv_head.h"

#include <stdlib.h>

enum {
    SEAM_MS    = 20,   /* between the last frame before a gap that is closed, and the next */
    GAP_MIN_MS = 1000, /* a gap in the time of one recording */
};

/* Files. */

static void complain(const struct record_source *s, int error)
{
    if (error != ERR_CLOSED)
        log_warn(NULL, "recording %s cannot be played: %s", s->place.file, err_name(error));
}

static int open_file(struct record_source *s)
{
    record_file_close(&s->file);
    record_file_init(&s->file, &s->cancelled);
    int error = record_file_open(&s->file, s->root, s->place.file);
    if (error != 0 && error != ERR_NOT_FOUND && !(error == ERR_PROTOCOL && s->place.is_recording))
        complain(s, error);
    return error;
}

void record_source_give_up(struct record_source *s, int error)
{
    complain(s, error);
    record_file_close(&s->file);
    record_file_init(&s->file, &s->cancelled);
}

/* Metadata that is not what was told last. */
static void take_metadata(struct record_source *s)
{
    struct avpacket *p = s->file.metadata == NULL ? NULL : flv_head_said(avpacket_bytes(s->file.metadata));
    if (p == NULL)
        return;
    if (s->metadata == NULL || !bytes_equal(avpacket_bytes(s->metadata), avpacket_bytes(p))) {
        avpacket_unref(&s->metadata);
        s->metadata = avpacket_ref(p);
        s->tells_metadata = true;
    }
    avpacket_unref(&p);
}

/* Where the next file's time 0 lies on our timeline.  `first_ms` is the time of its first frame. */
static int64_t place_file(const struct record_source *s, uint32_t first_ms)
{
    const struct flv_origin *origin = &s->file.origin;
    int64_t                  after_ms = s->time_ms + SEAM_MS - first_ms;
    bool same_run = origin->run != 0 && origin->run == s->origin.run &&
                    origin->stream_ms >= s->origin.stream_ms;
    int64_t shift_ms = s->shift_ms + (same_run ? origin->stream_ms - s->origin.stream_ms
                                               : s->place.start_ms - first_ms - s->zero_wall_ms);
    bool overlaps = shift_ms + first_ms < s->time_ms - (same_run ? GAP_MIN_MS : 0);
    bool is_gap = !same_run || shift_ms - after_ms > GAP_MIN_MS;
    return overlaps || (is_gap && s->closes_gaps) ? after_ms : shift_ms;
}

static void begin_file(struct record_source *s, int64_t shift_ms, uint32_t first_ms)
{
    s->shift_ms = shift_ms;
    s->zero_wall_ms = s->place.start_ms - first_ms;
    s->origin = s->file.origin;
    s->is_front = true;
    take_metadata(s);
}

/* The time of the first frame; the file stays where it is. */
static uint32_t first_time(struct record_file *f)
{
    struct record_tag tag;
    uint64_t          at = f->at;
    uint32_t          time_ms = 0;
    int               found;
    while ((found = record_file_next(f, &tag)) == 1 &&
           (tag.type == AV_DATA || (tag.flags & (AV_SEQUENCE_HEADER | AV_TRACK_INFO)))) {
    }
    if (found == 1)
        time_ms = tag.time_ms;
    f->at = at;
    return time_ms;
}

int record_source_next_file(struct record_source *s)
{
    int error;
    while ((error = catalogue_next(s->catalogue, &s->filter, &s->place)) == 0) {
        if (open_file(s) != 0)
            continue;
        uint32_t first_ms = first_time(&s->file);
        begin_file(s, place_file(s, first_ms), first_ms);
        return 0;
    }
    return error;
}

/* The first. */

/* What a file that is not complete will have in its FLV header, from its first tags. */
static uint8_t guess_flags(struct record_file *f)
{
    struct record_tag tag;
    uint64_t          at = f->at;
    uint8_t           flags = 0;
    for (int i = 0; i < 100 && record_file_next(f, &tag) == 1; i++)
        flags |= tag.type == AV_AUDIO ? 4 : tag.type == AV_VIDEO ? 1 : 0;
    f->at = at;
    return flags != 0 ? flags : 5;
}

/* A recording that ended before the period, which the catalogue does not know yet. */
static bool ends_before(const struct record_source *s, const struct record_start *start, uint32_t first_ms)
{
    int64_t newest_ms = s->place.start_ms + start->newest_ms - first_ms;
    return s->place.is_recording && newest_ms < s->filter.from_ms && !record_file_is_written(&s->file);
}

static int seek_first(struct record_source *s)
{
    struct record_start start = { 0 };
    uint32_t            first_ms = first_time(&s->file);
    int64_t             offset_ms = s->filter.from_ms - s->place.start_ms;
    int64_t             wanted_ms = offset_ms > 0 ? offset_ms + first_ms : 0;
    int error = record_file_seek(&s->file, wanted_ms < UINT32_MAX ? (uint32_t)wanted_ms : UINT32_MAX, &start);
    if (error == 0 && ends_before(s, &start, first_ms))
        error = ERR_NOT_FOUND;
    if (error != 0) {
        header_set_unref(&start.headers);
        return error;
    }
    s->headers = start.headers;
    s->flags = (uint8_t)((s->file.flag_audio ? 4 : 0) | (s->file.flag_video ? 1 : 0));
    if (s->flags == 0)
        s->flags = guess_flags(&s->file);
    begin_file(s, -(int64_t)start.time_ms, first_ms);
    return 0;
}

/* Of several that began before the period, the last: the wall clock has them overlap by a little, and by
 * much where a publisher sent faster than time passes. */
static void skip_earlier(struct record_source *s)
{
    struct catalogue_place next = s->place;
    while (catalogue_next(s->catalogue, &s->filter, &next) == 0 && next.start_ms <= s->filter.from_ms)
        s->place = next;
}

int record_source_open(struct record_source *s)
{
    int error;
    while ((error = catalogue_next(s->catalogue, &s->filter, &s->place)) == 0) {
        skip_earlier(s);
        if (open_file(s) == 0 && seek_first(s) == 0)
            return 0;
        if (atomic_load(&s->cancelled))
            return ERR_CLOSED;
    }
    return error;
}

struct record_source *record_source_new(struct catalogue *catalogue, const struct record_period *period)
{
    struct record_source *s = alloc_zeroed(sizeof *s);
    s->catalogue = catalogue;
    s->root = alloc_string(period->root);
    s->path = alloc_string(period->path);
    s->filter = (struct catalogue_filter){
        .stream = s->path,
        .from_ms = period->from_ms,
        .to_ms = period->to_ms,
    };
    s->follows = period->follows;
    s->closes_gaps = period->closes_gaps;
    s->websocket = period->websocket;
    atomic_init(&s->cancelled, false);
    record_file_init(&s->file, &s->cancelled);
    return s;
}

void record_source_free(struct record_source *s)
{
    if (s == NULL)
        return;
    record_file_close(&s->file);
    avpacket_unref(&s->out.packet);
    avpacket_unref(&s->metadata);
    header_set_unref(&s->headers);
    free(s->root);
    free(s->path);
    free(s);
}

void record_source_cancel(struct record_source *s)
{
    atomic_store(&s->cancelled, true);
}
