/* record_piece.h - a run of bytes of an FLV stream that is played back, with marks that say when each
 * part of it is due. */
#ifndef MILLRACE_CORE_RECORD_PIECE_H
#define MILLRACE_CORE_RECORD_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_PIECE_SIZE  = 256 * 1024,
    RECORD_PIECE_MARKS = 256,
    RECORD_MARK_MS     = 40, /* as much of the stream's time lies between two marks, at least */
};

/* The bytes up to `end` are due when the stream is at `time_ms`.  Each mark but the last of a piece ends
 * with a tag. */
struct record_mark {
    uint32_t end;
    int64_t  time_ms;
};

enum record_piece_end {
    RECORD_PIECE_MORE,   /* read on */
    RECORD_PIECE_WAIT,   /* no more is there yet: read on in a moment */
    RECORD_PIECE_LAST,   /* that was all, and it ends with a tag */
    RECORD_PIECE_BROKEN, /* there is no more, in the middle of a tag */
};

/* What one read gives. */
struct record_piece {
    uint8_t              *data; /* RECORD_PIECE_SIZE bytes of room; the owner's */
    uint32_t              size;
    struct record_mark    marks[RECORD_PIECE_MARKS];
    uint32_t              mark_count;
    enum record_piece_end end;
    bool                  in_tag; /* it ends in the middle of one */
};

/* Make it empty.  What is added up to the first mark that is later is due at `time_ms`. */
void record_piece_clear(struct record_piece *, int64_t time_ms);

/* What is added from here on is due at `time_ms`.  False if there is no mark left for that. */
bool record_piece_mark(struct record_piece *, int64_t time_ms);

/* The caller has seen to it that there is room. */
void record_piece_add(struct record_piece *, const void *data, size_t size);

static inline size_t record_piece_room(const struct record_piece *p)
{
    return RECORD_PIECE_SIZE - p->size;
}

/* No more is added. */
void record_piece_finish(struct record_piece *, bool in_tag);

#endif
