/* standby.h - a publisher that is kept warm beside the one whose packets go out.
 *
 * A stream may have two publishers: the main one, and one that came with `?backup=1`.  Of the one
 * that is not on the air only the headers are kept, and how both fare.  When it may take over
 * (core/broadcast_publish.c decides) it does so at a keyframe: from there on its packets are kept
 * until the other has let go of the stream.  Owned by the warm session, on its worker. */
#ifndef MILLRACE_CORE_STANDBY_H
#define MILLRACE_CORE_STANDBY_H

#include "core/bitrate.h"
#include "core/header_set.h"
#include "core/packet_ring.h"

#include <stdbool.h>
#include <stdint.h>

/* Why a warm publisher is to have the stream. */
enum standby_reason {
    STANDBY_NOT_WANTED,
    STANDBY_GONE,     /* the other has left */
    STANDBY_SILENT,   /* the other has sent nothing for publish.standby_after_ms */
    STANDBY_LOW,      /* the other sends less than publish.standby_min_bitrate */
    STANDBY_RETURNED, /* it is the main one, and has been well for publish.standby_return_s */
};

struct standby {
    struct header_set   *headers;  /* its own, or as they last went out; dts_ms is the publisher's time */
    struct packet_ring   waiting;  /* since the keyframe at which it asked for the stream */
    enum standby_reason  claim;    /* why it has asked, if it has */
    bool                 has_video;
    uint64_t             heard_ms; /* when its last packet came */
    bool                 well;     /* none came late, and the bitrate is not known to be too low, */
    uint64_t             well_since_ms; /* since then */
    uint64_t             bytes;    /* of media, since it stands by */
    struct bitrate_floor own;      /* its bitrate against publish.standby_min_bitrate, */
    struct bitrate_floor other;    /* and that of the one on the air, seen from here */
    uint64_t             other_serial; /* the publisher that `other` is about */
};

/* What counts as well, and what publishers on the air have sent in all. */
struct standby_terms {
    uint64_t stall_ms;
    uint64_t min_bitrate; /* bits a second; 0: bitrates do not count */
    uint64_t other_bytes;
};

/* With the packets of `headers`, which may be NULL, in a set of its own. */
struct standby *standby_new(struct header_set *headers, uint64_t now_ms);
void            standby_free(struct standby *); /* NULL is allowed */

/* A packet has come: how it fares. */
void standby_hear(struct standby *, const struct avpacket *, uint64_t now_ms, const struct standby_terms *);

/* Keep the packet (borrowed) if it will be needed. */
void standby_keep(struct standby *, struct avpacket *);

/* Whether it has been well for so long. */
bool standby_is_well(const struct standby *, uint64_t now_ms, uint64_t for_ms);

/* Whether its bitrate is high enough while that of the publisher with this serial number is not. */
bool standby_is_better(struct standby *, uint64_t other_serial);

/* Whether a stream could go on with this packet. */
bool standby_is_entry(const struct standby *, const struct avpacket *);

/* A copy that is not framed yet; the caller owns it.  NULL if there is no memory. */
struct avpacket *standby_copy(const struct avpacket *);

/* For the log: "the other has gone" and so on, static. */
const char *standby_reason_phrase(enum standby_reason);

#endif
