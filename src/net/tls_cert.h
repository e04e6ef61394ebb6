/* tls_cert.h - one certificate with its chain and private key, read from files in PEM. */
#ifndef MILLRACE_NET_TLS_CERT_H
#define MILLRACE_NET_TLS_CERT_H

#include "net/tls_store.h"

#include <openssl/ssl.h>

struct tls_cert {
    X509           *leaf;
    STACK_OF(X509) *chain; /* what follows it in the file; may be empty */
    EVP_PKEY       *key;
};

/* Read and check a pair: that the files can be read, that they belong together, and that TLS may
 * use them.  *out is the caller's then; else false with one sentence in `error`.  Warns of a key
 * that everyone may read, and of a certificate out of date. */
bool tls_cert_load(const struct tls_pair *, struct tls_cert *out, char error[TLS_ERROR_SIZE]);
void tls_cert_clear(struct tls_cert *);

/* Present it to the client of `ssl`.  False if OpenSSL refuses. */
bool tls_cert_use(const struct tls_cert *, SSL *ssl);

/* Whether it is for `host`; wildcards count. */
bool tls_cert_is_for(const struct tls_cert *, const char *host);

/* The first names it is for, such as "example.org, *.example.org". */
void tls_cert_describe(const struct tls_cert *, char *out, size_t size);

#endif
