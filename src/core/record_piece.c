#include "core/record_piece.h"

#include <assert.h>
#include <string.h>

void record_piece_clear(struct record_piece *p, int64_t time_ms)
{
    p->size = 0;
    p->end = RECORD_PIECE_MORE;
    p->in_tag = false;
    p->marks[0] = (struct record_mark){ 0, time_ms };
    p->mark_count = 1;
}

bool record_piece_mark(struct record_piece *p, int64_t time_ms)
{
    struct record_mark *last = &p->marks[p->mark_count - 1];
    last->end = p->size;
    if (time_ms < last->time_ms + RECORD_MARK_MS)
        return true;
    if (p->mark_count == RECORD_PIECE_MARKS)
        return false;
    p->marks[p->mark_count++] = (struct record_mark){ p->size, time_ms };
    return true;
}

void record_piece_add(struct record_piece *p, const void *data, size_t size)
{
    assert(size <= record_piece_room(p));
    if (size > 0)
        memcpy(p->data + p->size, data, size);
    p->size += (uint32_t)size;
}

void record_piece_finish(struct record_piece *p, bool in_tag)
{
    p->marks[p->mark_count - 1].end = p->size;
    p->in_tag = in_tag;
}
