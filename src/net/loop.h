/* loop.h - one thread's event loop: libuv's, with what Millrace adds to every turn of it.
 *
 * A turn is: timers, then the end of the turn, then waiting for and handling I/O.  At the end
 * of a turn the hooks run (flush what the turn produced), connections send what they queued,
 * and what was closed during the turn is freed.  Nothing here is thread-safe: a loop and all
 * that hangs on it belong to one thread. */
#ifndef MILLRACE_NET_LOOP_H
#define MILLRACE_NET_LOOP_H

#include "base/list.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* The most that one read takes from a socket, and all that a connection may leave unconsumed. */
#define LOOP_SCRATCH_SIZE (256 * 1024)

/* Room behind that for what a transport has to hold together: two TLS records. */
#define LOOP_SCRATCH_SLACK (40 * 1024)

struct loop {
    uv_loop_t    uv;
    uv_prepare_t turn_end;
    uv_check_t   turn_start; /* after the I/O of a turn, before its timers */
    uv_timer_t   tick;
    struct list  hooks;      /* struct loop_hook */
    struct list  unsent;     /* connections with bytes queued this turn */
    struct list  lingering;  /* connections that wait for the peer's end */
    size_t       lingering_count;
    struct list  garbage;    /* struct loop_garbage */
    uint8_t     *scratch;    /* LOOP_SCRATCH_SIZE + SLACK: shared by all reads of this loop */
    uint64_t     bytes_in;   /* of all its sockets, within TLS */
    uint64_t     bytes_out;
    void        *tls;        /* net/tls.c's, for all its connections; NULL before the first */
    uint64_t     awake_ns;   /* since when this turn has had work to do; 0: it waits */
    uint64_t     slept_ns;   /* when it last began to wait */
    uint64_t     busy_ns;    /* the time between waits, all in all up to then */
    uint64_t     events;     /* callbacks so far */
    unsigned     rest_ms;    /* turns begin no sooner after each other; its owner sets it */
};

/* Called at the end of each turn, in the order added.  Embedded in its owner. */
struct loop_hook {
    struct list link;
    void (*on_turn_end)(struct loop_hook *);
};

/* Something to free once no code of this turn can still hold it. */
struct loop_garbage {
    struct list link;
    void (*destroy)(struct loop_garbage *);
};

int  loop_init(struct loop *);               /* 0 or ERR_SYSTEM */
void loop_run(struct loop *);                /* until loop_stop() */
void loop_stop(struct loop *);               /* from a callback of this loop */
void loop_close(struct loop *);              /* after loop_run(): ends what is left, frees all */

void loop_add_hook(struct loop *, struct loop_hook *);

/* The wait is over: whoever has callbacks from libuv says so first in each, so that `busy_ns` is
 * right.  What forgets it is counted as waiting until another speaks. */
static inline void loop_wake(struct loop *loop)
{
    loop->events++;
    if (loop->awake_ns == 0)
        loop->awake_ns = uv_hrtime();
}

/* Free `item` at the end of the turn. */
void loop_discard(struct loop *, struct loop_garbage *item);

/* Milliseconds of the monotonic clock, as of the start of the turn: cheap, for time limits. */
static inline uint64_t loop_now_ms(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

#endif
