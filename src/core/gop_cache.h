/* gop_cache.h - where in a stream a viewer may start, and the packets from there on.
 *
 * The cache is the tail of a packet ring: the packets since `start`, the newest point at which
 * decoding can begin, and the headers that were in force there.  Viewers that are behind may
 * make its owner keep more of the ring than that.
 *
 *   with video     start is the newest keyframe of the first video track, by its number, which is
 *                  the one that players show, or one of another track that came together with it;
 *                  the tracks whose keyframes come at other times follow with their next.  The
 *                  first group of a publisher also has the sound that came before its first
 *                  keyframe, so that who waited for the stream misses nothing of it.
 *   sound only     start is the newest packet.
 *   none           0: video goes on, but its last keyframe lies further back than the bounds
 *                  allow, or none has come; viewers wait for the next.
 *
 * One thread at a time; core/broadcast.h says whose. */
#ifndef MILLRACE_CORE_GOP_CACHE_H
#define MILLRACE_CORE_GOP_CACHE_H

#include "core/header_set.h"
#include "core/packet_ring.h"
#include "core/video_groups.h"

#include <stdbool.h>
#include <stdint.h>

/* When the metadata does not say which tracks there are, they are taken to be those that have
 * shown up so long after the first packet. */
#define GOP_CACHE_TRACKS_MS 2500

struct gop_limits {
    uint64_t size_max;    /* bytes from start to the newest packet; 0: no group is kept */
    uint32_t duration_ms; /* the same in time */
};

struct gop_cache {
    struct packet_ring ring;
    struct gop_limits  limits;
    struct video_groups groups;
    struct header_set *headers;           /* as of the newest packet; NULL: none */
    struct header_set *start_headers;     /* as of `start` */
    uint64_t           headers_seq;       /* of the last packet that changed `headers` */
    uint64_t           start_headers_seq; /* the same for start_headers */
    uint64_t           start;             /* sequence number, or 0 */
    uint64_t           start_position;    /* of it in the ring's bytes, */
    int64_t            start_dts_ms;      /* and in time */
    int64_t            first_dts_ms;      /* of the publisher's first frame */
    uint8_t            video_track;       /* whose keyframes count */
    bool               has_audio, has_video;
    bool               says_audio, says_video; /* the metadata names a codec for it */
    bool               lacks_audio, lacks_video; /* its owner lets none in; gop_cache_restart() keeps it */
    bool               tracks_known;
    bool               fresh;             /* no frame yet */
    bool               leading;           /* `start` is sound before the first keyframe */
    bool               keyframe_seen;
};

void gop_cache_init(struct gop_cache *, const struct gop_limits *);
void gop_cache_clear(struct gop_cache *); /* packets and headers; may be used again */

/* A publisher starts or returns: headers, tracks and start are forgotten, the ring is not. */
void gop_cache_restart(struct gop_cache *);

/* Whether a classified packet, if it was appended next, is a video frame that nothing has come for to
 * show it with.  Such a packet is to be dropped. */
bool gop_cache_lacks_keyframe(struct gop_cache *, const struct avpacket *);

/* Append a classified packet (its own reference is taken).  Returns its sequence number. */
uint64_t gop_cache_append(struct gop_cache *, struct avpacket *);

/* Drop what neither the cache nor a viewer at `oldest` or later needs. */
void gop_cache_trim(struct gop_cache *, uint64_t oldest);

/* The tracks are those seen so far: time has shown that no other comes. */
void gop_cache_settle_tracks(struct gop_cache *);

#endif
