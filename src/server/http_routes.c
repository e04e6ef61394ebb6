/* http_routes.c - which request goes where: one table, read from its top. */
#include "base/error.h"
#include "core/broadcast.h"
#include "core/worker.h"
#include "protocol/websocket.h"
#include "server/http_peer.h"
#include "session/flv_publish_session.h"
#include "session/flv_session.h"

#include <stdio.h>

#define ON(method) (1u << HTTP_METHOD_##method)
#define ON_ANY     (~0u)

struct route {
    bool (*matches)(const struct http_session *, const struct http_request *);
    unsigned methods; /* ON() */
    void (*serve)(struct http_session *, const struct http_request *);
};

/* Streams. */

static void play(struct http_session *s, const struct http_request *request, struct url_stream *stream)
{
    struct conn *conn = s->conn;
    stream->query = request->query;
    s->conn = NULL;
    flv_session_start(&s->base, conn, request, stream);
    session_close(&s->base, "became a stream");
}

static void publish(struct http_session *s, const struct http_request *request, struct url_stream *stream)
{
    struct conn        *conn = s->conn;
    struct http_parser *parser = s->parser;
    stream->query = request->query;
    s->conn = NULL;
    s->parser = NULL;
    flv_publish_session_start(&s->base, conn, parser, stream);
    session_close(&s->base, "became a stream");
}

static bool is_stream(const struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    (void)s;
    return url_stream_from_flv(request->path, &stream, NULL) != ERR_NOT_FOUND;
}

/* The stream that the path names; false after a path that names none was answered. */
static bool find_stream(struct http_session *s, const struct http_request *request, struct url_stream *stream)
{
    const char *why;
    int         error = url_stream_from_flv(request->path, stream, &why);
    if (error != 0)
        http_answer_error(s, 400, why);
    return error == 0;
}

static void on_play(struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    if (find_stream(s, request, &stream))
        play(s, request, &stream);
}

static void on_publish(struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    if (find_stream(s, request, &stream))
        publish(s, request, &stream);
}

static void on_head(struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    if (!find_stream(s, request, &stream))
        return;
    bool              live = broadcast_is_live(s->base.worker->context, stream.path);
    struct http_reply reply = { .status = live ? 200 : 404, .content_type = "video/x-flv" };
    http_answer(s, &reply);
}

/* WebSockets: streams as well, with or without ".flv". */

static bool is_websocket(const struct http_session *s, const struct http_request *request)
{
    (void)s;
    return request->upgrade_websocket;
}

static void answer_bad_upgrade(struct http_session *s, int status)
{
    struct http_reply reply = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .text = status == 426 ? "426 Upgrade Required: WebSocket version 13\n"
                              : "400 Bad Request: not a WebSocket handshake\n",
        .extra = { { status == 426 ? "Sec-WebSocket-Version" : NULL, "13" } },
    };
    http_answer(s, &reply);
}

static void on_websocket(struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    const char       *why;
    int               status = websocket_check(request);
    if (status != 0) {
        answer_bad_upgrade(s, status);
        return;
    }
    int error = url_stream_from_flv(request->path, &stream, &why);
    if (error == ERR_NOT_FOUND)
        error = url_stream_from_path(request->path, &stream, &why);
    if (error != 0)
        http_answer_error(s, error == ERR_NOT_FOUND ? 404 : 400, why);
    else if (flv_publish_is_asked(request))
        publish(s, request, &stream);
    else
        play(s, request, &stream);
}

static const struct route routes[] = {
    { is_websocket, ON_ANY,             on_websocket },
    { is_stream,    ON(GET),            on_play      },
    { is_stream,    ON(HEAD),           on_head      },
    { is_stream,    ON(POST) | ON(PUT), on_publish   },
};

#define ROUTE_COUNT (sizeof routes / sizeof *routes)

/* The first route that matches, or NULL.  The others of that path have the same `matches`. */
static const struct route *find_path(const struct http_session *s, const struct http_request *request)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (routes[i].matches(s, request))
            return &routes[i];
    return NULL;
}

static unsigned methods_of(const struct route *path)
{
    unsigned methods = 0;
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        if (routes[i].matches == path->matches)
            methods |= routes[i].methods;
    return methods;
}

/* Methods as Allow lists them. */
static const char *list_methods(unsigned methods, char *out, size_t size)
{
    static const struct { unsigned bit; const char *name; } names[] = {
        { ON(GET), "GET, " },       { ON(HEAD), "HEAD, " },     { ON(POST), "POST, " }, { ON(PUT), "PUT, " },
        { ON(DELETE), "DELETE, " }, { ON(PATCH), "PATCH, " },
    };
    size_t at = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (methods & names[i].bit)
            at += (size_t)snprintf(out + at, size - at, "%s", names[i].name);
    snprintf(out + at, size - at, "OPTIONS");
    return out;
}

static void answer_options(struct http_session *s, unsigned methods)
{
    char              list[64];
    struct http_reply reply = {
        .status = 204,
        .allow = list_methods(methods, list, sizeof list),
        .extra = {
            { "Access-Control-Allow-Methods", list },
            { "Access-Control-Allow-Headers", "Authorization, Content-Type, If-Range, Range" },
            { "Access-Control-Max-Age", "600" },
        },
    };
    http_answer(s, &reply);
}

static void answer_method(struct http_session *s, unsigned methods)
{
    char              list[64];
    struct http_reply reply = {
        .status = 405,
        .content_type = "text/plain; charset=utf-8",
        .text = "405 Method Not Allowed: see the header Allow\n",
        .allow = list_methods(methods, list, sizeof list),
    };
    http_answer(s, &reply);
}

void http_route(struct http_session *s, const struct http_request *request)
{
    const struct route *path = find_path(s, request);
    unsigned            methods = path != NULL ? methods_of(path) : 0;
    if (request->method == HTTP_METHOD_OPTIONS) { /* of any path: a page is to see the 404 that follows */
        answer_options(s, methods);
        return;
    }
    if (path == NULL) {
        http_answer_error(s, 404, "there is nothing here");
        return;
    }
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (routes[i].matches == path->matches && routes[i].methods & (1u << request->method)) {
            routes[i].serve(s, request);
            return;
        }
    }
    answer_method(s, methods);
}
