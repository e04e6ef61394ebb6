#include "core/gop_cache.h"

#include "media/multitrack.h"
#include "protocol/amf.h"

void gop_cache_init(struct gop_cache *c, const struct gop_limits *limits)
{
    *c = (struct gop_cache){ .limits = *limits, .fresh = true };
    packet_ring_init(&c->ring);
}

void gop_cache_restart(struct gop_cache *c)
{
    header_set_unref(&c->headers);
    header_set_unref(&c->start_headers);
    video_groups_clear(&c->groups);
    c->headers_seq = c->start_headers_seq = c->start = 0;
    c->has_audio = c->has_video = c->says_audio = c->says_video = false;
    c->tracks_known = c->leading = c->keyframe_seen = false;
    c->fresh = true;
}

void gop_cache_clear(struct gop_cache *c)
{
    gop_cache_restart(c);
    packet_ring_clear(&c->ring);
}

/* The metadata names a codec for each track there is (FLV 10.1, E.5), with most encoders. */
static void read_metadata(struct gop_cache *c, const struct avpacket *p)
{
    struct amf_reader r = amf_reader_over(avpacket_bytes(p));
    struct amf_value  v;
    c->says_audio = c->says_video = false;
    if (!amf_read(&r, &v) || !amf_read(&r, &v))
        return;
    while (amf_read_flat(&r, &v) && v.type != AMF_END) {
        c->says_audio |= bytes_equal(v.key, bytes_of("audiocodecid"));
        c->says_video |= bytes_equal(v.key, bytes_of("videocodecid"));
    }
}

static void note_tracks(struct gop_cache *c, const struct avpacket *p)
{
    if (p->type == AV_AUDIO)
        c->has_audio = true;
    if (p->type == AV_VIDEO && (!c->has_video || (!c->keyframe_seen && p->track < c->video_track))) {
        c->has_video = true;
        c->video_track = p->track;
    }
    bool said = c->says_audio || c->says_video;
    bool all = (c->has_audio || !c->says_audio) && (c->has_video || !c->says_video);
    bool both = (c->has_audio || c->lacks_audio) && (c->has_video || c->lacks_video);
    if (both || (said && all))
        c->tracks_known = true;
    if (avpacket_is_frame(p) && p->dts_ms - c->first_dts_ms >= GOP_CACHE_TRACKS_MS)
        gop_cache_settle_tracks(c);
}

static void start_at(struct gop_cache *c, uint64_t seq)
{
    const struct packet_slot *slot = packet_ring_at(&c->ring, seq);
    c->start = seq;
    c->start_position = slot->position;
    c->start_dts_ms = slot->packet->dts_ms;
    header_set_unref(&c->start_headers);
    c->start_headers = header_set_ref(c->headers);
    c->start_headers_seq = c->headers_seq;
}

static void no_start(struct gop_cache *c)
{
    c->start = 0;
    c->leading = false;
    header_set_unref(&c->start_headers);
}

static void on_audio(struct gop_cache *c, uint64_t seq, bool first)
{
    if (first) {
        start_at(c, seq);
        c->leading = true;
    } else if (!c->has_video && c->tracks_known) {
        start_at(c, seq);
        c->leading = false;
    }
}

static void on_video(struct gop_cache *c, const struct avpacket *p, uint64_t seq)
{
    if (!multitrack_has(p, c->video_track))
        return;
    if (p->flags & AV_KEYFRAME) {
        if (!c->leading)
            start_at(c, video_groups_first_beside(&c->groups, seq, p->dts_ms, c->ring.first));
        c->leading = false;
        c->keyframe_seen = true;
    } else if (!c->keyframe_seen) {
        no_start(c); /* an encoder that starts amid a group: nothing decodes before a keyframe */
    }
}

/* A group that outgrows its bounds is no longer a start: half of one would not decode.  The packet
 * it starts with is not looked at: it has long left the processor's caches. */
static void keep_bounds(struct gop_cache *c, const struct avpacket *newest, uint64_t seq)
{
    if (c->start == 0 || c->start == seq)
        return;
    if (c->ring.position - c->start_position > c->limits.size_max ||
        newest->dts_ms - c->start_dts_ms > (int64_t)c->limits.duration_ms)
        no_start(c);
}

bool gop_cache_lacks_keyframe(struct gop_cache *c, const struct avpacket *p)
{
    bool is_picture = p->type == AV_VIDEO && avpacket_is_frame(p);
    return is_picture && video_groups_take(&c->groups, p, c->ring.next) == 0;
}

uint64_t gop_cache_append(struct gop_cache *c, struct avpacket *p)
{
    uint64_t seq = packet_ring_push(&c->ring, p, video_groups_take(&c->groups, p, c->ring.next));
    if (p->flags & AV_METADATA)
        read_metadata(c, p);
    if (p->flags & AV_HEADERS) {
        struct header_set *headers = header_set_with(c->headers, p);
        header_set_unref(&c->headers);
        c->headers = headers;
        c->headers_seq = seq;
    }
    bool first = avpacket_is_frame(p) && c->fresh;
    if (first) {
        c->fresh = false;
        c->first_dts_ms = p->dts_ms;
    }
    note_tracks(c, p);
    if (avpacket_is_frame(p) && p->type == AV_AUDIO)
        on_audio(c, seq, first);
    else if (avpacket_is_frame(p))
        on_video(c, p, seq);
    keep_bounds(c, p, seq);
    return seq;
}

/* Without a start yet, a keyframe that came just now: the first track's may come beside it. */
static uint64_t first_needed(const struct gop_cache *c)
{
    const struct packet_ring *r = &c->ring;
    if (c->start != 0 || r->first == r->next)
        return c->start != 0 ? c->start : r->next;
    int64_t newest_ms = packet_ring_at(r, r->next - 1)->packet->dts_ms;
    return video_groups_first_beside(&c->groups, r->next, newest_ms, r->first);
}

void gop_cache_trim(struct gop_cache *c, uint64_t oldest)
{
    uint64_t needed = first_needed(c);
    packet_ring_drop_before(&c->ring, needed < oldest ? needed : oldest);
}

void gop_cache_settle_tracks(struct gop_cache *c)
{
    if (c->has_audio || c->has_video)
        c->tracks_known = true;
}
