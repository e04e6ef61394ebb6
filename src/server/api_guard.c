#include "server/api_guard.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/list.h"
#include "base/map.h"
#include "net/cidr.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST PASSWORD_DIGEST_SIZE

/* An address that failed. */
struct failure {
    struct list link;  /* the last to fail is last */
    char        key[CIDR_TEXT_SIZE];
    unsigned    count;
    uint64_t    since_ms;
};

/* A password with the hash that it belongs to. */
struct verified {
    uint8_t  digest[DIGEST];
    uint64_t until_ms; /* 0: none */
};

struct login {
    uint8_t  token[DIGEST];
    uint8_t  hash[DIGEST]; /* of the user's password hash */
    char     username[CONFIG_CALLER_NAME_MAX + 1];
    uint64_t until_ms; /* 0: none */
};

struct api_guard {
    pthread_mutex_t lock;
    uint8_t         key[DIGEST];
    struct map     *failures; /* lock, like all below */
    struct list     failed;
    struct verified verified[API_GUARD_VERIFIED_MAX];
    struct login    logins[API_GUARD_LOGINS_MAX];
};

struct api_guard *api_guard_new(void)
{
    struct api_guard *g = alloc_zeroed(sizeof *g);
    if (RAND_bytes(g->key, sizeof g->key) != 1)
        abort(); /* at start only: no randomness */
    pthread_mutex_init(&g->lock, NULL);
    g->failures = map_new();
    list_init(&g->failed);
    return g;
}

void api_guard_free(struct api_guard *g)
{
    if (g == NULL)
        return;
    LIST_EACH (node, &g->failed)
        free(LIST_ITEM(node, struct failure, link));
    map_free(g->failures);
    pthread_mutex_destroy(&g->lock);
    OPENSSL_cleanse(g, sizeof *g);
    free(g);
}

/* Digests that nobody else can make. */
static void make_digest(const struct api_guard *g, const char *first, const char *second, uint8_t out[DIGEST])
{
    uint8_t inner[2 * DIGEST];
    password_digest(first, inner);
    password_digest(second, inner + DIGEST);
    if (HMAC(EVP_sha256(), g->key, sizeof g->key, inner, sizeof inner, out, NULL) == NULL)
        abort(); /* OpenSSL without SHA-256 */
    OPENSSL_cleanse(inner, sizeof inner);
}

/* Failures. */

/* Whoever has an IPv6 address has 2^64 of them. */
static void key_of(const char *ip, char out[CIDR_TEXT_SIZE])
{
    struct cidr network;
    if (cidr_of_ip(ip, &network) != 0) {
        snprintf(out, CIDR_TEXT_SIZE, "%s", ip);
        return;
    }
    if (network.v6)
        cidr_truncate(&network, 64);
    cidr_format(&network, out);
}

static void forget(struct api_guard *g, struct failure *f)
{
    map_remove(g->failures, f->key);
    list_remove(&f->link);
    free(f);
}

static bool is_over(const struct failure *f, uint64_t now_ms)
{
    return now_ms - f->since_ms >= API_GUARD_FAILURES_MS;
}

uint32_t api_guard_wait_s(struct api_guard *g, const char *ip, uint64_t now_ms)
{
    char     key[CIDR_TEXT_SIZE];
    uint32_t wait_s = 0;
    key_of(ip, key);
    pthread_mutex_lock(&g->lock);
    struct failure *f = map_get(g->failures, key);
    if (f != NULL && is_over(f, now_ms))
        forget(g, f);
    else if (f != NULL && f->count >= API_GUARD_FAILURES_MAX)
        wait_s = (uint32_t)((f->since_ms + API_GUARD_FAILURES_MS - now_ms + 999) / 1000);
    pthread_mutex_unlock(&g->lock);
    return wait_s;
}

static struct failure *add_failure(struct api_guard *g, const char *key, uint64_t now_ms)
{
    if (map_count(g->failures) >= API_GUARD_ADDRESSES_MAX)
        forget(g, LIST_ITEM(g->failed.next, struct failure, link));
    struct failure *f = alloc_zeroed(sizeof *f);
    list_init(&f->link);
    snprintf(f->key, sizeof f->key, "%s", key);
    f->since_ms = now_ms;
    map_put(g->failures, key, f);
    return f;
}

void api_guard_fail(struct api_guard *g, const char *ip, uint64_t now_ms)
{
    char key[CIDR_TEXT_SIZE];
    key_of(ip, key);
    pthread_mutex_lock(&g->lock);
    struct failure *f = map_get(g->failures, key);
    if (f == NULL)
        f = add_failure(g, key, now_ms);
    if (is_over(f, now_ms)) {
        f->count = 0;
        f->since_ms = now_ms;
    }
    f->count++;
    list_remove(&f->link);
    list_append(&g->failed, &f->link);
    pthread_mutex_unlock(&g->lock);
}

/* Passwords that were right. */

/* All are compared, in the same time whatever they are. */
static struct verified *find_verified(struct api_guard *g, const uint8_t digest[DIGEST], uint64_t now_ms)
{
    struct verified *found = NULL;
    for (size_t i = 0; i < API_GUARD_VERIFIED_MAX; i++) {
        struct verified *v = &g->verified[i];
        if (CRYPTO_memcmp(v->digest, digest, DIGEST) == 0 && v->until_ms > now_ms)
            found = v;
    }
    return found;
}

static struct verified *oldest_verified(struct api_guard *g)
{
    struct verified *oldest = &g->verified[0];
    for (size_t i = 1; i < API_GUARD_VERIFIED_MAX; i++)
        if (g->verified[i].until_ms < oldest->until_ms)
            oldest = &g->verified[i];
    return oldest;
}

bool api_guard_knows(struct api_guard *g, const char *hash, const char *password, uint64_t now_ms)
{
    uint8_t digest[DIGEST];
    make_digest(g, hash, password, digest);
    pthread_mutex_lock(&g->lock);
    bool known = find_verified(g, digest, now_ms) != NULL;
    pthread_mutex_unlock(&g->lock);
    return known;
}

void api_guard_remember(struct api_guard *g, const char *hash, const char *password, uint64_t now_ms)
{
    uint8_t digest[DIGEST];
    make_digest(g, hash, password, digest);
    pthread_mutex_lock(&g->lock);
    struct verified *v = find_verified(g, digest, now_ms);
    if (v == NULL)
        v = oldest_verified(g);
    memcpy(v->digest, digest, DIGEST);
    v->until_ms = now_ms + API_GUARD_VERIFIED_MS;
    pthread_mutex_unlock(&g->lock);
}

/* Log-ins. */

static struct login *oldest_login(struct api_guard *g)
{
    struct login *oldest = &g->logins[0];
    for (size_t i = 1; i < API_GUARD_LOGINS_MAX && oldest->until_ms > 0; i++)
        if (g->logins[i].until_ms < oldest->until_ms)
            oldest = &g->logins[i];
    return oldest;
}

int api_guard_log_in(struct api_guard *g, const char *username, const char *hash, uint64_t now_ms,
                     char token[PASSWORD_TOKEN_SIZE])
{
    uint8_t digest[DIGEST];
    if (password_make_token(token) != 0)
        return ERR_SYSTEM;
    make_digest(g, token, "", digest);
    pthread_mutex_lock(&g->lock);
    struct login *l = oldest_login(g);
    memcpy(l->token, digest, DIGEST);
    password_digest(hash, l->hash);
    snprintf(l->username, sizeof l->username, "%s", username);
    l->until_ms = now_ms + API_GUARD_LOGIN_MS;
    pthread_mutex_unlock(&g->lock);
    return 0;
}

/* The digest is keyed: how long a comparison takes tells nothing of a token. */
static struct login *find_login(struct api_guard *g, const char *token)
{
    uint8_t digest[DIGEST];
    make_digest(g, token, "", digest);
    for (size_t i = 0; i < API_GUARD_LOGINS_MAX; i++)
        if (g->logins[i].until_ms > 0 && CRYPTO_memcmp(g->logins[i].token, digest, DIGEST) == 0)
            return &g->logins[i];
    return NULL;
}

static const struct config_caller *find_user(const struct config_callers *users, const struct login *l)
{
    uint8_t hash[DIGEST];
    for (size_t i = 0; i < users->count; i++) {
        if (strcmp(users->items[i].name, l->username) != 0)
            continue;
        password_digest(users->items[i].secret, hash);
        return memcmp(hash, l->hash, DIGEST) == 0 ? &users->items[i] : NULL;
    }
    return NULL;
}

const struct config_caller *api_guard_find(struct api_guard *g, const struct config_callers *users,
                                           const char *token, uint64_t now_ms)
{
    pthread_mutex_lock(&g->lock);
    struct login               *l = find_login(g, token);
    const struct config_caller *user = l != NULL && l->until_ms > now_ms ? find_user(users, l) : NULL;
    if (l != NULL && user == NULL)
        *l = (struct login){ 0 };
    pthread_mutex_unlock(&g->lock);
    return user;
}

bool api_guard_log_out(struct api_guard *g, const char *token)
{
    pthread_mutex_lock(&g->lock);
    struct login *l = find_login(g, token);
    if (l != NULL)
        *l = (struct login){ 0 };
    pthread_mutex_unlock(&g->lock);
    return l != NULL;
}
