/* api_access.h - who may call the API (docs/API.md).
 *
 * While neither api.users nor api.tokens is set, who is on this very machine may do everything and
 * nobody else anything. */
#ifndef MILLRACE_SERVER_API_ACCESS_H
#define MILLRACE_SERVER_API_ACCESS_H

struct api_access;
struct api_call;

struct api_access *api_access_new(void);
void               api_access_free(struct api_access *);

/* Find out who calls, and whether he has the role that the route needs: `admitted` follows, now or
 * later; or the call is answered with 401, 403, 429 or 503. */
void api_access_check(struct api_call *, void (*admitted)(struct api_call *));

#endif
