#include "server/http2_server.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/worker.h"
#include "net/conn.h"
#include "server/http_peer.h"
#include "session/http2_connection.h"

static bool wants_body(const struct http_session *s)
{
    return s->pending != NULL && s->pending->on_body != NULL && !s->body_waits;
}

/* The stream stays paused until somebody wants its body. */
static size_t on_input(struct conn *conn, struct bytes in)
{
    struct http_session *s = conn->owner;
    if (s->pending != NULL && s->body_waits)
        return 0;
    if (wants_body(s))
        s->pending->on_body(s->pending, in, false);
    return in.size;
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
    if (error == ERR_CLOSED && s->pending != NULL) { /* the body is complete, but the answer is not */
        if (wants_body(s))
            s->pending->on_body(s->pending, (struct bytes){ 0 }, true);
        return;
    }
    session_close(&s->base, conn_why(conn, error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

void http2_server_take(struct session *connection, struct conn *stream)
{
    const struct http_request *request = http2_stream_request(stream);
    struct http_session       *s = alloc_zeroed(sizeof *s);
    const char                *reason;
    session_init_beside(&s->base, &http_session_ops, connection);
    s->conn = stream;
    s->since_ms = worker_now_ms(s->base.worker);
    s->head_only = request->method == HTTP_METHOD_HEAD;
    conn_set_owner(stream, &handler, s);
    int status = http2_stream_refusal(stream, &reason);
    if (status != 0)
        http_answer_error(s, status, reason);
    else
        http_route(s, request);
    http_go_on(s);
}
