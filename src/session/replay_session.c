#include "session/replay_session.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/context.h"
#include "core/events.h"
#include "core/record_piece.h"
#include "core/record_source.h"
#include "core/session.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/http.h"
#include "protocol/websocket.h"
#include "session/http_reply.h"
#include "session/playback.h"
#include "session/replay_feed.h"
#include "session/replay_options.h"
#include "session/websocket_link.h"

#include <errno.h>
#include <stdlib.h>

/* A viewer has nothing to say but pings and a close. */
#define WEBSOCKET_MESSAGE_MAX 4096

/* How often what is being recorded is looked at for more. */
#define FOLLOW_MS 250

struct replay_session {
    struct session        base;
    struct conn          *conn;
    struct websocket_link websocket; /* unless it is plain HTTP */
    struct replay_feed   *feed;
    bool                  counted;   /* among those who play recordings */
    bool                  told;      /* the observers of events know of it */
    bool                  head_only;
    bool                  is_fast;
    bool                  idle;      /* until it is time to read on */
    bool                  stopping;
    bool                  blocked;   /* the client does not take more now */
    bool                  in_tag;    /* the last piece ended in the middle of one */
    uint32_t              sent;      /* of the piece */
    uint32_t              marks;     /* of the piece: those that are due */
    bool                  began;     /* to send media */
    int64_t               zero_ms;   /* the worker's clock at the stream's time 0 */
    uint64_t              taken;     /* bytes that the client had taken at progress_ms */
    uint64_t              progress_ms;
};

static bool is_websocket(const struct replay_session *s)
{
    return s->websocket.reader != NULL;
}

static const struct config *config_of(const struct replay_session *s)
{
    return s->base.worker->config;
}

/* End with `status` (HTTP) before anything was said, or with the close code that stands for it. */
static void refuse(struct replay_session *s, int status, const char *reason)
{
    unsigned flags = s->head_only ? HTTP_REPLY_HEAD_ONLY : 0;
    if (!is_websocket(s))
        http_reply_error(s->conn, config_of(s), status, reason, flags);
    s->websocket.close_code = WEBSOCKET_LINK_CODE(status);
    playback_refuse(&s->base, reason);
    session_close(&s->base, reason);
}

static void end(struct replay_session *s, uint16_t code, const char *reason)
{
    s->websocket.close_code = code;
    session_close(&s->base, reason);
}

/* When. */

/* How much of the piece is due, and in how many milliseconds there is more (0: all of it is). */
static uint32_t due_size(struct replay_session *s, const struct record_piece *piece, uint64_t *wait_ms)
{
    int64_t now_ms = (int64_t)worker_now_ms(s->base.worker);
    *wait_ms = 0;
    if (s->is_fast)
        return piece->size;
    if (!s->began)
        s->zero_ms = now_ms;
    s->began = true;
    for (; s->marks < piece->mark_count; s->marks++) {
        int64_t early_ms = piece->marks[s->marks].time_ms - (now_ms - s->zero_ms) - REPLAY_LEAD_MS;
        if (early_ms > REPLAY_GAP_MAX_MS) {
            s->zero_ms -= early_ms;
            early_ms = 0;
        }
        if (early_ms > 0) {
            *wait_ms = (uint64_t)early_ms;
            return s->marks > 0 ? piece->marks[s->marks - 1].end : 0;
        }
    }
    return piece->size;
}

/* Whether what was sent so far ends with a tag. */
static bool is_between_tags(const struct replay_session *s, const struct record_piece *piece)
{
    if (s->sent == 0)
        return !s->in_tag;
    if (s->sent == piece->size)
        return !piece->in_tag;
    for (uint32_t i = 0; i < s->marks; i++)
        if (piece->marks[i].end == s->sent)
            return true;
    return false;
}

/* What. */

/* Send the piece up to `size`.  False if the client takes no more, or is gone. */
static bool send_up_to(struct replay_session *s, const struct record_piece *piece, uint32_t size)
{
    while (s->sent < size) {
        struct iovec iov = { piece->data + s->sent, size - s->sent };
        ssize_t      n = conn_send(s->conn, &iov, 1);
        if (n == -EAGAIN) {
            s->blocked = true;
            conn_want_write(s->conn);
            return false;
        }
        if (n < 0) {
            session_close(&s->base, "connection failed");
            return false;
        }
        s->sent += (uint32_t)n;
    }
    return true;
}

/* The piece is sent.  False if that was all for now. */
static bool end_piece(struct replay_session *s, const struct record_piece *piece)
{
    switch (piece->end) {
    case RECORD_PIECE_LAST:
        end(s, WEBSOCKET_NORMAL, "the period is over");
        return false;
    case RECORD_PIECE_BROKEN:
        session_close(&s->base, "the file was cut short");
        return false;
    case RECORD_PIECE_WAIT:
        s->idle = true;
        replay_feed_wake(s->feed, FOLLOW_MS);
        return false;
    default:
        s->in_tag = piece->in_tag;
        s->sent = s->marks = 0;
        replay_feed_next(s->feed);
        return true;
    }
}

static void push(struct replay_session *s)
{
    const struct record_piece *piece;
    while ((piece = replay_feed_piece(s->feed)) != NULL && !s->idle) {
        uint64_t wait_ms;
        uint32_t size = due_size(s, piece, &wait_ms);
        bool     between = is_between_tags(s, piece);
        if (between && s->stopping) {
            end(s, WEBSOCKET_GOING_AWAY, "server stops");
            return;
        }
        conn_hold(s->conn, !between);
        s->blocked = between && !conn_flush(s->conn); /* the head, or pongs; on_writable() follows */
        if (s->blocked || !send_up_to(s, piece, size))
            return;
        conn_hold(s->conn, !is_between_tags(s, piece));
        if (s->sent < piece->size) {
            replay_feed_wake(s->feed, wait_ms);
            return;
        }
        if (!end_piece(s, piece))
            return;
    }
}

/* As the owner of a feed. */

static void begin(struct replay_session *s)
{
    struct http_reply reply = { .status = 200, .content_type = "video/x-flv", .head_only = s->head_only };
    if (!is_websocket(s))
        http_reply_send(s->conn, config_of(s), &reply);
    if (s->head_only) {
        session_close(&s->base, "answered");
        return;
    }
    log_info(&s->base.log, "Replay session %s %s start play %s", s->base.id, s->base.ip,
             session_path(&s->base));
    s->told = true;
    events_emit(EVENT_POST_PLAY, &s->base, NULL);
}

static void on_open(void *session, int error)
{
    struct replay_session *s = session;
    if (error == 0)
        begin(s);
    else if (error == ERR_NOT_FOUND)
        refuse(s, 404, "nothing was recorded in that period");
    else
        refuse(s, 500, "the recordings cannot be read");
}

static void on_piece(void *session)
{
    push(session);
}

static void on_wake(void *session)
{
    struct replay_session *s = session;
    if (s->idle) {
        const struct record_piece *piece = replay_feed_piece(s->feed);
        s->idle = false;
        s->in_tag = piece->in_tag;
        s->sent = s->marks = 0;
        replay_feed_next(s->feed);
    }
    push(s);
}

static const struct replay_feed_ops feed_ops = { on_open, on_piece, on_wake };

/* As the owner of a connection. */

static size_t on_input(struct conn *conn, struct bytes in)
{
    struct replay_session *s = conn->owner;
    if (!is_websocket(s)) /* the connection ends with the response */
        return in.size;
    return websocket_link_read(&s->websocket, in, &s->base, NULL);
}

static void on_writable(struct conn *conn)
{
    push(conn->owner);
}

static void on_end(struct conn *conn, int error)
{
    struct replay_session *s = conn->owner;
    s->websocket.close_code = 0;
    session_close(&s->base, conn_why(conn, error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

/* As a session. */

/* A client must take some now and then of what it is offered, and a disk must answer. */
static void on_tick(struct session *base, uint64_t now_ms)
{
    struct replay_session *s = (struct replay_session *)base;
    uint64_t               stall_ms = (uint64_t)config_of(s)->delivery.stall_s * 1000;
    if (!s->blocked || s->conn->bytes_out != s->taken) {
        s->taken = s->conn->bytes_out;
        s->progress_ms = now_ms;
    }
    if (now_ms - s->progress_ms > stall_ms) {
        s->websocket.close_code = 0;
        session_close(base, playback_lost(base, ERR_TIMEOUT));
    } else if (replay_feed_working_ms(s->feed) > stall_ms) {
        if (!s->told)
            refuse(s, 503, "the disk does not answer");
        else
            session_close(base, "the disk does not answer");
    }
}

static void on_stop(struct session *base)
{
    struct replay_session *s = (struct replay_session *)base;
    s->stopping = true;
    if (!s->told)
        refuse(s, 503, "server stops");
    else if (!s->blocked)
        push(s);
}

/* Whether the client can be told that this is the end: it is not in the middle of a tag. */
static bool is_whole(const struct replay_session *s)
{
    const struct record_piece *piece = s->feed != NULL ? replay_feed_piece(s->feed) : NULL;
    return !s->told || (piece != NULL ? is_between_tags(s, piece) : !s->in_tag);
}

static void on_close(struct session *base, const char *reason)
{
    struct replay_session *s = (struct replay_session *)base;
    bool                   whole = is_whole(s);
    if (s->told) {
        log_info(&base->log, "Replay session %s %s stop play %s: %s", base->id, base->ip, session_path(base),
                 reason);
        events_emit(EVENT_DONE_PLAY, base, reason);
    }
    if (s->feed != NULL)
        replay_feed_free(s->feed);
    if (s->counted)
        stats_add(&base->worker->context->stats.record_players, (uint64_t)-1);
    if (whole)
        websocket_link_close(&s->websocket, reason);
    if (whole)
        conn_finish(s->conn);
    else
        conn_close(s->conn); /* cut short, and to be seen as that */
    s->conn = NULL;
    s->feed = NULL;
}

static void destroy(struct session *base)
{
    struct replay_session *s = (struct replay_session *)base;
    websocket_link_clear(&s->websocket);
    free(s);
}

static void parts(const struct session *base, struct session_parts *out)
{
    out->conn = ((const struct replay_session *)base)->conn;
}

static const struct session_ops ops = {
    .name = "Replay",
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_close = on_close,
    .destroy = destroy,
    .parts = parts,
};

/* Find what is asked for.  0, or the status to refuse it with. */
static int open_feed(struct replay_session *s, const struct http_request *request, const char **why)
{
    struct context       *context = s->base.worker->context;
    struct replay_options options;
    if (replay_options_read(s->base.stream->query, clock_wall_ms(), &options, why) != 0)
        return 400;
    *why = "nothing is recorded here";
    if (context->catalogue == NULL || config_of(s)->record.path[0] == '\0')
        return 404;
    s->counted = true;
    *why = limit_phrase(LIMIT_RECORD_PLAYERS);
    if (atomic_fetch_add(&context->stats.record_players, 1) >= config_of(s)->record.players) {
        limit_hit(&context->stats, LIMIT_RECORD_PLAYERS);
        return 503;
    }
    struct record_period period = {
        .root = config_of(s)->record.path,
        .path = session_path(&s->base),
        .from_ms = options.from_ms,
        .to_ms = options.to_ms,
        .follows = options.follows,
        .closes_gaps = options.closes_gaps,
        .websocket = request->upgrade_websocket,
    };
    s->is_fast = options.is_fast;
    s->feed = replay_feed_new(s->base.worker, record_source_new(context->catalogue, &period), &feed_ops, s);
    *why = "out of memory";
    return s->feed != NULL ? 0 : 503;
}

void replay_session_start(struct session *before, struct conn *conn, const struct http_request *request,
                          const struct session_stream *stream)
{
    struct replay_session *s = alloc_zeroed(sizeof *s);
    const char            *why;
    session_init_after(&s->base, &ops, before);
    session_copy_stream(&s->base, stream);
    s->base.role = SESSION_VIEWER;
    s->base.protocol = request->upgrade_websocket ? SESSION_WS : SESSION_FLV;
    s->conn = conn;
    s->head_only = request->method == HTTP_METHOD_HEAD;
    s->progress_ms = worker_now_ms(s->base.worker);
    conn_set_owner(conn, &handler, s);
    int status = open_feed(s, request, &why);
    if (status != 0)
        refuse(s, status, why);
    else if (request->upgrade_websocket)
        websocket_link_open(&s->websocket, conn, request, NULL, WEBSOCKET_MESSAGE_MAX);
}
