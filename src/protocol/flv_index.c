#include "protocol/flv_index.h"

#include "base/alloc.h"

#include <stdlib.h>

enum { PREVIOUS_SIZE = 4 };

void flv_index_init(struct flv_index *x, uint32_t capacity, uint64_t head_size)
{
    *x = (struct flv_index){ .size = head_size, .capacity = capacity > 0 ? capacity : 1, .step = 1 };
}

void flv_index_clear(struct flv_index *x)
{
    free(x->keyframes);
    x->keyframes = NULL;
    x->count = 0;
}

/* Keep the first of each two. */
static void halve(struct flv_index *x)
{
    uint32_t kept = (x->count + 1) / 2;
    for (uint32_t i = 0; i < kept; i++)
        x->keyframes[i] = x->keyframes[2 * i];
    if (x->count % 2 == 0) /* the newest is one of those that go */
        x->passed += x->step;
    x->count = kept;
    x->step *= 2;
}

void flv_index_thin(struct flv_index *x, uint32_t capacity)
{
    x->capacity = capacity > 0 ? capacity : 1;
    while (x->count > x->capacity)
        halve(x);
}

static void list_keyframe(struct flv_index *x, uint32_t time_ms)
{
    if (x->count > 0 && ++x->passed < x->step)
        return;
    if (x->count == x->capacity) {
        if (x->capacity == 1)
            return;
        halve(x);
        if (x->passed < x->step)
            return;
    }
    x->passed = 0;
    if ((x->count & (x->count - 1)) == 0) /* a power of two: the array is full */
        x->keyframes = alloc_resize(x->keyframes, x->count > 0 ? 2 * (size_t)x->count : 1,
                                    sizeof *x->keyframes);
    /* With its sequence header, if that comes right before it: decoders may want it anew. */
    bool header = x->header_end == x->size && x->header_ms == time_ms;
    x->keyframes[x->count++] = (struct flv_keyframe){ header ? x->header_at : x->size, time_ms };
}

static void note_frame(struct flv_index_kind *kind, const struct avpacket *p, uint32_t time_ms)
{
    if (!kind->seen)
        kind->codec = p->codec;
    else if (time_ms > kind->last_ms)
        kind->frame_ms = time_ms - kind->last_ms;
    kind->seen = true;
    kind->last_ms = time_ms;
}

void flv_index_add_size(struct flv_index *x, const struct avpacket *p, uint32_t time_ms, uint32_t body_size)
{
    struct flv_index_kind *kind = p->type == AV_AUDIO ? &x->audio : &x->video;
    bool                   media = p->type == AV_AUDIO || p->type == AV_VIDEO;
    if (media && avpacket_is_frame(p)) {
        if (p->type == AV_VIDEO && !kind->seen)
            x->track = p->track;
        note_frame(kind, p, time_ms);
        if (p->type == AV_VIDEO && (p->flags & AV_KEYFRAME) && p->track == x->track) {
            x->has_keyframe = true;
            x->last_keyframe_ms = time_ms;
            list_keyframe(x, time_ms);
        }
    }
    if (p->type == AV_VIDEO && (p->flags & AV_SEQUENCE_HEADER) && x->header_end != x->size) {
        x->header_at = x->size;
        x->header_ms = time_ms;
    }
    bool follows = (p->flags & AV_SEQUENCE_HEADER) && (p->type == AV_VIDEO || x->header_end == x->size);
    if (media)
        kind->size += body_size;
    x->size += AVPACKET_FLV_SIZE + (uint64_t)body_size + PREVIOUS_SIZE;
    if (follows)
        x->header_end = x->size;
}

void flv_index_add(struct flv_index *x, const struct avpacket *p, uint32_t time_ms)
{
    flv_index_add_size(x, p, time_ms, p->size);
}

static uint64_t end_of(const struct flv_index_kind *kind)
{
    return kind->seen ? (uint64_t)kind->last_ms + kind->frame_ms : 0;
}

uint64_t flv_index_duration_ms(const struct flv_index *x)
{
    uint64_t audio = end_of(&x->audio), video = end_of(&x->video);
    return audio > video ? audio : video;
}
