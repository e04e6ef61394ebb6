#include "core/record_source.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "core/catalogue.h"
#include "core/record_file.h"
#include "protocol/flv.h"
#include "protocol/flv_head.h"
#include "protocol/websocket.h"

#include <stdlib.h>

enum {
    SEAM_MS      = 20,   /* between the last frame before a gap that is closed, and the next */
    GAP_MIN_MS   = 1000, /* a gap in the time of one recording */
    GRACE_MS     = 3000, /* what is recorded now is in the catalogue, and on disk, by then */
    TAG_OVERHEAD = WEBSOCKET_HEADER_SIZE + AVPACKET_FLV_SIZE + AVPACKET_TAILROOM,
};

/* The tag that is being written out: its body is a packet's, or lies in the file. */
struct tag_out {
    struct avpacket  *packet;
    struct record_tag tag;
    uint32_t          size, done; /* of the body */
    bool              active;
};

struct record_source {
    struct catalogue        *catalogue;
    char                    *root, *path;
    struct catalogue_filter  filter;
    struct catalogue_place   place;   /* of the file */
    struct record_file       file;
    struct tag_out           out;
    struct avpacket         *metadata; /* told last */
    bool                     tells_metadata;
    struct header_set       *headers;  /* told last, or about to be */
    uint32_t                 told;     /* so many of them, at the start */
    bool                     follows, closes_gaps, websocket;
    bool                     began;    /* the FLV header is written */
    bool                     is_front; /* no frame of this file yet */
    uint8_t                  flags;    /* of the FLV header */
    int64_t                  shift_ms; /* from the file's time to ours */
    int64_t                  zero_wall_ms; /* the wall clock at the file's time 0 */
    struct flv_origin        origin;   /* of the file */
    int64_t                  time_ms;  /* of the newest frame */
    atomic_bool              cancelled;
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
    bool same_run = origin->run != 0 && origin->run == s->origin.run && origin->stream_ms >= s->origin.stream_ms;
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

/* 0, or ERR_NOT_FOUND at the end of all, or ERR_SYSTEM. */
static int next_file(struct record_source *s)
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

int record_source_open(struct record_source *s)
{
    int error;
    while ((error = catalogue_next(s->catalogue, &s->filter, &s->place)) == 0) {
        if (open_file(s) == 0 && seek_first(s) == 0)
            return 0;
        if (atomic_load(&s->cancelled))
            return ERR_CLOSED;
    }
    return error;
}

/* Tags out. */

static struct writer writer_of(const struct record_piece *piece)
{
    return writer_over(piece->data + piece->size, RECORD_PIECE_SIZE - piece->size);
}

static void write_out(struct record_piece *piece, const void *data, size_t size)
{
    struct writer w = writer_of(piece);
    write_bytes(&w, data, size);
    piece->size += (uint32_t)writer_size(&w);
}

/* What is written from here on is due at `time_ms`.  False if there is no mark left for it. */
static bool mark(struct record_piece *piece, int64_t time_ms)
{
    struct record_mark *last = piece->mark_count > 0 ? &piece->marks[piece->mark_count - 1] : NULL;
    if (last != NULL)
        last->end = piece->size;
    if (last != NULL && time_ms < last->time_ms + RECORD_MARK_MS)
        return true;
    if (piece->mark_count == RECORD_PIECE_MARKS)
        return false;
    piece->marks[piece->mark_count++] = (struct record_mark){ piece->size, time_ms };
    return true;
}

/* Begin a tag whose body is `packet` (a reference that is taken over), or the file's.  The caller has
 * seen to it that there is room. */
static void begin_tag(struct record_source *s, struct record_piece *piece, uint8_t type, uint32_t size,
                      int64_t time_ms, struct avpacket *packet)
{
    uint8_t       head[WEBSOCKET_HEADER_SIZE + AVPACKET_FLV_SIZE];
    size_t        used = 0;
    uint32_t      wire_ms = (uint32_t)(time_ms > 0 ? time_ms : 0);
    if (s->websocket)
        used = websocket_write_header(head, WEBSOCKET_OPCODE_BINARY,
                                      AVPACKET_FLV_SIZE + (uint64_t)size + AVPACKET_TAILROOM);
    struct writer w = writer_over(head + used, AVPACKET_FLV_SIZE);
    write_be(&w, type, 1);
    write_be(&w, size, 3);
    write_be(&w, wire_ms & 0xffffff, 3);
    write_be(&w, wire_ms >> 24, 1);
    write_be(&w, 0, 3);
    write_out(piece, head, used + AVPACKET_FLV_SIZE);
    s->out.packet = packet;
    s->out.size = size;
    s->out.done = 0;
    s->out.active = true;
}

static void begin_packet(struct record_source *s, struct record_piece *piece, struct avpacket *packet)
{
    begin_tag(s, piece, packet->type, packet->size, s->time_ms, avpacket_ref(packet));
}

/* As much of the body as there is room for, and what follows it.  False if it cannot be read. */
static bool continue_tag(struct record_source *s, struct record_piece *piece)
{
    struct tag_out *out = &s->out;
    size_t          room = RECORD_PIECE_SIZE - piece->size, left = out->size - out->done;
    uint8_t        *to = piece->data + piece->size;
    size_t          size = left < room ? left : room;
    if (out->packet != NULL)
        memcpy(to, avpacket_body(out->packet) + out->done, size);
    else if (size > 0 && record_file_read(&s->file, &out->tag, out->done, to, size) != 0)
        return false;
    piece->size += (uint32_t)size;
    out->done += (uint32_t)size;
    if (out->done < out->size || room - size < AVPACKET_TAILROOM)
        return true;
    struct writer w = writer_of(piece);
    write_be(&w, AVPACKET_FLV_SIZE + (uint64_t)out->size, AVPACKET_TAILROOM);
    piece->size += AVPACKET_TAILROOM;
    avpacket_unref(&out->packet);
    out->active = false;
    return true;
}

/* A header of the file's: unless it is at the front and told already. */
static void take_header(struct record_source *s, struct record_piece *piece, const struct record_tag *tag)
{
    struct avpacket *p = record_file_packet(&s->file, tag);
    bool             known = false;
    if (p == NULL) /* too large to be kept: as any other tag */
        return;
    for (uint32_t i = 0; s->headers != NULL && i < s->headers->count; i++) {
        const struct avpacket *h = s->headers->packets[i];
        known |= h->type == p->type && bytes_equal(avpacket_bytes(h), avpacket_bytes(p));
    }
    struct header_set *headers = header_set_with(s->headers, p);
    header_set_unref(&s->headers);
    s->headers = headers;
    s->told = headers->count;
    if (!known || !s->is_front)
        begin_tag(s, piece, p->type, p->size, tag->time_ms + s->shift_ms, avpacket_ref(p));
    avpacket_unref(&p);
}

static bool is_header(const struct record_tag *tag)
{
    return (tag->flags & (AV_SEQUENCE_HEADER | AV_SIDE_INFO)) && tag->body_size <= RECORD_FILE_HEADER_MAX;
}

/* False if the period ends before the tag, or there is no mark left for it. */
static bool take_tag(struct record_source *s, struct record_piece *piece, const struct record_tag *tag)
{
    int64_t time_ms = tag->time_ms + s->shift_ms;
    if (is_header(tag)) {
        take_header(s, piece, tag);
        return true;
    }
    if (s->zero_wall_ms + tag->time_ms > s->filter.to_ms) {
        piece->end = RECORD_PIECE_LAST;
        return false;
    }
    if (!mark(piece, time_ms)) {
        s->file.at = tag->position;
        return false;
    }
    s->is_front &= tag->type == AV_DATA;
    s->time_ms = time_ms > s->time_ms ? time_ms : s->time_ms;
    begin_tag(s, piece, tag->type, tag->body_size, time_ms, NULL);
    s->out.tag = *tag;
    return true;
}

/* Nothing is in the file behind what was read.  False if reading must stop for now. */
static bool end_file(struct record_source *s, struct record_piece *piece)
{
    bool in_time = clock_wall_ms() < s->filter.to_ms + GRACE_MS;
    if (s->follows && in_time && record_file_is_written(&s->file)) {
        piece->end = RECORD_PIECE_WAIT;
        return false;
    }
    struct record_tag tag;
    if (record_file_next(&s->file, &tag) == 1) { /* the last of it came in between */
        s->file.at = tag.position;
        return true;
    }
    int error = next_file(s);
    if (error == 0)
        return true;
    piece->end = RECORD_PIECE_LAST;
    return false;
}

/* One step.  False when the piece is done. */
static bool step(struct record_source *s, struct record_piece *piece)
{
    struct record_tag tag;
    if (s->out.active && !continue_tag(s, piece)) {
        piece->end = RECORD_PIECE_BROKEN;
        return false;
    }
    if (s->out.active || RECORD_PIECE_SIZE - piece->size < TAG_OVERHEAD)
        return false;
    if (s->tells_metadata) {
        s->tells_metadata = false;
        begin_packet(s, piece, s->metadata);
        return true;
    }
    if (s->headers != NULL && s->told < s->headers->count) {
        begin_packet(s, piece, s->headers->packets[s->told++]);
        return true;
    }
    int found = record_file_next(&s->file, &tag);
    if (found == 1)
        return take_tag(s, piece, &tag);
    if (found == ERR_CLOSED) {
        piece->end = RECORD_PIECE_LAST;
        return false;
    }
    if (found < 0)
        complain(s, found);
    return end_file(s, piece);
}

static void begin(struct record_source *s, struct record_piece *piece)
{
    uint8_t header[FLV_HEADER_SIZE], frame[WEBSOCKET_HEADER_SIZE];
    if (s->websocket)
        write_out(piece, frame, websocket_write_header(frame, WEBSOCKET_OPCODE_BINARY, sizeof header));
    flv_write_header(header, s->flags & 4, s->flags & 1);
    write_out(piece, header, sizeof header);
    s->began = true;
}

void record_source_read(struct record_source *s, struct record_piece *piece)
{
    piece->size = piece->mark_count = 0;
    piece->end = RECORD_PIECE_MORE;
    mark(piece, s->time_ms);
    if (!s->began)
        begin(s, piece);
    while (step(s, piece)) {
    }
    piece->marks[piece->mark_count - 1].end = piece->size;
    piece->in_tag = s->out.active;
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
    s->follows = period->to_ms > period->now_ms;
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
