/* history.h - the last five minutes of a few figures, a point a second.  Plain data; its owner locks. */
#ifndef MILLRACE_CORE_HISTORY_H
#define MILLRACE_CORE_HISTORY_H

#include <stdint.h>

enum { HISTORY_POINTS = 300, HISTORY_STEP_MS = 1000 };

struct history_point {
    float    in_bitrate, out_bitrate; /* bits a second */
    float    extra;                   /* of a stream: pictures a second; of the server: per cent of a core */
    uint32_t viewers;
};

struct history {
    struct history_point *points;   /* NULL while there is none */
    uint32_t              capacity; /* grows to HISTORY_POINTS */
    uint32_t              count;
    uint32_t              first;    /* the oldest */
    int64_t               end_ms;   /* wall clock, of the newest */
};

void history_add(struct history *, const struct history_point *, int64_t wall_ms);
void history_clear(struct history *);

/* The points, oldest first; `out` has room for HISTORY_POINTS.  Returns how many there are. */
uint32_t history_read(const struct history *, struct history_point *out);

#endif
