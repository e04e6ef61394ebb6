/* record_segment.h - one file of a recording while it is written: its own time, and what its head
 * will say. */
#ifndef MILLRACE_SESSION_RECORD_SEGMENT_H
#define MILLRACE_SESSION_RECORD_SEGMENT_H

#include "protocol/flv_index.h"

#include <stddef.h>
#include <stdint.h>

struct header_set;

struct record_segment {
    struct record_segment *next; /* that was begun after it; NULL: it is the newest */
    bool             after_gap;  /* and that is not over until the file is there */
    int64_t          gap_from_ms; /* the stream's time of the last frame before it */
    struct flv_index index;
    struct avpacket *metadata;  /* the publisher's, a reference; or NULL */
    size_t           head_size;
    int64_t          base_ms;   /* the stream's time at the segment's 0 */
    int64_t          start_ms;  /* wall clock */
    uint64_t         opened_ms; /* the worker's clock */
    bool             opened;    /* its file exists */
    bool             is_mixed;  /* its headers do not hold for all of it */
    const char      *reason;    /* of its end, static */
};

/* A segment that begins with `first` on the timeline `run`; `headers` (may be NULL) hold the metadata. */
struct record_segment *record_segment_new(const struct header_set *headers, const struct avpacket *first,
                                          int64_t start_ms, uint32_t segment_ms, uint64_t run);
void record_segment_free(struct record_segment *);

/* The head as of now; `out` has room for head_size bytes.  What is only known at the end is said when
 * it `is_complete`. */
void record_segment_write_head(struct record_segment *, bool is_complete, uint8_t *out);

/* Note the next packet; returns its time in the segment. */
uint32_t record_segment_add(struct record_segment *, const struct avpacket *);

/* The header in the set that `packet` takes the place of, borrowed; or NULL. */
const struct avpacket *record_find_header(const struct header_set *, const struct avpacket *packet);

#endif
