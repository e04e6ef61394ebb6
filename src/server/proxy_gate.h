/* proxy_gate.h - where a connection that comes from a proxy waits until its PROXY header is read
 * and says whose it is.
 *
 * It stands before everything else that is done with a connection: before it is counted, before
 * TLS, before the first byte of its protocol, none of which is taken from the socket.  From the
 * networks of proxy.from a header is required; from all others none is looked for. */
#ifndef MILLRACE_SERVER_PROXY_GATE_H
#define MILLRACE_SERVER_PROXY_GATE_H

#include <sys/socket.h>

/* Go on with a connection that is `peer`'s; takes `fd` over. */
typedef void proxy_gate_fn(int fd, const struct sockaddr_storage *peer, void *worker);

/* For an on_accept of worker_listen(): calls `go_on`, now or later, with the true peer; or closes
 * the connection. */
void proxy_gate_accept(int fd, const struct sockaddr_storage *peer, void *worker, proxy_gate_fn *go_on);

#endif
