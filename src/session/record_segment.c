#include "session/record_segment.h"

#include "base/alloc.h"
#include "core/header_set.h"
#include "protocol/flv_head.h"

#include <stdlib.h>

/* Keyframes are listed down to one a second; a segment that lasts longer than planned, or has
 * more of them, gets a coarser index. */
enum { KEYFRAMES_MIN = 64, KEYFRAMES_MAX = 8192 };

static uint32_t keyframes_of(uint32_t segment_ms)
{
    uint32_t count = segment_ms / 1000 + KEYFRAMES_MIN;
    return count < KEYFRAMES_MAX ? count : KEYFRAMES_MAX;
}

static struct bytes metadata_of(const struct record_segment *s)
{
    return s->metadata != NULL ? avpacket_bytes(s->metadata) : (struct bytes){ 0 };
}

struct record_segment *record_segment_new(const struct header_set *headers, const struct avpacket *first,
                                          int64_t start_ms, uint32_t segment_ms, uint64_t run)
{
    struct record_segment *s = alloc_zeroed(sizeof *s);
    for (uint32_t i = 0; headers != NULL && i < headers->count; i++)
        if (headers->packets[i]->flags & AV_METADATA)
            s->metadata = avpacket_ref(headers->packets[i]);
    s->head_size = flv_head_size(metadata_of(s), keyframes_of(segment_ms));
    flv_index_init(&s->index, keyframes_of(segment_ms), s->head_size);
    s->index.origin = (struct flv_origin){ .wall_ms = start_ms, .stream_ms = first->dts_ms, .run = run };
    s->base_ms = first->dts_ms;
    s->start_ms = start_ms;
    s->reason = "";
    return s;
}

void record_segment_free(struct record_segment *s)
{
    if (s == NULL)
        return;
    flv_index_clear(&s->index);
    avpacket_unref(&s->metadata);
    free(s);
}

void record_segment_write_head(struct record_segment *s, bool is_complete, uint8_t *out)
{
    s->index.origin.is_uniform = is_complete && !s->is_mixed;
    flv_head_write(out, s->head_size, metadata_of(s), &s->index);
}

/* Headers are older than the frame that the segment begins with, and sound may be by a little. */
uint32_t record_segment_add(struct record_segment *s, const struct avpacket *p)
{
    int64_t  time_ms = p->dts_ms - s->base_ms;
    uint32_t clamped = time_ms < 0 ? 0 : time_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)time_ms;
    flv_index_add(&s->index, p, clamped);
    return clamped;
}

const struct avpacket *record_find_header(const struct header_set *headers, const struct avpacket *p)
{
    for (uint32_t i = 0; headers != NULL && i < headers->count; i++) {
        const struct avpacket *h = headers->packets[i];
        if (h->type == p->type && h->track == p->track && (h->flags & p->flags & AV_HEADERS))
            return h;
    }
    return NULL;
}
