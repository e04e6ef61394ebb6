/* standby.h - a publisher that is kept warm beside the one whose packets go out.
 *
 * A stream may have two publishers: the main one, and one that came with `?backup=1`.  Of the one
 * that is not on the air only the headers are kept, and how it fares.  When it may take over
 * (core/broadcast.c decides) it does so at a keyframe: from there on its packets are kept until
 * the other has let go of the stream.  Owned by the warm session, on its worker. */
#ifndef MILLRACE_CORE_STANDBY_H
#define MILLRACE_CORE_STANDBY_H

#include "core/header_set.h"
#include "core/packet_ring.h"

#include <stdbool.h>
#include <stdint.h>

struct standby {
    struct header_set *headers;       /* its own, or as they last went out; dts_ms is the publisher's time */
    struct packet_ring waiting;       /* since the keyframe at which it asked for the stream */
    bool               claiming;      /* it has asked */
    bool               has_video;
    uint64_t           heard_ms;      /* when its last packet came */
    uint64_t           well_since_ms; /* since when none came late */
};

/* With the packets of `headers`, which may be NULL, in a set of its own. */
struct standby *standby_new(struct header_set *headers, uint64_t now_ms);
void            standby_free(struct standby *); /* NULL is allowed */

/* Take a packet (borrowed) that came at `now_ms`; a pause longer than `stall_ms` starts its good
 * time anew. */
void standby_take(struct standby *, struct avpacket *, uint64_t now_ms, uint64_t stall_ms);

/* Whether a stream could go on with this packet. */
bool standby_is_entry(const struct standby *, const struct avpacket *);

/* A copy that is not framed yet; the caller owns it.  NULL if there is no memory. */
struct avpacket *standby_copy(const struct avpacket *);

#endif
