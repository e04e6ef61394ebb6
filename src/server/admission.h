/* admission.h - the last question before a connection gets a session, whatever its protocol: is there
 * room for one more (limits.connections, limits.connections_per_ip)? */
#ifndef MILLRACE_SERVER_ADMISSION_H
#define MILLRACE_SERVER_ADMISSION_H

#include <sys/socket.h>

struct ssl_ctx_st;
struct worker;

/* Starts a session on `fd`, which it takes over; `tls` is NULL for a plain connection. */
typedef void admission_start_fn(struct worker *, int fd, const struct sockaddr_storage *peer,
                                struct ssl_ctx_st *tls);

/* Count the connection and start its session, or close it.  `peer` is the true one: after
 * server/proxy_gate.h. */
void admission_start(struct worker *, int fd, const struct sockaddr_storage *peer, struct ssl_ctx_st *tls,
                     admission_start_fn *start);

#endif
