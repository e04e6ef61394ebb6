/* record_session.h - a recording: a viewer of a stream whose packets go into files.
 *
 * It is a session of its worker like any other, with no peer, and a viewer like any other, so it
 * is held through publish.resume_s and ends with the stream.  Files follow each other without a
 * gap: a segment ends at the first keyframe at or after its duration, and the next begins with
 * that frame; without video, at the first packet.  What was written is complete and has its name
 * when the segment is closed (core/disk.h).
 *
 * A disk that is slow makes the recording skip ahead as any slow viewer does; one that fails is
 * tried again, less and less often, at keyframes.  Either way there is a gap: counted, logged,
 * reported, and the next segment begins after it. */
#ifndef MILLRACE_SESSION_RECORD_SESSION_H
#define MILLRACE_SESSION_RECORD_SESSION_H

#include "core/disk.h"
#include "core/session.h"

#include <stdbool.h>
#include <stdint.h>

struct disk;
struct event_record;
struct record_session;
struct url_stream;
struct worker;

enum {
    RECORD_RETRY_MIN_MS = 1000,
    RECORD_RETRY_MAX_MS = 15 * 1000,
};

struct record_settings {
    const char         *root;        /* borrowed for the life of the process */
    uint32_t            segment_ms;
    uint64_t            segment_size; /* 0: no limit */
    struct disk_options disk;
};

/* How a recording is doing.  Counts are since it was started. */
struct record_status {
    char     path[URL_PATH_SIZE];
    char     id[SESSION_ID_SIZE];
    char     file[RECORD_FILE_SIZE]; /* being written; "" while there is none */
    unsigned number;
    int64_t  started_ms;    /* wall clock */
    int64_t  segment_ms;    /* wall clock: when the file was begun */
    uint64_t segment_size;
    uint64_t segments;      /* completed */
    uint64_t bytes;         /* in all files */
    uint64_t packets;       /* written or queued */
    uint64_t gaps;
    uint64_t gap_ms;        /* of the stream's time, in all gaps that are over */
    uint64_t lost_packets;
    int      error;         /* errno of what is wrong now; 0: all is well */
};

/* What its owner hears, on the session's worker. */
struct record_owner {
    /* Something in the status changed; about once a second while it is written. */
    void (*on_status)(struct record_owner *, const struct record_session *, const struct record_status *);
    /* The stream is over.  True: another publisher has it already, go on. */
    bool (*on_stream_end)(struct record_owner *, const struct record_session *);
    /* The last call.  All files are closed, unless the worker had to end before. */
    void (*on_end)(struct record_owner *, const struct record_session *);
};

/* Start to record, on this worker.  NULL if there would be too many streams. */
struct record_session *record_session_start(struct worker *, struct disk *, const struct url_stream *,
                                            const struct record_settings *, struct record_owner *);

/* Close the file and end; what has come so far is written.  On its worker. */
void record_session_stop(struct record_session *, const char *reason);

#endif
