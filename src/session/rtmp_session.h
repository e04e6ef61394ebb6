/* rtmp_session.h - one RTMP connection, from the handshake to its end. */
#ifndef MILLRACE_SESSION_RTMP_SESSION_H
#define MILLRACE_SESSION_RTMP_SESSION_H

#include <sys/socket.h>

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct worker;

/* Serve an admitted connection (context_admit()); `fd` is taken over.  `tls` is NULL for plain
 * RTMP. */
void rtmp_session_start(struct worker *, int fd, const struct sockaddr_storage *peer, struct ssl_ctx_st *tls);

#endif
