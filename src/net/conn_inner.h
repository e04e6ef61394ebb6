/* conn_inner.h - connections without a socket: a stream of a protocol that carries many.
 *
 * To its owner it is a connection like any other.  Below it is a transport that `watch`es what it
 * waits for, and gives it what comes: input, the peer's end, and room to send.  All that its owner
 * may do from a callback may happen during these calls. */
#ifndef MILLRACE_NET_CONN_INNER_H
#define MILLRACE_NET_CONN_INNER_H

#include "net/conn.h"

/* Without an owner, and paused: conn_set_owner(), then conn_resume().  `state` is the transport's. */
struct conn *conn_new_inner(struct loop *, const struct conn_transport *, void *state);

/* Bytes have come.  What the owner does not take is kept; `took` says how much it has, so that the
 * transport can bound it: to less than LOOP_SCRATCH_SIZE. */
void conn_give(struct conn *, struct bytes in);

/* No more comes: on_end() follows with ERR_CLOSED, behind all that is kept.  For an end that is
 * none, there is conn_break(). */
void conn_give_end(struct conn *);

/* There is room for what it wants to send. */
void conn_give_room(struct conn *);

#endif
