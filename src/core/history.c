#include "core/history.h"

#include "base/alloc.h"

#include <stdlib.h>

void history_add(struct history *h, const struct history_point *point, int64_t wall_ms)
{
    h->end_ms = wall_ms;
    if (h->count == h->capacity && h->capacity < HISTORY_POINTS) {
        uint32_t capacity = h->capacity > 0 ? 2 * h->capacity : 16;
        h->capacity = capacity < HISTORY_POINTS ? capacity : HISTORY_POINTS;
        h->points = alloc_resize(h->points, h->capacity, sizeof *h->points);
    }
    if (h->count < h->capacity) {
        h->points[h->count++] = *point;
    } else {
        h->points[h->first] = *point;
        h->first = (h->first + 1) % HISTORY_POINTS;
    }
}

void history_clear(struct history *h)
{
    free(h->points);
    *h = (struct history){ 0 };
}

uint32_t history_read(const struct history *h, struct history_point *out)
{
    for (uint32_t i = 0; i < h->count; i++)
        out[i] = h->points[(h->first + i) % h->count];
    return h->count;
}
