/* pages.h - the pages people look at, as answers to GET and HEAD: /, /monitor.html, /recordings.html
 * and what they load from /assets/.
 *
 * They lie in the program (server/page_store.h).  Compressed if the client takes it; a client that
 * has them is told so.  Headers forbid them everything that they do not need: other hosts, inline
 * scripts, frames around them. */
#ifndef MILLRACE_SERVER_PAGES_H
#define MILLRACE_SERVER_PAGES_H

#include <stdbool.h>

struct http_request;
struct http_session;

/* Whether there is a page of that path. */
bool pages_match(const char *path);

/* Answer a request that matches, now or later.  It may also be one whose answer was deferred and
 * has not begun. */
void pages_serve(struct http_session *, const struct http_request *);

#endif
