/* A publisher's messages one after the other, through all that is done with their tracks: what late
 * viewers get has the newest, facts are sane, what is made for a viewer's choice is well-formed, no
 * larger than what it was made of, and of track 0, and nobody is shown a group from its middle. */
#include "base/log.h"
#include "core/gop_cache.h"
#include "core/header_set.h"
#include "core/stream_tracks.h"
#include "core/track_choice.h"
#include "media/avcodec.h"
#include "protocol/wire.h"

#include "info.h"

enum { MESSAGE_HEAD = 3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct track_choice choice_of(uint8_t bits)
{
    struct track_choice choice = { .video = bits & 7, .audio = bits >> 3 & 7, .form = (bits >> 6) % 3 };
    track_choice_normalise(&choice);
    return choice;
}

static void check_choice(const struct track_choice *choice, struct avpacket *p)
{
    struct avpacket *out = track_choice_apply(choice, p);
    if (out == NULL || out == p) {
        if (out != NULL)
            avpacket_unref(&out);
        return;
    }
    REQUIRE(out->size <= p->size && out->dts_ms == p->dts_ms && out->type == p->type);
    REQUIRE(out->track == 0 && !(out->flags & AV_MULTITRACK) && out->chunk_size == p->chunk_size);
    struct avpacket *again = track_choice_apply(choice, out);
    REQUIRE(again == NULL || avpacket_bytes(again).size <= out->size);
    if (again != NULL)
        avpacket_unref(&again);
    avpacket_unref(&out);
}

/* The newest is in it, unless it is full. */
static void check_set(const struct header_set *set, const struct avpacket *newest)
{
    bool found = set->count == HEADER_SET_MAX;
    REQUIRE(set->count <= HEADER_SET_MAX);
    for (uint32_t i = 0; i < set->count; i++)
        found |= set->packets[i] == newest;
    REQUIRE(found);
}

/* A viewer from the message number `from` on, as one that settles and one that does not: of each track
 * whether it has got all since a keyframe. */
struct watcher {
    struct gop_cache cache;
    uint64_t         settled, from;
    bool             shown[TRACK_SET_END];
};

static void watch(struct watcher *w, struct avpacket *p)
{
    bool     lacks = gop_cache_lacks_keyframe(&w->cache, p);
    uint64_t seq = gop_cache_append(&w->cache, p), group = packet_ring_at(&w->cache.ring, seq)->group;
    if (p->type != AV_VIDEO || !avpacket_is_frame(p))
        return;
    struct track_set tracks = multitrack_tracks(p, 0);
    bool             gets = group >= w->from && seq >= w->from;
    REQUIRE(lacks == (group == 0));
    REQUIRE(gets == (group >= w->settled && seq >= w->from) || seq < w->from);
    for (unsigned t = track_set_next(&tracks, 0); t < TRACK_SET_END; t = track_set_next(&tracks, t + 1)) {
        REQUIRE(!gets || w->shown[t] || (p->flags & AV_KEYFRAME));
        w->shown[t] = gets;
    }
    if (seq >= w->from)
        w->settled = video_groups_settle(&w->cache.groups, w->settled);
    REQUIRE(w->cache.start <= seq && (w->cache.start == 0 || w->cache.start >= w->cache.ring.first));
    gop_cache_trim(&w->cache, w->cache.ring.next);
}

static void take(struct avpacket *p, const struct track_choice *choice, struct header_set **set,
                 struct stream_tracks *tracks, struct watcher *watcher)
{
    if (avcodec_classify(p) < 0)
        return;
    wire_frame(p, 128);
    stream_tracks_read(tracks, p, &lock, "/live/s", 0);
    check_choice(choice, p);
    watch(watcher, p);
    if (!(p->flags & AV_HEADERS))
        return;
    struct header_set *next = header_set_with(*set, p);
    header_set_unref(set);
    *set = next;
    check_set(next, p);
}

/* The choice; then of each message its type and its length, and its body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader        in = reader_over((struct bytes){ data, size });
    struct track_choice  choice = choice_of((uint8_t)read_be(&in, 1));
    struct header_set   *set = NULL;
    struct stream_tracks tracks = { 0 };
    struct watcher       watcher = { .from = 1 + (size & 7), .settled = 1 + (size & 7) };
    gop_cache_init(&watcher.cache, &(struct gop_limits){ .size_max = 4096, .duration_ms = 1000 });
    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    while (reader_left(&in) > MESSAGE_HEAD) {
        static const uint8_t types[] = { AV_AUDIO, AV_VIDEO, AV_DATA };
        uint8_t          type = types[read_be(&in, 1) % 3];
        size_t           want = read_be(&in, 2);
        struct bytes     body = read_bytes(&in, want < reader_left(&in) ? want : reader_left(&in));
        struct avpacket *p = avpacket_new(type, (uint32_t)body.size);
        REQUIRE(p != NULL);
        if (body.size > 0)
            memcpy(avpacket_body(p), body.data, body.size);
        p->size = (uint32_t)body.size;
        p->flags = type == AV_DATA ? AV_METADATA : 0;
        take(p, &choice, &set, &tracks, &watcher);
        avpacket_unref(&p);
    }
    for (size_t i = 0; i < tracks.count; i++)
        require_info(&tracks.tracks[i].info);
    REQUIRE(tracks.count <= STREAM_TRACKS_MAX);
    stream_tracks_clear(&tracks);
    gop_cache_clear(&watcher.cache);
    header_set_unref(&set);
    return 0;
}
