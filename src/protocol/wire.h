/* wire.h - a packet as its viewers receive it: every form made once, in place, around the body.
 *
 * wire_frame() fills the packet's head- and tailroom (media/avpacket.h):
 *
 *     room   0           5              21           31           42
 *            [type-3 hdr][... RTMP header][... WS header][FLV tag header] body [PreviousTagSize]
 *
 * The type-3 header starts at 0, the RTMP header ends at 21, the WebSocket header ends at 31.
 * So WebSocket header + tag header + body + PreviousTagSize is one run of bytes, and a packet in
 * FLV or WebSocket form is one iovec; in RTMP form it is two, and two more for each further chunk.
 * All but wire_frame() only read, from any thread. */
#ifndef MILLRACE_PROTOCOL_WIRE_H
#define MILLRACE_PROTOCOL_WIRE_H

#include "media/avpacket.h"

#include <sys/uio.h>

enum wire_form {
    WIRE_FLV,  /* FLV tag and PreviousTagSize (FLV 10.1, E.4.1) */
    WIRE_WS,   /* one unmasked binary WebSocket frame that holds the same (RFC 6455, 5.2) */
    WIRE_RTMP, /* one RTMP message in chunks, on message stream 1 (RTMP 1.0, 5.3) */
};

enum {
    WIRE_MSID      = 1,        /* the RTMP message stream id of the ready-made form */
    WIRE_BODY_MAX  = 0xffffff, /* what the 24-bit lengths of FLV and RTMP can say */
    WIRE_IOV_COUNT = 2,        /* iovecs that are always enough for a packet of one RTMP chunk */
};

/* Make all forms.  type, size (at most WIRE_BODY_MAX), body and dts_ms are final from here on;
 * FLV and RTMP carry the low 32 bits of dts_ms.  `rtmp_chunk_size` is that of every RTMP
 * connection which will get the packet; 1 to WIRE_BODY_MAX.  Only before the packet is shared. */
void wire_frame(struct avpacket *, uint32_t rtmp_chunk_size);

/* The packet's RTMP header, as wire_frame() made it, with another message stream id; returns its
 * size, 12 or 16.  When wire_iov(p, WIRE_RTMP, offset, out ...) was asked for an offset below
 * p->rtmp_size, out[0] is the rest of the header: a viewer on another message stream points
 * out[0].iov_base at its own header + offset.  The type-3 headers carry no id. */
size_t wire_rtmp_header(const struct avpacket *, uint32_t msid, uint8_t out[AVPACKET_RTMP_SIZE]);

/* The slow part of wire_iov(): RTMP packets of more than one chunk. */
unsigned wire_iov_chunks(const struct avpacket *, size_t offset, struct iovec *out, unsigned room,
                         size_t *covered);

/* The FLV tag with its PreviousTagSize, or the WebSocket frame that holds it, borrowed. */
static inline struct bytes wire_flv_bytes(const struct avpacket *p)
{
    return (struct bytes){ p->room + AVPACKET_HEADROOM - AVPACKET_FLV_SIZE,
                           AVPACKET_FLV_SIZE + (size_t)p->size + AVPACKET_TAILROOM };
}

static inline struct bytes wire_ws_bytes(const struct avpacket *p)
{
    struct bytes flv = wire_flv_bytes(p);
    return (struct bytes){ flv.data - p->ws_size, flv.size + p->ws_size };
}

/* Bytes of the packet on the wire. */
static inline size_t wire_size(const struct avpacket *p, enum wire_form form)
{
    if (form == WIRE_FLV)
        return wire_flv_bytes(p).size;
    if (form == WIRE_WS)
        return wire_ws_bytes(p).size;
    size_t size = (size_t)p->rtmp_size + p->size;
    if (p->size > p->chunk_size)
        size += (size_t)((p->size - 1) / p->chunk_size) * p->type3_size;
    return size;
}

/* The packet in `form` from byte `offset` to its end, as iovecs over the packet's own memory,
 * which must outlive them.  Returns how many of `room` were used and adds the bytes they cover
 * to *covered; when the packet did not fit in `room`, *covered grew by less than
 * wire_size() - offset, and the next call goes on from there.  An offset at or past the end
 * uses none. */
static inline unsigned wire_iov(const struct avpacket *p, enum wire_form form, size_t offset,
                                struct iovec *out, unsigned room, size_t *covered)
{
    if (form != WIRE_RTMP) {
        struct bytes run = form == WIRE_FLV ? wire_flv_bytes(p) : wire_ws_bytes(p);
        if (offset >= run.size || room == 0)
            return 0;
        *out = (struct iovec){ (void *)(run.data + offset), run.size - offset };
        *covered += run.size - offset;
        return 1;
    }
    if (p->size > p->chunk_size || room < WIRE_IOV_COUNT)
        return wire_iov_chunks(p, offset, out, room, covered);
    const uint8_t *head = p->room + AVPACKET_TYPE3_SIZE + AVPACKET_RTMP_SIZE - p->rtmp_size;
    const uint8_t *body = p->room + AVPACKET_HEADROOM;
    size_t         end = (size_t)p->rtmp_size + p->size;
    if (offset >= end)
        return 0;
    *covered += end - offset;
    if (offset >= p->rtmp_size) {
        out[0] = (struct iovec){ (void *)(body + (offset - p->rtmp_size)), end - offset };
        return 1;
    }
    out[0] = (struct iovec){ (void *)(head + offset), p->rtmp_size - offset };
    out[1] = (struct iovec){ (void *)body, p->size };
    return p->size > 0 ? 2 : 1;
}

#endif
