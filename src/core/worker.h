/* worker.h - one thread: its loop, its listeners, its sessions, its view of each stream.
 *
 * A session lives and dies on one worker.  Workers speak to each other by posts only: a
 * function and two pointers, run at the receiver in the order posted.  What a worker posts
 * during a turn is handed over at the end of it, one lock and at most one wake for each other
 * worker, however many packets there were. */
#ifndef MILLRACE_CORE_WORKER_H
#define MILLRACE_CORE_WORKER_H

#include "base/list.h"
#include "base/map.h"
#include "core/pace.h"
#include "core/session.h"
#include "net/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct context;
struct fanout;
struct listener;
struct outlet;
struct viewer;

typedef void post_fn(void *a, void *b);

struct post {
    post_fn *run;
    void    *a;
    void    *b;
};

struct post_queue {
    struct post *posts;
    size_t       count;
    size_t       capacity;
};

/* What others may know of a worker, as of its last tick, about a second ago. */
struct worker_meter {
    atomic_uint_fast64_t in_bytes, out_bytes; /* of all its connections, within TLS */
    atomic_uint_fast64_t protocols[SESSION_PROTOCOLS]; /* sessions there are, by each */
    atomic_uint_fast64_t roles[SESSION_ROLES];         /* of those that are not internal */
    _Atomic(const char *) backend;            /* how it sends; NULL before it runs */
};

struct worker {
    struct loop          loop;
    struct context      *context;
    const struct config *config;              /* borrowed; a reload changes it between two turns */
    unsigned             index;
    pthread_t            thread;
    struct fanout       *fanout;
    struct map          *outlets;             /* stream path to struct outlet */
    struct list          sessions;
    size_t               session_count;
    struct list          dirty;               /* outlets to flush, longest waiting first */
    struct list          turn;                /* viewers to feed, in turn */
    struct listener    **listeners;
    size_t               listener_count;
    unsigned             file_count;          /* files that HTTP answers are being made of */
    uv_timer_t           tick;
    unsigned             ticks;               /* that there have been */
    uv_timer_t           flush_timer;
    uv_async_t           wake;
    struct loop_hook     hook;
    struct post_queue   *outbox;              /* one for each worker, this one too */
    pthread_mutex_t      inbox_lock;
    struct post_queue    inbox;               /* inbox_lock */
    struct post_queue    spare;               /* memory for the next inbox */
    struct worker_meter  meter;
    struct pace          pace;
    atomic_uint          busy_permille;       /* of its time, for any thread to read */
    atomic_uint          window_ms;           /* the same: how long it gathers packets now */
    atomic_uint_fast64_t turned_ms;           /* when its last turn ended, for any thread to read */
    bool                 stopping;
    uint64_t             stop_by_ms;
};

#define WORKER_ENDED UINT64_MAX /* as turned_ms: there are no more turns */

/* context->worker_count must be final; the caller puts the worker into context->workers. */
struct worker *worker_new(struct context *, unsigned index);

/* All workers of the context, after worker_join() of each.  The first runs what was still posted to
 * them, on this thread; so does the second, with what has come since. */
void worker_settle_all(struct context *);
void worker_free_all(struct context *);

/* Start and end the thread.  worker_stop() may be called from any thread; the worker closes
 * its listeners, ends its sessions properly, and stops when they are gone, at the latest
 * after drain_s.  A failure of worker_start() leaves errno. */
int  worker_start(struct worker *);
void worker_stop(struct worker *);
void worker_join(struct worker *);

/* Before worker_start(): accept on `fd`, which is taken over. */
struct worker_listener {
    int fd;
    void (*on_accept)(int fd, const struct sockaddr_storage *peer, void *worker);
};
void worker_listen(struct worker *, const struct worker_listener *);

/* Have `run(a, b)` called on `to`.  `from` is the worker whose thread this is, or NULL on a
 * thread that is none. */
void worker_post(struct worker *from, struct worker *to, post_fn *run, void *a, void *b);

/* Hand all that was posted to its receivers at once, this worker's own included.  Whatever
 * another thread posts after it has seen an effect of this call comes later. */
void worker_hand_over(struct worker *);

/* For the outlets: a flush when the window has passed, or at the end of this turn; a viewer's turn
 * at the end of this turn. */
void worker_flush_later(struct worker *, struct outlet *);
void worker_flush_now(struct worker *, struct outlet *);
void worker_feed_soon(struct worker *, struct viewer *);

static inline uint64_t worker_now_ms(const struct worker *w)
{
    return loop_now_ms(&w->loop);
}

#endif
