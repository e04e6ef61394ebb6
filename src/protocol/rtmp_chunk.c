#include "protocol/rtmp_chunk.h"

#include "base/alloc.h"
#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

enum {
    CSID_SHORT_END      = 64,       /* ids below have a basic header of one byte */
    EXTENDED            = 0xffffff, /* the timestamp field that announces an extended one */
    FIRST_CAPACITY      = 16 * 1024,
    STREAMS_AT_FIRST    = 4,
    CHUNK_SIZE_WIRE_MAX = 0x7fffffff,
};

/* Whether a peer's type 3 chunks repeat the extended timestamp.  5.3.1.3 says that they do; the
 * specification of 2009 said not, and so do older librtmp and the mobile kits built on it
 * (pili-librtmp up to 2017). */
enum extended_habit {
    HABIT_UNKNOWN,
    HABIT_REPEATED,
    HABIT_OMITTED,
};

/* What the last chunk header of a chunk stream said, and the message it is in. */
struct chunk_stream {
    uint32_t         csid;
    uint32_t         msid;
    uint32_t         time_ms;  /* of the message begun last, absolute */
    uint32_t         field;    /* its timestamp field: absolute in type 0, a delta in 1 and 2 */
    uint32_t         length;
    uint8_t          type;
    bool             extended; /* the field came as an extended timestamp */
    struct avpacket *packet;   /* the unfinished message; NULL between messages */
};

struct rtmp_chunk_reader {
    struct rtmp_chunk_limits limits;
    uint32_t                 chunk_size;
    struct chunk_stream     *streams;
    uint32_t                 count, capacity;
    uint8_t                  by_short_id[CSID_SHORT_END]; /* place in streams, plus one; 0: look for it */
    uint32_t                 current;                     /* the stream of the chunk being read */
    uint32_t                 chunk_left;                  /* payload bytes still to come of it */
    size_t                   buffered;
    enum extended_habit      habit;
    const char              *why;
};

struct rtmp_chunk_reader *rtmp_chunk_reader_new(const struct rtmp_chunk_limits *limits)
{
    struct rtmp_chunk_reader *c = alloc_zeroed(sizeof *c);
    c->limits = *limits;
    c->chunk_size = RTMP_CHUNK_SIZE_DEFAULT;
    c->why = "";
    return c;
}

void rtmp_chunk_reader_free(struct rtmp_chunk_reader *c)
{
    if (c == NULL)
        return;
    for (uint32_t i = 0; i < c->count; i++)
        avpacket_unref(&c->streams[i].packet);
    free(c->streams);
    free(c);
}

static const char too_many[] = "too many chunk streams";
static const char too_many_bytes[] = "too many bytes in unfinished messages";
static const char no_memory[] = "no memory for a message";

static int fail(struct rtmp_chunk_reader *c, int error, const char *why)
{
    c->why = why;
    return error;
}

static struct chunk_stream *find(const struct rtmp_chunk_reader *c, uint32_t csid)
{
    uint32_t place = csid < CSID_SHORT_END ? c->by_short_id[csid] : 0;
    if (place > 0)
        return &c->streams[place - 1];
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->streams[i].csid == csid)
            return &c->streams[i];
    }
    return NULL;
}

static struct chunk_stream *add(struct rtmp_chunk_reader *c, uint32_t csid)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity > 0 ? 2 * c->capacity : STREAMS_AT_FIRST;
        c->streams = alloc_resize(c->streams, c->capacity, sizeof *c->streams);
    }
    struct chunk_stream *s = &c->streams[c->count++];
    if (csid < CSID_SHORT_END && c->count <= UINT8_MAX)
        c->by_short_id[csid] = (uint8_t)c->count;
    return s;
}

/* May a chunk of this format come now? */
static int check_format(struct rtmp_chunk_reader *c, const struct chunk_stream *known, unsigned format)
{
    /* Type 1 may come first: librtmp starts a chunk stream with it, on message stream 0. */
    if (known == NULL && format >= 2)
        return fail(c, ERR_PROTOCOL, "chunk stream begins with a type 2 or 3 chunk");
    if (known == NULL && c->count >= c->limits.chunk_streams_max)
        return fail(c, ERR_TOO_BIG, too_many);
    /* Receivers differ in what they make of it (go on, start anew, refuse), no sender is known
     * to need it, and it is what a chunk stream out of step looks like first. */
    if (known != NULL && known->packet != NULL && format < 3)
        return fail(c, ERR_PROTOCOL, "message header inside an unfinished message");
    return 0;
}

/* The message header proper (5.3.1.2), without the extended timestamp. */
static void read_fields(struct reader *r, unsigned format, struct chunk_stream *s)
{
    if (format <= 2) {
        s->field = (uint32_t)read_be(r, 3);
        s->extended = s->field == EXTENDED;
    }
    if (format <= 1) {
        s->length = (uint32_t)read_be(r, 3);
        s->type = (uint8_t)read_be(r, 1);
    }
    if (format == 0)
        s->msid = (uint32_t)read_le(r, 4); /* the one little-endian field */
}

/* Does the peer repeat the extended timestamp?  Learned once a connection, from the first type 3
 * chunk that should: `rest`, what follows its basic header, is the timestamp, or else payload.
 *
 * While fewer than four bytes are visible and look like the timestamp, it is taken for one, and
 * the header is incomplete.  A sender that repeats it will send the rest.  One that does not will
 * too, unless under four bytes of the message were left and happened to equal the timestamp's
 * first: then the message waits for the next byte of the connection.  To guess instead would put
 * a correct sender out of step whenever TCP cuts there. */
static enum extended_habit learn_habit(const struct chunk_stream *s, struct bytes rest)
{
    uint8_t       expected[4];
    struct writer w = writer_over(expected, sizeof expected);
    write_be(&w, s->field, sizeof expected);
    size_t visible = rest.size < sizeof expected ? rest.size : sizeof expected;
    return memcmp(rest.data, expected, visible) == 0 ? HABIT_REPEATED : HABIT_OMITTED;
}

/* Start a message on `s`, whose header fields are new; `visible` bytes have come behind them.  Most
 * messages have come whole, and then need no other allocation.
 *
 * A type 3 chunk that starts one repeats the last delta; after a type 0 chunk that delta is the
 * type 0's own timestamp (5.3.1.2.4).  ffmpeg and GStreamer send so; ffmpeg, librtmp and SRS read
 * so, though nginx-rtmp takes the delta as 0.  Arithmetic is modulo 2^32: GStreamer and
 * Tencent Meeting go back in time by a delta of nearly 2^32. */
static int begin_message(struct rtmp_chunk_reader *c, struct chunk_stream *s, unsigned format, size_t visible)
{
    uint32_t capacity = s->length < visible ? s->length : (uint32_t)visible;
    if (s->length > c->limits.message_size_max)
        return fail(c, ERR_TOO_BIG, "message longer than the limit");
    if (c->buffered + capacity > c->limits.buffered_size_max)
        return fail(c, ERR_TOO_BIG, too_many_bytes);
    s->time_ms = format == 0 ? s->field : s->time_ms + s->field;
    s->packet = avpacket_new(s->type, capacity);
    if (s->packet == NULL)
        return fail(c, ERR_OUT_OF_MEMORY, no_memory);
    c->buffered += capacity;
    return 0;
}

/* One chunk header, all or nothing: a short read leaves no trace. */
static ssize_t read_header(struct rtmp_chunk_reader *c, struct bytes in)
{
    struct reader r = reader_over(in);
    uint8_t       first = (uint8_t)read_be(&r, 1);
    unsigned      format = first >> 6;
    uint32_t      csid = first & 0x3f;
    if (csid < 2) /* 0: one more byte; 1: two, low byte first */
        csid = 64 + (uint32_t)read_le(&r, csid + 1);
    if (r.overrun)
        return 0;

    struct chunk_stream *known = find(c, csid);
    int                  result = check_format(c, known, format);
    if (result < 0)
        return result;
    struct chunk_stream s = known != NULL ? *known : (struct chunk_stream){ .csid = csid };
    read_fields(&r, format, &s);

    enum extended_habit habit = c->habit;
    if (format == 3 && s.extended && habit == HABIT_UNKNOWN)
        habit = learn_habit(&s, (struct bytes){ r.at, reader_left(&r) });
    if (s.extended && (format < 3 || habit == HABIT_REPEATED)) {
        uint32_t value = (uint32_t)read_be(&r, 4);
        if (s.packet == NULL)
            s.field = value;
    }
    if (r.overrun)
        return 0;

    result = s.packet == NULL ? begin_message(c, &s, format, reader_left(&r)) : 0;
    if (result < 0)
        return result;
    if (known == NULL)
        known = add(c, csid);
    *known = s;
    c->habit = habit;
    c->current = (uint32_t)(known - c->streams);
    uint32_t left = s.length - s.packet->size;
    c->chunk_left = left < c->chunk_size ? left : c->chunk_size;
    return r.at - in.data;
}

/* Room for `size` body bytes in all, which are no more than have arrived.  Doubling, up to the
 * length announced: a message that is complete wastes nothing. */
static int make_room(struct rtmp_chunk_reader *c, struct chunk_stream *s, uint32_t size)
{
    uint32_t old = s->packet->capacity, capacity = 2 * old;
    if (size <= old)
        return 0;
    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    if (capacity < size)
        capacity = size;
    if (capacity > s->length)
        capacity = s->length;
    size_t buffered = c->buffered + (capacity - old);
    if (buffered > c->limits.buffered_size_max)
        return fail(c, ERR_TOO_BIG, too_many_bytes);
    if (avpacket_reserve(&s->packet, capacity) < 0)
        return fail(c, ERR_OUT_OF_MEMORY, no_memory);
    c->buffered = buffered;
    return 0;
}

/* As much as there is of the current chunk's payload. */
static ssize_t read_payload(struct rtmp_chunk_reader *c, struct bytes in)
{
    struct chunk_stream *s = &c->streams[c->current];
    uint32_t             size = in.size < c->chunk_left ? (uint32_t)in.size : c->chunk_left;
    int                  result = make_room(c, s, s->packet->size + size);
    if (result < 0)
        return result;
    if (size > 0)
        memcpy(avpacket_body(s->packet) + s->packet->size, in.data, size);
    s->packet->size += size;
    c->chunk_left -= size;
    return size;
}

/* Forget `s`'s unfinished message, whose packet was handed out or is freed here. */
static void end_message(struct rtmp_chunk_reader *c, struct chunk_stream *s)
{
    c->buffered -= s->packet->capacity;
    s->packet = NULL;
}

ssize_t rtmp_chunk_read(struct rtmp_chunk_reader *c, struct bytes in, struct rtmp_message *out)
{
    struct bytes rest = in;
    out->packet = NULL;
    while (rest.size > 0) {
        ssize_t n = c->chunk_left == 0 ? read_header(c, rest) : 0;
        if (n < 0)
            return n;
        if (n == 0 && c->chunk_left == 0)
            break;
        rest = (struct bytes){ rest.data + n, rest.size - (size_t)n };
        n = read_payload(c, rest);
        if (n < 0)
            return n;
        rest = (struct bytes){ rest.data + n, rest.size - (size_t)n };

        struct chunk_stream *s = &c->streams[c->current];
        if (s->packet->size == s->length) {
            *out = (struct rtmp_message){ .csid = s->csid, .msid = s->msid, .time_ms = s->time_ms,
                                          .type = s->type, .packet = s->packet };
            end_message(c, s);
            break;
        }
    }
    return (ssize_t)(in.size - rest.size);
}

bool rtmp_chunk_reader_ran_out(const struct rtmp_chunk_reader *c)
{
    return c->why == too_many;
}

const char *rtmp_chunk_reader_why(const struct rtmp_chunk_reader *c)
{
    return c->why;
}

int rtmp_chunk_reader_set_chunk_size(struct rtmp_chunk_reader *c, uint32_t size)
{
    if (size == 0 || size > CHUNK_SIZE_WIRE_MAX)
        return fail(c, ERR_PROTOCOL, "chunk size not in 1 to 0x7fffffff");
    c->chunk_size = size < RTMP_CHUNK_SIZE_MAX ? size : RTMP_CHUNK_SIZE_MAX;
    return 0;
}

void rtmp_chunk_reader_abort(struct rtmp_chunk_reader *c, uint32_t csid)
{
    assert(c->chunk_left == 0);
    struct chunk_stream *s = find(c, csid);
    if (s == NULL || s->packet == NULL)
        return;
    struct avpacket *packet = s->packet;
    end_message(c, s);
    avpacket_unref(&packet);
}

void rtmp_chunk_reader_set_limits(struct rtmp_chunk_reader *c, const struct rtmp_chunk_limits *limits)
{
    c->limits = *limits;
}

size_t rtmp_chunk_reader_buffered(const struct rtmp_chunk_reader *c)
{
    return c->buffered;
}
