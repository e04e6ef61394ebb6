#include "net/tls_bundle.h"

#include "base/alloc.h"
#include "base/log.h"
#include "net/tls_cert.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Kinds of keys that one handshake is offered; there are RSA, RSA-PSS, EC and two of Edwards'. */
#define KINDS_MAX 5

enum { SHARED = TLS_SERVICES }; /* instead of a service: for all of them */

struct entry {
    struct tls_cert cert;
    unsigned        service; /* enum tls_service, or SHARED */
};

struct tls_bundle {
    atomic_uint  refs;
    size_t       count;
    struct entry entries[]; /* those of services first */
};

/* Settings. */

static struct tls_pair copy_pair(const struct tls_pair *pair)
{
    return (struct tls_pair){ alloc_string(pair->name), alloc_string(pair->cert), alloc_string(pair->key) };
}

static void clear_pair(const struct tls_pair *pair)
{
    free((char *)pair->name);
    free((char *)pair->cert);
    free((char *)pair->key);
}

struct tls_settings tls_settings_copy(const struct tls_settings *settings)
{
    struct tls_settings copy = *settings;
    struct tls_pair    *shared = alloc_zeroed((settings->shared_count + 1) * sizeof *shared);
    for (int i = 0; i < TLS_SERVICES; i++)
        copy.own[i] = copy_pair(&settings->own[i]);
    for (size_t i = 0; i < settings->shared_count; i++)
        shared[i] = copy_pair(&settings->shared[i]);
    copy.shared = shared;
    return copy;
}

void tls_settings_clear(struct tls_settings *settings)
{
    for (int i = 0; i < TLS_SERVICES; i++)
        clear_pair(&settings->own[i]);
    for (size_t i = 0; i < settings->shared_count; i++)
        clear_pair(&settings->shared[i]);
    free((void *)settings->shared);
}

static uint64_t mix(uint64_t hash, uint64_t value) /* FNV-1a, by words */
{
    return (hash ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t mix_file(uint64_t hash, const char *path)
{
    struct stat s;
    if (path[0] == '\0' || stat(path, &s) != 0)
        return mix(hash, 1);
    hash = mix(mix(mix(hash, s.st_dev), s.st_ino), (uint64_t)s.st_size);
    return mix(mix(hash, (uint64_t)s.st_mtim.tv_sec), (uint64_t)s.st_mtim.tv_nsec);
}

static uint64_t mix_pair(uint64_t hash, const struct tls_pair *pair)
{
    return mix_file(mix_file(hash, pair->cert), pair->key);
}

uint64_t tls_settings_look(const struct tls_settings *settings)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < TLS_SERVICES; i++)
        if (settings->on[i])
            hash = mix_pair(hash, &settings->own[i]);
    for (size_t i = 0; i < settings->shared_count; i++)
        hash = mix_pair(hash, &settings->shared[i]);
    return hash;
}

/* Loading. */

static bool add_entry(struct tls_bundle *b, const struct tls_pair *pair, unsigned service,
                      char error[TLS_ERROR_SIZE])
{
    struct entry *entry = &b->entries[b->count];
    char          names[256];
    if (!tls_cert_load(pair, &entry->cert, error))
        return false;
    entry->service = service;
    b->count++;
    tls_cert_describe(&entry->cert, names, sizeof names);
    log_debug(NULL, "%s: certificate for %s", pair->name, names[0] != '\0' ? names : "no name");
    return true;
}

static bool refuse(const struct tls_pair *own, const char *why, char error[TLS_ERROR_SIZE])
{
    snprintf(error, TLS_ERROR_SIZE, "%s%s", own->name, why);
    return false;
}

/* The service's own certificate, if it has one. */
static bool add_own(struct tls_bundle *b, const struct tls_settings *settings, unsigned service,
                    char error[TLS_ERROR_SIZE])
{
    const struct tls_pair *own = &settings->own[service];
    if (!settings->on[service])
        return true;
    if (own->cert[0] != '\0')
        return add_entry(b, own, service, error);
    if (own->key[0] != '\0')
        return refuse(own, ".key is set, but not the certificate that belongs to it", error);
    if (settings->shared_count == 0)
        return refuse(own, ".port needs a certificate: set cert and key beside it, or tls.certificates",
                      error);
    return true;
}

static bool add_all(struct tls_bundle *b, const struct tls_settings *settings, char error[TLS_ERROR_SIZE])
{
    for (unsigned i = 0; i < TLS_SERVICES; i++)
        if (!add_own(b, settings, i, error))
            return false;
    for (size_t i = 0; i < settings->shared_count; i++)
        if (!add_entry(b, &settings->shared[i], SHARED, error))
            return false;
    return true;
}

struct tls_bundle *tls_bundle_load(const struct tls_settings *settings, char error[TLS_ERROR_SIZE])
{
    size_t             count_max = TLS_SERVICES + settings->shared_count;
    struct tls_bundle *b = alloc_zeroed(sizeof *b + count_max * sizeof *b->entries);
    atomic_init(&b->refs, 1);
    if (add_all(b, settings, error))
        return b;
    tls_bundle_unref(b);
    return NULL;
}

struct tls_bundle *tls_bundle_ref(struct tls_bundle *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void tls_bundle_unref(struct tls_bundle *b)
{
    if (b == NULL || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < b->count; i++)
        tls_cert_clear(&b->entries[i].cert);
    free(b);
}

/* Choosing. */

static bool may_use(const struct entry *entry, enum tls_service service)
{
    return entry->service == service || entry->service == SHARED;
}

static bool contains(const int *kinds, size_t count, int kind)
{
    for (size_t i = 0; i < count; i++)
        if (kinds[i] == kind)
            return true;
    return false;
}

/* How many were given; -1 if OpenSSL refuses one. */
static int use_matching(const struct tls_bundle *b, SSL *ssl, enum tls_service service, const char *host)
{
    int    kinds[KINDS_MAX];
    size_t used = 0;
    for (size_t i = 0; i < b->count && used < KINDS_MAX; i++) {
        const struct entry *entry = &b->entries[i];
        int                 kind = EVP_PKEY_get_base_id(entry->cert.key);
        if (!may_use(entry, service) || contains(kinds, used, kind) || !tls_cert_is_for(&entry->cert, host))
            continue;
        if (!tls_cert_use(&entry->cert, ssl))
            return -1;
        kinds[used++] = kind;
    }
    return (int)used;
}

static bool use_first(const struct tls_bundle *b, SSL *ssl, enum tls_service service)
{
    for (size_t i = 0; i < b->count; i++)
        if (may_use(&b->entries[i], service))
            return tls_cert_use(&b->entries[i].cert, ssl);
    return false;
}

bool tls_bundle_use(const struct tls_bundle *b, SSL *ssl, enum tls_service service, const char *host)
{
    int used = host != NULL ? use_matching(b, ssl, service, host) : 0;
    return used != 0 ? used > 0 : use_first(b, ssl, service);
}
