/* viewer.h - one who watches a stream: a cursor, where its packets go, and what its session is told.
 *
 * Packets go to a socket in one of the wire forms, or, for a sink such as a recording, to a
 * function.  Embedded in the session; it is its worker's alone.  The states:
 *
 *     DETACHED   in no outlet
 *     WAITING    for a publisher, for the tracks to be known, or for a place to start
 *     BEHIND     started, with packets to catch up on; blocked while its socket or sink is full
 *     STEADY     at the end of the stream: fed in batches with all others that are */
#ifndef MILLRACE_CORE_VIEWER_H
#define MILLRACE_CORE_VIEWER_H

#include "base/list.h"
#include "core/cursor.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct outlet;
struct viewer;

enum viewer_state { VIEWER_DETACHED, VIEWER_WAITING, VIEWER_BEHIND, VIEWER_STEADY };

struct viewer_ops {
    /* A packet is about to be sent, the first since the viewer began to wait: queue what goes
     * before it (conn_write). */
    void (*on_start)(struct viewer *, bool has_audio, bool has_video);
    /* The publisher has gone for good, and all of its packets are sent.  The viewer is WAITING;
     * the session may leave or go on waiting. */
    void (*on_stream_end)(struct viewer *);
    /* It was too slow and has been moved ahead by so many packets.  May be NULL. */
    void (*on_skip)(struct viewer *, uint64_t packets);
    /* Sinks only: take one packet (borrowed).  False: no room; call outlet_viewer_writable()
     * when there is, and the same packet comes again. */
    bool (*on_packet)(struct viewer *, struct avpacket *);
    /* The socket failed, or took nothing for delivery.stall_s; the session ends itself. */
    void (*on_lost)(struct viewer *, int error);
};

struct viewer {
    struct list              link;       /* outlet's list of its state */
    struct list              turn;       /* worker's list of those to be fed this turn */
    struct outlet           *outlet;
    struct conn             *conn;       /* NULL: a sink */
    const struct viewer_ops *ops;
    struct cursor            cursor;
    uint8_t                  state;      /* enum viewer_state */
    bool                     blocked;    /* BEHIND, until its socket takes bytes again */
    bool                     needs_tracks; /* starts only when the tracks are known */
    bool                     starts_live;  /* starts with what comes after it joined, no burst before */
    uint64_t                 joined_seq;   /* what came before is nothing to start with */
    bool                     admitted;   /* counted already: outlet_admit() */
    uint64_t                 lag_size;   /* sinks: bytes that may wait in the ring once it is full; 0:
                                            delivery.lag_bytes */
    int                      lost;       /* an error to report through on_lost */
    uint64_t                 progress_ms; /* when its socket last took a byte */
    uint64_t                 bytes_sent; /* of media */
    uint64_t                 packets_sent; /* whole */
    uint64_t                 skips;      /* times it was moved ahead */
    uint64_t                 skipped_packets;
};

void viewer_init(struct viewer *, struct conn *, enum wire_form, const struct viewer_ops *);

/* A viewer that is not one of the audience: it does not count as a viewer of the stream. */
void viewer_init_sink(struct viewer *, const struct viewer_ops *);

#endif
