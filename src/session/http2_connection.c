#include "session/http2_connection.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/context.h"
#include "core/worker.h"
#include "session/http2_peer.h"

#include <stdlib.h>

/* Answers to SETTINGS and PING that the peer does not read, and entries of one SETTINGS frame. */
#define ACKS_MAX     100
#define SETTINGS_MAX 32

/* The table of HPACK that we keep of the peer's headers. */
#define HEADER_TABLE_SIZE 4096

static struct http2_connection *connection_of(struct session *base)
{
    return (struct http2_connection *)base;
}

/* The end. */

void http2_connection_end(struct http2_connection *h, const char *why)
{
    if (h->why == NULL)
        h->why = why;
    if (h->conn != NULL)
        conn_break(h->conn, ERR_CLOSED, h->why);
}

void http2_connection_refuse(struct http2_connection *h, enum limit limit)
{
    if (h->why != NULL)
        return;
    const char *why = limit_hit(&h->base.worker->context->stats, limit);
    nghttp2_session_terminate_session(h->session, NGHTTP2_ENHANCE_YOUR_CALM);
    stats_add(&h->base.worker->context->stats.sessions_failed, 1);
    log_warn(&h->base.log, "HTTP/2 session %s %s is ended: %s", h->base.id, h->base.ip, why);
    http2_connection_end(h, why);
}

/* As the owner of a connection. */

static size_t on_input(struct conn *conn, struct bytes in)
{
    struct http2_connection *h = conn->owner;
    if (h->why != NULL)
        return in.size;
    h->busy = true;
    ssize_t n = nghttp2_session_mem_recv(h->session, in.data, in.size);
    h->busy = false;
    if (n == NGHTTP2_ERR_FLOODED)
        http2_connection_refuse(h, LIMIT_HTTP2_CONTROL_FRAMES);
    else if (n < 0)
        http2_connection_end(h, nghttp2_strerror((int)n));
    http2_output_run(h);
    http2_stream_wake_all(h);
    return in.size;
}

static void on_writable(struct conn *conn)
{
    struct http2_connection *h = conn->owner;
    http2_output_run(h);
    http2_stream_wake_all(h);
}

static void on_end(struct conn *conn, int error)
{
    struct http2_connection *h = conn->owner;
    session_close(&h->base, h->why != NULL ? h->why : conn_why(conn, error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

/* As a session.  Other sessions are served on its streams: none of them may be ended from here but
 * at the end of the turn. */

/* Streams whose owners are done, but which cannot end because the peer opens no window. */
static void drop_forgotten(struct http2_connection *h, uint64_t now_ms)
{
    LIST_EACH (node, &h->streams) {
        struct http2_stream *s = LIST_ITEM(node, struct http2_stream, link);
        if (s->conn != NULL || s->reset || now_ms - s->let_go_ms <= CONN_LINGER_MS)
            continue;
        s->reset = true;
        nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
    }
    http2_output_run(h);
}

static void expire(struct http2_connection *h, enum limit limit)
{
    if (h->why != NULL)
        return;
    nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR);
    http2_connection_end(h, limit_hit(&h->base.worker->context->stats, limit));
}

static void on_tick(struct session *base, uint64_t now_ms)
{
    struct http2_connection *h = connection_of(base);
    uint64_t                 handshake_ms = (uint64_t)http2_config(h)->limits.handshake_s * 1000;
    uint64_t                 idle_ms = (uint64_t)http2_config(h)->limits.idle_s * 1000;
    bool                     idle = list_empty(&h->streams);
    if ((!h->greeted && now_ms - h->since_ms > handshake_ms) ||
        (h->head_since_ms != 0 && now_ms - h->head_since_ms > handshake_ms))
        expire(h, LIMIT_HANDSHAKE);
    else if (idle && now_ms - h->since_ms > idle_ms)
        expire(h, LIMIT_IDLE);
    else
        drop_forgotten(h, now_ms);
}

static void on_stop(struct session *base)
{
    struct http2_connection *h = connection_of(base);
    h->stopping = true;
    nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h->session),
                          NGHTTP2_NO_ERROR, NULL, 0);
    http2_output_run(h);
    if (list_empty(&h->streams))
        http2_connection_end(h, "server stops");
}

static void on_kick(struct session *base, const char *reason)
{
    struct http2_connection *h = connection_of(base);
    nghttp2_session_terminate_session(h->session, NGHTTP2_NO_ERROR);
    http2_connection_end(h, reason);
}

static void on_close(struct session *base, const char *reason)
{
    struct http2_connection *h = connection_of(base);
    log_debug(&base->log, "HTTP/2 session %s %s ends: %s", base->id, base->ip, reason);
    http2_output_run(h); /* why it ends, if there is more to say than nothing */
    LIST_EACH (node, &h->streams)
        http2_stream_detach(LIST_ITEM(node, struct http2_stream, link), "its connection has ended");
    conn_finish(h->conn);
    h->conn = NULL;
}

static void destroy(struct session *base)
{
    struct http2_connection *h = connection_of(base);
    nghttp2_session_del(h->session);
    free(h);
}

static void parts(const struct session *base, struct session_parts *out)
{
    out->conn = ((const struct http2_connection *)base)->conn;
}

static const struct session_ops ops = {
    .name = "HTTP/2",
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_kick = on_kick,
    .on_close = on_close,
    .destroy = destroy,
    .parts = parts,
};

/* The beginning. */

static void submit_settings(struct http2_connection *h)
{
    const struct config          *config = http2_config(h);
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, config->http2.streams },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2_STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)config->limits.http_header_size },
        { NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, HEADER_TABLE_SIZE },
        { NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 }, /* no tree of them to be kept for a peer */
    };
    nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings);
    nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, HTTP2_CONNECTION_WINDOW);
}

/* nghttp2 has no memory only when small allocations of ours would end the process, too. */
static nghttp2_session *new_session(struct http2_connection *h)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option            *option;
    nghttp2_session           *session;
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
        abort();
    http2_frames_set_callbacks(callbacks);
    http2_output_set_callbacks(callbacks);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
    nghttp2_option_set_max_settings(option, SETTINGS_MAX);
    nghttp2_option_set_max_deflate_dynamic_table_size(option, HEADER_TABLE_SIZE);
    nghttp2_option_set_peer_max_concurrent_streams(option, 0); /* we open none */
    if (nghttp2_session_server_new2(&session, callbacks, h, option) != 0)
        abort();
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return session;
}

void http2_connection_start(struct session *before, struct conn *conn, http2_request_fn *on_request)
{
    struct http2_connection *h = alloc_zeroed(sizeof *h);
    session_init_after(&h->base, &ops, before);
    h->base.protocol = SESSION_HTTP2;
    h->conn = conn;
    h->on_request = on_request;
    list_init(&h->streams);
    list_init(&h->waiting);
    h->since_ms = http2_now_ms(h);
    conn_set_owner(conn, &handler, h);
    h->session = new_session(h);
    submit_settings(h);
    http2_output_run(h);
}
