#include "bench/skim_rtmp.h"

#include "base/error.h"
#include "protocol/rtmp_message.h"

enum {
    EXTENDED           = 0xffffff,
    CHUNK_SIZE_DEFAULT = 128,
};

static const uint8_t field_sizes[] = { 11, 7, 3, 0 }; /* of the message header, by chunk type */

void skim_rtmp_init(struct skim_rtmp *s)
{
    /* The heads need no zeros, and there are many viewers. */
    memset(s, 0, offsetof(struct skim_rtmp, streams));
    s->chunk_size = CHUNK_SIZE_DEFAULT;
}

/* The first header byte says how long the chunk stream id is (5.3.1.1). */
static unsigned basic_size(const struct skim_rtmp *s)
{
    unsigned low = s->header[0] & 0x3f;
    return low == 0 ? 2 : low == 1 ? 3 : 1;
}

static uint32_t header_csid(const struct skim_rtmp *s)
{
    struct reader r = reader_over((struct bytes){ s->header + 1, 2 });
    unsigned      size = basic_size(s) - 1;
    return size == 0 ? s->header[0] & 0x3f : 64 + (uint32_t)read_le(&r, size);
}

static struct skim_rtmp_stream *find(struct skim_rtmp *s, uint32_t csid)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->streams[i].csid == csid)
            return &s->streams[i];
    return NULL;
}

static bool has_extended(struct skim_rtmp *s, unsigned basic)
{
    if (s->header[0] >> 6 < 3)
        return s->header[basic] == 0xff && s->header[basic + 1] == 0xff && s->header[basic + 2] == 0xff;
    const struct skim_rtmp_stream *stream = find(s, header_csid(s));
    return stream != NULL && stream->extended;
}

/* Bytes of the header, as far as those which are there tell. */
static unsigned header_size(struct skim_rtmp *s)
{
    if (s->header_got == 0)
        return 1;
    unsigned basic = basic_size(s), size = basic + field_sizes[s->header[0] >> 6];
    if (s->header_got < size)
        return size;
    return has_extended(s, basic) ? size + 4 : size;
}

static struct skim_rtmp_stream *add(struct skim_rtmp *s, uint32_t csid)
{
    struct skim_rtmp_stream *stream = &s->streams[s->count++];
    memset(stream, 0, offsetof(struct skim_rtmp_stream, head));
    stream->csid = csid;
    return stream;
}

static void read_fields(struct skim_rtmp *s, struct skim_rtmp_stream *stream)
{
    unsigned      format = s->header[0] >> 6, basic = basic_size(s);
    struct reader r = { .at = s->header + basic, .end = s->header + s->header_got };
    if (format <= 2) {
        stream->field = (uint32_t)read_be(&r, 3);
        stream->extended = stream->field == EXTENDED;
    }
    if (format <= 1) {
        stream->length = (uint32_t)read_be(&r, 3);
        stream->type = (uint8_t)read_be(&r, 1);
    }
    if (format == 0)
        stream->msid = (uint32_t)read_le(&r, 4);
    if (stream->extended && format <= 2)
        stream->field = (uint32_t)read_be(&r, 4);
}

/* The header is complete. */
static int begin_chunk(struct skim_rtmp *s)
{
    unsigned                 format = s->header[0] >> 6;
    uint32_t                 csid = header_csid(s);
    struct skim_rtmp_stream *stream = find(s, csid);
    if (stream == NULL && format >= 2)
        return ERR_PROTOCOL;
    if (stream == NULL && s->count == SKIM_RTMP_STREAMS)
        return ERR_TOO_BIG;
    if (stream == NULL)
        stream = add(s, csid);
    if (stream->open && format < 3)
        return ERR_PROTOCOL;
    read_fields(s, stream);
    if (!stream->open) { /* type 3 repeats the last delta: 5.3.1.2.4 */
        stream->time_ms = format == 0 ? stream->field : stream->time_ms + stream->field;
        stream->open = true;
        stream->taken = 0;
    }
    uint32_t left = stream->length - stream->taken;
    s->chunk_left = left < s->chunk_size ? left : s->chunk_size;
    s->current = (uint8_t)(stream - s->streams);
    s->in_chunk = true;
    return 0;
}

static ssize_t take_header(struct skim_rtmp *s, struct bytes in)
{
    size_t   at = 0;
    unsigned size;
    while (s->header_got < (size = header_size(s)) && at < in.size) {
        size_t n = size - s->header_got;
        if (n > in.size - at)
            n = in.size - at;
        memcpy(s->header + s->header_got, in.data + at, n);
        s->header_got += (uint8_t)n;
        at += n;
    }
    int error = s->header_got == header_size(s) ? begin_chunk(s) : 0;
    return error < 0 ? error : (ssize_t)at;
}

/* What the server says about its own chunks. */
static int obey(struct skim_rtmp *s, const struct skim_message *m)
{
    struct rtmp_control      control;
    struct skim_rtmp_stream *stream;
    if (m->type != RTMP_SET_CHUNK_SIZE && m->type != RTMP_ABORT)
        return 0;
    int error = rtmp_control_read(m->type, m->head, &control);
    if (error < 0)
        return error;
    if (m->type == RTMP_SET_CHUNK_SIZE)
        s->chunk_size = control.value;
    else if ((stream = find(s, control.value)) != NULL)
        stream->open = false;
    return 0;
}

static int end_message(struct skim_rtmp *s, struct skim_rtmp_stream *stream, struct skim_message *out)
{
    size_t head_size = stream->length < SKIM_HEAD_SIZE ? stream->length : SKIM_HEAD_SIZE;
    stream->open = false;
    *out = (struct skim_message){ .complete = true, .type = stream->type, .msid = stream->msid,
                                  .time_ms = stream->time_ms, .size = stream->length,
                                  .head = { stream->head, head_size } };
    return obey(s, out);
}

static ssize_t take_chunk(struct skim_rtmp *s, struct bytes in, struct skim_message *out)
{
    struct skim_rtmp_stream *stream = &s->streams[s->current];
    size_t                   size = s->chunk_left < in.size ? s->chunk_left : in.size;
    if (stream->taken < SKIM_HEAD_SIZE && size > 0) {
        size_t room = SKIM_HEAD_SIZE - stream->taken;
        memcpy(stream->head + stream->taken, in.data, size < room ? size : room);
    }
    stream->taken += (uint32_t)size;
    s->chunk_left -= (uint32_t)size;
    if (s->chunk_left > 0)
        return (ssize_t)size;
    s->in_chunk = false;
    s->header_got = 0;
    int error = stream->taken == stream->length ? end_message(s, stream, out) : 0;
    return error < 0 ? error : (ssize_t)size;
}

ssize_t skim_rtmp_read(struct skim_rtmp *s, struct bytes in, struct skim_message *out)
{
    size_t at = 0;
    *out = (struct skim_message){ .complete = false };
    while (s->error == 0 && !out->complete && at < in.size) {
        ssize_t n = 0;
        if (!s->in_chunk)
            n = take_header(s, (struct bytes){ in.data + at, in.size - at });
        at += n > 0 ? (size_t)n : 0;
        if (n >= 0 && s->in_chunk) { /* at once: an empty message needs no more bytes */
            n = take_chunk(s, (struct bytes){ in.data + at, in.size - at }, out);
            at += n > 0 ? (size_t)n : 0;
        }
        if (n < 0)
            s->error = (uint8_t)-n;
    }
    return s->error > 0 ? -(ssize_t)s->error : (ssize_t)at;
}
