#include "core/standby.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static void keep_header(struct standby *w, struct avpacket *p)
{
    struct header_set *headers = header_set_with(w->headers, p);
    header_set_unref(&w->headers);
    w->headers = headers;
}

struct standby *standby_new(struct header_set *headers, uint64_t now_ms)
{
    struct standby *w = alloc_zeroed(sizeof *w);
    for (uint32_t i = 0; headers != NULL && i < headers->count; i++) {
        keep_header(w, headers->packets[i]);
        w->has_video |= headers->packets[i]->type == AV_VIDEO;
    }
    packet_ring_init(&w->waiting);
    w->heard_ms = w->well_since_ms = now_ms;
    return w;
}

void standby_free(struct standby *w)
{
    if (w == NULL)
        return;
    header_set_unref(&w->headers);
    packet_ring_clear(&w->waiting);
    free(w);
}

void standby_hear(struct standby *w, const struct avpacket *p, uint64_t now_ms,
                  const struct standby_terms *terms)
{
    bool late = now_ms - w->heard_ms > terms->stall_ms;
    w->heard_ms = now_ms;
    w->bytes += p->size;
    w->has_video |= p->type == AV_VIDEO;
    bitrate_floor_look(&w->own, w->bytes, now_ms, terms->min_bitrate);
    bitrate_floor_look(&w->other, terms->other_bytes, now_ms, terms->min_bitrate);
    w->well = terms->min_bitrate == 0 || w->own.level == BITRATE_WELL;
    if (late || !w->well)
        w->well_since_ms = now_ms;
}

void standby_keep(struct standby *w, struct avpacket *p)
{
    if (w->claim != STANDBY_NOT_WANTED)
        packet_ring_push(&w->waiting, p, 0);
    else if (!avpacket_is_frame(p) && (p->flags & AV_HEADERS))
        keep_header(w, p);
}

bool standby_is_well(const struct standby *w, uint64_t now_ms, uint64_t for_ms)
{
    return w->well && now_ms - w->well_since_ms >= for_ms;
}

bool standby_is_better(struct standby *w, uint64_t other_serial)
{
    if (w->other_serial != other_serial) { /* what is known is about another */
        w->other_serial = other_serial;
        w->other = (struct bitrate_floor){ 0 };
    }
    return w->other.level == BITRATE_LOW && w->own.level == BITRATE_WELL;
}

bool standby_is_entry(const struct standby *w, const struct avpacket *p)
{
    if (!avpacket_is_frame(p))
        return false;
    return p->type == AV_VIDEO ? p->flags & AV_KEYFRAME : !w->has_video;
}

struct avpacket *standby_copy(const struct avpacket *p)
{
    struct avpacket *copy = avpacket_new(p->type, p->size);
    if (copy == NULL)
        return NULL;
    copy->flags = p->flags;
    copy->track = p->track;
    copy->codec = p->codec;
    copy->cts_ms = p->cts_ms;
    copy->dts_ms = p->dts_ms;
    copy->size = p->size;
    memcpy(avpacket_body(copy), avpacket_bytes(p).data, p->size);
    return copy;
}

const char *standby_reason_phrase(enum standby_reason reason)
{
    static const char *const phrases[] = {
        [STANDBY_NOT_WANTED] = "",
        [STANDBY_GONE] = "the other has gone",
        [STANDBY_SILENT] = "the other is silent",
        [STANDBY_LOW] = "the other's bitrate has fallen",
        [STANDBY_RETURNED] = "it has been well for a while",
    };
    return phrases[reason];
}
