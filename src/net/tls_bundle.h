/* tls_bundle.h - all certificates of the server at one time, and which of them a client gets.
 *
 * A bundle is never changed, only replaced by another; counted, because a handshake may still
 * hold it. */
#ifndef MILLRACE_NET_TLS_BUNDLE_H
#define MILLRACE_NET_TLS_BUNDLE_H

#include "net/tls_store.h"

#include <openssl/ssl.h>
#include <stdint.h>

struct tls_bundle;

/* Settings with memory of their own, and what the files they name look like: a number that
 * changes with any of them. */
struct tls_settings tls_settings_copy(const struct tls_settings *);
void                tls_settings_clear(struct tls_settings *);
uint64_t            tls_settings_look(const struct tls_settings *);

/* Load all that the settings name.  NULL with one sentence in `error`. */
struct tls_bundle *tls_bundle_load(const struct tls_settings *, char error[TLS_ERROR_SIZE]);
struct tls_bundle *tls_bundle_ref(struct tls_bundle *);
void               tls_bundle_unref(struct tls_bundle *); /* NULL is allowed */

/* Give the client of `ssl` the certificates for the host it names (NULL: none), as
 * tls_store.h says.  False if OpenSSL refuses. */
bool tls_bundle_use(const struct tls_bundle *, SSL *ssl, enum tls_service, const char *host);

#endif
