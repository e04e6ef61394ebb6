/* http_routes.c - which request goes where: one table, read from its top. */
#include "base/error.h"
#include "base/log_flood.h"
#include "core/access.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/websocket.h"
#include "server/api.h"
#include "server/http_peer.h"
#include "server/pages.h"
#include "server/static_files.h"
#include "session/flv_publish_session.h"
#include "session/flv_session.h"
#include "session/replay_session.h"

#include <stdio.h>
#include <string.h>

#define ON(method) (1u << HTTP_METHOD_##method)
#define ON_ANY     (~0u)

struct route {
    bool (*matches)(const struct http_session *, const struct http_request *);
    unsigned methods; /* ON() */
    void (*serve)(struct http_session *, const struct http_request *);
};

/* Streams. */

static void start_playing(struct http_session *s)
{
    struct conn               *conn = s->conn;
    const struct http_request *request = http_request_of(s);
    s->conn = NULL;
    conn_resume(conn);
    flv_session_start(&s->base, conn, request, s->base.stream);
    session_close(&s->base, "became a stream");
}

static void start_replaying(struct http_session *s)
{
    struct conn               *conn = s->conn;
    const struct http_request *request = http_request_of(s);
    s->conn = NULL;
    conn_resume(conn);
    replay_session_start(&s->base, conn, request, s->base.stream);
    session_close(&s->base, "became a stream");
}

static void start_publishing(struct http_session *s)
{
    struct conn        *conn = s->conn;
    struct http_parser *parser = s->parser;
    s->conn = NULL;
    s->parser = NULL;
    conn_resume(conn);
    flv_publish_session_start(&s->base, conn, parser, s->base.stream);
    session_close(&s->base, "became a stream");
}

static void answer_head(struct http_session *s)
{
    bool              live = broadcast_is_live(s->base.worker->context, session_path(&s->base));
    struct http_reply reply = { .status = live ? 200 : 404, .content_type = "video/x-flv" };
    http_answer(s, &reply);
}

/* What was recorded of a stream: the "/app/name.flv" behind "/records", borrowed; or NULL. */
static const char *recorded_path(const struct http_request *request)
{
    static const char prefix[] = "/records/";
    struct url_stream stream;
    if (strncmp(request->path, prefix, strlen(prefix)) != 0)
        return NULL;
    const char *path = request->path + strlen(prefix) - 1;
    return url_stream_from_flv(path, &stream, NULL) != ERR_NOT_FOUND ? path : NULL;
}

static bool is_recording(const struct http_session *s, const struct http_request *request)
{
    (void)s;
    return recorded_path(request) != NULL;
}

/* 403 whatever is amiss, and not 401, at which a browser asks its user for a password; 503 if it may be
 * otherwise soon.  The body of one who wanted to publish has no end to wait for. */
static void refuse_access(struct http_session *s, enum auth_use use, const struct access_answer *answer)
{
    struct session *base = &s->base;
    struct stats   *stats = &base->worker->context->stats;
    bool            publish = use == AUTH_PUBLISH;
    if (log_flood_pass(LOG_FLOOD_STREAMS))
        log_error(&base->log, "FLV session %s %s %s %s error, %s", base->id, base->ip,
                  publish ? "push" : "play", session_path(base), answer->log);
    stats_add(publish ? &stats->publishers_refused : &stats->viewers_refused, 1);
    if (publish)
        s->keep_alive = false;
    http_answer_error(s, answer->failed ? 503 : 403, answer->why);
    if (publish)
        session_close(base, answer->why);
}

static void act_on_access(struct http_session *s, enum auth_use use, const struct access_answer *answer)
{
    if (!answer->allowed)
        refuse_access(s, use, answer);
    else if (use == AUTH_PUBLISH)
        start_publishing(s);
    else if (is_recording(s, http_request_of(s)))
        start_replaying(s);
    else if (s->head_only)
        answer_head(s);
    else
        start_playing(s);
}

static void on_access(struct session *base, enum auth_use use, const struct access_answer *answer)
{
    struct http_session *s = (struct http_session *)base;
    bool                 waited = s->asking;
    s->asking = false;
    act_on_access(s, use, answer);
    if (!waited || base->closed)
        return;
    if (s->parser != NULL) /* a stream of HTTP/2 stays paused until its body is wanted */
        conn_resume(s->conn);
    http_go_on(s);
}

/* The request stays in the parser until there is an answer, and its body unread.  The end of a body
 * may be the end of the connection, which is not to be lost. */
static void ask(struct http_session *s, const struct http_request *request, enum auth_use use,
                struct url_stream *stream)
{
    stream->query = request->query;
    session_set_stream(&s->base, stream);
    s->base.protocol = request->upgrade_websocket ? SESSION_WS : SESSION_FLV;
    access_ask(&s->base, use, on_access);
    if (!access_is_asked(&s->base))
        return;
    s->asking = true;
    if (use == AUTH_PUBLISH && !request->upgrade_websocket)
        conn_pause(s->conn);
    else
        conn_pause_watching(s->conn);
}

static bool is_stream(const struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    (void)s;
    return url_stream_from_flv(request->path, &stream, NULL) != ERR_NOT_FOUND;
}

/* The stream that the path names; false after a path that names none was answered. */
static bool find_stream(struct http_session *s, const char *path, struct url_stream *stream)
{
    const char *why;
    int         error = url_stream_from_flv(path, stream, &why);
    if (error != 0)
        http_answer_error(s, 400, why);
    return error == 0;
}

static void on_play(struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    if (find_stream(s, request->path, &stream))
        ask(s, request, AUTH_PLAY, &stream);
}

/* By the same rules: who may watch a stream may watch what was recorded of it. */
static void on_replay(struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    if (find_stream(s, recorded_path(request), &stream))
        ask(s, request, AUTH_PLAY, &stream);
}

static void on_publish(struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    if (find_stream(s, request->path, &stream))
        ask(s, request, AUTH_PUBLISH, &stream);
}

/* The API.  An app may have its name: /api/show.flv is a stream. */

static bool is_api(const struct http_session *s, const struct http_request *request)
{
    const struct worker *w = s->base.worker;
    return w->context->api != NULL && api_has_path(w->config, request->path) && !is_stream(s, request);
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
    const char *recorded = recorded_path(request);
    bool        publish = recorded == NULL && flv_publish_is_asked(request);
    int         error = url_stream_from_flv(recorded != NULL ? recorded : request->path, &stream, &why);
    if (error == ERR_NOT_FOUND)
        error = url_stream_from_path(request->path, &stream, &why);
    if (error != 0)
        http_answer_error(s, error == ERR_NOT_FOUND ? 404 : 400, why);
    else
        ask(s, request, publish ? AUTH_PUBLISH : AUTH_PLAY, &stream);
}

/* Files: under a prefix of their own they go before streams, else after. */

static bool is_file(const struct http_session *s, const struct http_request *request)
{
    return static_files_match(s->base.worker->config, request->path);
}

static bool is_mounted_file(const struct http_session *s, const struct http_request *request)
{
    return static_files_are_mounted(s->base.worker->config) && is_file(s, request);
}

static bool is_page(const struct http_session *s, const struct http_request *request)
{
    (void)s;
    return pages_match(request->path);
}

static const struct route routes[] = {
    { is_websocket,    ON_ANY,             on_websocket       },
    { is_api,          ON_ANY,             api_serve          },
    { is_recording,    ON(GET) | ON(HEAD), on_replay          },
    { is_mounted_file, ON(GET) | ON(HEAD), static_files_serve },
    { is_stream,       ON(GET) | ON(HEAD), on_play            },
    { is_stream,       ON(POST) | ON(PUT), on_publish         },
    { is_file,         ON(GET) | ON(HEAD), static_files_serve },
    { is_page,         ON(GET) | ON(HEAD), pages_serve        },
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

static void note_agent(struct http_session *s, const struct http_request *request)
{
    const char *agent = http_request_header(request, "User-Agent");
    if (agent != NULL)
        session_set_agent(&s->base, bytes_of(agent));
}

void http_route(struct http_session *s, const struct http_request *request)
{
    note_agent(s, request);
    const struct route *path = find_path(s, request);
    unsigned            methods = path != NULL ? methods_of(path) : 0;
    if (request->method == HTTP_METHOD_OPTIONS && (path == NULL || path->serve != api_serve)) { /* of any path: a page is to see the 404 that follows */
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
