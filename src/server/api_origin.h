/* api_origin.h - which page has sent a request, as far as its browser says: nobody else sends these
 * headers.  Pure functions.
 *
 * A page of another site can have its reader's browser send requests that he never meant, with the
 * password that the browser remembers, or from the machine that needs none; and it can give its own
 * name the address of this server ("DNS rebinding").  Answers it cannot read, but changes it could
 * make. */
#ifndef MILLRACE_SERVER_API_ORIGIN_H
#define MILLRACE_SERVER_API_ORIGIN_H

#include <stdbool.h>

struct http_request;

/* Whether the request was sent by no page, or by one of this very origin, or of `allowed`
 * (api.allow_origin): those may change something. */
bool api_origin_may_change(const struct http_request *, const char *allowed);

/* Whether the request came straight to an address of this machine: not by a proxy that says so, and
 * not under a host name that somebody else may have made. */
bool api_origin_is_local(const struct http_request *);

#endif
