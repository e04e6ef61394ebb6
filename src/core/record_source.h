/* record_source.h - what was recorded of a stream in a period, read back as one FLV stream: file after
 * file, on one timeline from 0.
 *
 * It begins at the keyframe at or before `from`.  Files that follow each other without a gap are joined
 * exactly, by the stream's own time; over a gap the timeline goes on by the wall clock, or as if there
 * were none (closes_gaps).  Sequence headers and metadata are repeated when they change.  A file that is
 * still being written is read up to its last whole tag, or followed as it grows.
 *
 * For threads that may wait, one at a time. */
#ifndef MILLRACE_CORE_RECORD_SOURCE_H
#define MILLRACE_CORE_RECORD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalogue;
struct record_piece;
struct record_source;

struct record_period {
    const char *root;      /* of all recordings */
    const char *path;      /* stream path */
    int64_t     from_ms;   /* wall clock */
    int64_t     to_ms;
    bool        follows;   /* go on with what is recorded now, up to to_ms */
    bool        closes_gaps;
    bool        websocket; /* each tag is a binary message of its own */
};

/* Texts are copied, the catalogue is borrowed. */
struct record_source *record_source_new(struct catalogue *, const struct record_period *);
void                  record_source_free(struct record_source *); /* NULL is allowed */

/* Find the first file and its place.  0; ERR_NOT_FOUND if nothing was recorded then; ERR_SYSTEM;
 * ERR_CLOSED if cancelled. */
int record_source_open(struct record_source *);

/* The next bytes (core/record_piece.h). */
void record_source_read(struct record_source *, struct record_piece *);

/* End what takes long, soon.  From any thread. */
void record_source_cancel(struct record_source *);

#endif
