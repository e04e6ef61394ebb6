/* broadcast_publish.c - who publishes a stream: the first, his successor, and the one who stands by. */
#include "core/broadcast.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "core/broadcast_parts.h"
#include "core/context.h"
#include "core/events.h"
#include "core/session.h"
#include "core/standby.h"
#include "core/worker.h"

/* How long viewers wait at least for a warm publisher's next keyframe. */
#define STANDBY_WAIT_MS 10000

/* With the lock: `s` is the publisher from here on. */
static void take_stream(struct broadcast *b, struct session *s)
{
    b->publisher = s;
    b->successor = b->successor == s ? NULL : b->successor;
    b->standby = b->standby == s ? NULL : b->standby;
    b->home = s->worker;
    b->cache.limits = context_gop_limits(b->context->config, b->path); /* a reload may have changed them */
    b->held = false;
    b->serial++;
    b->began_ms = b->began_ms != 0 ? b->began_ms : clock_wall_ms();
    if (s->standby != NULL)
        b->last_switch = s->standby->claim;
    atomic_store_explicit(&b->media_ms, worker_now_ms(s->worker), memory_order_relaxed);
    stream_tracks_clear(&b->tracks);
    broadcast_list_targets(b, s->worker);
}

/* With the lock: whether a session that was last heard of at `heard_ms` has stalled. */
static bool has_stalled(const struct broadcast *b, const struct session *s,
                        const atomic_uint_fast64_t *heard_ms)
{
    const struct config *config = config_of_path(s->worker->config, b->path);
    uint64_t             since_ms = atomic_load_explicit(heard_ms, memory_order_relaxed);
    return worker_now_ms(s->worker) >= since_ms + (uint64_t)config->publish.stalled_s * 1000;
}

/* With the lock: whether a newcomer may have the place of the present publisher. */
static bool may_replace(const struct broadcast *b, const struct session *newcomer)
{
    const struct config *config = config_of_path(newcomer->worker->config, b->path);
    if (b->successor != NULL || config->publish.takeover == CONFIG_TAKEOVER_REJECT)
        return false;
    return config->publish.takeover == CONFIG_TAKEOVER_REPLACE || has_stalled(b, newcomer, &b->media_ms);
}

/* On its worker: a warm session goes on the air, with its headers and what it has kept. */
static void go_on_air(struct broadcast *b, struct session *s)
{
    struct standby *w = s->standby;
    s->standby = NULL;
    for (uint32_t i = 0; w->headers != NULL && i < w->headers->count; i++) {
        struct avpacket *copy = standby_copy(w->headers->packets[i]);
        if (copy != NULL)
            broadcast_append(s, copy, (uint32_t)copy->dts_ms);
    }
    for (uint64_t seq = w->waiting.first; seq < w->waiting.next; seq++) {
        struct avpacket *p = packet_ring_at(&w->waiting, seq)->packet;
        broadcast_append(s, avpacket_ref(p), (uint32_t)p->dts_ms);
    }
    log_info(&s->log, "stream %s: the %s publisher is on the air: %s", b->path, s->backup ? "backup" : "main",
             standby_reason_phrase(w->claim));
    standby_free(w);
}

/* On its worker: the stream is the session's own now. */
static void begin_stream(struct broadcast *b, struct session *s)
{
    broadcast_restart_outlets(b, s->worker);
    if (s->standby != NULL) {
        meter_add(&b->meter, STREAM_SWITCHES, 1);
        events_emit(EVENT_STANDBY, s, standby_reason_phrase(s->standby->claim));
        go_on_air(b, s);
    } else {
        meter_add(&b->meter, STREAM_TAKEOVERS, 1);
        events_emit(EVENT_TAKEOVER, s, NULL);
        s->ops->on_published(s);
    }
}

/* On the successor's worker: the place is free. */
static void post_promote(void *broadcast, void *worker)
{
    struct broadcast *b = broadcast;
    struct session   *s = NULL;
    pthread_mutex_lock(&b->context->lock);
    if (b->successor != NULL && b->successor->worker == worker && b->publisher == NULL) {
        s = b->successor;
        take_stream(b, s);
    }
    pthread_mutex_unlock(&b->context->lock);
    if (s != NULL)
        begin_stream(b, s);
    broadcast_unref(b);
}

/* With the lock: the present publisher, on its worker, lets go of the stream for its successor. */
static void release_stream(struct broadcast *b, struct worker *w)
{
    broadcast_drop_targets(b, w);
    b->publisher = NULL;
    broadcast_ref(b);
    worker_post(w, b->successor->worker, post_promote, b, b->successor->worker);
    worker_hand_over(w);
}

/* With the lock, on the publisher's worker: it becomes the warm one, and the warm one its successor. */
static void change_places(struct broadcast *b, struct worker *w)
{
    struct session *s = b->publisher;
    s->standby = standby_new(b->cache.headers, worker_now_ms(w));
    s->standby->other_serial = b->serial + 1;
    s->standby->own.level = b->successor_claim == STANDBY_LOW ? BITRATE_LOW : BITRATE_UNKNOWN;
    b->standby = s;
    atomic_store_explicit(&b->warm_ms, worker_now_ms(w), memory_order_relaxed);
    release_stream(b, w);
}

/* On the publisher's worker: it stands by or ends, unless things have changed meanwhile. */
static void post_make_room(void *broadcast, void *worker)
{
    struct broadcast *b = broadcast;
    struct session   *ends = NULL;
    pthread_mutex_lock(&b->context->lock);
    bool ours = b->publisher != NULL && b->home == worker && b->serial == b->yield_serial;
    if (ours && b->successor != NULL && b->successor == b->standby)
        change_places(b, worker);
    else if (ours && b->successor != NULL)
        ends = b->publisher;
    pthread_mutex_unlock(&b->context->lock);
    if (ends != NULL)
        session_close(ends, "replaced by another publisher");
    broadcast_unref(b);
}

/* With the lock: `s` waits, and the publisher is told to make room. */
static void ask_to_yield(struct broadcast *b, struct session *s)
{
    b->successor = s;
    b->successor_claim = s->standby != NULL ? s->standby->claim : STANDBY_NOT_WANTED;
    b->yield_serial = b->serial;
    broadcast_ref(b);
    worker_post(s->worker, b->home, post_make_room, b, b->home);
}

/* With the lock: whether `s` may stand by beside the present publisher, in the place of a silent one
 * if need be. */
static bool may_stand_by(const struct broadcast *b, const struct session *s)
{
    if (b->publisher == NULL || s->backup == b->publisher->backup)
        return false;
    return b->standby == NULL ||
           (b->evicted == NULL && b->successor == NULL && has_stalled(b, s, &b->warm_ms));
}

/* On its worker: end the one that was warm and silent. */
static void post_evict(void *broadcast, void *worker)
{
    struct broadcast *b = broadcast;
    pthread_mutex_lock(&b->context->lock);
    bool            ours = b->evicted != NULL && b->evicted->worker == worker;
    struct session *s = ours ? b->evicted : NULL;
    pthread_mutex_unlock(&b->context->lock);
    if (s != NULL)
        session_close(s, "replaced by another publisher");
    broadcast_unref(b);
}

static void stand_by(struct broadcast *b, struct session *s)
{
    if (b->standby != NULL) {
        b->evicted = b->standby;
        broadcast_ref(b);
        worker_post(s->worker, b->evicted->worker, post_evict, b, b->evicted->worker);
    }
    b->standby = s;
    s->standby = standby_new(NULL, worker_now_ms(s->worker));
    s->standby->other_serial = b->serial;
    atomic_store_explicit(&b->warm_ms, worker_now_ms(s->worker), memory_order_relaxed);
    log_info(&s->log, "stream %s: the %s publisher stands by", b->path, s->backup ? "backup" : "main");
}

int broadcast_publish(struct session *s, const char *path)
{
    struct context *context = s->worker->context;
    int             result = 0;
    pthread_mutex_lock(&context->lock);
    struct broadcast *b = broadcast_find_or_add(context, path);
    if (b == NULL)
        result = ERR_TOO_BIG;
    else if (b->publisher == NULL && b->successor == NULL)
        take_stream(b, s);
    else if (may_stand_by(b, s))
        stand_by(b, s);
    else if (b->publisher != NULL && may_replace(b, s))
        result = BROADCAST_PENDING;
    else
        result = ERR_BUSY;
    if (result == BROADCAST_PENDING)
        ask_to_yield(b, s);
    if (result >= 0) {
        broadcast_ref(b);
        s->broadcast = b;
    }
    pthread_mutex_unlock(&context->lock);
    if (result == 0 && s->standby == NULL)
        broadcast_restart_outlets(b, s->worker);
    return result;
}

/* With the lock: the publisher is gone.  A successor takes over; or the warm one will, at its next
 * keyframe; or viewers are held for it to come back; or the stream is over. */
static void leave_stream(struct broadcast *b, struct worker *w)
{
    uint64_t resume_ms = (uint64_t)w->config->publish.resume_s * 1000;
    if (b->successor != NULL) {
        release_stream(b, w);
        return;
    }
    broadcast_drop_targets(b, w);
    b->publisher = NULL;
    if (b->standby != NULL && resume_ms < STANDBY_WAIT_MS)
        resume_ms = STANDBY_WAIT_MS;
    b->held = resume_ms > 0 && b->outlet_count > 0;
    b->held_until_ms = clock_monotonic_ms() + resume_ms;
    if (!b->held)
        broadcast_end(b, w);
}

/* With the lock: if the publisher has gone already, nobody takes over any more. */
static void withdraw(struct broadcast *b, struct session *s)
{
    bool was_next = b->successor == s || (b->standby == s && b->held);
    b->successor = b->successor == s ? NULL : b->successor;
    b->standby = b->standby == s ? NULL : b->standby;
    b->evicted = b->evicted == s ? NULL : b->evicted;
    if (was_next && b->publisher == NULL && b->successor == NULL)
        leave_stream(b, s->worker);
}

void broadcast_unpublish(struct session *s)
{
    struct broadcast *b = s->broadcast;
    struct worker    *w = s->worker;
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->context->lock);
    bool publishes = b->publisher == s;
    pthread_mutex_unlock(&b->context->lock);
    if (publishes && atomic_load_explicit(&b->outlets_changed, memory_order_acquire) != b->targets_as_of)
        broadcast_welcome_outlets(b, w);
    pthread_mutex_lock(&b->context->lock);
    if (publishes)
        leave_stream(b, w);
    else
        withdraw(b, s);
    broadcast_remove_if_unused(b);
    worker_hand_over(w);
    pthread_mutex_unlock(&b->context->lock);
    s->broadcast = NULL;
    standby_free(s->standby);
    s->standby = NULL;
    broadcast_unref(b);
}

/* With the lock: why the warm session is to have the stream now. */
static enum standby_reason find_reason(const struct broadcast *b, const struct session *s)
{
    const struct config *config = config_of_path(s->worker->config, b->path);
    uint64_t             now_ms = worker_now_ms(s->worker);
    uint64_t             heard_ms = atomic_load_explicit(&b->media_ms, memory_order_relaxed);
    if (b->standby != s || b->successor != NULL)
        return STANDBY_NOT_WANTED;
    if (b->publisher == NULL)
        return STANDBY_GONE;
    if (now_ms > heard_ms + config->publish.standby_after_ms)
        return STANDBY_SILENT;
    if (standby_is_better(s->standby, b->serial))
        return STANDBY_LOW;
    bool well = standby_is_well(s->standby, now_ms, (uint64_t)config->publish.standby_return_s * 1000);
    return !s->backup && well ? STANDBY_RETURNED : STANDBY_NOT_WANTED;
}

/* At a keyframe of the warm session: let it have the stream if it is wanted.  True if it has it at
 * once; else, with a `claim` set, when the other has let go. */
static bool claim_stream(struct broadcast *b, struct session *s)
{
    pthread_mutex_lock(&b->context->lock);
    enum standby_reason reason = find_reason(b, s);
    bool                taken = reason == STANDBY_GONE;
    s->standby->claim = reason;
    if (taken)
        take_stream(b, s);
    else if (reason != STANDBY_NOT_WANTED)
        ask_to_yield(b, s);
    pthread_mutex_unlock(&b->context->lock);
    return taken;
}

/* A packet of the session that is not on the air.  Takes the reference over. */
void broadcast_append_warm(struct broadcast *b, struct session *s, struct avpacket *p, uint32_t time_ms)
{
    struct standby      *w = s->standby;
    const struct config *config = config_of_path(s->worker->config, b->path);
    struct standby_terms terms = {
        .stall_ms = config->publish.standby_after_ms,
        .min_bitrate = config->publish.standby_min_bitrate,
        .other_bytes = stats_get(&b->media_bytes),
    };
    p->dts_ms = time_ms;
    atomic_store_explicit(&b->warm_ms, worker_now_ms(s->worker), memory_order_relaxed);
    standby_hear(w, p, worker_now_ms(s->worker), &terms);
    bool taken = w->claim == STANDBY_NOT_WANTED && standby_is_entry(w, p) && claim_stream(b, s);
    standby_keep(w, p);
    avpacket_unref(&p);
    if (taken)
        begin_stream(b, s);
    else if (w->waiting.position > config->delivery.gop_bytes)
        session_close(s, "standby: the other publisher does not let go");
}
