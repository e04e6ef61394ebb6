/* record_peer.h - what the files of a recording share; nobody else includes it.
 *
 *     record_session.c   the viewer and the session: where segments begin and end
 *     record_reports.c   what the disk says: files, gaps, trying again */
#ifndef MILLRACE_SESSION_RECORD_PEER_H
#define MILLRACE_SESSION_RECORD_PEER_H

#include "core/viewer.h"
#include "session/record_segment.h"
#include "session/record_session.h"

struct record_session {
    struct session         base;
    struct viewer          viewer;
    struct disk_writer    *writer;
    struct record_owner   *owner;
    struct record_settings settings;
    struct record_status   status;
    struct header_set     *headers;      /* as of the newest packet */
    uint64_t               run;          /* struct flv_origin's */
    struct record_segment *segment;      /* being written, or NULL */
    struct record_segment *newest;       /* of those that the writer still has */
    bool                   wants_new;    /* the headers changed: another segment at the next keyframe */
    bool                   wants_keyframe; /* after a gap nothing but one may begin a segment */
    bool                   ending;
    bool                   destroyed;    /* as a session; the writer is not done */
    const char            *reason;       /* of the end */
    uint64_t               writer_lost;  /* what the writer had dropped when last asked */
    /* While something is wrong: */
    bool                   down;         /* no segment before retry_ms */
    uint64_t               retry_ms;     /* monotonic */
    uint32_t               retry_after_ms;
    bool                   in_gap;       /* and no segment has been begun since */
    int64_t                gap_from_ms;  /* the stream's time where it begins */
    bool                   has_last;
    int64_t                last_dts_ms;  /* of the last frame taken */
};

void record_session_free(struct record_session *);

/* Tell the owner, while there is one, how things stand. */
void record_tell(struct record_session *);

/* Complete the file that is being written, if there is one; `reason` is static. */
void record_close_segment(struct record_session *, const char *reason);

/* Packets are lost from here to the next keyframe at least.  A gap is counted when it begins, and its
 * length is known when the file behind it is there. */
void record_begin_gap(struct record_session *);

extern const struct disk_writer_ops record_writer_ops;

#endif
