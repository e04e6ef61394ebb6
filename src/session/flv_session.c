#include "session/flv_session.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/context.h"
#include "core/outlet.h"
#include "core/session.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/flv.h"
#include "protocol/http.h"
#include "protocol/websocket.h"
#include "session/http_reply.h"

#include <stdlib.h>

/* A viewer has nothing to say but pings and a close. */
#define WEBSOCKET_MESSAGE_MAX 4096

/* Close codes of our own (RFC 6455, 7.4.2: 4000 to 4999), after the HTTP statuses. */
#define CLOSE_NOT_FOUND   4404
#define CLOSE_UNAVAILABLE 4503

struct flv_session {
    struct session           base;
    struct conn             *conn;
    struct viewer            viewer;
    struct websocket_reader *websocket;  /* NULL: plain HTTP */
    bool                     began;      /* the FLV header is sent */
    uint16_t                 close_code; /* WebSocket: what to close with; 0: nothing to say any more */
    uint64_t                 since_ms;
};

static const struct config *config_of(const struct flv_session *s)
{
    return s->base.worker->config;
}

static struct flv_session *session_of(struct viewer *v)
{
    return LIST_ITEM(v, struct flv_session, viewer);
}

/* End with `status` (HTTP) or `code` (WebSocket) if nothing has been sent, else just end. */
static void end(struct flv_session *s, int status, uint16_t code, const char *reason)
{
    if (s->websocket == NULL && !s->began)
        http_reply_error(s->conn, config_of(s), status, reason, false);
    s->close_code = code;
    session_close(&s->base, reason);
}

/* As a viewer. */

static void on_start(struct viewer *v, bool has_audio, bool has_video)
{
    struct flv_session *s = session_of(v);
    uint8_t             header[FLV_HEADER_SIZE];
    if (s->began) /* the stream came back for a viewer that was held: its response goes on */
        return;
    s->began = true;
    flv_write_header(header, has_audio, has_video);
    if (s->websocket == NULL) {
        struct http_reply reply = { .status = 200, .content_type = "video/x-flv" };
        http_reply_send(s->conn, config_of(s), &reply);
    } else {
        uint8_t frame[WEBSOCKET_HEADER_SIZE];
        conn_write(s->conn, frame, websocket_write_header(frame, WEBSOCKET_OPCODE_BINARY, sizeof header));
    }
    conn_write(s->conn, header, sizeof header);
}

static void on_stream_end(struct viewer *v)
{
    end(session_of(v), 404, WEBSOCKET_NORMAL, "stream ended");
}

static void on_lost(struct viewer *v, int error)
{
    struct flv_session *s = session_of(v);
    if (error == ERR_TIMEOUT)
        stats_add(&s->base.worker->context->stats.viewer_stalls, 1);
    s->close_code = 0;
    session_close(&s->base, error == ERR_TIMEOUT ? "stalled: took nothing in time" : err_name(error));
}

static const struct viewer_ops viewer_ops = { on_start, on_stream_end, on_lost };

/* What a WebSocket viewer says. */

static void answer_pong(struct flv_session *s, struct bytes payload)
{
    uint8_t       room[WEBSOCKET_HEADER_SIZE + WEBSOCKET_CONTROL_MAX];
    struct writer w = writer_over(room, sizeof room);
    websocket_write_frame(&w, WEBSOCKET_OPCODE_PONG, payload);
    conn_write(s->conn, room, writer_size(&w));
}

static void handle_event(struct flv_session *s, const struct websocket_event *event)
{
    if (event->type == WEBSOCKET_PING) {
        answer_pong(s, event->data);
    } else if (event->type == WEBSOCKET_CLOSE) {
        s->close_code = websocket_answer_code(event->code);
        session_close(&s->base, "closed by peer");
    }
}

static size_t take_frames(struct flv_session *s, struct bytes in)
{
    size_t                 taken = 0;
    struct websocket_event event;
    do {
        ssize_t n = websocket_read(s->websocket, (struct bytes){ in.data + taken, in.size - taken }, &event);
        if (n < 0) {
            s->close_code = websocket_reader_code(s->websocket);
            session_close(&s->base, err_name((int)n));
            return taken;
        }
        taken += (size_t)n;
        handle_event(s, &event);
    } while (event.type != WEBSOCKET_NONE && !s->base.closed);
    return taken;
}

static size_t on_input(struct conn *conn, struct bytes in)
{
    struct flv_session *s = conn->owner;
    return s->websocket != NULL ? take_frames(s, in) : in.size; /* a response without end has no next request */
}

static void on_writable(struct conn *conn)
{
    struct flv_session *s = conn->owner;
    outlet_viewer_writable(&s->viewer);
}

static void on_end(struct conn *conn, int error)
{
    struct flv_session *s = conn->owner;
    s->close_code = 0;
    session_close(&s->base, err_name(error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

/* As a session. */

static void on_tick(struct session *base, uint64_t now_ms)
{
    struct flv_session *s = (struct flv_session *)base;
    if (!s->began && now_ms - s->since_ms > (uint64_t)config_of(s)->play.wait_s * 1000)
        end(s, 404, CLOSE_NOT_FOUND, "stream not found: nobody publishes it");
}

static void on_stop(struct session *base)
{
    end((struct flv_session *)base, 503, WEBSOCKET_GOING_AWAY, "server stops");
}

static void on_close(struct session *base, const char *reason)
{
    struct flv_session *s = (struct flv_session *)base;
    bool                in_packet = s->viewer.cursor.offset > 0;
    outlet_leave(&s->viewer);
    log_info(&base->log, "FLV session %s %s stop play %s: %s", base->id, base->ip, session_path(base), reason);
    if (s->websocket != NULL && s->close_code != 0 && !in_packet) {
        uint8_t       room[WEBSOCKET_HEADER_SIZE + WEBSOCKET_CONTROL_MAX];
        struct writer w = writer_over(room, sizeof room);
        websocket_write_close(&w, s->close_code, reason);
        conn_write(s->conn, room, writer_size(&w));
    }
    if (in_packet)
        conn_close(s->conn); /* cut short, and to be seen as that */
    else
        conn_finish(s->conn);
    s->conn = NULL;
}

static void destroy(struct session *base)
{
    struct flv_session *s = (struct flv_session *)base;
    websocket_reader_free(s->websocket);
    free(s);
}

static const struct session_ops ops = {
    .name = "FLV",
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_close = on_close,
    .destroy = destroy,
};

static void accept_websocket(struct flv_session *s, const struct http_request *request)
{
    uint8_t       room[1024];
    struct writer w = writer_over(room, sizeof room);
    websocket_write_accept(&w, request, NULL);
    conn_write(s->conn, room, writer_size(&w));
    s->websocket = websocket_reader_new(WEBSOCKET_MESSAGE_MAX);
}

void flv_session_start(struct session *before, struct conn *conn, const struct http_request *request,
                       const struct url_stream *stream)
{
    struct flv_session *s = alloc_zeroed(sizeof *s);
    struct outlet      *outlet;
    session_init_after(&s->base, &ops, before);
    session_set_stream(&s->base, stream);
    s->base.role = SESSION_VIEWER;
    s->conn = conn;
    s->since_ms = worker_now_ms(s->base.worker);
    conn_set_owner(conn, &handler, s);
    if (request->upgrade_websocket)
        accept_websocket(s, request);
    viewer_init(&s->viewer, conn, s->websocket != NULL ? WIRE_WS : WIRE_FLV, &viewer_ops);
    s->viewer.needs_tracks = true;
    if (outlet_open(s->base.worker, stream->path, &outlet) != 0) {
        log_error(&s->base.log, "FLV session %s %s play %s error, too many streams", s->base.id, s->base.ip,
                  stream->path);
        end(s, 503, CLOSE_UNAVAILABLE, "too many streams");
        return;
    }
    log_info(&s->base.log, "FLV session %s %s start play %s", s->base.id, s->base.ip, stream->path);
    outlet_join(outlet, &s->viewer);
}
