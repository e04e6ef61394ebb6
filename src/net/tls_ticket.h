/* tls_ticket.h - the keys of session tickets: a client that comes back skips the costly part of
 * the handshake, and the server keeps nothing for it.
 *
 * All workers share them.  They are drawn anew every few hours, so that a key found later opens
 * no older recording; tickets of the key before are still taken. */
#ifndef MILLRACE_NET_TLS_TICKET_H
#define MILLRACE_NET_TLS_TICKET_H

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct tls_tickets;

struct tls_tickets *tls_tickets_new(void);
void                tls_tickets_free(struct tls_tickets *); /* after the contexts that use it */

/* Have the tickets of `context` made and read with these keys. */
void tls_tickets_use(struct tls_tickets *, struct ssl_ctx_st *context);

#endif
