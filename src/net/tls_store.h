/* tls_store.h - the certificates and settings of the ports that speak TLS.
 *
 * TLS 1.2 and 1.3 with forward secrecy only.  A client that names a host (SNI) gets the first
 * certificate for that host, its service's own before the shared ones, and one of each other
 * kind of key for the same host, of which the handshake picks; a host that none is for, or no
 * host, gets the service's own, or else the first shared one.
 *
 * Certificates change without touching open connections: by tls_store_reload(), or when a file
 * changes, which a thread of the store looks for every few seconds.  What cannot be used is
 * said in the log, and the old ones stay.  Keys and names come from files in PEM. */
#ifndef MILLRACE_NET_TLS_STORE_H
#define MILLRACE_NET_TLS_STORE_H

#include <stdbool.h>
#include <stddef.h>

struct ssl_ctx_st; /* OpenSSL's SSL_CTX */
struct tls_store;

#define TLS_ERROR_SIZE 512

enum tls_service { TLS_RTMPS, TLS_HTTPS, TLS_SERVICES };

/* A certificate with the chain that follows it, and its private key: files. */
struct tls_pair {
    const char *name; /* what log lines call it: "https" */
    const char *cert; /* "": there is none */
    const char *key;  /* "": it is in the same file */
};

/* Borrowed for the call, all of it. */
struct tls_settings {
    bool                   on[TLS_SERVICES];
    struct tls_pair        own[TLS_SERVICES];
    const struct tls_pair *shared;
    size_t                 shared_count;
    bool                   kernel; /* let the kernel encrypt, where it can */
    bool                   http2;  /* HTTPS clients may choose HTTP/2: then conn->http2 */
};

/* Load all and start to watch the files.  NULL with one sentence in `error` if a file cannot be
 * used, or a service that is on would have no certificate. */
struct tls_store *tls_store_new(const struct tls_settings *, char error[TLS_ERROR_SIZE]);
void              tls_store_free(struct tls_store *); /* when no connection uses it; NULL is allowed */

/* Load again, from any thread, with `settings` as they are now (`on`, `kernel` and `http2` do not change).
 * False with one sentence in `error`, and everything stays as it was. */
bool tls_store_reload(struct tls_store *, const struct tls_settings *, char error[TLS_ERROR_SIZE]);

/* For tls_start().  Borrowed from the store. */
struct ssl_ctx_st *tls_store_context(struct tls_store *, enum tls_service);

#endif
