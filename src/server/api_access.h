/* api_access.h - who may call the API (docs/API.md).
 *
 * While neither api.users nor api.tokens is set, who is on this very machine may do everything and
 * nobody else anything.  With them, everybody has to say who he is, wherever he is: by a user's
 * password (Basic) or a token (Bearer), of the configuration or of a log-in. */
#ifndef MILLRACE_SERVER_API_ACCESS_H
#define MILLRACE_SERVER_API_ACCESS_H

#include <stdbool.h>

struct api_access;
struct api_call;
struct config;
struct config_caller;

struct api_access *api_access_new(void);
void               api_access_free(struct api_access *);

/* What protects the API, for the log. */
void api_access_report(const struct config *);

/* Find out who calls, and whether he has the role that the route needs: `admitted` follows, now or
 * later; or the call is answered with 400, 401, 403, 429 or 503. */
void api_access_check(struct api_call *, void (*admitted)(struct api_call *));

/* Try a user's password: `done` follows, now or later, with the user, whose strings are of the
 * configuration in effect, or NULL; or the call is answered with 429 or 503.  call->data is used
 * meanwhile. */
void api_access_try(struct api_call *, const char *username, const char *password,
                    void (*done)(struct api_call *, const struct config_caller *));

/* Answer 401, counted against the address: `message` says what was wrong. */
void api_access_refuse(struct api_call *, const char *message);

/* Log the user in: 0, and the token (PASSWORD_TOKEN_SIZE) and its end in wall-clock time; or
 * ERR_SYSTEM. */
int api_access_log_in(struct api_call *, const struct config_caller *, char *token, long long *expires_ms);

/* End the log-in by which the call came; false if it came by none. */
bool api_access_log_out(struct api_call *);

#endif
