/* conn_peer.h - what the files of connections share; nobody else includes it.
 *
 *     conn.c        reading, sending, the queue, the end
 *     conn_plain.c  the transport without TLS
 *     conn_inner.c  connections without a socket
 *     conn_turn.c   the end of a turn */
#ifndef MILLRACE_NET_CONN_PEER_H
#define MILLRACE_NET_CONN_PEER_H

#include "net/conn.h"

extern const struct conn_transport conn_plain;

/* Have the connection looked at when the turn ends. */
void conn_attend(struct conn *);

/* Report `error` to the owner at the end of the turn, from where it may close at will. */
void conn_fail(struct conn *, int error);

/* Give bytes to the owner until it takes no more, and keep the rest. */
void conn_deliver(struct conn *, const uint8_t *data, size_t size);

/* There is room: for what the transport keeps, then for the queue, then for the owner's. */
void conn_take_room(struct conn *);

/* Tell the end of what an inner connection was given, if it is due. */
void conn_tell_end(struct conn *);

/* The part of conn_close() for one without a socket. */
void conn_close_inner(struct conn *);

/* When nothing refers to it any more. */
void conn_free(struct conn *);

#endif
