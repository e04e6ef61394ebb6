/* notify_peer.h - what the files of the notify server share; nobody else includes it.
 *
 *     notify_server.c  the workers' side: jobs in; the beginning and the end
 *     notify_thread.c  the thread: jobs out
 *     notify_outcome.c what becomes of them */
#ifndef MILLRACE_SERVER_NOTIFY_PEER_H
#define MILLRACE_SERVER_NOTIFY_PEER_H

#include "base/map.h"
#include "core/access.h"
#include "server/event_feed.h"
#include "server/notify_queue.h"
#include "server/notify_request.h"
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
    bool                  ending;    /* it was told to stop */
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

/* All that follows is the thread's, and takes the job over. */

/* The request is over with this result: it is freed, and its job is done with or queued again. */
void notify_conclude(struct notify_server *, struct notify_request *, CURLcode);

/* A question to which there is no answer that counts; and one that is answered. */
void notify_fail_question(struct notify_server *, struct notify_job *);
void notify_settle(struct notify_server *, struct notify_job *, const struct access_verdict *);

/* A notification that is given up: counted, and told of now and then.  The job stays the caller's. */
void notify_tell_dead(struct notify_server *, const struct notify_job *, const char *fault);

#endif
