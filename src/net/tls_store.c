#include "net/tls_store.h"

#include "base/alloc.h"
#include "base/log.h"
#include "net/tls_bundle.h"
#include "net/tls_ticket.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* How often the files are looked at.  They must look the same twice before they are read. */
#define WATCH_S 2

#define CIPHERS_12 \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:" \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERS_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* What a client may have us compute: OpenSSL's own list ends in groups that take a hundred times
 * as long, for the asking. */
#define GROUPS "X25519:P-256:P-384"

struct service {
    struct tls_store *store;
    enum tls_service  index;
    SSL_CTX          *context; /* for the life of the store, so that tickets outlive certificates */
};

struct tls_store {
    struct service      services[TLS_SERVICES];
    struct tls_tickets *tickets;
    bool                http2;
    pthread_mutex_t     lock;
    struct tls_bundle  *bundle;   /* lock */
    pthread_mutex_t     loading;  /* one load at a time */
    struct tls_settings settings; /* loading: a copy */
    uint64_t            loaded, seen; /* loading: what the files looked like then, and last */
    pthread_t           watcher;
    pthread_cond_t      stop;     /* with `loading` */
    bool                stopping; /* loading */
};

static struct tls_bundle *current_bundle(struct tls_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct tls_bundle *b = tls_bundle_ref(store->bundle);
    pthread_mutex_unlock(&store->lock);
    return b;
}

static void replace_bundle(struct tls_store *store, struct tls_bundle *b)
{
    pthread_mutex_lock(&store->lock);
    struct tls_bundle *old = store->bundle;
    store->bundle = b;
    pthread_mutex_unlock(&store->lock);
    tls_bundle_unref(old);
}

/* With `loading`.  The files are looked at before they are read: a change in between is found
 * by the next look. */
static bool load(struct tls_store *store, const struct tls_settings *settings, char error[TLS_ERROR_SIZE])
{
    uint64_t           looks = tls_settings_look(settings);
    struct tls_bundle *b = tls_bundle_load(settings, error);
    if (b == NULL)
        return false;
    replace_bundle(store, b);
    store->loaded = store->seen = looks;
    return true;
}

/* Handshakes, on the workers' threads. */

static int on_certificate(SSL *ssl, void *arg)
{
    const struct service *service = arg;
    const char           *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    struct tls_bundle    *b = current_bundle(service->store);
    bool                  done = tls_bundle_use(b, ssl, service->index, host);
    tls_bundle_unref(b);
    return done ? 1 : 0;
}

/* What HTTP clients may speak, our own choice first. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
                   unsigned in_size, void *arg)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    const struct service      *service = arg;
    unsigned                   skipped = service->store->http2 ? 0 : sizeof "\x02h2" - 1;
    unsigned char             *chosen;
    (void)ssl;
    int found = SSL_select_next_proto(&chosen, out_size, ours + skipped, sizeof ours - 1 - skipped, in,
                                      in_size);
    if (found != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301, 3.2 */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_up_context(struct service *service, bool kernel)
{
    SSL_CTX *c = service->context;
    if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(c, CIPHERS_12) != 1 ||
        SSL_CTX_set_ciphersuites(c, CIPHERS_13) != 1 || SSL_CTX_set1_groups_list(c, GROUPS) != 1)
        return false;
    SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
    if (kernel)
        SSL_CTX_set_options(c, SSL_OP_ENABLE_KTLS);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_id_context(c, (const unsigned char *)"millrace", sizeof "millrace" - 1);
    SSL_CTX_set_cert_cb(c, on_certificate, service);
    if (service->index == TLS_HTTPS)
        SSL_CTX_set_alpn_select_cb(c, on_alpn, service);
    tls_tickets_use(service->store->tickets, c);
    return true;
}

static void make_contexts(struct tls_store *store, bool kernel)
{
    store->tickets = tls_tickets_new();
    for (int i = 0; i < TLS_SERVICES; i++) {
        struct service *service = &store->services[i];
        *service = (struct service){ store, (enum tls_service)i, SSL_CTX_new(TLS_server_method()) };
        if (service->context == NULL || !set_up_context(service, kernel))
            abort(); /* at start only: an OpenSSL without these ciphers, or no memory */
    }
}

/* The watch. */

static void check_files(struct tls_store *store)
{
    char     error[TLS_ERROR_SIZE];
    uint64_t looks = tls_settings_look(&store->settings);
    bool     settled = looks == store->seen;
    store->seen = looks;
    if (looks == store->loaded || !settled)
        return;
    store->loaded = looks; /* a failure is told once, until the files change again */
    if (load(store, &store->settings, error))
        log_info(NULL, "certificates have changed and are loaded");
    else
        log_error(NULL, "certificates have changed, but the old ones stay: %s", error);
}

static void *watch(void *arg)
{
    struct tls_store *store = arg;
    pthread_mutex_lock(&store->loading);
    while (!store->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += WATCH_S;
        if (pthread_cond_timedwait(&store->stop, &store->loading, &until) == ETIMEDOUT)
            check_files(store);
    }
    pthread_mutex_unlock(&store->loading);
    return NULL;
}

/* Signals are for others: the new thread has them all blocked. */
static int start_watch(struct tls_store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&store->watcher, NULL, watch, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static struct tls_store *make(const struct tls_settings *settings)
{
    struct tls_store  *store = alloc_zeroed(sizeof *store);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&store->stop, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->loading, NULL);
    store->settings = tls_settings_copy(settings);
    store->http2 = settings->http2;
    make_contexts(store, settings->kernel);
    return store;
}

static void destroy(struct tls_store *store)
{
    for (int i = 0; i < TLS_SERVICES; i++)
        SSL_CTX_free(store->services[i].context);
    tls_tickets_free(store->tickets);
    tls_bundle_unref(store->bundle);
    tls_settings_clear(&store->settings);
    pthread_cond_destroy(&store->stop);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->loading);
    free(store);
}

struct tls_store *tls_store_new(const struct tls_settings *settings, char error[TLS_ERROR_SIZE])
{
    struct tls_store *store = make(settings);
    bool              loaded = load(store, &store->settings, error);
    int               failure = loaded ? start_watch(store) : 0;
    if (loaded && failure == 0)
        return store;
    if (loaded)
        snprintf(error, TLS_ERROR_SIZE, "cannot start a thread: %s", strerror(failure));
    destroy(store);
    return NULL;
}

void tls_store_free(struct tls_store *store)
{
    if (store == NULL)
        return;
    pthread_mutex_lock(&store->loading);
    store->stopping = true;
    pthread_cond_signal(&store->stop);
    pthread_mutex_unlock(&store->loading);
    pthread_join(store->watcher, NULL);
    destroy(store);
}

bool tls_store_reload(struct tls_store *store, const struct tls_settings *settings,
                      char error[TLS_ERROR_SIZE])
{
    struct tls_settings unused = tls_settings_copy(settings);
    pthread_mutex_lock(&store->loading);
    memcpy(unused.on, store->settings.on, sizeof unused.on);
    bool loaded = load(store, &unused, error);
    if (loaded) {
        struct tls_settings old = store->settings;
        store->settings = unused;
        unused = old;
    }
    pthread_mutex_unlock(&store->loading);
    tls_settings_clear(&unused);
    return loaded;
}

struct ssl_ctx_st *tls_store_context(struct tls_store *store, enum tls_service service)
{
    return store->services[service].context;
}
