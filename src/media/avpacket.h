/* avpacket.h - one audio frame, video access unit or metadata tag, and the room around it in
 * which every wire form is made in place.
 *
 * One allocation:
 *
 *     struct | headroom: [type-3 header] [RTMP header] [WebSocket header][FLV tag header] | body | tail
 *
 * The WebSocket header, the FLV tag header, the body and the PreviousTagSize in the tail are
 * one contiguous run; an RTMP message is its header and the body.  protocol/wire.h makes the
 * forms and says where each lies.
 *
 * A packet is written by the session that parses it and by the broadcast that sets its time;
 * once handed to an outlet it is immutable and may be used from any thread.  It is counted:
 * avpacket_new() gives the caller one reference, whoever keeps it takes its own. */
#ifndef MILLRACE_MEDIA_AVPACKET_H
#define MILLRACE_MEDIA_AVPACKET_H

#include "base/bytes.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The FLV tag type (FLV 10.1, E.4.1) and, equally, the RTMP message type. */
enum av_type {
    AV_AUDIO = 8,
    AV_VIDEO = 9,
    AV_DATA  = 18,
};

enum av_flag {
    AV_SEQUENCE_HEADER = 1 << 0, /* decoder configuration of its track, no picture or sound */
    AV_KEYFRAME        = 1 << 1, /* video that decodes on its own */
    AV_METADATA        = 1 << 2, /* an onMetaData data tag */
    AV_END_OF_SEQUENCE = 1 << 3, /* the track says that it ends; no picture or sound */
    AV_TRACK_INFO      = 1 << 4, /* colour information and the like, in band */
    AV_MULTITRACK      = 1 << 5, /* enhanced RTMP v2 multitrack body: `track` is its first */
    AV_SIDE_INFO       = 1 << 6, /* track info that holds until the next: colours, channel layout */
};

/* What a viewer who comes later must be given before its first frame. */
#define AV_HEADERS (AV_METADATA | AV_SEQUENCE_HEADER | AV_SIDE_INFO)

enum {
    AVPACKET_TYPE3_SIZE  = 5,  /* a type-3 chunk header with its extended timestamp */
    AVPACKET_RTMP_SIZE   = 16, /* basic header of 1, message header of 11, extended timestamp */
    AVPACKET_WS_SIZE     = 10, /* WebSocket frame header, server to client: at most 2 + 8 */
    AVPACKET_FLV_SIZE    = 11, /* FLV tag header */
    AVPACKET_HEADROOM    = AVPACKET_TYPE3_SIZE + AVPACKET_RTMP_SIZE + AVPACKET_WS_SIZE + AVPACKET_FLV_SIZE,
    AVPACKET_TAILROOM    = 4,  /* PreviousTagSize */
};

struct avpacket {
    atomic_uint refs;
    uint8_t     type;         /* enum av_type; any RTMP message type while it is being assembled */
    uint8_t     flags;        /* enum av_flag */
    uint8_t     track;        /* enhanced RTMP v2 track id; 0 for all else */
    uint8_t     type3_size;   /* bytes used of each part of the headroom, once framed */
    uint8_t     rtmp_size;
    uint8_t     ws_size;
    uint32_t    codec;        /* enum avcodec; 0 for data tags and what is not known */
    uint32_t    size;         /* body bytes */
    uint32_t    capacity;     /* body bytes there is room for */
    int32_t     cts_ms;       /* pts = dts + cts */
    uint32_t    chunk_size;   /* RTMP: body bytes in each chunk, once framed */
    int64_t     dts_ms;       /* on the stream's timeline, unwrapped; the wire carries the low 32 bits */
    uint8_t     room[];
};

/* A packet with an empty body and room for `capacity` body bytes.  NULL if there is no memory
 * for it: `capacity` may be a peer's number, so the caller caps it and checks. */
struct avpacket *avpacket_new(uint8_t type, uint32_t capacity);

/* Make room for `capacity` body bytes in all; may move the packet, so *packet is set anew.
 * Only while the caller holds the one reference.  0 or ERR_OUT_OF_MEMORY (packet unchanged). */
int avpacket_reserve(struct avpacket **packet, uint32_t capacity);

struct avpacket *avpacket_ref(struct avpacket *);

/* Gives the reference back and sets *packet to NULL; NULL is allowed. */
void avpacket_unref(struct avpacket **packet);

static inline uint8_t *avpacket_body(struct avpacket *p)
{
    return p->room + AVPACKET_HEADROOM;
}

static inline struct bytes avpacket_bytes(const struct avpacket *p)
{
    return (struct bytes){ p->room + AVPACKET_HEADROOM, p->size };
}

/* Audio or video that carries a frame: not metadata, not configuration, not an end mark. */
static inline bool avpacket_is_frame(const struct avpacket *p)
{
    return (p->type == AV_AUDIO || p->type == AV_VIDEO) &&
           !(p->flags & (AV_SEQUENCE_HEADER | AV_END_OF_SEQUENCE | AV_TRACK_INFO));
}

#endif
