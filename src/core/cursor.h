/* cursor.h - a viewer's place in a stream: which packet comes next, and how much of it is sent.
 *
 * A viewer has no queue.  It first gets the packets of its preroll (headers, or the rest of a
 * packet that a skip left behind), then those of the ring from `seq` on, but for those that its
 * filter holds back and for pictures that build on a keyframe from before `video_from`.  Two cursors
 * that are equal need the same bytes. */
#ifndef MILLRACE_CORE_CURSOR_H
#define MILLRACE_CORE_CURSOR_H

#include "core/header_set.h"
#include "core/packet_ring.h"
#include "core/video_groups.h"
#include "protocol/wire.h"

#include <stdbool.h>
#include <stdint.h>

enum cursor_filter {
    CURSOR_NO_AUDIO = 1 << 0,
    CURSOR_NO_VIDEO = 1 << 1,
    CURSOR_NO_DATA  = 1 << 2,
    CURSOR_PAUSED   = CURSOR_NO_AUDIO | CURSOR_NO_VIDEO | CURSOR_NO_DATA,
};

struct cursor {
    struct header_set *preroll;    /* counted; NULL once it is sent */
    uint64_t           seq;
    uint64_t           video_from; /* the oldest group of pictures it takes */
    uint32_t           offset;     /* bytes of the current packet's wire form that are sent */
    uint32_t           msid;       /* RTMP message stream id; WIRE_MSID for other forms */
    uint8_t            preroll_at;
    uint8_t            form;       /* enum wire_form */
    uint8_t            filter;     /* enum cursor_filter */
};

bool cursor_equal(const struct cursor *, const struct cursor *);

/* The packet to send from, after passing those held back; NULL at the end of the ring.
 * Borrowed.  `ring` must still hold cursor->seq. */
struct avpacket *cursor_packet(struct cursor *, const struct packet_ring *ring);

/* Go behind the current packet.  A preroll that ends is only forgotten: the viewer gives its
 * reference back. */
void cursor_pass(struct cursor *);

/* At the end of the ring: cursors that will need the same bytes become equal. */
void cursor_settle(struct cursor *, const struct video_groups *);

/* Go `size` bytes on, as far as a socket took what was offered.  Returns how many packets that ends. */
unsigned cursor_advance(struct cursor *, const struct packet_ring *ring, size_t size);

#endif
