#include "core/bitrate.h"

/* A turn of the loop that took longer is the server's fault; no one gets more credit for it. */
#define STEP_MAX_MS 10000

bool bitrate_is_exceeded(struct bitrate *b, uint64_t bytes, uint64_t now_ms, uint64_t bits_per_s)
{
    uint64_t step_ms = now_ms - b->at_ms < STEP_MAX_MS ? now_ms - b->at_ms : STEP_MAX_MS;
    uint64_t excess_bits = b->excess_bits + (bytes - b->bytes) * 8;
    uint64_t allowed_bits = bits_per_s * step_ms / 1000;
    bool     measured = b->began && bits_per_s > 0;
    b->excess_bits = measured && excess_bits > allowed_bits ? excess_bits - allowed_bits : 0;
    b->began = true;
    b->bytes = bytes;
    b->at_ms = now_ms;
    return measured && b->excess_bits > BITRATE_BURST_S * bits_per_s;
}

static enum bitrate_level judge(enum bitrate_level before, uint64_t got, uint64_t wanted)
{
    uint64_t well = before == BITRATE_LOW ? wanted + wanted / 4 : wanted;
    if (got < wanted)
        return BITRATE_LOW;
    return got >= well ? BITRATE_WELL : before;
}

void bitrate_floor_look(struct bitrate_floor *f, uint64_t bytes, uint64_t now_ms, uint64_t bits_per_s)
{
    uint64_t step_ms = now_ms - f->at_ms;
    if (bits_per_s == 0) {
        *f = (struct bitrate_floor){ 0 };
        return;
    }
    if (f->began && step_ms < BITRATE_WINDOW_MS)
        return;
    if (f->began)
        f->level = judge(f->level, (bytes - f->bytes) * 8 * 1000 / step_ms, bits_per_s);
    f->began = true;
    f->bytes = bytes;
    f->at_ms = now_ms;
}
