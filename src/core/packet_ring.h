/* packet_ring.h - packets of one stream in order of arrival, addressed by sequence number.
 *
 * The ring holds a reference to each packet in [first, next).  It grows with what is in it;
 * its owner decides what may go.  Sequence numbers start at 1 and are never used again. */
#ifndef MILLRACE_CORE_PACKET_RING_H
#define MILLRACE_CORE_PACKET_RING_H

#include "media/avpacket.h"

#include <stdint.h>

struct packet_slot {
    struct avpacket *packet;
    uint64_t         position; /* body bytes of the stream before this packet */
    uint64_t         group;    /* its owner's: core/video_groups.h */
};

struct packet_ring {
    struct packet_slot *slots;
    uint64_t            mask;     /* slots - 1, a power of two less one; 0 before the first packet */
    uint64_t            first;    /* the oldest packet held */
    uint64_t            next;     /* one past the newest */
    uint64_t            position; /* body bytes up to `next` */
};

void packet_ring_init(struct packet_ring *);
void packet_ring_clear(struct packet_ring *); /* drops all packets and the memory; numbers go on */

/* Takes a reference of its own.  Returns the packet's sequence number. */
uint64_t packet_ring_push(struct packet_ring *, struct avpacket *, uint64_t group);

/* Drop what comes before `seq`. */
void packet_ring_drop_before(struct packet_ring *, uint64_t seq);

/* `seq` must be in [first, next). */
static inline const struct packet_slot *packet_ring_at(const struct packet_ring *r, uint64_t seq)
{
    return &r->slots[seq & r->mask];
}

/* Body bytes from `seq` (in [first, next]) to the newest. */
static inline uint64_t packet_ring_size_from(const struct packet_ring *r, uint64_t seq)
{
    return seq >= r->next ? 0 : r->position - packet_ring_at(r, seq)->position;
}

#endif
