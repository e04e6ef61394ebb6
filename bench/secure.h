/* secure.h - a client's TLS over a socket that does not wait.  Whose certificate it is does not
 * matter to a load generator: none is checked. */
#ifndef MILLRACE_BENCH_SECURE_H
#define MILLRACE_BENCH_SECURE_H

#include <stddef.h>
#include <sys/types.h>

struct secure;
struct ssl_ctx_st;

/* What all connections share; may be used by several threads.  NULL if OpenSSL cannot. */
struct ssl_ctx_st *secure_context_new(void);
void               secure_context_free(struct ssl_ctx_st *); /* NULL is allowed */

/* `fd` stays the caller's.  NULL if there is no memory. */
struct secure *secure_new(struct ssl_ctx_st *, int fd);
void           secure_free(struct secure *); /* NULL is allowed */

/* As recv() and send(): -1 with errno, EAGAIN when it would wait, EPROTO when TLS broke.  The handshake
 * returns 0 when it is done. */
int     secure_handshake(struct secure *);
ssize_t secure_receive(struct secure *, void *to, size_t size);
ssize_t secure_send(struct secure *, const void *from, size_t size);

#endif
