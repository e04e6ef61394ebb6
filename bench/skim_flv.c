#include "bench/skim_flv.h"

#include "base/error.h"

enum state { FILE_HEADER, FILE_REST, TAG_HEADER, BODY, PREVIOUS_SIZE };

enum {
    FILE_HEADER_SIZE     = 9,
    TAG_HEADER_SIZE      = 11,
    PREVIOUS_SIZE_SIZE   = 4,
    FILE_HEADER_SIZE_MAX = 4096,
};

static void enter(struct skim_flv *s, enum state state, uint32_t size)
{
    s->state = (uint8_t)state;
    s->got = 0;
    s->size = size;
    s->taken = 0;
}

static int end_file_header(struct skim_flv *s)
{
    struct reader r = reader_over((struct bytes){ s->header + 5, 4 });
    uint32_t      size = (uint32_t)read_be(&r, 4);
    if (memcmp(s->header, "FLV\x01", 4) != 0 || size < FILE_HEADER_SIZE || size > FILE_HEADER_SIZE_MAX)
        return ERR_PROTOCOL;
    enter(s, FILE_REST, size - FILE_HEADER_SIZE + PREVIOUS_SIZE_SIZE);
    return 0;
}

static int end_tag_header(struct skim_flv *s)
{
    struct reader r = reader_over((struct bytes){ s->header, TAG_HEADER_SIZE });
    uint8_t       type = (uint8_t)read_be(&r, 1);
    uint32_t      size = (uint32_t)read_be(&r, 3);
    uint32_t      time_ms = (uint32_t)read_be(&r, 3);
    s->type = type & 0x1f;
    s->time_ms = time_ms | (uint32_t)read_be(&r, 1) << 24;
    enter(s, BODY, size);
    return type & 0xc0 ? ERR_PROTOCOL : 0;
}

static int end_tag(struct skim_flv *s, struct skim_message *out)
{
    struct reader r = reader_over((struct bytes){ s->header, PREVIOUS_SIZE_SIZE });
    uint32_t      previous = (uint32_t)read_be(&r, 4);
    if (previous != s->size + TAG_HEADER_SIZE)
        return ERR_PROTOCOL;
    size_t head_size = s->size < SKIM_HEAD_SIZE ? s->size : SKIM_HEAD_SIZE;
    *out = (struct skim_message){ .complete = true, .type = s->type, .time_ms = s->time_ms,
                                  .size = s->size, .head = { s->head, head_size } };
    enter(s, TAG_HEADER, 0);
    return 0;
}

static unsigned header_size(const struct skim_flv *s)
{
    return s->state == FILE_HEADER ? FILE_HEADER_SIZE : s->state == TAG_HEADER ? TAG_HEADER_SIZE
                                                                               : PREVIOUS_SIZE_SIZE;
}

/* Read on in a header; returns what was consumed or an error. */
static ssize_t take_header(struct skim_flv *s, struct bytes in, struct skim_message *out)
{
    size_t size = header_size(s) - s->got;
    if (size > in.size)
        size = in.size;
    memcpy(s->header + s->got, in.data, size);
    s->got += (uint8_t)size;
    if (s->got < header_size(s))
        return (ssize_t)size;
    int error = s->state == FILE_HEADER ? end_file_header(s) : s->state == TAG_HEADER ? end_tag_header(s)
                                                                                      : end_tag(s, out);
    return error < 0 ? error : (ssize_t)size;
}

static size_t take_run(struct skim_flv *s, struct bytes in)
{
    size_t size = s->size - s->taken;
    if (size > in.size)
        size = in.size;
    if (s->state == BODY && s->taken < SKIM_HEAD_SIZE) {
        size_t room = SKIM_HEAD_SIZE - s->taken;
        memcpy(s->head + s->taken, in.data, size < room ? size : room);
    }
    s->taken += (uint32_t)size;
    return size;
}

/* A run of bytes that is complete, an empty one also, ends here. */
static void end_run(struct skim_flv *s)
{
    if (s->state == FILE_REST && s->taken == s->size)
        enter(s, TAG_HEADER, 0);
    else if (s->state == BODY && s->taken == s->size)
        s->state = PREVIOUS_SIZE; /* the size is still needed */
}

ssize_t skim_flv_read(struct skim_flv *s, struct bytes in, struct skim_message *out)
{
    size_t at = 0;
    *out = (struct skim_message){ .complete = false };
    while (s->error == 0 && !out->complete && at < in.size) {
        struct bytes rest = { in.data + at, in.size - at };
        ssize_t      n = s->state == FILE_REST || s->state == BODY ? (ssize_t)take_run(s, rest)
                                                                   : take_header(s, rest, out);
        if (n < 0)
            s->error = (uint8_t)-n;
        else
            at += (size_t)n;
        end_run(s);
    }
    return s->error > 0 ? -(ssize_t)s->error : (ssize_t)at;
}
