#include "protocol/wire.h"

#include <assert.h>

enum {
    CSID_AUDIO   = 4,
    CSID_VIDEO   = 5,
    CSID_DATA    = 6,
    TYPE3        = 3 << 6,
    EXTENDED     = 0xffffff, /* in the 24-bit timestamp: a 32-bit one follows (RTMP 1.0, 5.3.1.3) */
    MSID_AT      = 8,        /* the message stream id's place in a type-0 header */
    WS_FIN_BINARY = 0x82,    /* RFC 6455, 5.2: final fragment, opcode 2 */
};

static const uint8_t *rtmp_header(const struct avpacket *p)
{
    return p->room + AVPACKET_TYPE3_SIZE + AVPACKET_RTMP_SIZE - p->rtmp_size;
}

static uint8_t csid_of(uint8_t type)
{
    return type == AV_AUDIO ? CSID_AUDIO : type == AV_VIDEO ? CSID_VIDEO : CSID_DATA;
}

static void frame_flv(struct avpacket *p)
{
    uint32_t      time_ms = (uint32_t)p->dts_ms;
    struct writer w = writer_over(avpacket_body(p) - AVPACKET_FLV_SIZE, AVPACKET_FLV_SIZE);
    write_be(&w, p->type, 1);
    write_be(&w, p->size, 3);
    write_be(&w, time_ms & 0xffffff, 3);
    write_be(&w, time_ms >> 24, 1);                 /* TimestampExtended: the upper eight bits */
    write_be(&w, 0, 3);
    w = writer_over(avpacket_body(p) + p->size, AVPACKET_TAILROOM);
    write_be(&w, AVPACKET_FLV_SIZE + p->size, 4);
}

static void frame_ws(struct avpacket *p)
{
    uint64_t size = wire_flv_bytes(p).size;
    p->ws_size = size < 126 ? 2 : size <= 0xffff ? 4 : 10;
    struct writer w = writer_over(avpacket_body(p) - AVPACKET_FLV_SIZE - p->ws_size, p->ws_size);
    write_be(&w, WS_FIN_BINARY, 1);
    if (p->ws_size == 2) {
        write_be(&w, size, 1);
    } else {
        write_be(&w, p->ws_size == 4 ? 126 : 127, 1);
        write_be(&w, size, p->ws_size - 2u);
    }
}

static void frame_rtmp(struct avpacket *p)
{
    uint32_t time_ms = (uint32_t)p->dts_ms;
    bool     extended = time_ms >= EXTENDED;
    p->rtmp_size = extended ? 16 : 12;
    p->type3_size = extended ? 5 : 1;
    struct writer w = writer_over((uint8_t *)rtmp_header(p), p->rtmp_size);
    write_be(&w, csid_of(p->type), 1);              /* type 0: all fields, absolute time */
    write_be(&w, extended ? EXTENDED : time_ms, 3);
    write_be(&w, p->size, 3);
    write_be(&w, p->type, 1);
    write_le(&w, WIRE_MSID, 4);
    if (extended)
        write_be(&w, time_ms, 4);
    w = writer_over(p->room, p->type3_size);
    write_be(&w, TYPE3 | csid_of(p->type), 1);
    if (extended)
        write_be(&w, time_ms, 4);
}

void wire_frame(struct avpacket *p, uint32_t rtmp_chunk_size)
{
    assert(p->size <= WIRE_BODY_MAX && p->size <= p->capacity);
    assert(rtmp_chunk_size >= 1 && rtmp_chunk_size <= WIRE_BODY_MAX);
    p->chunk_size = rtmp_chunk_size;
    frame_flv(p);
    frame_ws(p);
    frame_rtmp(p);
}

size_t wire_rtmp_header(const struct avpacket *p, uint32_t msid, uint8_t out[AVPACKET_RTMP_SIZE])
{
    memcpy(out, rtmp_header(p), p->rtmp_size);
    struct writer w = writer_over(out + MSID_AT, 4);
    write_le(&w, msid, 4);
    return p->rtmp_size;
}

struct iov_list {
    struct iovec *at;
    unsigned      used;
    unsigned      room;
    size_t        covered;
};

static void put(struct iov_list *out, const uint8_t *data, size_t size)
{
    if (size == 0 || out->used == out->room)
        return;
    out->at[out->used++] = (struct iovec){ (void *)data, size };
    out->covered += size;
}

/* Where in the body byte `offset` after the RTMP header lies; a type-3 header that it falls into
 * is put first. */
static size_t seek_body(const struct avpacket *p, size_t offset, struct iov_list *out)
{
    if (offset < p->chunk_size)
        return offset;
    size_t unit = (size_t)p->type3_size + p->chunk_size;
    size_t chunk = (offset - p->chunk_size) / unit + 1;
    size_t within = (offset - p->chunk_size) % unit;
    if (within >= p->type3_size)
        return chunk * p->chunk_size + within - p->type3_size;
    put(out, p->room + within, p->type3_size - within);
    return chunk * p->chunk_size;
}

unsigned wire_iov_chunks(const struct avpacket *p, size_t offset, struct iovec *out, unsigned room,
                         size_t *covered)
{
    struct iov_list list = { .at = out, .room = room };
    const uint8_t  *body = p->room + AVPACKET_HEADROOM;
    size_t          at = 0;
    if (offset >= wire_size(p, WIRE_RTMP))
        return 0;
    if (offset < p->rtmp_size)
        put(&list, rtmp_header(p) + offset, p->rtmp_size - offset);
    else
        at = seek_body(p, offset - p->rtmp_size, &list);
    size_t chunk_left = p->chunk_size - at % p->chunk_size;
    while (at < p->size && list.used < room) {
        size_t size = chunk_left < p->size - at ? chunk_left : p->size - at;
        put(&list, body + at, size);
        at += size;
        chunk_left = p->chunk_size;
        if (at < p->size)
            put(&list, p->room, p->type3_size);
    }
    *covered += list.covered;
    return list.used;
}
