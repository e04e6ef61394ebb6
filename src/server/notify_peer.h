/* notify_peer.h - what the files of the notify server share; nobody else includes it.
 *
 *     notify_server.c  the workers' side: jobs in; the beginning and the end
 *     notify_thread.c  the thread: jobs out, and what becomes of their answers */
#ifndef MILLRACE_SERVER_NOTIFY_PEER_H
#define MILLRACE_SERVER_NOTIFY_PEER_H

#include "base/map.h"
#include "core/access.h"
#include "server/event_feed.h"
#include "server/notify_queue.h"
#include "server/notify_server.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

/* What is not over yet of one URL. */
struct notify_load {
    size_t counts[2]; /* notifications, questions */
};

struct notify_server {
    struct event_sink     sink;
    struct access_decider decider;
    struct context       *context;
    CURLM                *multi;     /* the thread's, but for curl_multi_wakeup() */
    pthread_t             thread;
    bool                  finished;
    atomic_bool           withdrawn; /* some who asked have gone */
    atomic_uint_fast64_t  lost_quiet_until_ms;
    pthread_mutex_t       lock;
    struct list           inbox;     /* lock: struct notify_job */
    struct map           *loads;     /* lock: URL to struct notify_load */
    bool                  stopping;  /* lock */
    uint64_t              stop_by_ms; /* lock */
    /* The thread's. */
    struct notify_queue  *queue;
    struct list           active;    /* struct notify_request */
    unsigned              connections;
    uint64_t              config_as_of_ms;
    uint64_t              dead_quiet_until_ms;
    uint64_t              dead_untold;
};

/* The thread: ends when it has been told to stop and nothing is left, or it is time. */
void *notify_thread(void *notify_server);

/* A question goes from one URL to another, whatever its load. */
void notify_move(struct notify_server *, const char *from, const char *to);

/* A job for this URL is over. */
void notify_leave(struct notify_server *, const char *url, bool question);

#endif
