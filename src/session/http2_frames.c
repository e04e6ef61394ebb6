/* http2_frames.c - what a peer sends, as nghttp2 tells it frame by frame.
 *
 * Everything here is called while nghttp2 reads or sends: the owners of streams, who are called from
 * here, find that nothing can be sent yet. */
#include "core/context.h"
#include "core/worker.h"
#include "session/http2_peer.h"

static struct http2_stream *find(struct http2_connection *h, int32_t id)
{
    return nghttp2_session_get_stream_user_data(h->session, id);
}

static void count_reset(struct http2_connection *h)
{
    if (!http2_flood_reset(&h->flood, http2_now_ms(h), http2_config(h)->http2.resets))
        http2_connection_refuse(h, LIMIT_HTTP2_RESETS);
}

static void count_control_frame(struct http2_connection *h)
{
    if (!http2_flood_control_frame(&h->flood, http2_now_ms(h), http2_config(h)->http2.control_frames))
        http2_connection_refuse(h, LIMIT_HTTP2_CONTROL_FRAMES);
}

/* Every frame that begins, CONTINUATION too, and those that nghttp2 does not know. */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *connection)
{
    struct http2_connection *h = connection;
    (void)session;
    if (head->type != NGHTTP2_CONTINUATION)
        h->head_since_ms = 0;
    if (head->type == NGHTTP2_WINDOW_UPDATE) {
        if (!http2_flood_window_update(&h->flood, http2_now_ms(h), http2_config(h)->http2.control_frames))
            http2_connection_refuse(h, LIMIT_HTTP2_CONTROL_FRAMES);
    } else if (head->type != NGHTTP2_HEADERS && (head->type != NGHTTP2_DATA || head->length == 0)) {
        count_control_frame(h);
    }
    return h->why != NULL ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* Requests. */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *connection)
{
    struct http2_connection *h = connection;
    h->head_since_ms = http2_now_ms(h);
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct http2_stream *s = http2_stream_new(h, frame->hd.stream_id);
    return nghttp2_session_set_stream_user_data(session, s->id, s) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags,
                     void *connection)
{
    struct http2_connection *h = connection;
    struct http2_stream     *s = find(h, frame->hd.stream_id);
    (void)session, (void)flags;
    if (s == NULL || frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0; /* trailers: nobody wants them */
    int error = http2_request_add(s->request, (struct bytes){ name, name_size },
                                  (struct bytes){ value, value_size });
    if (error == 0)
        return 0;
    http2_connection_refuse(h, LIMIT_HTTP_HEADER_SIZE);
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static void take_request(struct http2_connection *h, struct http2_stream *s, bool has_body)
{
    h->head_since_ms = 0;
    s->refusal = http2_request_end(s->request, has_body, &s->refusal_reason);
    if (s->refusal == 431)
        s->refusal_reason = limit_hit(&h->base.worker->context->stats, LIMIT_HTTP_HEADER_SIZE);
    h->on_request(&h->base, s->conn);
}

/* A GET ends at once, which is no end of what is to be sent; nor has its body, if it has one, anything
 * to say. */
static void end_body(struct http2_stream *s)
{
    const struct http_request *request = http2_request_get(s->request);
    bool                       has_reader = request->has_body || request->upgrade_websocket;
    bool is_get = request->method == HTTP_METHOD_GET && !request->upgrade_websocket;
    if (s->conn != NULL && has_reader && !is_get)
        conn_give_end(s->conn);
}

static void on_headers(struct http2_connection *h, struct http2_stream *s, const nghttp2_frame *frame)
{
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        take_request(h, s, !ends);
    h->head_since_ms = 0;
    if (ends)
        end_body(s);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *connection)
{
    struct http2_connection *h = connection;
    struct http2_stream     *s = frame->hd.stream_id > 0 ? find(h, frame->hd.stream_id) : NULL;
    (void)session;
    if (frame->hd.type == NGHTTP2_SETTINGS)
        h->greeted = true;
    else if (frame->hd.type == NGHTTP2_RST_STREAM)
        count_reset(h);
    else if (frame->hd.type == NGHTTP2_HEADERS && s != NULL)
        on_headers(h, s, frame);
    else if (frame->hd.type == NGHTTP2_DATA && s != NULL && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        end_body(s);
    return h->why != NULL ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* A head that breaks a rule of HTTP: nghttp2 resets its stream, which was never anybody's. */
static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error, void *connection)
{
    struct http2_connection *h = connection;
    (void)session, (void)frame, (void)error;
    h->head_since_ms = 0;
    return 0;
}

/* The connection's window is opened at once: it is the streams' that bounds what is kept, so one that
 * takes nothing does not hold up the others. */
static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t size,
                   void *connection)
{
    struct http2_stream *s = find(connection, id);
    (void)flags;
    nghttp2_session_consume_connection(session, size);
    if (s != NULL && s->conn != NULL)
        conn_give(s->conn, (struct bytes){ data, size });
    return 0;
}

/* The end of streams. */

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *connection)
{
    struct http2_connection *h = connection;
    struct http2_stream     *s = find(h, id);
    (void)session;
    if (s == NULL)
        return 0;
    http2_stream_detach(s, error == NGHTTP2_NO_ERROR ? "stream is over" : "stream reset");
    h->since_ms = http2_now_ms(h);
    if (h->stopping && list_empty(&h->streams))
        http2_connection_end(h, "server stops");
    return 0;
}

/* An answer that is complete before its request: the rest of that is not wanted (RFC 9113, 8.1).  A
 * reset that we have to send for the peer's fault is as good as one of its own. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *connection)
{
    struct http2_connection *h = connection;
    int32_t                  id = frame->hd.stream_id;
    struct http2_stream     *s = id > 0 ? find(h, id) : NULL;
    if (frame->hd.type == NGHTTP2_DATA && frame->hd.flags & NGHTTP2_FLAG_END_STREAM &&
        nghttp2_session_get_stream_remote_close(session, id) == 0) {
        if (s != NULL)
            s->reset = true;
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    } else if (frame->hd.type == NGHTTP2_RST_STREAM && (s == NULL || !s->reset)) {
        if (frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM)
            limit_hit(&h->base.worker->context->stats, LIMIT_HTTP2_STREAMS);
        count_reset(h);
    }
    return 0;
}

void http2_frames_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
}
