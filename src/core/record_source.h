/* record_source.h - what was recorded of a stream in a period, read back as one FLV stream: file after
 * file, on one timeline from 0.
 *
 * It begins at the keyframe at or before `from`.  Files that follow each other without a gap are joined
 * exactly, by the stream's own time; over a gap the timeline goes on by the wall clock, or as if there
 * were none (closes_gaps).  Sequence headers and metadata are repeated when they change.  A file that is
 * still being written is read up to its last whole tag; if the period ends in the future it is
 * followed as it grows.
 *
 * For threads that may wait, one at a time. */
#ifndef MILLRACE_CORE_RECORD_SOURCE_H
#define MILLRACE_CORE_RECORD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalogue;
struct record_source;

enum {
    RECORD_PIECE_SIZE  = 256 * 1024,
    RECORD_PIECE_MARKS = 256,
    RECORD_MARK_MS     = 40, /* as much of the stream's time goes between two marks, at least */
};

struct record_period {
    const char *root;      /* of all recordings */
    const char *path;      /* stream path */
    int64_t     from_ms;   /* wall clock */
    int64_t     to_ms;
    int64_t     now_ms;    /* of the request: a period that ends later is followed */
    bool        closes_gaps;
    bool        websocket; /* each tag is a binary message of its own */
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
    uint8_t              *data; /* RECORD_PIECE_SIZE bytes of room */
    uint32_t              size;
    struct record_mark    marks[RECORD_PIECE_MARKS];
    uint32_t              mark_count;
    enum record_piece_end end;
    bool                  in_tag; /* it ends in the middle of one */
};

/* Texts are copied, the catalogue is borrowed. */
struct record_source *record_source_new(struct catalogue *, const struct record_period *);
void                  record_source_free(struct record_source *); /* NULL is allowed */

/* Find the first file and its place.  0; ERR_NOT_FOUND if nothing was recorded then; ERR_SYSTEM;
 * ERR_CLOSED if cancelled. */
int record_source_open(struct record_source *);

/* The next bytes, into `piece`, whose data and room are the caller's. */
void record_source_read(struct record_source *, struct record_piece *);

/* End what takes long, soon.  From any thread. */
void record_source_cancel(struct record_source *);

#endif
