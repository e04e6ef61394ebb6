/* api_guard.h - what is remembered of those who call the API: passwords that were found right, so
 * that not each request costs a scrypt; log-ins; and failures, by which guessing is slowed down.
 *
 * All of it is in memory, bounded, and safe from any thread.  No password and no token is kept, but
 * digests, under a key that was drawn at the start.  `now_ms` is of the monotonic clock. */
#ifndef MILLRACE_SERVER_API_GUARD_H
#define MILLRACE_SERVER_API_GUARD_H

#include "core/config_callers.h"
#include "core/password.h"

#include <stdbool.h>
#include <stdint.h>

struct api_guard;

enum {
    API_GUARD_FAILURES_MAX = 10,          /* of one address (IPv6: of one /64), in ... */
    API_GUARD_FAILURES_MS = 60 * 1000,
    API_GUARD_ADDRESSES_MAX = 4096,       /* beyond that the one that failed longest ago is forgotten */
    API_GUARD_VERIFIED_MAX = 64,
    API_GUARD_VERIFIED_MS = 5 * 60 * 1000,
    API_GUARD_LOGINS_MAX = 1024,          /* beyond that the oldest ends */
    API_GUARD_LOGIN_MS = 24 * 3600 * 1000,
};

struct api_guard *api_guard_new(void);
void              api_guard_free(struct api_guard *); /* NULL is allowed */

/* How long the address has to wait, in seconds; 0: it may try. */
uint32_t api_guard_wait_s(struct api_guard *, const char *ip, uint64_t now_ms);
void     api_guard_fail(struct api_guard *, const char *ip, uint64_t now_ms);

/* Whether this password was found to be that of `hash` a while ago. */
bool api_guard_knows(struct api_guard *, const char *hash, const char *password, uint64_t now_ms);
void api_guard_remember(struct api_guard *, const char *hash, const char *password, uint64_t now_ms);

/* Log in the user with this hash; the token is for him to keep.  0 or ERR_SYSTEM. */
int api_guard_log_in(struct api_guard *, const char *username, const char *hash, uint64_t now_ms,
                     char token[PASSWORD_TOKEN_SIZE]);

/* The user of `users` who has this token; NULL if nobody has, or his password has changed since. */
const struct config_caller *api_guard_find(struct api_guard *, const struct config_callers *users,
                                           const char *token, uint64_t now_ms);

/* false if there is no such token. */
bool api_guard_log_out(struct api_guard *, const char *token);

#endif
