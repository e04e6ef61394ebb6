#include "core/worker.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/log_flood.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/fanout.h"
#include "core/outlet.h"
#include "core/session.h"
#include "net/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS        250
#define SESSION_TICKS  4  /* sessions look at their clocks every so many ticks */

/* What viewers who catch up get in one turn, all and each: a join storm or a large group of
 * pictures must not hold up those who are already watching. */
#define FEED_TURN_SIZE   (4 * 1024 * 1024)
#define FEED_VIEWER_SIZE (512 * 1024)
#define FEED_VIEWER_COST 1024 /* what a viewer counts for at least: its system calls */

/* Posts may make posts: so many rounds of them are run in one turn. */
#define POST_ROUNDS 4

static void push_post(struct post_queue *q, const struct post *posts, size_t count)
{
    if (q->count + count > q->capacity) {
        size_t capacity = q->capacity > 0 ? q->capacity : 16;
        while (capacity < q->count + count)
            capacity *= 2;
        q->posts = alloc_resize(q->posts, capacity, sizeof *q->posts);
        q->capacity = capacity;
    }
    memcpy(q->posts + q->count, posts, count * sizeof *posts);
    q->count += count;
}

/* Empty the queue; memory that a burst needed is given back. */
static void reset_queue(struct post_queue *q)
{
    q->count = 0;
    if (q->capacity > 4096) {
        free(q->posts);
        *q = (struct post_queue){ 0 };
    }
}

static void deliver_posts(struct worker *to, const struct post *posts, size_t count)
{
    if (count == 0)
        return;
    pthread_mutex_lock(&to->inbox_lock);
    bool was_empty = to->inbox.count == 0;
    push_post(&to->inbox, posts, count);
    pthread_mutex_unlock(&to->inbox_lock);
    if (was_empty)
        uv_async_send(&to->wake);
}

void worker_post(struct worker *from, struct worker *to, post_fn *run, void *a, void *b)
{
    struct post post = { run, a, b };
    if (from != NULL)
        push_post(&from->outbox[to->index], &post, 1);
    else
        deliver_posts(to, &post, 1);
}

static void hand_over_to(struct worker *w, struct worker *to)
{
    struct post_queue *q = &w->outbox[to->index];
    deliver_posts(to, q->posts, q->count);
    reset_queue(q);
}

void worker_hand_over(struct worker *w)
{
    for (unsigned i = 0; i < w->context->worker_count; i++)
        hand_over_to(w, w->context->workers[i]);
}

/* The queue is the receiver of new posts while its old ones run: they may make more. */
static bool run_posts(struct post_queue *q)
{
    struct post_queue running = *q;
    *q = (struct post_queue){ 0 };
    for (size_t i = 0; i < running.count; i++)
        running.posts[i].run(running.posts[i].a, running.posts[i].b);
    bool any = running.count > 0;
    reset_queue(&running);
    if (q->capacity == 0)
        *q = running;
    else
        free(running.posts);
    return any;
}

/* What others posted comes before what we posted to ourselves: core/broadcast.c counts on it. */
static bool run_all_posts(struct worker *w)
{
    pthread_mutex_lock(&w->inbox_lock);
    struct post_queue taken = w->inbox;
    w->inbox = w->spare;
    pthread_mutex_unlock(&w->inbox_lock);
    bool any = run_posts(&taken);
    w->spare = taken;
    any |= run_posts(&w->outbox[w->index]);
    return any;
}

static void keep_pace(struct worker *w)
{
    uint32_t fixed_ms = w->config->delivery.flush_ms;
    if (pace_observe(&w->pace, w->loop.slept_ns, w->loop.busy_ns, w->loop.events))
        atomic_store_explicit(&w->busy_permille, pace_busy_permille(&w->pace), memory_order_relaxed);
    uint32_t window_ms = fixed_ms == CONFIG_AUTOMATIC ? pace_window_ms(&w->pace) : fixed_ms;
    w->loop.rest_ms = pace_rest_ms(&w->pace, window_ms);
    atomic_store_explicit(&w->window_ms, window_ms, memory_order_relaxed);
}

/* Until when the packets of an outlet are gathered; they may have waited for a turn before. */
static uint64_t due_ms_of(const struct worker *w, const struct outlet *o)
{
    return o->dirty_ms + atomic_load_explicit(&w->window_ms, memory_order_relaxed) - w->loop.rest_ms;
}

static void flush_due(struct worker *w)
{
    struct list due;
    list_init(&due);
    while (!list_empty(&w->dirty)) {
        struct outlet *o = LIST_ITEM(w->dirty.next, struct outlet, dirty);
        if (due_ms_of(w, o) > worker_now_ms(w))
            break;
        list_remove(&o->dirty);
        list_append(&due, &o->dirty);
    }
    if (!list_empty(&due))
        outlet_flush(w, &due);
}

static void on_flush_timer(uv_timer_t *timer)
{
    (void)timer; /* it ends the wait; flush_due() runs at the end of this turn */
}

static void set_flush_timer(struct worker *w)
{
    if (list_empty(&w->dirty) || uv_is_active((uv_handle_t *)&w->flush_timer))
        return;
    struct outlet *o = LIST_ITEM(w->dirty.next, struct outlet, dirty);
    uint64_t       due_ms = due_ms_of(w, o);
    uint64_t       now_ms = worker_now_ms(w);
    uv_timer_start(&w->flush_timer, on_flush_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

void worker_flush_later(struct worker *w, struct outlet *o)
{
    if (!list_empty(&o->dirty))
        return;
    o->dirty_ms = worker_now_ms(w);
    list_append(&w->dirty, &o->dirty);
}

void worker_flush_now(struct worker *w, struct outlet *o)
{
    list_remove(&o->dirty);
    o->dirty_ms = 0;
    list_prepend(&w->dirty, &o->dirty);
}

void worker_feed_soon(struct worker *w, struct viewer *v)
{
    list_append(&w->turn, &v->turn);
}

static void feed_viewers(struct worker *w)
{
    uint64_t spent = 0;
    while (!list_empty(&w->turn) && spent < FEED_TURN_SIZE) {
        struct viewer *v = LIST_ITEM(w->turn.next, struct viewer, turn);
        list_remove(&v->turn);
        if (v->lost == 0)
            spent += fanout_feed(w->fanout, v, FEED_VIEWER_SIZE);
        spent += FEED_VIEWER_COST;
        outlet_fed(v);
    }
}

static void stop_if_done(struct worker *w)
{
    bool done = w->session_count == 0 && w->loop.lingering_count == 0;
    if (w->stopping && (done || worker_now_ms(w) >= w->stop_by_ms))
        loop_stop(&w->loop);
}

static void on_turn_end(struct loop_hook *hook)
{
    struct worker *w = LIST_ITEM(hook, struct worker, hook);
    for (int round = 0; round < POST_ROUNDS && run_all_posts(w); round++) {
    }
    atomic_store_explicit(&w->turned_ms, worker_now_ms(w), memory_order_relaxed);
    keep_pace(w);
    flush_due(w);
    feed_viewers(w);
    set_flush_timer(w);
    if (!list_empty(&w->turn) || w->outbox[w->index].count > 0)
        uv_async_send(&w->wake);
    for (unsigned i = 0; i < w->context->worker_count; i++)
        if (i != w->index)
            hand_over_to(w, w->context->workers[i]);
    stop_if_done(w);
}

static void on_wake(uv_async_t *async)
{
    struct worker *w = async->data;
    loop_wake(&w->loop); /* the posts are run at the end of this turn */
}

static void publish_meter(struct worker *w, const uint64_t *protocols, const uint64_t *roles)
{
    meter_set(&w->meter.in_bytes, w->loop.bytes_in);
    meter_set(&w->meter.out_bytes, w->loop.bytes_out);
    for (int i = 0; i < SESSION_PROTOCOLS; i++)
        meter_set(&w->meter.protocols[i], protocols[i]);
    for (int i = 0; i < SESSION_ROLES; i++)
        meter_set(&w->meter.roles[i], roles[i]);
}

static void tick_sessions(struct worker *w)
{
    uint64_t protocols[SESSION_PROTOCOLS] = { 0 }, roles[SESSION_ROLES] = { 0 };
    LIST_EACH (node, &w->sessions) {
        struct session *s = LIST_ITEM(node, struct session, link);
        protocols[s->protocol]++;
        roles[s->role] += !s->internal;
        session_tick(s, worker_now_ms(w)); /* may close it */
    }
    publish_meter(w, protocols, roles);
}

static void tick_outlets(struct worker *w)
{
    size_t      at = 0;
    const char *path;
    void       *outlet;
    while (map_next(w->outlets, &at, &path, &outlet))
        outlet_tick(outlet, worker_now_ms(w));
}

/* Once a second, where packets are gathered: for who wants to know why there is latency. */
static void tell_pace(const struct worker *w)
{
    unsigned window_ms = atomic_load_explicit(&w->window_ms, memory_order_relaxed);
    if (w->config->delivery.flush_ms == CONFIG_AUTOMATIC && window_ms > 0)
        log_debug(NULL, "worker %u is %u %% busy: it gathers packets for %u ms", w->index,
                  pace_busy_permille(&w->pace) / 10, window_ms);
}

static void on_tick(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    tick_outlets(w);
    if (++w->ticks % SESSION_TICKS == 0) {
        tick_sessions(w);
        tell_pace(w);
        if (w->index == 0) {
            events_tick_limits(w);
            log_flood_report();
        }
    }
    if (w->index == 0)
        broadcast_expire_held(w);
}

struct worker *worker_new(struct context *context, unsigned index)
{
    struct worker *w = alloc_zeroed(sizeof *w);
    w->context = context;
    w->config = context->config;
    w->index = index;
    w->outlets = map_new();
    list_init(&w->sessions);
    list_init(&w->dirty);
    list_init(&w->turn);
    pthread_mutex_init(&w->inbox_lock, NULL);
    w->outbox = alloc_zeroed(context->worker_count * sizeof *w->outbox);
    if (loop_init(&w->loop) != 0)
        abort(); /* at start only: no epoll descriptor */
    w->hook.on_turn_end = on_turn_end;
    loop_add_hook(&w->loop, &w->hook);
    uv_timer_init(&w->loop.uv, &w->tick);
    w->tick.data = w;
    uv_timer_start(&w->tick, on_tick, TICK_MS, TICK_MS);
    uv_timer_init(&w->loop.uv, &w->flush_timer);
    uv_async_init(&w->loop.uv, &w->wake, on_wake);
    w->wake.data = w;
    return w;
}

/* Posts that no turn will run any more still hold references: they are run for that. */
void worker_settle_all(struct context *context)
{
    for (bool any = true; any;) {
        any = false;
        for (unsigned i = 0; i < context->worker_count; i++) {
            any |= run_all_posts(context->workers[i]);
            worker_hand_over(context->workers[i]);
        }
    }
}

static void close_listeners(struct worker *w)
{
    for (size_t i = 0; i < w->listener_count; i++)
        listener_close(w->listeners[i]);
    w->listener_count = 0;
}

static void close_worker(struct worker *w)
{
    close_listeners(w); /* still open if the worker never ran */
    uv_close((uv_handle_t *)&w->tick, NULL);
    uv_close((uv_handle_t *)&w->flush_timer, NULL);
    uv_close((uv_handle_t *)&w->wake, NULL);
    loop_close(&w->loop);
    fanout_free(w->fanout);
    for (unsigned i = 0; i < w->context->worker_count; i++)
        free(w->outbox[i].posts);
    free(w->outbox);
    free(w->inbox.posts);
    free(w->spare.posts);
    free(w->listeners);
    map_free(w->outlets);
    pthread_mutex_destroy(&w->inbox_lock);
    free(w);
}

void worker_free_all(struct context *context)
{
    worker_settle_all(context);
    for (unsigned i = 0; i < context->worker_count; i++)
        close_worker(context->workers[i]);
    context->worker_count = 0;
}

void worker_listen(struct worker *w, const struct worker_listener *listener)
{
    w->listeners = alloc_resize(w->listeners, w->listener_count + 1, sizeof *w->listeners);
    w->listeners[w->listener_count++] = listener_new(&w->loop, listener->fd, listener->on_accept, w);
}

static void stop_here(void *worker, void *unused)
{
    struct worker *w = worker;
    (void)unused;
    if (w->stopping)
        return;
    w->stopping = true;
    w->stop_by_ms = worker_now_ms(w) + (uint64_t)w->config->drain_s * 1000;
    close_listeners(w);
    LIST_EACH (node, &w->sessions)
        session_stop(LIST_ITEM(node, struct session, link));
}

static void close_sessions(struct worker *w)
{
    LIST_EACH (node, &w->sessions)
        session_close(LIST_ITEM(node, struct session, link), "server stops");
}

static enum sender_backend backend_of(const struct config *config)
{
    switch (config->delivery.backend) {
    case CONFIG_BACKEND_SENDMSG:  return SENDER_SENDMSG;
    case CONFIG_BACKEND_IO_URING: return SENDER_IO_URING;
    default:                      return SENDER_AUTO;
    }
}

static void *run(void *worker)
{
    struct worker *w = worker;
    w->fanout = fanout_new(backend_of(w->config));
    if (w->fanout == NULL) {
        log_warn(NULL, "delivery.backend: io_uring is not to be had here; using sendmsg");
        w->fanout = fanout_new(SENDER_SENDMSG);
    }
    atomic_store_explicit(&w->meter.backend, fanout_backend_name(w->fanout), memory_order_relaxed);
    log_debug(NULL, "worker %u runs, sending by %s", w->index, fanout_backend_name(w->fanout));
    loop_run(&w->loop);
    atomic_store_explicit(&w->turned_ms, WORKER_ENDED, memory_order_relaxed);
    close_listeners(w);
    close_sessions(w);
    return NULL;
}

int worker_start(struct worker *w)
{
    atomic_store_explicit(&w->turned_ms, worker_now_ms(w), memory_order_relaxed);
    int error = pthread_create(&w->thread, NULL, run, w);
    if (error == 0)
        return 0;
    errno = error;
    return ERR_SYSTEM;
}

void worker_stop(struct worker *w)
{
    worker_post(NULL, w, stop_here, w, NULL);
}

void worker_join(struct worker *w)
{
    pthread_join(w->thread, NULL);
}
