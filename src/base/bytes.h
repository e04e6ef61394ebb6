/* bytes.h - a borrowed run of bytes, and a bounded cursor to read or write one.
 *
 * A reader that is asked for more than it has returns zeros and sets `overrun`, which stays
 * set: code follows the wire layout straight through and tests once at its end.  A writer
 * that is full drops what does not fit and sets `overrun` the same way. */
#ifndef MILLRACE_BASE_BYTES_H
#define MILLRACE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data;
    size_t         size;
};

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool           overrun;
};

struct writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool     overrun;
};

/* The bytes of a C string, without its end mark. */
static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline struct reader reader_over(struct bytes in)
{
    return (struct reader){ .at = in.data, .end = in.data + in.size };
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

/* The next `size` bytes, borrowed from the input; an empty run and `overrun` if there are fewer. */
static inline struct bytes read_bytes(struct reader *r, size_t size)
{
    if (r->overrun || reader_left(r) < size) {
        r->overrun = true;
        return (struct bytes){ r->at, 0 };
    }
    r->at += size;
    return (struct bytes){ r->at - size, size };
}

/* An unsigned number of `size` bytes (1 to 8), most significant first. */
static inline uint64_t read_be(struct reader *r, size_t size)
{
    struct bytes in = read_bytes(r, size);
    uint64_t     value = 0;
    for (size_t i = 0; i < in.size; i++)
        value = value << 8 | in.data[i];
    return value;
}

/* The same, least significant first. */
static inline uint64_t read_le(struct reader *r, size_t size)
{
    struct bytes in = read_bytes(r, size);
    uint64_t     value = 0;
    for (size_t i = in.size; i > 0; i--)
        value = value << 8 | in.data[i - 1];
    return value;
}

static inline struct writer writer_over(uint8_t *out, size_t size)
{
    return (struct writer){ .start = out, .at = out, .end = out + size };
}

/* Bytes written so far. */
static inline size_t writer_size(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}

static inline void write_bytes(struct writer *w, const void *data, size_t size)
{
    if (w->overrun || (size_t)(w->end - w->at) < size) {
        w->overrun = true;
        return;
    }
    if (size > 0)
        memcpy(w->at, data, size);
    w->at += size;
}

static inline void write_be(struct writer *w, uint64_t value, size_t size)
{
    uint8_t out[8];
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    write_bytes(w, out, size);
}

static inline void write_le(struct writer *w, uint64_t value, size_t size)
{
    uint8_t out[8];
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * i));
    write_bytes(w, out, size);
}

#endif
