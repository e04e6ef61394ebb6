#include "server/http_server.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/context.h"
#include "core/worker.h"
#include "net/conn.h"
#include "net/tls.h"
#include "net/tls_store.h"
#include "server/admission.h"
#include "server/http2_server.h"
#include "server/http_peer.h"
#include "server/proxy_gate.h"
#include "session/http2_connection.h"

#include <stdlib.h>

/* A body that nobody wants is read, up to here, so that the connection can go on. */
#define UNWANTED_BODY_MAX (64 * 1024)

static const struct config *config_of(const struct http_session *s)
{
    return s->base.worker->config;
}

static void finish(struct http_session *s, const char *reason)
{
    session_close(&s->base, reason);
}

const struct http_request *http_request_of(const struct http_session *s)
{
    return s->parser != NULL ? http_parser_request(s->parser) : http2_stream_request(s->conn);
}

/* Over HTTP/2 the end of the answer ends all. */
static bool is_read(const struct http_session *s)
{
    return s->parser == NULL || http_parser_done(s->parser);
}

/* Answers. */

void http_answer(struct http_session *s, struct http_reply *reply)
{
    s->answered = true;
    reply->keep_alive = s->keep_alive;
    reply->head_only = s->head_only;
    reply->is_api = s->is_api;
    http_reply_send(s->conn, config_of(s), reply);
}

void http_answer_error(struct http_session *s, int status, const char *reason)
{
    unsigned flags = (s->keep_alive ? HTTP_REPLY_KEEP_ALIVE : 0) | (s->head_only ? HTTP_REPLY_HEAD_ONLY : 0) |
                     (s->is_api ? HTTP_REPLY_API : 0);
    s->answered = true;
    log_debug(&s->base.log, "HTTP %d: %s", status, reason);
    http_reply_error(s->conn, config_of(s), status, reason, flags);
}

void http_defer(struct http_session *s, struct http_answer *answer)
{
    s->answered = true;
    s->pending = answer;
    s->since_ms = worker_now_ms(s->base.worker);
    s->taken = s->conn->bytes_out;
}

/* Reading. */

static ssize_t drop_body(struct http_session *s, struct bytes in)
{
    struct bytes piece;
    ssize_t      n = http_parser_body(s->parser, in, &piece);
    if (n >= 0)
        s->unwanted += piece.size;
    return n >= 0 && s->unwanted > UNWANTED_BODY_MAX ? ERR_TOO_BIG : n;
}

/* A piece of the body for the pending answer, which may be complete after that. */
static ssize_t give_body(struct http_session *s, struct bytes in)
{
    struct bytes piece;
    ssize_t      n = http_parser_body(s->parser, in, &piece);
    if (n >= 0)
        s->pending->on_body(s->pending, piece, http_parser_done(s->parser));
    return n;
}

static bool wants_body(const struct http_session *s)
{
    return s->pending != NULL && s->pending->on_body != NULL && !s->body_waits;
}

void http_read_body(struct http_session *s)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    s->body_waits = false;
    if (http_request_of(s)->expect_continue)
        http_reply_head(s->conn, bytes_of(go_on));
    conn_resume(s->conn);
}

/* A client that waits for "100 Continue" and gets an answer instead may send its body or not: what
 * comes next on the connection could be either (RFC 9110, 10.1.1). */
static void start_request(struct http_session *s, const struct http_request *request)
{
    s->keep_alive = request->keep_alive && !request->expect_continue;
    s->head_only = request->method == HTTP_METHOD_HEAD;
    http_route(s, request);
}

/* One step on the input.  Returns bytes consumed, or an error. */
static ssize_t step(struct http_session *s, struct bytes in)
{
    if (s->answered)
        return wants_body(s) ? give_body(s, in) : drop_body(s, in);
    ssize_t                    n = http_parser_feed(s->parser, in);
    const struct http_request *request = http_parser_request(s->parser);
    if (n >= 0 && request != NULL)
        start_request(s, request);
    return n;
}

void http_go_on(struct http_session *s)
{
    if (s->base.closed || !s->answered || s->pending != NULL || !is_read(s))
        return;
    s->answered = s->head_only = s->is_api = s->body_waits = false;
    s->unwanted = 0;
    session_forget_stream(&s->base);
    s->base.protocol = SESSION_HTTP;
    s->since_ms = worker_now_ms(s->base.worker);
    if (!s->keep_alive)
        finish(s, "answered");
}

void http_complete(struct http_session *s)
{
    s->pending = NULL;
    s->body_waits = false;
    s->since_ms = worker_now_ms(s->base.worker);
    conn_resume(s->conn);
    http_go_on(s);
}

static void refuse(struct http_session *s, int error)
{
    int         status = http_parser_status(s->parser);
    const char *reason = status != 0 ? http_parser_reason(s->parser) : err_name(error);
    if (status == 431)
        reason = limit_hit(&s->base.worker->context->stats, LIMIT_HTTP_HEADER_SIZE);
    s->keep_alive = false;
    s->head_only = http_parser_is_head(s->parser);
    if (!s->answered || wants_body(s))
        http_answer_error(s, status != 0 ? status : 400, reason);
    finish(s, reason);
}

static bool must_wait(const struct http_session *s)
{
    bool waits_for_answer = s->pending != NULL && (s->body_waits || http_parser_done(s->parser));
    return s->asking || waits_for_answer;
}

/* A TLS client has chosen it: the connection is another session's from here on. */
static size_t turn_to_http2(struct http_session *s, struct bytes in)
{
    struct conn *conn = s->conn;
    s->conn = NULL;
    http2_connection_start(&s->base, conn, http2_server_take);
    session_close(&s->base, "became HTTP/2");
    return conn->handler->on_input(conn, in);
}

static size_t on_input(struct conn *conn, struct bytes in)
{
    struct http_session *s = conn->owner;
    size_t               taken = 0;
    if (conn->http2)
        return turn_to_http2(s, in);
    while (taken < in.size && !s->base.closed && !must_wait(s)) {
        ssize_t n = step(s, (struct bytes){ in.data + taken, in.size - taken });
        if (n < 0) {
            refuse(s, (int)n);
            break;
        }
        taken += (size_t)n;
        http_go_on(s);
    }
    if (!s->base.closed && must_wait(s) && !s->asking)
        conn_pause(s->conn);
    return taken;
}

static void on_writable(struct conn *conn)
{
    struct http_session *s = conn->owner;
    if (s->pending != NULL)
        s->pending->on_writable(s->pending);
}

static void on_end(struct conn *conn, int error)
{
    struct http_session *s = conn->owner;
    finish(s, conn_why(conn, error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

/* As a session. */

/* The time that a pending answer has is the client's: it must take some of it now and then. */
static void check_progress(struct http_session *s, uint64_t now_ms)
{
    if (s->conn->bytes_out != s->taken || s->pending->idle) {
        s->taken = s->conn->bytes_out;
        s->since_ms = now_ms;
    } else if (now_ms - s->since_ms > (uint64_t)config_of(s)->delivery.stall_s * 1000) {
        finish(s, "stalled: took nothing in time");
    }
}

static void on_tick(struct session *base, uint64_t now_ms)
{
    struct http_session *s = (struct http_session *)base;
    bool                 opening = conn_is_opening(s->conn);
    bool                 has_request = s->parser == NULL || http_parser_started(s->parser);
    bool                 started = has_request || s->answered || opening;
    uint32_t             limit_s = started ? config_of(s)->limits.handshake_s : config_of(s)->limits.idle_s;
    if (s->pending != NULL && !wants_body(s)) {
        check_progress(s, now_ms);
        return;
    }
    if (s->asking) { /* who is asked has a time limit */
        s->since_ms = now_ms;
        return;
    }
    if (now_ms - s->since_ms <= (uint64_t)limit_s * 1000)
        return;
    s->keep_alive = false;
    if (started && (!s->answered || wants_body(s)) && !opening)
        http_answer_error(s, 408, "the request did not come in time");
    limit_hit(&base->worker->context->stats, started ? LIMIT_HANDSHAKE : LIMIT_IDLE);
    finish(s, opening   ? "TLS handshake timed out (limits.handshake_s)"
              : started ? "request timed out (limits.handshake_s)"
                        : "idle (limits.idle_s)");
}

/* An answer on its way has the time of drain_s to arrive. */
static void on_stop(struct session *base)
{
    struct http_session *s = (struct http_session *)base;
    s->keep_alive = false;
    if (s->pending == NULL || s->pending->endless)
        session_close(base, "server stops");
}

static void on_close(struct session *base, const char *reason)
{
    struct http_session *s = (struct http_session *)base;
    (void)reason;
    if (s->pending != NULL)
        s->pending->on_cancel(s->pending);
    s->pending = NULL;
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

static void parts(const struct session *base, struct session_parts *out)
{
    out->conn = ((const struct http_session *)base)->conn;
}

const struct session_ops http_session_ops = {
    .name = "HTTP",
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_close = on_close,
    .destroy = destroy,
    .parts = parts,
};

static void start_session(struct worker *worker, int fd, const struct sockaddr_storage *peer,
                          struct ssl_ctx_st *tls)
{
    struct http_session *s = alloc_zeroed(sizeof *s);
    session_init(&s->base, worker, &http_session_ops, peer);
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    limits.head_size = config_of(s)->limits.http_header_size;
    s->parser = http_parser_new(&limits);
    s->since_ms = worker_now_ms(worker);
    s->conn = conn_new(&worker->loop, fd, &handler, s);
    s->base.secure = tls != NULL;
    if (tls != NULL)
        tls_start(s->conn, tls);
}

static void start_plain(int fd, const struct sockaddr_storage *peer, void *worker)
{
    admission_start(worker, fd, peer, NULL, start_session);
}

static void start_tls(int fd, const struct sockaddr_storage *peer, void *worker)
{
    struct worker *w = worker;
    admission_start(w, fd, peer, tls_store_context(w->context->tls, TLS_HTTPS), start_session);
}

void http_server_accept(int fd, const struct sockaddr_storage *peer, void *worker)
{
    proxy_gate_accept(fd, peer, worker, start_plain);
}

void http_server_accept_tls(int fd, const struct sockaddr_storage *peer, void *worker)
{
    proxy_gate_accept(fd, peer, worker, start_tls);
}
