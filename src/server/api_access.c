#include "server/api_access.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/config.h"
#include "core/password.h"
#include "protocol/http_auth.h"
#include "server/api_guard.h"
#include "server/api_origin.h"
#include "server/api_peer.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

/* Passwords that are being tried at a time; each has a thread of the pool for a while. */
#define TRYING_MAX 16

/* What a password is tried against if there is no such user, so that it takes as long. */
static const char nobodys_hash[] = "scrypt:14:8:1:00000000000000000000000000000000:"
                                   "0000000000000000000000000000000000000000000000000000000000000000";

struct api_access {
    struct api_guard *guard;
    atomic_uint       trying;
};

struct api_access *api_access_new(void)
{
    struct api_access *access = alloc_zeroed(sizeof *access);
    access->guard = api_guard_new();
    return access;
}

void api_access_free(struct api_access *access)
{
    if (access != NULL)
        api_guard_free(access->guard);
    free(access);
}

static bool is_open(const struct config *config)
{
    return config->api.users.count == 0 && config->api.tokens.count == 0;
}

void api_access_report(const struct config *config)
{
    if (!config->api.enable)
        log_info(NULL, "the API is off (api.enable)");
    else if (is_open(config))
        log_info(NULL, "the API answers this machine only; api.users and api.tokens let others in");
    else
        log_info(NULL, "the API asks for one of %zu passwords and %zu tokens", config->api.users.count,
                 config->api.tokens.count);
}

static struct api_guard *guard_of(const struct api_call *call)
{
    return api_of(call)->access->guard;
}

/* Refusals. */

/* A browser asks its user for a password when it is told of Basic, which a page that asks by itself
 * does not want: what a page has sent says so. */
static void refuse_unknown(struct api_call *call, const char *message)
{
    const char *mode = http_request_header(http_request_of(call->session), "Sec-Fetch-Mode");
    bool        by_page = mode != NULL && strcmp(mode, "navigate") != 0;
    api_header(call, "WWW-Authenticate",
               by_page ? "Bearer realm=\"Millrace\""
                       : "Basic realm=\"Millrace\", charset=\"UTF-8\", Bearer realm=\"Millrace\"");
    api_fail(call, 401, "%s", message);
}

/* Counted against the address.  What was tried is not said: it may be a password in the wrong place. */
void api_access_refuse(struct api_call *call, const char *message)
{
    const struct session *s = &call->session->base;
    log_warn(&s->log, "API: %s, from %s", message, s->ip);
    api_guard_fail(guard_of(call), s->ip, clock_monotonic_ms());
    refuse_unknown(call, message);
}

/* True if the address has failed too often: the call is answered then. */
static bool must_wait(struct api_call *call)
{
    uint32_t wait_s = api_guard_wait_s(guard_of(call), call->session->base.ip, clock_monotonic_ms());
    char     text[16];
    if (wait_s == 0)
        return false;
    snprintf(text, sizeof text, "%u", wait_s);
    api_header(call, "Retry-After", text);
    api_fail(call, 429, "too many wrong passwords and tokens from this address: wait %u s", wait_s);
    return true;
}

/* Passwords. */

struct trial {
    struct api_access *access;
    void             (*done)(struct api_call *, const struct config_caller *);
    char              *username, *password;
    char              *hash;
    bool               matches;
};

static void free_trial(void *data)
{
    struct trial *t = data;
    atomic_fetch_sub_explicit(&t->access->trying, 1, memory_order_relaxed);
    OPENSSL_cleanse(t->password, strlen(t->password));
    free(t->username);
    free(t->password);
    free(t->hash);
    free(t);
}

/* Others may have tried it meanwhile. */
static void try_in_pool(struct api_call *call)
{
    struct trial     *t = call->data;
    struct api_guard *guard = t->access->guard;
    uint64_t          now_ms = clock_monotonic_ms();
    t->matches =
        api_guard_knows(guard, t->hash, t->password, now_ms) || password_matches(t->hash, t->password);
    if (t->matches)
        api_guard_remember(guard, t->hash, t->password, now_ms);
}

static const struct config_caller *find_user(const struct config *config, const char *username)
{
    for (size_t i = 0; i < config->api.users.count; i++)
        if (strcmp(config->api.users.items[i].name, username) == 0)
            return &config->api.users.items[i];
    return NULL;
}

/* A reload may have changed the user. */
static void after_trial(struct api_call *call)
{
    struct trial               *t = call->data;
    const struct config_caller *user = find_user(call->config, t->username);
    bool                        right = t->matches && user != NULL && strcmp(user->secret, t->hash) == 0;
    call->data = NULL;
    call->free_data = NULL;
    void (*done)(struct api_call *, const struct config_caller *) = t->done;
    free_trial(t);
    done(call, right ? user : NULL);
}

static void start_trial(struct api_call *call, const char *username, const char *password, const char *hash,
                        void (*done)(struct api_call *, const struct config_caller *))
{
    struct api_access *access = api_of(call)->access;
    if (atomic_fetch_add_explicit(&access->trying, 1, memory_order_relaxed) >= TRYING_MAX) {
        atomic_fetch_sub_explicit(&access->trying, 1, memory_order_relaxed);
        api_header(call, "Retry-After", "1");
        api_fail(call, 503, "too many passwords are being tried");
        return;
    }
    struct trial *t = alloc_zeroed(sizeof *t);
    t->access = access;
    t->done = done;
    t->username = alloc_string(username);
    t->password = alloc_string(password);
    t->hash = alloc_string(hash);
    call->data = t;
    call->free_data = free_trial;
    api_work(call, try_in_pool, after_trial);
}

void api_access_try(struct api_call *call, const char *username, const char *password,
                    void (*done)(struct api_call *, const struct config_caller *))
{
    const struct config_caller *user = find_user(call->config, username);
    if (user != NULL && api_guard_knows(guard_of(call), user->secret, password, clock_monotonic_ms()))
        done(call, user);
    else if (!must_wait(call))
        start_trial(call, username, password, user != NULL ? user->secret : nobodys_hash, done);
}

/* Who calls. */

static void decide(struct api_call *call)
{
    if (call->caller.role >= call->route->role)
        call->admitted(call);
    else
        api_fail(call, 403, "this needs the role admin");
}

static void take_caller(struct api_call *call, const struct config_caller *caller, const char *via)
{
    call->caller.role = caller->is_admin ? API_ADMIN : API_VIEWER;
    call->caller.via = via;
}

static void on_password(struct api_call *call, const struct config_caller *user)
{
    if (user == NULL) {
        api_access_refuse(call, "the username or the password is wrong");
        return;
    }
    take_caller(call, user, "password");
    snprintf(call->caller.username, sizeof call->caller.username, "%s", user->name);
    decide(call);
}

/* All are compared, in the same time. */
static const struct config_caller *find_token(const struct config *config, const char *token)
{
    const struct config_caller *found = NULL;
    uint8_t                     digest[PASSWORD_DIGEST_SIZE];
    char                        text[PASSWORD_DIGEST_TEXT_SIZE];
    password_digest(token, digest);
    password_format_digest(digest, text);
    for (size_t i = 0; i < config->api.tokens.count; i++)
        if (CRYPTO_memcmp(config->api.tokens.items[i].secret, text, sizeof text) == 0)
            found = &config->api.tokens.items[i];
    return found;
}

/* As ours are: nobody can guess them, so a wrong one was good once.  A page may send it many times
 * before it notices, and must not lock its own reader out. */
static bool is_made_by_us(const char *token)
{
    return strlen(token) == PASSWORD_TOKEN_SIZE - 1 &&
           strspn(token, "0123456789abcdef") == PASSWORD_TOKEN_SIZE - 1;
}

static void check_token(struct api_call *call, const char *token)
{
    const struct config_caller *known = find_token(call->config, token), *user = NULL;
    if (known == NULL)
        user = api_guard_find(guard_of(call), &call->config->api.users, token, clock_monotonic_ms());
    if (known != NULL) {
        take_caller(call, known, "token");
    } else if (user != NULL) {
        take_caller(call, user, "session");
        snprintf(call->caller.username, sizeof call->caller.username, "%s", user->name);
    }
    if (call->caller.role != API_NOBODY)
        decide(call);
    else if (is_made_by_us(token))
        refuse_unknown(call, "the log-in has ended");
    else if (!must_wait(call))
        api_access_refuse(call, "the token is wrong");
}

static void check_credentials(struct api_call *call, const struct http_request *request)
{
    struct http_auth auth;
    if (http_auth_parse(http_request_header(request, "Authorization"), &auth) != 0)
        refuse_unknown(call, "Authorization: expected Basic or Bearer, well formed");
    else if (auth.scheme == HTTP_AUTH_BASIC)
        api_access_try(call, auth.username, auth.secret, on_password);
    else if (auth.scheme == HTTP_AUTH_BEARER)
        check_token(call, auth.secret);
    else
        refuse_unknown(call, "say who you are: a username and a password, or a token");
    OPENSSL_cleanse(&auth, sizeof auth);
}

static bool is_loopback(const char *ip)
{
    return strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0;
}

static void check_place(struct api_call *call, const struct http_request *request)
{
    if (!is_loopback(call->session->base.ip)) {
        api_fail(call, 403, "the API answers this machine only, until api.users or api.tokens is set");
    } else if (!api_origin_is_local(request)) {
        api_fail(call, 403, "this came by a proxy or under a host name: set api.users or api.tokens, or call "
                            "an address or localhost");
    } else {
        call->caller.role = API_ADMIN;
        call->caller.via = "loopback";
        decide(call);
    }
}

void api_access_check(struct api_call *call, void (*admitted)(struct api_call *))
{
    const struct http_request *request = http_request_of(call->session);
    bool                       changes = call->route->method != HTTP_METHOD_GET;
    call->admitted = admitted;
    if (changes && !api_origin_may_change(request, call->config->api.allow_origin))
        api_fail(call, 403, "a page of another site has sent this; see api.allow_origin");
    else if (call->route->role == API_NOBODY)
        admitted(call);
    else if (is_open(call->config))
        check_place(call, request);
    else
        check_credentials(call, request);
}

/* Log-ins. */

int api_access_log_in(struct api_call *call, const struct config_caller *user, char *token,
                      long long *expires_ms)
{
    int error = api_guard_log_in(guard_of(call), user->name, user->secret, clock_monotonic_ms(), token);
    *expires_ms = clock_wall_ms() + API_GUARD_LOGIN_MS;
    return error;
}

bool api_access_log_out(struct api_call *call)
{
    struct http_auth auth;
    if (strcmp(call->caller.via, "session") != 0 ||
        http_auth_parse(http_request_header(http_request_of(call->session), "Authorization"), &auth) != 0)
        return false;
    return api_guard_log_out(guard_of(call), auth.secret);
}
