/* multitrack.h - the parts of an audio or video body, one for each track it carries.
 *
 * Enhanced RTMP v2 may put several tracks into one message, each with an id and, if need be, a
 * FourCC of its own.  Any other body, FLV 10.1's too, is one part of track 0: who walks the parts
 * need not know which kind he has. */
#ifndef MILLRACE_MEDIA_MULTITRACK_H
#define MILLRACE_MEDIA_MULTITRACK_H

#include "media/avpacket.h"

/* What the body says of itself in front of its payload, whichever form it is in; numbered as
 * VideoPacketType, and AudioPacketType where it agrees. */
enum multitrack_packet {
    MULTITRACK_SEQUENCE_START  = 0,
    MULTITRACK_CODED_FRAMES    = 1,
    MULTITRACK_SEQUENCE_END    = 2,
    MULTITRACK_CODED_FRAMES_X  = 3, /* video: composition time is 0 and left out */
    MULTITRACK_INFO            = 4, /* video: Metadata; audio: MultichannelConfig */
    MULTITRACK_MPEG2TS_START   = 5, /* video; audio has no such type */
};

struct multitrack_part {
    uint32_t     codec;       /* enum avcodec */
    uint32_t     fourcc;      /* as sent, also if unknown; only if `has_fourcc` */
    uint8_t      type;        /* enum av_type */
    uint8_t      track;
    uint8_t      flags;       /* enum av_flag of this part alone */
    uint8_t      packet_type; /* enum multitrack_packet, or one not defined yet */
    uint8_t      frame_type;  /* video, as sent: 1 is a keyframe; 0 for audio */
    uint8_t      sound;       /* FLV 10.1's first byte of audio: format, rate, size, channels; else 0 */
    bool         has_fourcc;  /* Enhanced RTMP's form, not FLV 10.1's */
    int32_t      cts_ms;
    uint32_t     offset_ns;   /* ModEx: to be added to the packet's time, 0 to 999999 */
    struct bytes payload;     /* decoder configuration or coded data; borrowed from the packet */
};

/* The walk; borrows the packet. */
struct multitrack {
    struct reader          left;     /* bytes of the tracks to come */
    struct multitrack_part common;   /* what all parts share */
    uint8_t                form;     /* multitrack.c's */
    bool                   done;
};

/* Begin to walk the body of an audio or video packet, of which only type and size must be set.
 * 0, or ERR_PROTOCOL for a body that is empty or too short for its own header. */
int multitrack_start(struct multitrack *, const struct avpacket *);

/* The next part: 1 and *out; 0 after the last; or ERR_PROTOCOL for one that runs past the body or
 * is too short for its own header, after which there is nothing more to be had.  A sequence header
 * without content is refused the same way, of a codec that needs it. */
int multitrack_next(struct multitrack *, struct multitrack_part *out);

/* Tracks by their numbers, 0 to 255. */
struct track_set {
    uint64_t bits[4];
};
enum { TRACK_SET_END = 256 };

static inline void track_set_add(struct track_set *set, uint8_t track)
{
    set->bits[track / 64] |= UINT64_C(1) << track % 64;
}

/* The first track in the set from number `from` on, or TRACK_SET_END. */
unsigned track_set_next(const struct track_set *, unsigned from);

/* The tracks of a classified packet, never none: of all its parts or, if `flags` is not 0, of those
 * that have one of them.  Of a packet that repeats tracks the first 256 parts count. */
struct track_set multitrack_tracks(const struct avpacket *, uint8_t flags);

/* Whether a classified audio or video packet has a part of `track`. */
bool multitrack_has(const struct avpacket *, uint8_t track);

/* Whether CodedFrames of the codec begin with a composition time. */
bool multitrack_has_cts(uint32_t codec);

enum multitrack_form {
    MULTITRACK_ENHANCED, /* one track, FourCC and no track id; parts of FLV 10.1's forms stay as they are */
    MULTITRACK_FLV,      /* as FLV 10.1 where it knows the codec: AVC, AAC, MP3; else as above */
    MULTITRACK_FLV_CDN,  /* the same, with HEVC as CodecID 12 and AV1 as 13, as Chinese CDNs have them */
};

/* A new packet, classified, with the part of `track` alone and in `form`, for a viewer who wants
 * that track only or who does not know multitrack; its track is 0.  Time is the packet's; a ModEx
 * prefix is left behind.  The caller owns it.
 *
 * NULL if the packet holds nothing of the track, or nothing that the form can say (those of FLV have
 * no HDR information, no channel layout and, of FLV 10.1's codecs, no end of audio), if it is broken,
 * or if there is no memory. */
struct avpacket *multitrack_extract(const struct avpacket *, uint8_t track, enum multitrack_form);

#endif
