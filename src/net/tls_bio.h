/* tls_bio.h - where OpenSSL gets ciphertext from and puts it: its owner, not a socket.
 *
 * Behind it is a socket all the same if the kernel may encrypt (SSL_OP_ENABLE_KTLS): once the
 * kernel has the keys, what OpenSSL itself has to say goes there. */
#ifndef MILLRACE_NET_TLS_BIO_H
#define MILLRACE_NET_TLS_BIO_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_bio_ops {
    size_t (*give)(void *owner, uint8_t *to, size_t room); /* 0: no more for now */
    void (*take)(void *owner, const uint8_t *data, size_t size);
    /* Send what was taken, before the kernel begins to encrypt.  False: it must not begin. */
    bool (*drain)(void *owner);
};

/* Embedded in the owner; must live as long as the SSL. */
struct tls_bio {
    const struct tls_bio_ops *ops;
    void                     *owner;
};

/* False if there is no memory. */
bool tls_bio_attach(struct tls_bio *, SSL *, int fd);

/* Whether the kernel encrypts what is sent. */
bool tls_bio_is_kernel(SSL *);

#endif
