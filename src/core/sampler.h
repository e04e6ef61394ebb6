/* sampler.h - once a second, what the server and its streams are at: one snapshot for all who ask.
 *
 * A thread of its own takes it.  The context's lock is held to list the streams, and then for a few
 * of them at a time; all else is read from counters that nobody waits for.  A snapshot never changes:
 * readers share it.  In each, the streams it has and those that are over add up to the server's.
 *
 * What is measured is so over the last five seconds (core/rate.h). */
#ifndef MILLRACE_CORE_SAMPLER_H
#define MILLRACE_CORE_SAMPLER_H

#include "core/history.h"
#include "core/meter.h"
#include "core/process.h"
#include "core/session.h"
#include "media/track_info.h"
#include "protocol/url.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct context;
struct sampler;

enum stream_status { STREAM_LIVE, STREAM_RECONNECTING, STREAM_WAITING };

struct track_sample {
    struct track_info info;
    double            frame_rate;
    uint64_t          bitrate;
    uint64_t          gop_ms;  /* 0: not known */
    uint64_t          frames, bytes; /* of this publisher */
    uint64_t          frame_ms;      /* monotonic: when its last came */
    uint32_t          fourcc;  /* 0: in FLV's own form */
    uint8_t           type;    /* enum av_type */
    uint8_t           track;
};

/* Who publishes. */
struct publisher_sample {
    char        id[SESSION_ID_SIZE]; /* "": nobody */
    char        ip[ADDRESS_IP_SIZE];
    char        agent[SESSION_AGENT_MAX + 1];
    const char *protocol; /* static */
    uint16_t    port;
    bool        backup;
    int64_t     created_ms;
    uint64_t    in_bytes, in_bitrate;
};

struct stream_sample {
    char                    path[URL_PATH_SIZE]; /* "/app/name" */
    enum stream_status      status;
    int64_t                 began_ms; /* wall clock; 0: not published */
    struct publisher_sample publisher, standby;
    uint64_t                counts[STREAM_COUNTS];
    uint32_t                viewers[METER_VIEWER_KINDS];
    uint64_t                in_bitrate, out_bitrate;
    size_t                  track_count;
    struct track_sample    *tracks;
};

struct worker_sample {
    double      busy_percent; /* of the time, over about the last second */
    uint64_t    protocols[SESSION_PROTOCOLS];
    uint64_t    roles[SESSION_ROLES];
    const char *backend;
};

struct server_sample {
    struct process_cost   cost;
    uint64_t              memory_limit; /* 0: none */
    double                cpu_percent; /* of one core */
    uint64_t              counts[STREAM_COUNTS];
    uint64_t              traffic_in, traffic_out; /* bytes of all connections */
    uint64_t              in_bitrate, out_bitrate;
    uint64_t              live; /* streams */
    unsigned              worker_count;
    struct worker_sample *workers;
};

struct snapshot {
    atomic_uint          refs;
    uint64_t             number;  /* counts snapshots */
    int64_t              wall_ms;
    int64_t              started_ms; /* wall clock: the sampler's beginning */
    struct server_sample server;
    size_t               count;
    struct stream_sample *streams; /* in the order of their paths */
};

/* Viewers, without recordings. */
uint32_t snapshot_viewers(const uint32_t viewers[METER_VIEWER_KINDS]);

/* By its path; NULL if it is not there. */
const struct stream_sample *snapshot_find(const struct snapshot *, const char *path);

struct snapshot *snapshot_ref(struct snapshot *);
void             snapshot_unref(struct snapshot *);

/* When the workers are made.  `on_sample`, which may be NULL, is called with each snapshot, on the
 * sampler's thread. */
struct sampler *sampler_new(struct context *, void (*on_sample)(void *arg, struct snapshot *), void *arg);
void            sampler_free(struct sampler *); /* NULL is allowed */

/* Start and end the thread: between workers that are made and workers that are freed. */
int  sampler_start(struct sampler *); /* 0 or ERR_SYSTEM */
void sampler_stop(struct sampler *);

/* What the thread does each second. */
void sampler_take(struct sampler *, uint64_t now_ms, int64_t wall_ms);

/* The newest, with a reference for the caller; never NULL.  From any thread. */
struct snapshot *sampler_get(struct sampler *);

/* The history of a stream, or with path NULL of the server: how many points, oldest first, and the
 * time of the newest.  From any thread. */
uint32_t sampler_history(struct sampler *, const char *path, struct history_point out[HISTORY_POINTS],
                         int64_t *end_ms);

#endif
