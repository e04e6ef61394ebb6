/* api.h - the HTTP API: what an operator and the pages ask of the server (docs/API.md).
 *
 * One for the process, in context->api.  A request comes to api_serve() from server/http_routes.c,
 * over HTTP/1 and HTTP/2 alike; the rest is in server/api_peer.h. */
#ifndef MILLRACE_SERVER_API_H
#define MILLRACE_SERVER_API_H

#include <stdbool.h>

struct api;
struct catalogue;
struct config;
struct context;
struct event_stream;
struct http_request;
struct http_session;
struct record_server;
struct reload;

/* What answers are made of; all are borrowed. */
struct api_parts {
    struct context       *context;
    struct reload        *reload;
    struct catalogue     *catalogue;  /* NULL: there is none */
    struct record_server *recordings; /* NULL: nothing is recorded */
    struct event_stream  *events;
};

/* Before the workers start; they find it in the context, from which api_free() takes it.  To be
 * freed after them. */
void api_new(const struct api_parts *);
void api_free(struct context *);

/* All workers run: /readyz says so. */
void api_set_ready(struct context *);

/* Whether the decoded path is the API's, and it is not switched off (api.enable). */
bool api_has_path(const struct config *, const char *path);

/* Answer a request for such a path, whatever its method. */
void api_serve(struct http_session *, const struct http_request *);

#endif
