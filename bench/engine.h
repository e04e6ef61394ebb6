/* engine.h - one thread of the load generator: an epoll loop with its share of the publishers
 * and viewers.
 *
 * An engine is its own thread's alone, but for `shared`, a copy of its counters under a lock,
 * and the phase, which the first engine's director sets for all. */
#ifndef MILLRACE_BENCH_ENGINE_H
#define MILLRACE_BENCH_ENGINE_H

#include "bench/settings.h"
#include "bench/tally.h"
#include "bench/track.h"

#include <pthread.h>
#include <stdatomic.h>

struct media;
struct publisher;
struct ssl_ctx_st;
struct viewer;

enum phase {
    PHASE_PUBLISH, /* publishers connect, and fill the server's GOP cache */
    PHASE_JOIN,    /* viewers join */
    PHASE_SETTLE,
    PHASE_MEASURE,
    PHASE_DONE,
};

/* Viewers by protocol, but for the slow ones. */
enum group { GROUP_SLOW = PROTOCOL_COUNT, GROUP_COUNT };

enum part { PART_JOIN, PART_MEASURE, PART_COUNT }; /* figures are kept apart */

enum {
    ENGINE_TICK_US      = 100 * 1000,
    ENGINE_BUFFER_SIZE  = 256 * 1024,
    ENGINE_MESSAGE_SIZE = 16 * 1024 * 1024 + 4096, /* the largest tag with all around it */
};

/* In an epoll event, the number of a publisher; without it, of a viewer. */
#define ENGINE_PUBLISHER (UINT64_C(1) << 63)

/* What all engines share: read only, but for the phase. */
struct plan {
    const struct settings *settings;
    const struct media    *media;                   /* NULL with --no-publish */
    struct target         *targets[PROTOCOL_COUNT]; /* one for each stream; NULL if not used */
    double                *popularity;              /* of streams 0 to k together; NULL: all alike */
    struct track_limits    limits;
    struct ssl_ctx_st     *tls;                     /* NULL if not used */
    _Atomic int            phase;
};

/* Of viewers, slow ones included. */
struct counts {
    uint32_t publishers_live;
    uint32_t publishers_failed;
    uint32_t opened;
    uint32_t watching;
    uint32_t failed;       /* could not join, or lost while watching; not slow ones cut off */
    uint32_t slow_closed;  /* slow ones which the server cut off: that is its right */
    uint32_t starved;      /* watching, but nothing came of late */
    uint32_t churned;
};

struct engine {
    struct plan      *plan;
    unsigned          index;
    int               epoll_fd;
    uint64_t          now_us;         /* of this turn */
    uint64_t          next_tick_us;
    uint64_t          join_start_us;
    uint64_t          next_publish_us;
    double            churn_credit;
    uint32_t          churn_next;
    uint8_t          *buffer;         /* what is read, of any viewer */
    uint8_t          *message;        /* what is sent, of any publisher */
    uint8_t          *body;
    struct viewer    *viewers;
    uint32_t          viewer_count;
    struct viewer   **slow;           /* those that watch */
    uint32_t          slow_count;
    struct publisher *publishers;
    uint32_t          publisher_count;
    uint32_t          publishers_opened;
    struct counts     counts;
    uint32_t          group_sizes[GROUP_COUNT];
    uint32_t          group_failed[GROUP_COUNT];
    struct tally      tally;
    struct figures    figures[PART_COUNT][GROUP_COUNT];
    struct histogram  lateness;       /* of publishers behind their own pace, while measuring */
    struct histogram  recent;         /* latency since the last tick */

    void (*on_tick)(void *arg);       /* every ENGINE_TICK_US, on this thread; may be NULL */
    void  *on_tick_arg;

    pthread_t         thread;
    pthread_mutex_t   lock;
    struct counts     shared_counts;  /* these three under the lock */
    struct figures    shared_sums;    /* of all groups and parts, without histograms */
    struct histogram  shared_recent;  /* whoever reads it empties it */
};

/* One of `plan->settings->threads`. */
struct engine *engine_new(struct plan *, unsigned index);
void           engine_free(struct engine *);

/* Until PHASE_DONE; then all connections are closed. */
void engine_run(struct engine *);

/* Where what a viewer of `group` sees is counted now. */
struct figures *engine_figures(struct engine *, enum group);

#endif
