#include "core/outlet.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/fanout.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/url.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEY_SIZE = URL_PATH_SIZE + TRACK_CHOICE_TEXT_SIZE };

/* The alphabet of paths has no "?", with which the text of a choice begins. */
static void make_key(char out[KEY_SIZE], const char *path, const struct track_choice *choice)
{
    char text[TRACK_CHOICE_TEXT_SIZE];
    track_choice_text(choice, text);
    snprintf(out, KEY_SIZE, "%s%s", path, text);
}

static struct outlet *new_outlet(struct worker *worker, const char *path, const struct track_choice *choice)
{
    struct gop_limits limits = context_gop_limits(worker->config, path);
    struct outlet    *o = alloc_zeroed(sizeof *o);
    atomic_init(&o->refs, 1);
    o->worker = worker;
    o->path = alloc_string(path);
    o->choice = *choice;
    gop_cache_init(&o->cache, &limits);
    o->cache.lacks_audio = choice->audio == TRACK_CHOICE_NONE;
    o->cache.lacks_video = choice->video == TRACK_CHOICE_NONE;
    list_init(&o->waiting);
    list_init(&o->behind);
    for (int form = 0; form < OUTLET_FORMS; form++)
        list_init(&o->steady[form]);
    list_init(&o->dirty);
    return o;
}

int outlet_open(struct worker *worker, const char *path, const struct track_choice *choice,
                struct outlet **out)
{
    static const struct track_choice all;
    char key[KEY_SIZE];
    choice = choice != NULL ? choice : &all;
    make_key(key, path, choice);
    *out = map_get(worker->outlets, key);
    if (*out != NULL)
        return 0;
    struct outlet *o = new_outlet(worker, path, choice);
    int            error = broadcast_attach(o);
    if (error != 0) {
        outlet_unref(o);
        return error;
    }
    map_put(worker->outlets, key, o);
    *out = o;
    return 0;
}

struct outlet *outlet_ref(struct outlet *o)
{
    atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}

void outlet_unref(struct outlet *o)
{
    if (atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(o->path);
    free(o);
}

static void close_outlet(struct outlet *o)
{
    char key[KEY_SIZE];
    make_key(key, o->path, &o->choice);
    o->closed = true;
    map_remove(o->worker->outlets, key);
    list_remove(&o->dirty);
    gop_cache_clear(&o->cache);
    broadcast_detach(o);
    outlet_unref(o);
}

int outlet_admit(struct outlet *o, struct viewer *v, uint32_t viewers_max)
{
    v->admitted = broadcast_admit_viewer(o->broadcast, viewers_max);
    if (v->admitted)
        return 0;
    if (o->viewer_count == 0)
        close_outlet(o);
    return ERR_TOO_BIG;
}

static void set_state(struct viewer *v, enum viewer_state state, struct list *list)
{
    list_remove(&v->link);
    list_append(list, &v->link);
    v->state = (uint8_t)state;
}

/* Put a viewer at `seq`, where its pictures begin anew, with `headers` before it.  What is left of a
 * packet that it is in the middle of comes first. */
static void place(struct viewer *v, uint64_t seq, struct header_set *headers)
{
    struct cursor     *c = &v->cursor;
    struct header_set *preroll = header_set_ref(headers);
    if (c->offset > 0) {
        struct avpacket *current = cursor_packet(c, &v->outlet->cache.ring);
        header_set_unref(&preroll);
        preroll = header_set_after(current, headers);
    }
    header_set_unref(&c->preroll);
    c->preroll = preroll;
    c->preroll_at = 0;
    c->seq = seq;
    c->video_from = seq;
}

static void feed_soon(struct viewer *v)
{
    if (list_empty(&v->turn))
        worker_feed_soon(v->outlet->worker, v);
}

static bool may_start(const struct viewer *v)
{
    const struct gop_cache *cache = &v->outlet->cache;
    return cache->start != 0 && cache->start >= v->joined_seq && (cache->tracks_known || !v->needs_tracks);
}

static void start(struct viewer *v)
{
    struct gop_cache *cache = &v->outlet->cache;
    place(v, cache->start, cache->start_headers);
    set_state(v, VIEWER_BEHIND, &v->outlet->behind);
    v->blocked = false;
    v->progress_ms = worker_now_ms(v->outlet->worker);
    v->ops->on_start(v, cache->has_audio, cache->has_video);
    feed_soon(v);
}

static void start_waiting(struct outlet *o)
{
    if (o->cache.start == 0)
        return;
    LIST_EACH (node, &o->waiting) {
        struct viewer *v = LIST_ITEM(node, struct viewer, link);
        if (may_start(v))
            start(v);
    }
}

static unsigned kind_of(const struct viewer *v)
{
    return v->conn != NULL ? v->cursor.form : METER_RECORDINGS;
}

void outlet_join(struct outlet *o, struct viewer *v)
{
    assert(v->state == VIEWER_DETACHED);
    v->outlet = o;
    o->viewer_count++;
    broadcast_count_viewer(o->broadcast, kind_of(v), v->admitted);
    v->admitted = false;
    v->joined_seq = v->starts_live ? o->cache.ring.next : 0;
    set_state(v, VIEWER_WAITING, &o->waiting);
    if (may_start(v))
        start(v);
}

void outlet_leave(struct viewer *v)
{
    struct outlet *o = v->outlet;
    if (v->state == VIEWER_DETACHED)
        return;
    list_remove(&v->link);
    list_remove(&v->turn);
    header_set_unref(&v->cursor.preroll);
    v->state = VIEWER_DETACHED;
    v->outlet = NULL;
    broadcast_discount_viewer(o->broadcast, kind_of(v));
    if (--o->viewer_count == 0)
        close_outlet(o);
}

void outlet_filter_viewer(struct viewer *v, uint8_t filter, bool at_start)
{
    struct cursor *c = &v->cursor;
    bool           video_returns = (c->filter & CURSOR_NO_VIDEO) && !(filter & CURSOR_NO_VIDEO);
    c->filter = filter;
    if (video_returns)
        c->video_from = c->seq;
    if (v->state == VIEWER_DETACHED || v->state == VIEWER_WAITING)
        return;
    struct gop_cache *cache = &v->outlet->cache;
    if (at_start && cache->start != 0)
        place(v, cache->start, cache->start_headers);
    set_state(v, VIEWER_BEHIND, &v->outlet->behind);
    if (!v->blocked)
        feed_soon(v);
}

void outlet_viewer_writable(struct viewer *v)
{
    if (v->state != VIEWER_BEHIND || !v->blocked)
        return;
    v->blocked = false;
    feed_soon(v);
}

void outlet_restart(struct outlet *o)
{
    if (o->closed)
        return;
    gop_cache_restart(&o->cache);
    o->live = true;
    o->first_packet_ms = 0;
}

static bool append(struct outlet *o, struct avpacket *packet)
{
    struct avpacket *p = o->closed ? NULL : track_choice_apply(&o->choice, packet);
    if (p == NULL)
        return false;
    gop_cache_append(&o->cache, p);
    avpacket_unref(&p);
    if (o->first_packet_ms == 0)
        o->first_packet_ms = worker_now_ms(o->worker);
    return true;
}

/* Large keyframes do not wait for others to share the send: next to their bytes it costs little, and
 * they are the latest of all, as it takes longest to send them to everybody. */
static bool is_worth_waiting(const struct avpacket *p)
{
    return p->type != AV_VIDEO || !(p->flags & AV_KEYFRAME) || p->size < OUTLET_LARGE_SIZE;
}

static void announce(struct outlet *o, const struct avpacket *newest)
{
    if (!list_empty(&o->waiting))
        start_waiting(o);
    if (is_worth_waiting(newest))
        worker_flush_later(o->worker, o);
    else
        worker_flush_now(o->worker, o);
}

void outlet_append(struct outlet *o, struct avpacket *packet)
{
    if (append(o, packet))
        announce(o, packet);
}

void outlet_prime(struct outlet *o, struct avpacket *packet)
{
    if (!append(o, packet))
        return;
    LIST_EACH (node, &o->waiting) {
        struct viewer *v = LIST_ITEM(node, struct viewer, link);
        if (v->starts_live)
            v->joined_seq = o->cache.ring.next;
    }
    announce(o, packet);
}

/* The stream is over for a viewer that has got all of it. */
static void end_viewer(struct viewer *v)
{
    set_state(v, VIEWER_WAITING, &v->outlet->waiting);
    v->ops->on_stream_end(v);
}

void outlet_fed(struct viewer *v)
{
    struct outlet *o = v->outlet;
    if (v->lost != 0) {
        v->ops->on_lost(v, v->lost);
        return;
    }
    if (v->blocked)
        return;
    if (cursor_packet(&v->cursor, &o->cache.ring) != NULL) {
        feed_soon(v);
        return;
    }
    set_state(v, VIEWER_STEADY, &o->steady[v->cursor.form]);
    if (!o->live)
        end_viewer(v);
}

/* One outlet, whether or not it waits to be flushed. */
static void flush_now(struct outlet *o)
{
    struct list alone;
    list_init(&alone);
    list_remove(&o->dirty);
    list_append(&alone, &o->dirty);
    outlet_flush(o->worker, &alone);
}

void outlet_end(struct outlet *o)
{
    if (o->closed)
        return;
    outlet_ref(o);
    o->live = false;
    flush_now(o);
    gop_cache_restart(&o->cache);
    for (int form = 0; form < OUTLET_FORMS && !o->closed; form++) {
        struct list ending;
        list_init(&ending);
        list_splice(&ending, &o->steady[form]);
        while (!list_empty(&ending))
            end_viewer(LIST_ITEM(ending.next, struct viewer, link));
    }
    outlet_unref(o);
}

struct viewer_lag outlet_viewer_lag(const struct viewer *v)
{
    struct viewer_lag lag = { 0 };
    if (v->state != VIEWER_BEHIND && v->state != VIEWER_STEADY)
        return lag;
    const struct packet_ring *ring = &v->outlet->cache.ring;
    uint64_t                  seq = v->cursor.seq;
    if (seq >= ring->next)
        return lag;
    lag.ms = packet_ring_at(ring, ring->next - 1)->packet->dts_ms - packet_ring_at(ring, seq)->packet->dts_ms;
    lag.size = packet_ring_size_from(ring, seq);
    return lag;
}

/* STREAM_COUNTS: it keeps up well enough; else which of its limits it has passed. */
static enum stream_count find_lag(const struct viewer *v)
{
    const struct gop_cache *cache = &v->outlet->cache;
    const struct config    *config = v->outlet->worker->config;
    uint64_t                seq = v->cursor.seq;
    if (seq >= cache->ring.next)
        return STREAM_COUNTS;
    if (cache->start != 0 && seq >= cache->start)
        return STREAM_COUNTS; /* within the group that is cached anyway; there is nothing newer to skip to */
    struct viewer_lag lag = outlet_viewer_lag(v);
    bool              sink = v->conn == NULL; /* wants everything: only what it costs counts, when full */
    if (!sink && v->blocked && lag.ms > (int64_t)config->delivery.lag_ms)
        return STREAM_SKIPS_LAG_MS; /* one who is not blocked may just not have been offered a burst yet */
    bool     full = !sink || v->blocked;
    uint64_t limit = v->lag_size > 0 ? v->lag_size : config->delivery.lag_bytes;
    return full && lag.size > limit ? STREAM_SKIPS_LAG_BYTES : STREAM_COUNTS;
}

/* What a recording loses is counted as its gap. */
static void count_skip(struct viewer *v, enum stream_count reason, uint64_t packets)
{
    v->skips++;
    v->skipped_packets += packets;
    if (v->conn == NULL)
        return;
    meter_add(&v->outlet->broadcast->meter, reason, 1);
    meter_add(&v->outlet->broadcast->meter, STREAM_SKIPPED_PACKETS, packets);
}

/* Move a viewer that cannot keep up to the newest keyframe, or if there is none to the head, where
 * its video resumes with the next.  Either way, each track does with its own. */
static void skip(struct viewer *v, enum stream_count reason)
{
    struct gop_cache *cache = &v->outlet->cache;
    uint64_t          from = v->cursor.seq;
    bool              to_start = cache->start != 0;
    uint64_t          to = to_start ? cache->start : cache->ring.next;
    uint64_t          changed = to_start ? cache->start_headers_seq : cache->headers_seq;
    struct header_set *headers = to_start ? cache->start_headers : cache->headers;
    place(v, to, changed >= from ? headers : NULL);
    count_skip(v, reason, to - from);
    log_debug(NULL, "viewer of %s is too slow: skipped %llu packets", v->outlet->path,
              (unsigned long long)(to - from));
    if (v->ops->on_skip != NULL)
        v->ops->on_skip(v, to - from);
}

/* Look after those behind: skip who lags, have the others fed.  Returns the oldest place in use. */
static uint64_t tend_behind(struct outlet *o)
{
    uint64_t oldest = o->cache.ring.next;
    LIST_EACH (node, &o->behind) {
        struct viewer    *v = LIST_ITEM(node, struct viewer, link);
        enum stream_count reason = find_lag(v);
        if (reason != STREAM_COUNTS)
            skip(v, reason);
        if (v->cursor.seq < oldest)
            oldest = v->cursor.seq;
        if (!v->blocked)
            feed_soon(v);
    }
    return oldest;
}

void outlet_flush(struct worker *w, struct list *outlets)
{
    struct viewer *v;
    LIST_EACH (node, outlets)
        fanout_queue(w->fanout, LIST_ITEM(node, struct outlet, dirty));
    fanout_send(w->fanout);
    while (!list_empty(outlets)) {
        struct outlet *o = LIST_ITEM(outlets->next, struct outlet, dirty);
        list_remove(&o->dirty);
        fanout_settle(o);
        gop_cache_trim(&o->cache, tend_behind(o));
    }
    while ((v = fanout_take_lost(w->fanout)) != NULL)
        v->ops->on_lost(v, v->lost); /* it may close its outlet, and so may others that it ends */
}

void outlet_tick(struct outlet *o, uint64_t now_ms)
{
    uint64_t stall_ms = (uint64_t)o->worker->config->delivery.stall_s * 1000;
    if (!list_empty(&o->waiting) && o->first_packet_ms != 0 &&
        now_ms - o->first_packet_ms >= GOP_CACHE_TRACKS_MS) {
        gop_cache_settle_tracks(&o->cache);
        start_waiting(o);
    }
    LIST_EACH (node, &o->behind) {
        struct viewer *v = LIST_ITEM(node, struct viewer, link);
        if (v->conn != NULL && v->blocked && now_ms - v->progress_ms > stall_ms) {
            v->lost = ERR_TIMEOUT;
            v->blocked = false;
            meter_add(&o->broadcast->meter, STREAM_STALLS, 1);
            feed_soon(v); /* outlet_fed() reports it at the end of the turn */
        }
    }
}
