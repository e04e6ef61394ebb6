/* record_source_peer.h - what the files of a source share; nobody else includes it.
 *
 *     record_source.c        which files, and where each lies on the timeline
 *     record_source_read.c   tags as they go out, and when to read on, wait or end */
#ifndef MILLRACE_CORE_RECORD_SOURCE_PEER_H
#define MILLRACE_CORE_RECORD_SOURCE_PEER_H

#include "core/catalogue.h"
#include "core/record_file.h"
#include "core/record_source.h"

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
    uint64_t                 patient_ms; /* monotonic: until then another file may follow */
    atomic_bool              cancelled;
};

/* The file that comes after this one: 0, or ERR_NOT_FOUND at the end of all, or ERR_SYSTEM. */
int record_source_next_file(struct record_source *);

/* What is broken is not looked at again. */
void record_source_give_up(struct record_source *, int error);

#endif
