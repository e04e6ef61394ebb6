/* tls_setup.h - the certificates that the configuration names. */
#ifndef MILLRACE_SERVER_TLS_SETUP_H
#define MILLRACE_SERVER_TLS_SETUP_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct tls_store;

/* Load them into *out: NULL, and true, if no port speaks TLS.  False if one cannot be used; one
 * sentence is logged. */
bool tls_setup_load(const struct config *, struct tls_store **out);

/* Load them again, from a configuration that may name others; from any thread.  False with one
 * sentence in `error`, and the old ones stay.  The store may be NULL. */
bool tls_setup_reload(struct tls_store *, const struct config *, char *error, size_t error_size);

#endif
