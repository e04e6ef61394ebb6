/* packets.h - packets as an encoder would send them, for the tests of core/. */
#ifndef MILLRACE_TESTS_PACKETS_H
#define MILLRACE_TESTS_PACKETS_H

#include "check.h"

#include "media/avpacket.h"
#include "protocol/wire.h"

/* A framed packet with a body of `size` bytes that count up from `seed`. */
static inline struct avpacket *make_packet(uint8_t type, uint8_t flags, int64_t dts_ms, uint32_t size, uint8_t seed)
{
    struct avpacket *p = avpacket_new(type, size);
    assert_non_null(p);
    p->flags = flags;
    p->dts_ms = dts_ms;
    p->size = size;
    for (uint32_t i = 0; i < size; i++)
        avpacket_body(p)[i] = (uint8_t)(seed + i);
    wire_frame(p, 128);
    return p;
}

static inline struct avpacket *make_key(int64_t dts_ms)
{
    return make_packet(AV_VIDEO, AV_KEYFRAME, dts_ms, 300, 1);
}

static inline struct avpacket *make_inter(int64_t dts_ms)
{
    return make_packet(AV_VIDEO, 0, dts_ms, 100, 2);
}

static inline struct avpacket *make_audio(int64_t dts_ms)
{
    return make_packet(AV_AUDIO, 0, dts_ms, 50, 3);
}

static inline struct avpacket *make_header(uint8_t type)
{
    return make_packet(type, AV_SEQUENCE_HEADER, 0, 20, type);
}

#endif
