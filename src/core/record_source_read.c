/* record_source_read.c - tags as they go out, and when to read on, wait or end. */
#include "core/record_source_peer.h"

#include "base/clock.h"
#include "base/error.h"
#include "core/record_piece.h"
#include "protocol/flv.h"
#include "protocol/websocket.h"

enum {
    GRACE_MS     = 3000, /* what is recorded now is in the catalogue, and on disk, by then */
    TAG_OVERHEAD = WEBSOCKET_HEADER_SIZE + AVPACKET_FLV_SIZE + AVPACKET_TAILROOM,
};

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
    record_piece_add(piece, head, used + AVPACKET_FLV_SIZE);
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
    uint8_t        *to = piece->data + piece->size;
    size_t          room = record_piece_room(piece), left = out->size - out->done;
    size_t          size = left < room ? left : room;
    uint8_t         previous_size[AVPACKET_TAILROOM];
    if (out->packet != NULL) {
        record_piece_add(piece, avpacket_body(out->packet) + out->done, size);
    } else {
        if (size > 0 && record_file_read(&s->file, &out->tag, out->done, to, size) != 0)
            return false;
        piece->size += (uint32_t)size;
    }
    out->done += (uint32_t)size;
    if (out->done < out->size || room - size < sizeof previous_size)
        return true;
    struct writer w = writer_over(previous_size, sizeof previous_size);
    write_be(&w, AVPACKET_FLV_SIZE + (uint64_t)out->size, sizeof previous_size);
    record_piece_add(piece, previous_size, sizeof previous_size);
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
    if (!record_piece_mark(piece, time_ms)) {
        s->file.at = tag->position;
        return false;
    }
    s->is_front &= tag->type == AV_DATA;
    s->time_ms = time_ms > s->time_ms ? time_ms : s->time_ms;
    begin_tag(s, piece, tag->type, tag->body_size, time_ms, NULL);
    s->out.tag = *tag;
    return true;
}

/* Whether what is recorded now may go on within the period. */
static bool may_go_on(struct record_source *s)
{
    uint64_t now_ms = clock_monotonic_ms();
    if (!s->follows || clock_wall_ms() > s->filter.to_ms + GRACE_MS)
        return false;
    if (record_file_is_written(&s->file)) {
        s->patient_ms = now_ms + GRACE_MS;
        return true;
    }
    return now_ms < s->patient_ms; /* the next file may not be known yet */
}

/* Nothing is in the file behind what was read.  False if reading must stop for now. */
static bool end_file(struct record_source *s, struct record_piece *piece)
{
    struct record_tag tag;
    bool              waits = may_go_on(s);
    if (record_file_next(&s->file, &tag) == 1) { /* the last of it came in between */
        s->file.at = tag.position;
        return true;
    }
    if (waits && record_file_is_written(&s->file)) {
        piece->end = RECORD_PIECE_WAIT;
        return false;
    }
    if (record_source_next_file(s) == 0)
        return true;
    piece->end = waits ? RECORD_PIECE_WAIT : RECORD_PIECE_LAST;
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
    if (s->out.active || record_piece_room(piece) < TAG_OVERHEAD)
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
        record_source_give_up(s, found);
    return end_file(s, piece);
}

static void begin(struct record_source *s, struct record_piece *piece)
{
    uint8_t header[FLV_HEADER_SIZE], frame[WEBSOCKET_HEADER_SIZE];
    if (s->websocket)
        record_piece_add(piece, frame, websocket_write_header(frame, WEBSOCKET_OPCODE_BINARY, sizeof header));
    flv_write_header(header, s->flags & 4, s->flags & 1);
    record_piece_add(piece, header, sizeof header);
    s->began = true;
}

void record_source_read(struct record_source *s, struct record_piece *piece)
{
    record_piece_clear(piece, s->time_ms);
    if (!s->began)
        begin(s, piece);
    while (step(s, piece)) {
    }
    record_piece_finish(piece, s->out.active);
}
