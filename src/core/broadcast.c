#include "core/broadcast.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "core/context.h"
#include "core/outlet.h"
#include "core/session.h"
#include "core/standby.h"
#include "core/worker.h"
#include "protocol/wire.h"

#include <assert.h>
#include <stdlib.h>

/* How long viewers wait at least for a warm publisher's next keyframe. */
#define STANDBY_WAIT_MS 10000

/* Posts to an outlet's worker. */

static void post_restart(void *outlet, void *unused)
{
    (void)unused;
    outlet_restart(outlet);
}

static void post_append(void *outlet, void *packet)
{
    struct avpacket *p = packet;
    outlet_append(outlet, p);
    avpacket_unref(&p);
}

static void post_prime(void *outlet, void *packet)
{
    struct avpacket *p = packet;
    outlet_prime(outlet, p);
    avpacket_unref(&p);
}

static void post_end(void *outlet, void *unused)
{
    (void)unused;
    outlet_end(outlet);
    outlet_unref(outlet);
}

static void post_unref(void *outlet, void *unused)
{
    (void)unused;
    outlet_unref(outlet);
}

static void send_packet(struct worker *from, struct outlet *to, struct avpacket *p)
{
    worker_post(from, to->worker, post_append, to, avpacket_ref(p));
}

/* The registry: all below with the lock held, unless said. */

static struct broadcast *new_broadcast(struct context *context, const char *path)
{
    struct broadcast *b = alloc_zeroed(sizeof *b);
    atomic_init(&b->refs, 1); /* the registry's */
    b->context = context;
    b->path = alloc_string(path);
    struct gop_limits limits = context_gop_limits(context->config, path);
    gop_cache_init(&b->cache, &limits);
    map_put(context->broadcasts, path, b);
    return b;
}

static struct broadcast *find_or_add(struct context *context, const char *path)
{
    struct broadcast *b = map_get(context->broadcasts, path);
    if (b == NULL && map_count(context->broadcasts) < context->config->limits.streams)
        b = new_broadcast(context, path);
    return b;
}

static void ref(struct broadcast *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
}

static void unref(struct broadcast *b)
{
    if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
        return;
    assert(b->target_count == 0 && b->outlet_count == 0);
    gop_cache_clear(&b->cache);
    stream_tracks_clear(&b->tracks);
    free(b->targets);
    free(b->outlets);
    free(b->path);
    free(b);
}

/* Take a stream that has neither publisher nor viewer out of the registry. */
static void remove_if_unused(struct broadcast *b)
{
    if (b->publisher != NULL || b->successor != NULL || b->standby != NULL || b->outlet_count > 0)
        return;
    map_remove(b->context->broadcasts, b->path);
    unref(b);
}

static void changed(struct broadcast *b)
{
    atomic_fetch_add_explicit(&b->outlets_changed, 1, memory_order_release);
}

/* Forget the targets.  Each is released behind what was posted to it. */
static void drop_targets(struct broadcast *b, struct worker *from)
{
    for (size_t i = 0; i < b->target_count; i++)
        worker_post(from, b->targets[i]->worker, post_unref, b->targets[i], NULL);
    b->target_count = 0;
}

/* List the outlets anew.  Returns how many of the targets, at their end, have not been given the
 * cache yet. */
static size_t list_targets(struct broadcast *b, struct worker *from)
{
    drop_targets(b, from);
    b->targets_as_of = atomic_load_explicit(&b->outlets_changed, memory_order_acquire);
    b->targets = alloc_resize(b->targets, b->outlet_count > 0 ? b->outlet_count : 1, sizeof *b->targets);
    b->target_count = b->outlet_count;
    size_t front = 0, back = b->outlet_count;
    for (size_t i = 0; i < b->outlet_count; i++) {
        struct outlet *o = outlet_ref(b->outlets[i]);
        b->targets[o->primed ? front++ : --back] = o;
        o->primed = true;
    }
    return b->target_count - front;
}

/* The publisher's side, without the lock. */

/* What a viewer that joins now needs, for an outlet that knows nothing of the stream. */
static void send_cache(struct broadcast *b, struct worker *from, struct outlet *to)
{
    struct gop_cache  *c = &b->cache;
    struct header_set *headers = c->start != 0 ? c->start_headers : c->headers;
    worker_post(from, to->worker, post_restart, to, NULL);
    for (uint32_t i = 0; headers != NULL && i < headers->count; i++)
        worker_post(from, to->worker, post_prime, to, avpacket_ref(headers->packets[i]));
    for (uint64_t seq = c->start; c->start != 0 && seq < c->ring.next; seq++)
        worker_post(from, to->worker, post_prime, to, avpacket_ref(packet_ring_at(&c->ring, seq)->packet));
}

/* Give outlets that have come since the last packet what is cached. */
static void welcome_outlets(struct broadcast *b, struct worker *from)
{
    pthread_mutex_lock(&b->context->lock);
    size_t fresh = list_targets(b, from);
    pthread_mutex_unlock(&b->context->lock);
    for (size_t i = b->target_count - fresh; i < b->target_count; i++)
        send_cache(b, from, b->targets[i]);
}

/* Posted to the publisher's worker when an outlet has come, so that it need not wait for the
 * next packet. */
static void post_welcome(void *broadcast, void *worker)
{
    struct broadcast *b = broadcast;
    struct worker    *w = worker;
    pthread_mutex_lock(&b->context->lock);
    bool ours = b->publisher != NULL && b->home == w;
    pthread_mutex_unlock(&b->context->lock);
    if (ours) /* else the stream has ended, or its next publisher knows the outlet */
        welcome_outlets(b, w);
    unref(b);
}

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
    atomic_store_explicit(&b->media_ms, worker_now_ms(s->worker), memory_order_relaxed);
    stream_tracks_clear(&b->tracks);
    list_targets(b, s->worker);
}

/* Then, without it: what the outlets know of the publisher before is over. */
static void start_stream(struct broadcast *b, struct worker *w)
{
    b->wants_keyframe = true;
    timeline_restart(&b->timeline);
    gop_cache_restart(&b->cache);
    for (size_t i = 0; i < b->target_count; i++)
        worker_post(w, b->targets[i]->worker, post_restart, b->targets[i], NULL);
}

/* With the lock: whether a session that was last heard of at `heard_ms` has stalled. */
static bool has_stalled(const struct broadcast *b, const struct session *s, const atomic_uint_fast64_t *heard_ms)
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

/* On the publisher's worker: end it, unless it has gone meanwhile. */
static void post_yield(void *broadcast, void *worker)
{
    struct broadcast *b = broadcast;
    pthread_mutex_lock(&b->context->lock);
    bool            ours = b->publisher != NULL && b->home == worker && b->serial == b->yield_serial;
    struct session *s = ours && b->successor != NULL ? b->publisher : NULL;
    pthread_mutex_unlock(&b->context->lock);
    if (s != NULL)
        session_close(s, "replaced by another publisher");
    unref(b);
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
    log_info(&s->log, "stream %s: the %s publisher is on the air", b->path, s->backup ? "backup" : "main");
    standby_free(w);
}

/* On its worker: the stream is the session's own now. */
static void begin_stream(struct broadcast *b, struct session *s)
{
    start_stream(b, s->worker);
    if (s->standby != NULL) {
        atomic_fetch_add_explicit(&b->switches, 1, memory_order_relaxed);
        go_on_air(b, s);
    } else {
        atomic_fetch_add_explicit(&b->takeovers, 1, memory_order_relaxed);
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
    unref(b);
}

/* With the lock: the present publisher, on its worker, lets go of the stream for its successor. */
static void release_stream(struct broadcast *b, struct worker *w)
{
    drop_targets(b, w);
    b->publisher = NULL;
    ref(b);
    worker_post(w, b->successor->worker, post_promote, b, b->successor->worker);
    worker_hand_over(w);
}

/* On the publisher's worker: it becomes the warm one, unless things have changed meanwhile. */
static void post_release(void *broadcast, void *worker)
{
    struct broadcast *b = broadcast;
    struct worker    *w = worker;
    pthread_mutex_lock(&b->context->lock);
    bool ours = b->publisher != NULL && b->home == w && b->serial == b->yield_serial && b->successor != NULL;
    if (ours) {
        struct session *s = b->publisher; /* the warm one, b->standby, is its successor */
        s->standby = standby_new(b->cache.headers, worker_now_ms(w));
        b->standby = s;
        atomic_store_explicit(&b->warm_ms, worker_now_ms(w), memory_order_relaxed);
        release_stream(b, w);
    }
    pthread_mutex_unlock(&b->context->lock);
    unref(b);
}

/* With the lock: `s` waits, and the publisher is told to go. */
static void ask_to_yield(struct broadcast *b, struct session *s, post_fn *how)
{
    b->successor = s;
    b->yield_serial = b->serial;
    ref(b);
    worker_post(s->worker, b->home, how, b, b->home);
}

/* With the lock: whether `s` may stand by beside the present publisher, in the place of a silent one
 * if need be. */
static bool may_stand_by(const struct broadcast *b, const struct session *s)
{
    if (b->publisher == NULL || s->backup == b->publisher->backup)
        return false;
    return b->standby == NULL || (b->evicted == NULL && b->successor == NULL && has_stalled(b, s, &b->warm_ms));
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
    unref(b);
}

static void stand_by(struct broadcast *b, struct session *s)
{
    if (b->standby != NULL) {
        b->evicted = b->standby;
        ref(b);
        worker_post(s->worker, b->evicted->worker, post_evict, b, b->evicted->worker);
    }
    b->standby = s;
    s->standby = standby_new(NULL, worker_now_ms(s->worker));
    atomic_store_explicit(&b->warm_ms, worker_now_ms(s->worker), memory_order_relaxed);
    log_info(&s->log, "stream %s: the %s publisher stands by", b->path, s->backup ? "backup" : "main");
}

int broadcast_publish(struct session *s, const char *path)
{
    struct context *context = s->worker->context;
    int             result = 0;
    pthread_mutex_lock(&context->lock);
    struct broadcast *b = find_or_add(context, path);
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
        ask_to_yield(b, s, post_yield);
    if (result >= 0) {
        ref(b);
        s->broadcast = b;
    }
    pthread_mutex_unlock(&context->lock);
    if (result == 0 && s->standby == NULL)
        start_stream(b, s->worker);
    return result;
}

/* With the lock: all outlets hear that the stream is over. */
static void end_stream(struct broadcast *b, struct worker *from)
{
    b->held = false;
    gop_cache_restart(&b->cache);
    for (size_t i = 0; i < b->outlet_count; i++)
        worker_post(from, b->outlets[i]->worker, post_end, outlet_ref(b->outlets[i]), NULL);
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
    drop_targets(b, w);
    b->publisher = NULL;
    if (b->standby != NULL && resume_ms < STANDBY_WAIT_MS)
        resume_ms = STANDBY_WAIT_MS;
    b->held = resume_ms > 0 && b->outlet_count > 0;
    b->held_until_ms = clock_monotonic_ms() + resume_ms;
    if (!b->held)
        end_stream(b, w);
}

/* With the lock: if the publisher has gone already, it was for nothing. */
static void withdraw(struct broadcast *b, struct session *s)
{
    bool was_next = b->successor == s;
    b->successor = was_next ? NULL : b->successor;
    b->standby = b->standby == s ? NULL : b->standby;
    b->evicted = b->evicted == s ? NULL : b->evicted;
    if (was_next && b->publisher == NULL)
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
        welcome_outlets(b, w);
    pthread_mutex_lock(&b->context->lock);
    if (publishes)
        leave_stream(b, w);
    else
        withdraw(b, s);
    remove_if_unused(b);
    worker_hand_over(w);
    pthread_mutex_unlock(&b->context->lock);
    s->broadcast = NULL;
    standby_free(s->standby);
    s->standby = NULL;
    unref(b);
}

/* With the lock: whether the warm session is to have the stream now. */
static bool is_wanted(const struct broadcast *b, const struct session *s)
{
    const struct config *config = config_of_path(s->worker->config, b->path);
    uint64_t             now_ms = worker_now_ms(s->worker);
    uint64_t             heard_ms = atomic_load_explicit(&b->media_ms, memory_order_relaxed);
    if (b->publisher == NULL || now_ms > heard_ms + config->publish.standby_after_ms)
        return true;
    return !s->backup && now_ms - s->standby->well_since_ms >= (uint64_t)config->publish.standby_return_s * 1000;
}

/* At a keyframe of the warm session: let it have the stream if it is wanted.  True if it has it at
 * once; else, with `claiming` set, when the other has let go. */
static bool claim_stream(struct broadcast *b, struct session *s)
{
    bool taken = false;
    pthread_mutex_lock(&b->context->lock);
    if (b->standby == s && b->successor == NULL && is_wanted(b, s)) {
        taken = b->publisher == NULL;
        s->standby->claiming = true;
        if (taken)
            take_stream(b, s);
        else
            ask_to_yield(b, s, post_release);
    }
    pthread_mutex_unlock(&b->context->lock);
    return taken;
}

/* A packet of the session that is not on the air.  Takes the reference over. */
static void append_warm(struct broadcast *b, struct session *s, struct avpacket *p, uint32_t time_ms)
{
    struct standby *w = s->standby;
    const struct config *config = config_of_path(s->worker->config, b->path);
    p->dts_ms = time_ms;
    atomic_store_explicit(&b->warm_ms, worker_now_ms(s->worker), memory_order_relaxed);
    bool taken = !w->claiming && standby_is_entry(w, p) && claim_stream(b, s);
    standby_take(w, p, worker_now_ms(s->worker), config->publish.standby_after_ms);
    avpacket_unref(&p);
    if (taken)
        begin_stream(b, s);
    else if (w->waiting.position > config->delivery.gop_bytes)
        session_close(s, "standby: the other publisher does not let go");
}

void broadcast_append(struct session *s, struct avpacket *p, uint32_t time_ms)
{
    struct broadcast *b = s->broadcast;
    bool              frame = avpacket_is_frame(p);
    if (s->standby != NULL) {
        append_warm(b, s, p, time_ms);
        return;
    }
    atomic_store_explicit(&b->media_ms, worker_now_ms(s->worker), memory_order_relaxed);
    if (frame && p->type == AV_VIDEO && b->wants_keyframe) {
        if (!(p->flags & AV_KEYFRAME)) { /* nothing that could show it has come */
            stats_add(&b->context->stats.packets_dropped, 1);
            avpacket_unref(&p);
            return;
        }
        b->wants_keyframe = false;
    }
    p->dts_ms = frame ? timeline_frame(&b->timeline, p->type, p->track, time_ms) : timeline_header(&b->timeline, time_ms);
    stream_tracks_read(&b->tracks, p, &b->context->lock, b->path);
    wire_frame(p, (uint32_t)s->worker->config->rtmp.chunk_size);
    if (atomic_load_explicit(&b->outlets_changed, memory_order_acquire) != b->targets_as_of)
        welcome_outlets(b, s->worker);
    gop_cache_append(&b->cache, p);
    gop_cache_trim(&b->cache, b->cache.ring.next);
    for (size_t i = 0; i < b->target_count; i++)
        send_packet(s->worker, b->targets[i], p);
    avpacket_unref(&p);
}

bool broadcast_is_live(struct context *context, const char *path)
{
    pthread_mutex_lock(&context->lock);
    struct broadcast *b = map_get(context->broadcasts, path);
    bool              live = b != NULL && b->publisher != NULL;
    pthread_mutex_unlock(&context->lock);
    return live;
}

/* The outlets' side. */

static void add_outlet(struct broadcast *b, struct outlet *o)
{
    b->outlets = alloc_resize(b->outlets, b->outlet_count + 1, sizeof *b->outlets);
    b->outlets[b->outlet_count++] = outlet_ref(o);
    changed(b);
}

static bool has_room_for(const struct broadcast *b, const struct outlet *newcomer)
{
    size_t variants = 0;
    for (size_t i = 0; i < b->outlet_count; i++) {
        const struct outlet *o = b->outlets[i];
        variants += o->worker == newcomer->worker && !track_choice_is_all(&o->choice);
    }
    return variants < OUTLET_VARIANTS_MAX || track_choice_is_all(&newcomer->choice);
}

int broadcast_attach(struct outlet *o)
{
    struct context *context = o->worker->context;
    pthread_mutex_lock(&context->lock);
    struct broadcast *b = find_or_add(context, o->path);
    if (b == NULL || !has_room_for(b, o)) {
        pthread_mutex_unlock(&context->lock);
        return b == NULL ? ERR_TOO_BIG : ERR_REFUSED;
    }
    ref(b);
    o->broadcast = b;
    add_outlet(b, o);
    if (b->publisher != NULL) {
        ref(b);
        worker_post(o->worker, b->home, post_welcome, b, b->home);
    } else if (b->held) {
        o->primed = true;
        send_cache(b, o->worker, o);
        worker_hand_over(o->worker);
    }
    pthread_mutex_unlock(&context->lock);
    return 0;
}

void broadcast_detach(struct outlet *o)
{
    struct broadcast *b = o->broadcast;
    pthread_mutex_lock(&b->context->lock);
    for (size_t i = 0; i < b->outlet_count; i++) {
        if (b->outlets[i] == o) {
            b->outlets[i] = b->outlets[--b->outlet_count];
            break;
        }
    }
    changed(b);
    if (b->outlet_count == 0)
        b->held = false;
    remove_if_unused(b);
    pthread_mutex_unlock(&b->context->lock);
    o->broadcast = NULL;
    outlet_unref(o);
    unref(b);
}

void broadcast_count_viewers(struct broadcast *b, int change)
{
    atomic_fetch_add_explicit(&b->viewer_count, change, memory_order_relaxed);
}

bool broadcast_admit_viewer(struct broadcast *b, uint32_t viewers_max)
{
    int_fast64_t count = atomic_load_explicit(&b->viewer_count, memory_order_relaxed);
    do {
        if (viewers_max > 0 && count >= (int_fast64_t)viewers_max)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&b->viewer_count, &count, count + 1, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void broadcast_expire_held(struct worker *w)
{
    struct context *context = w->context;
    uint64_t        now_ms = clock_monotonic_ms();
    size_t          at = 0;
    const char     *path;
    void           *value;
    pthread_mutex_lock(&context->lock);
    while (map_next(context->broadcasts, &at, &path, &value)) {
        struct broadcast *b = value;
        if (b->held && now_ms >= b->held_until_ms)
            end_stream(b, w);
    }
    worker_hand_over(w);
    pthread_mutex_unlock(&context->lock);
}
