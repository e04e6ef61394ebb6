#include "session/http2_flood.h"

/* Some clients send one WINDOW_UPDATE for the stream and one for the connection for each DATA frame;
 * what we are owed does not grow without end. */
#define CREDIT_PER_FRAME 2
#define CREDIT_MAX       10000

static void look_at_clock(struct http2_flood *f, uint64_t now_ms)
{
    if (f->second == now_ms / 1000)
        return;
    f->second = now_ms / 1000;
    f->resets = f->control_frames = 0;
}

bool http2_flood_reset(struct http2_flood *f, uint64_t now_ms, uint32_t max)
{
    look_at_clock(f, now_ms);
    return ++f->resets <= max;
}

bool http2_flood_control_frame(struct http2_flood *f, uint64_t now_ms, uint32_t max)
{
    look_at_clock(f, now_ms);
    return ++f->control_frames <= max;
}

bool http2_flood_window_update(struct http2_flood *f, uint64_t now_ms, uint32_t max)
{
    if (f->credit == 0)
        return http2_flood_control_frame(f, now_ms, max);
    f->credit--;
    return true;
}

void http2_flood_sent_data(struct http2_flood *f)
{
    if (f->credit <= CREDIT_MAX - CREDIT_PER_FRAME)
        f->credit += CREDIT_PER_FRAME;
}
