#include "server/http_server.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/session.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/http.h"
#include "protocol/websocket.h"
#include "session/flv_session.h"
#include "session/http_reply.h"

#include <stdlib.h>
#include <unistd.h>

/* A body that nobody wants is read, up to here, so that the connection can go on. */
#define UNWANTED_BODY_MAX (64 * 1024)

#define STREAM_METHODS "GET, HEAD, OPTIONS"

/* One connection while it speaks HTTP. */
struct http_session {
    struct session      base;
    struct conn        *conn;   /* NULL once handed on or finished */
    struct http_parser *parser;
    uint64_t            since_ms;  /* of waiting for a request */
    uint64_t            unwanted;  /* body bytes dropped of this request */
    bool                answered;  /* this request */
    bool                keep_alive;
};

static const struct config *config_of(const struct http_session *s)
{
    return s->base.worker->config;
}

/* Answers. */

static void answer_error(struct http_session *s, int status, const char *reason)
{
    s->answered = true;
    log_debug(&s->base.log, "HTTP %d: %s", status, reason);
    http_reply_error(s->conn, config_of(s), status, reason, s->keep_alive);
}

static void answer_options(struct http_session *s)
{
    struct http_reply reply = {
        .status = 204,
        .allow = STREAM_METHODS,
        .extra_name = "Access-Control-Allow-Methods",
        .extra_value = STREAM_METHODS,
        .keep_alive = s->keep_alive,
    };
    s->answered = true;
    http_reply_send(s->conn, config_of(s), &reply);
}

static void answer_method(struct http_session *s)
{
    struct http_reply reply = {
        .status = 405,
        .content_type = "text/plain; charset=utf-8",
        .text = "405 Method Not Allowed: streams are played with GET\n",
        .allow = STREAM_METHODS,
        .keep_alive = s->keep_alive,
    };
    s->answered = true;
    http_reply_send(s->conn, config_of(s), &reply);
}

static void answer_head(struct http_session *s, const struct url_stream *stream)
{
    bool              live = broadcast_is_live(s->base.worker->context, stream->path);
    struct http_reply reply = {
        .status = live ? 200 : 404,
        .content_type = "video/x-flv",
        .keep_alive = s->keep_alive,
    };
    s->answered = true;
    http_reply_send(s->conn, config_of(s), &reply);
}

/* Routes. */

static void play(struct http_session *s, const struct http_request *request, struct url_stream *stream)
{
    struct conn *conn = s->conn;
    stream->query = request->query;
    s->conn = NULL;
    flv_session_start(&s->base, conn, request, stream);
    session_close(&s->base, "became a stream");
}

static void answer_bad_upgrade(struct http_session *s, int status)
{
    struct http_reply reply = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .text = status == 426 ? "426 Upgrade Required: WebSocket version 13\n"
                              : "400 Bad Request: not a WebSocket handshake\n",
        .extra_name = status == 426 ? "Sec-WebSocket-Version" : NULL,
        .extra_value = "13",
        .keep_alive = s->keep_alive,
    };
    s->answered = true;
    http_reply_send(s->conn, config_of(s), &reply);
}

static void route_websocket(struct http_session *s, const struct http_request *request)
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
    if (error == 0)
        play(s, request, &stream);
    else
        answer_error(s, error == ERR_NOT_FOUND ? 404 : 400, why);
}

static void route_stream(struct http_session *s, const struct http_request *request)
{
    struct url_stream stream;
    const char       *why;
    bool              get = request->method == HTTP_METHOD_GET;
    int               error = url_stream_from_flv(request->path, &stream, &why);
    if (error == ERR_NOT_FOUND)
        answer_error(s, 404, "there is nothing here");
    else if (!get && request->method != HTTP_METHOD_HEAD)
        answer_method(s);
    else if (error != 0)
        answer_error(s, 400, why);
    else if (get)
        play(s, request, &stream);
    else
        answer_head(s, &stream);
}

static void route(struct http_session *s, const struct http_request *request)
{
    s->keep_alive = request->keep_alive;
    if (request->method == HTTP_METHOD_OPTIONS)
        answer_options(s);
    else if (request->upgrade_websocket)
        route_websocket(s, request);
    else
        route_stream(s, request);
}

/* Reading. */

static void finish(struct http_session *s, const char *reason)
{
    session_close(&s->base, reason);
}

static ssize_t drop_body(struct http_session *s, struct bytes in)
{
    struct bytes piece;
    ssize_t      n = http_parser_body(s->parser, in, &piece);
    if (n >= 0)
        s->unwanted += piece.size;
    return n >= 0 && s->unwanted > UNWANTED_BODY_MAX ? ERR_TOO_BIG : n;
}

/* One step on the input.  Returns bytes consumed, or an error. */
static ssize_t step(struct http_session *s, struct bytes in)
{
    if (s->answered)
        return drop_body(s, in);
    ssize_t                    n = http_parser_feed(s->parser, in);
    const struct http_request *request = http_parser_request(s->parser);
    if (n >= 0 && request != NULL)
        route(s, request);
    return n;
}

/* The request is answered and read to its end: wait for the next, or end. */
static void next_request(struct http_session *s)
{
    s->answered = false;
    s->unwanted = 0;
    s->since_ms = worker_now_ms(s->base.worker);
    if (!s->keep_alive)
        finish(s, "answered");
}

static void refuse(struct http_session *s, int error)
{
    int status = http_parser_status(s->parser);
    s->keep_alive = false;
    if (!s->answered)
        answer_error(s, status != 0 ? status : 400, status != 0 ? http_parser_reason(s->parser) : err_name(error));
    finish(s, err_name(error));
}

static size_t on_input(struct conn *conn, struct bytes in)
{
    struct http_session *s = conn->owner;
    size_t               taken = 0;
    while (taken < in.size && !s->base.closed) {
        ssize_t n = step(s, (struct bytes){ in.data + taken, in.size - taken });
        if (n < 0) {
            refuse(s, (int)n);
            break;
        }
        taken += (size_t)n;
        if (!s->base.closed && s->answered && http_parser_done(s->parser))
            next_request(s);
    }
    return taken;
}

static void on_writable(struct conn *conn)
{
    (void)conn;
}

static void on_end(struct conn *conn, int error)
{
    struct http_session *s = conn->owner;
    finish(s, err_name(error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

/* As a session. */

static void on_tick(struct session *base, uint64_t now_ms)
{
    struct http_session *s = (struct http_session *)base;
    bool                 started = http_parser_started(s->parser) || s->answered;
    uint32_t             limit_s = started ? config_of(s)->limits.handshake_s : config_of(s)->limits.idle_s;
    if (now_ms - s->since_ms <= (uint64_t)limit_s * 1000)
        return;
    s->keep_alive = false;
    if (started && !s->answered)
        answer_error(s, 408, "the request did not come in time");
    finish(s, started ? "request timed out" : "idle");
}

static void on_stop(struct session *base)
{
    session_close(base, "server stops");
}

static void on_close(struct session *base, const char *reason)
{
    struct http_session *s = (struct http_session *)base;
    (void)reason;
    if (s->conn != NULL)
        conn_finish(s->conn);
    s->conn = NULL;
}

static void destroy(struct session *base)
{
    struct http_session *s = (struct http_session *)base;
    http_parser_free(s->parser);
    free(s);
}

static const struct session_ops ops = {
    .name = "HTTP",
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_close = on_close,
    .destroy = destroy,
};

static void start_session(struct worker *worker, int fd, const struct sockaddr_storage *peer)
{
    struct http_session *s = alloc_zeroed(sizeof *s);
    session_init(&s->base, worker, &ops, peer);
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    limits.head_size = config_of(s)->limits.http_header_size;
    s->parser = http_parser_new(&limits);
    s->since_ms = worker_now_ms(worker);
    s->conn = conn_new(&worker->loop, fd, &handler, s);
}

void http_server_accept(int fd, const struct sockaddr_storage *peer, void *worker)
{
    struct worker *w = worker;
    char           ip[ADDRESS_IP_SIZE];
    address_format_ip(peer, ip);
    if (context_admit(w->context, ip))
        start_session(w, fd, peer);
    else
        close(fd);
}
