#include "net/tls_ticket.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LIFE_MS    UINT64_C(14400000) /* four hours */
#define TICKET_LIFE_S  7200               /* less, so that the key before opens every ticket */

struct ticket_key {
    unsigned char name[16]; /* OpenSSL's size */
    unsigned char aes[32];
    unsigned char mac[32];
};

struct tls_tickets {
    pthread_mutex_t   lock;
    uint64_t          since_ms; /* lock: when the newest was drawn */
    bool              has_before;
    struct ticket_key now, before; /* lock */
};

static void draw(struct ticket_key *key)
{
    if (RAND_bytes((unsigned char *)key, sizeof *key) != 1)
        abort(); /* without random numbers there is no TLS either */
}

struct tls_tickets *tls_tickets_new(void)
{
    struct tls_tickets *t = alloc_zeroed(sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    draw(&t->now);
    t->since_ms = clock_monotonic_ms();
    return t;
}

void tls_tickets_free(struct tls_tickets *t)
{
    if (t == NULL)
        return;
    pthread_mutex_destroy(&t->lock);
    OPENSSL_cleanse(t, sizeof *t);
    free(t);
}

/* With the lock. */
static void renew(struct tls_tickets *t)
{
    uint64_t now_ms = clock_monotonic_ms();
    if (now_ms - t->since_ms < KEY_LIFE_MS)
        return;
    t->has_before = now_ms - t->since_ms < 2 * KEY_LIFE_MS;
    t->before = t->now;
    draw(&t->now);
    t->since_ms = now_ms;
}

static struct ticket_key newest_key(struct tls_tickets *t)
{
    pthread_mutex_lock(&t->lock);
    renew(t);
    struct ticket_key key = t->now;
    pthread_mutex_unlock(&t->lock);
    return key;
}

/* False if the ticket is of no key that we still have. */
static bool find_key(struct tls_tickets *t, const unsigned char *name, struct ticket_key *out, bool *old)
{
    pthread_mutex_lock(&t->lock);
    renew(t);
    *old = memcmp(name, t->now.name, sizeof t->now.name) != 0;
    *out = *old ? t->before : t->now;
    bool found = !*old || (t->has_before && memcmp(name, t->before.name, sizeof t->before.name) == 0);
    pthread_mutex_unlock(&t->lock);
    return found;
}

static bool set_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

/* As SSL_CTX_set_tlsext_ticket_key_evp_cb() wants it: 1 to go on, 2 to go on with a new ticket, 0
 * for a full handshake, -1 for failure. */
static int on_ticket(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int making)
{
    struct tls_tickets *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key   key;
    bool                old = false, done;
    if (making) {
        key = newest_key(t);
        memcpy(name, key.name, sizeof key.name);
        done = RAND_bytes(iv, EVP_MAX_IV_LENGTH) == 1 &&
               EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), key.aes, iv, NULL) == 1 && set_mac(mac, &key);
    } else {
        if (!find_key(t, name, &key, &old))
            return 0;
        done = EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), key.aes, iv, NULL) == 1 && set_mac(mac, &key);
    }
    OPENSSL_cleanse(&key, sizeof key);
    return !done ? -1 : old ? 2 : 1;
}

void tls_tickets_use(struct tls_tickets *t, struct ssl_ctx_st *context)
{
    SSL_CTX_set_app_data(context, t);
    SSL_CTX_set_timeout(context, TICKET_LIFE_S);
    SSL_CTX_set_num_tickets(context, 0); /* TLS 1.3: net/tls.c knows when to send one */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}
