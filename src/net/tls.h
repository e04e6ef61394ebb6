/* tls.h - TLS as the transport of a connection, server side, by OpenSSL.
 *
 * Records are made and read in buffers of the loop: a connection holds ciphertext of its own
 * only while its socket is full, and an idle one holds no buffer at all.  Bytes that
 * conn_send() has accepted are on their way whatever the owner does next: what is encrypted is
 * never encrypted again, nor cut.
 *
 * A failed handshake ends the connection with ERR_PROTOCOL; conn_why() then has the cause. */
#ifndef MILLRACE_NET_TLS_H
#define MILLRACE_NET_TLS_H

#include <stdbool.h>

struct conn;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX */

/* Speak TLS from here on.  To be called on a new connection, before anything was read or
 * written; conn_is_opening() until the handshake is done. */
void tls_start(struct conn *, struct ssl_ctx_st *);

/* Whether the kernel can encrypt by itself (kTLS): its "tls" module is there. */
bool tls_kernel_is_able(void);

#endif
