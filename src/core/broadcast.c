#include "core/broadcast.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "core/broadcast_parts.h"
#include "core/context.h"
#include "core/outlet.h"
#include "core/session.h"
#include "core/worker.h"
#include "protocol/wire.h"

#include <assert.h>
#include <stdlib.h>

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

struct broadcast *broadcast_find_or_add(struct context *context, const char *path)
{
    struct broadcast *b = map_get(context->broadcasts, path);
    if (b == NULL && map_count(context->broadcasts) < context->config->limits.streams)
        b = new_broadcast(context, path);
    return b;
}

void broadcast_ref(struct broadcast *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
}

void broadcast_unref(struct broadcast *b)
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

void broadcast_read_counts(const struct broadcast *b, uint64_t out[STREAM_COUNTS])
{
    for (int i = 0; i < STREAM_COUNTS; i++)
        out[i] = meter_get(&b->meter, i);
    out[STREAM_JUMPS] = atomic_load_explicit(&b->timeline.jumps, memory_order_relaxed);
    out[STREAM_DISORDERS] = atomic_load_explicit(&b->timeline.disorders, memory_order_relaxed);
    out[STREAM_DRIFTS] = atomic_load_explicit(&b->timeline.drifts, memory_order_relaxed);
}

/* Who was counted for it has left: nothing is added any more. */
static void keep_counts(struct broadcast *b)
{
    uint64_t counts[STREAM_COUNTS];
    broadcast_read_counts(b, counts);
    for (int i = 0; i < STREAM_COUNTS; i++)
        b->context->ended[i] += counts[i];
}

/* Take a stream that has neither publisher nor viewer out of the registry. */
void broadcast_remove_if_unused(struct broadcast *b)
{
    if (b->publisher != NULL || b->successor != NULL || b->standby != NULL || b->outlet_count > 0)
        return;
    map_remove(b->context->broadcasts, b->path);
    keep_counts(b);
    broadcast_unref(b);
}

static void changed(struct broadcast *b)
{
    atomic_fetch_add_explicit(&b->outlets_changed, 1, memory_order_release);
}

/* Forget the targets.  Each is released behind what was posted to it. */
void broadcast_drop_targets(struct broadcast *b, struct worker *from)
{
    for (size_t i = 0; i < b->target_count; i++)
        worker_post(from, b->targets[i]->worker, post_unref, b->targets[i], NULL);
    b->target_count = 0;
}

/* List the outlets anew.  Returns how many of the targets, at their end, have not been given the
 * cache yet. */
size_t broadcast_list_targets(struct broadcast *b, struct worker *from)
{
    broadcast_drop_targets(b, from);
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
void broadcast_welcome_outlets(struct broadcast *b, struct worker *from)
{
    pthread_mutex_lock(&b->context->lock);
    size_t fresh = broadcast_list_targets(b, from);
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
        broadcast_welcome_outlets(b, w);
    broadcast_unref(b);
}

/* By a new owner of the stream: what the outlets know of the publisher before is over. */
void broadcast_restart_outlets(struct broadcast *b, struct worker *w)
{
    timeline_restart(&b->timeline);
    gop_cache_restart(&b->cache);
    for (size_t i = 0; i < b->target_count; i++)
        worker_post(w, b->targets[i]->worker, post_restart, b->targets[i], NULL);
}

/* With the lock: all outlets hear that the stream is over. */
void broadcast_end(struct broadcast *b, struct worker *from)
{
    b->held = false;
    b->began_ms = 0;
    gop_cache_restart(&b->cache);
    for (size_t i = 0; i < b->outlet_count; i++)
        worker_post(from, b->outlets[i]->worker, post_end, outlet_ref(b->outlets[i]), NULL);
}

void broadcast_append(struct session *s, struct avpacket *p, uint32_t time_ms)
{
    struct broadcast *b = s->broadcast;
    bool              frame = avpacket_is_frame(p);
    if (s->standby != NULL) {
        broadcast_append_warm(b, s, p, time_ms);
        return;
    }
    atomic_store_explicit(&b->media_ms, worker_now_ms(s->worker), memory_order_relaxed);
    stats_add(&b->media_bytes, p->size);
    if (gop_cache_lacks_keyframe(&b->cache, p)) {
        meter_add(&b->meter, STREAM_DROPPED_EARLY, 1);
        avpacket_unref(&p);
        return;
    }
    p->dts_ms = frame ? timeline_frame(&b->timeline, p->type, p->track, time_ms)
                      : timeline_header(&b->timeline, time_ms);
    stream_tracks_read(&b->tracks, p, &b->context->lock, b->path, worker_now_ms(s->worker));
    wire_frame(p, (uint32_t)s->worker->config->rtmp.chunk_size);
    if (atomic_load_explicit(&b->outlets_changed, memory_order_acquire) != b->targets_as_of)
        broadcast_welcome_outlets(b, s->worker);
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
    struct broadcast *b = broadcast_find_or_add(context, o->path);
    if (b == NULL || !has_room_for(b, o)) {
        pthread_mutex_unlock(&context->lock);
        return b == NULL ? ERR_TOO_BIG : ERR_REFUSED;
    }
    broadcast_ref(b);
    o->broadcast = b;
    add_outlet(b, o);
    if (b->publisher != NULL) {
        broadcast_ref(b);
        worker_post(o->worker, b->home, post_welcome, b, b->home);
    } else if (b->held) {
        o->primed = true;
        send_cache(b, o->worker, o);
        worker_post(o->worker, o->worker, post_unref, outlet_ref(o), NULL); /* it may be closed before */
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
    broadcast_remove_if_unused(b);
    pthread_mutex_unlock(&b->context->lock);
    o->broadcast = NULL;
    outlet_unref(o);
    broadcast_unref(b);
}

void broadcast_count_viewer(struct broadcast *b, unsigned kind, bool admitted)
{
    if (kind != METER_RECORDINGS && !admitted)
        atomic_fetch_add_explicit(&b->viewer_count, 1, memory_order_relaxed);
    meter_count_viewer(&b->meter, kind, 1);
}

void broadcast_discount_viewer(struct broadcast *b, unsigned kind)
{
    if (kind != METER_RECORDINGS)
        atomic_fetch_sub_explicit(&b->viewer_count, 1, memory_order_relaxed);
    meter_count_viewer(&b->meter, kind, -1);
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
            broadcast_end(b, w);
    }
    worker_hand_over(w);
    pthread_mutex_unlock(&context->lock);
}
