#include "session/flv_session.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/context.h"
#include "core/events.h"
#include "core/outlet.h"
#include "core/session.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/flv.h"
#include "protocol/http.h"
#include "protocol/websocket.h"
#include "session/http_reply.h"
#include "session/playback.h"
#include "session/websocket_link.h"

#include <stdlib.h>

/* A viewer has nothing to say but pings and a close. */
#define WEBSOCKET_MESSAGE_MAX 4096

struct flv_session {
    struct session        base;
    struct conn          *conn;
    struct viewer         viewer;
    struct websocket_link websocket; /* unless it is plain HTTP */
    bool                  told;      /* the observers of events know of it */
    bool                  began;     /* the FLV header is sent */
    bool                  refused;   /* HTTP: it was answered with an error */
    uint64_t              since_ms;
};

/* There are as many as there are viewers: what grows this should be worth it. */
_Static_assert(sizeof(struct flv_session) <= 800, "memory of a viewer");

static bool is_websocket(const struct flv_session *s)
{
    return s->websocket.reader != NULL;
}

static const struct config *config_of(const struct flv_session *s)
{
    return s->base.worker->config;
}

static struct flv_session *session_of(struct viewer *v)
{
    return LIST_ITEM(v, struct flv_session, viewer);
}

/* Over HTTP, if nothing has been sent. */
static void refuse(struct flv_session *s, int status, const char *reason)
{
    if (is_websocket(s) || s->began || s->refused)
        return;
    s->refused = true;
    http_reply_error(s->conn, config_of(s), status, reason, 0);
}

/* End with `status` (HTTP) or `code` (WebSocket) if nothing has been sent, else just end. */
static void end(struct flv_session *s, int status, uint16_t code, const char *reason)
{
    refuse(s, status, reason);
    s->websocket.close_code = code;
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
    if (!is_websocket(s)) {
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
    s->websocket.close_code = 0;
    session_close(&s->base, playback_lost(&s->base, error));
}

static void on_skip(struct viewer *v, uint64_t packets)
{
    events_skip(&session_of(v)->base, packets);
}

static const struct viewer_ops viewer_ops = {
    .on_start = on_start,
    .on_stream_end = on_stream_end,
    .on_skip = on_skip,
    .on_lost = on_lost,
};

/* As the owner of a connection. */

static size_t on_input(struct conn *conn, struct bytes in)
{
    struct flv_session *s = conn->owner;
    if (!is_websocket(s)) /* a response without end has no next request */
        return in.size;
    return websocket_link_read(&s->websocket, in, &s->base, NULL);
}

static void on_writable(struct conn *conn)
{
    struct flv_session *s = conn->owner;
    outlet_viewer_writable(&s->viewer);
}

static void on_end(struct conn *conn, int error)
{
    struct flv_session *s = conn->owner;
    s->websocket.close_code = 0;
    session_close(&s->base, conn_why(conn, error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

/* As a session. */

static void on_tick(struct session *base, uint64_t now_ms)
{
    struct flv_session *s = (struct flv_session *)base;
    if (!s->began && now_ms - s->since_ms > (uint64_t)config_of(s)->play.wait_s * 1000)
        end(s, 404, WEBSOCKET_LINK_CODE(404), "stream not found: nobody publishes it");
}

static void on_stop(struct session *base)
{
    end((struct flv_session *)base, 503, WEBSOCKET_GOING_AWAY, "server stops");
}

static void on_kick(struct session *base, const char *reason)
{
    end((struct flv_session *)base, 403, WEBSOCKET_LINK_CODE(403), reason);
}

static void on_close(struct session *base, const char *reason)
{
    struct flv_session *s = (struct flv_session *)base;
    bool                in_packet = s->viewer.cursor.offset > 0;
    playback_leave(base, &s->viewer);
    log_info(&base->log, "FLV session %s %s stop play %s: %s", base->id, base->ip, session_path(base), reason);
    if (s->told)
        events_emit(EVENT_DONE_PLAY, base, reason);
    refuse(s, 403, reason); /* ended from elsewhere, before its answer began */
    if (!in_packet)
        websocket_link_close(&s->websocket, reason);
    if (in_packet)
        conn_close(s->conn); /* cut short, and to be seen as that */
    else
        conn_finish(s->conn);
    s->conn = NULL;
}

static void destroy(struct session *base)
{
    struct flv_session *s = (struct flv_session *)base;
    websocket_link_clear(&s->websocket);
    free(s);
}

static void parts(const struct session *base, struct session_parts *out)
{
    const struct flv_session *s = (const struct flv_session *)base;
    out->conn = s->conn;
    out->viewer = &s->viewer;
}

static const struct session_ops ops = {
    .name = "FLV",
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_kick = on_kick,
    .on_close = on_close,
    .destroy = destroy,
    .parts = parts,
};

void flv_session_start(struct session *before, struct conn *conn, const struct http_request *request,
                       const struct session_stream *stream)
{
    struct flv_session *s = alloc_zeroed(sizeof *s);
    struct outlet      *outlet;
    const char         *why;
    session_init_after(&s->base, &ops, before);
    session_copy_stream(&s->base, stream);
    s->base.role = SESSION_VIEWER;
    s->base.protocol = request->upgrade_websocket ? SESSION_WS : SESSION_FLV;
    s->conn = conn;
    s->since_ms = worker_now_ms(s->base.worker);
    conn_set_owner(conn, &handler, s);
    viewer_init(&s->viewer, conn, request->upgrade_websocket ? WIRE_WS : WIRE_FLV, &viewer_ops);
    s->viewer.needs_tracks = true;
    int error = playback_open(&s->base, &s->viewer, &outlet, &why);
    if (error != 0) {
        end(s, error == ERR_INVALID ? 400 : 503, 0, why);
        return;
    }
    if (request->upgrade_websocket)
        websocket_link_open(&s->websocket, conn, request, NULL, WEBSOCKET_MESSAGE_MAX);
    log_info(&s->base.log, "FLV session %s %s start play %s", s->base.id, s->base.ip, stream->path);
    s->told = true;
    playback_join(&s->base, &s->viewer, outlet);
    events_emit(EVENT_POST_PLAY, &s->base, NULL);
}
