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

void standby_take(struct standby *w, struct avpacket *p, uint64_t now_ms, uint64_t stall_ms)
{
    if (now_ms - w->heard_ms > stall_ms)
        w->well_since_ms = now_ms;
    w->heard_ms = now_ms;
    w->has_video |= p->type == AV_VIDEO;
    if (w->claiming)
        packet_ring_push(&w->waiting, p, 0);
    else if (!avpacket_is_frame(p) && (p->flags & AV_HEADERS))
        keep_header(w, p);
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
