/* header_set.h - what a viewer must have before its first frame: the metadata, and of each track the
 * sequence header, the colours and the channel layout, in the order they came.
 *
 * A set is immutable; a new header makes a new set.  It is counted, but not atomically: a set
 * belongs to one worker (the packets in it do not). */
#ifndef MILLRACE_CORE_HEADER_SET_H
#define MILLRACE_CORE_HEADER_SET_H

#include "media/avpacket.h"

#include <stdint.h>

/* Tracks beyond this keep their headers in band only. */
#define HEADER_SET_MAX 32

struct header_set {
    uint32_t         refs;
    uint32_t         count;
    struct avpacket *packets[]; /* a reference each */
};

struct header_set *header_set_ref(struct header_set *); /* NULL is allowed, and returned */
void               header_set_unref(struct header_set **);

/* `old` (may be NULL) brought up to date with `packet`, one of AV_HEADERS.  Packets stay as they came,
 * also those that several tracks share: one goes when the newer ones have something for each of its
 * tracks, and whoever reads the set in order ends with the newest of everything.  The caller owns the
 * result. */
struct header_set *header_set_with(const struct header_set *old, struct avpacket *packet);

/* A set that starts with `packet` and goes on with those of `rest` (may be NULL): what a viewer
 * that skips ahead in the middle of `packet` still has to get. */
struct header_set *header_set_after(struct avpacket *packet, const struct header_set *rest);

#endif
