/* http2_flood.h - what a peer sends that costs us more than it: counted by the second. */
#ifndef MILLRACE_SESSION_HTTP2_FLOOD_H
#define MILLRACE_SESSION_HTTP2_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

struct http2_flood {
    uint64_t second;         /* in which the counts below were made */
    uint32_t resets;         /* requests broken off, or broken */
    uint32_t control_frames; /* without a request or a byte in them */
    uint32_t credit;         /* frames of that kind which our own DATA has called for */
};

/* One more; false if there were more than `max` in this second. */
bool http2_flood_reset(struct http2_flood *, uint64_t now_ms, uint32_t max);
bool http2_flood_control_frame(struct http2_flood *, uint64_t now_ms, uint32_t max);

/* A WINDOW_UPDATE: who takes our bytes sends many. */
bool http2_flood_window_update(struct http2_flood *, uint64_t now_ms, uint32_t max);

/* We sent a DATA frame. */
void http2_flood_sent_data(struct http2_flood *);

#endif
