#include "session/rtmp_session.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/context.h"
#include "core/outlet.h"
#include "core/worker.h"
#include "net/conn.h"
#include "net/tls.h"
#include "protocol/rtmp_data.h"
#include "protocol/rtmp_message.h"
#include "session/rtmp_peer.h"

#include <stdlib.h>
#include <sys/random.h>

/* Before a peer is accepted as a publisher it has commands to send and nothing else. */
#define COMMAND_SIZE_MAX (64 * 1024)

/* Acknowledge so often when the peer has not said how often it wants it. */
#define ACK_WINDOW_DEFAULT 2500000

/* There are as many as there are viewers: what grows this should be worth it. */
_Static_assert(sizeof(struct rtmp_session) <= 1000, "memory of a viewer");

static struct rtmp_session *session_of(struct conn *conn)
{
    return conn->owner;
}

static uint64_t now_ms(const struct rtmp_session *s)
{
    return worker_now_ms(s->base.worker);
}

static const struct config *config_of(const struct rtmp_session *s)
{
    return s->base.worker->config;
}

void rtmp_set_state(struct rtmp_session *s, enum rtmp_state state)
{
    const struct config *config = config_of(s);
    bool                 publishes = state == RTMP_PUBLISH;
    s->state = state;
    s->state_since_ms = now_ms(s);
    s->base.role = publishes ? SESSION_PUBLISHER : state == RTMP_PLAY ? SESSION_VIEWER : SESSION_IDLE;
    uint32_t size_max = publishes ? (uint32_t)config->limits.message_size : COMMAND_SIZE_MAX;
    struct rtmp_chunk_limits limits = {
        .message_size_max = size_max,
        .chunk_streams_max = config->limits.chunk_streams,
        .buffered_size_max = 2 * (size_t)size_max,
    };
    if (s->chunks == NULL)
        s->chunks = rtmp_chunk_reader_new(&limits);
    else
        rtmp_chunk_reader_set_limits(s->chunks, &limits);
}

/* Access. */

void rtmp_ask(struct rtmp_session *s, enum auth_use use, access_answer_fn *answer)
{
    access_ask(&s->base, use, answer);
    if (!access_is_asked(&s->base))
        return;
    rtmp_set_state(s, RTMP_ASK);
    conn_pause_watching(s->conn);
}

void rtmp_stop_asking(struct rtmp_session *s)
{
    if (s->state != RTMP_ASK)
        return;
    rtmp_set_state(s, RTMP_READY);
    conn_resume(s->conn);
}

static bool is_waiting(const struct rtmp_session *s)
{
    return s->state == RTMP_ASK || s->state == RTMP_WAIT;
}

/* Replies. */

void rtmp_reply_begin(struct rtmp_reply *reply)
{
    reply->w = writer_over(reply->room, sizeof reply->room);
}

void rtmp_reply_send(struct rtmp_session *s, struct rtmp_reply *reply)
{
    if (reply->w.overrun) /* a description too long: all that varies is a bounded stream path */
        log_error(&s->base.log, "a reply did not fit");
    else
        conn_write(s->conn, reply->room, writer_size(&reply->w));
}

void rtmp_send_status(struct rtmp_session *s, uint32_t msid, const char *level, const char *code,
                      const char *description)
{
    struct rtmp_reply  reply;
    struct rtmp_status status = { level, code, description };
    rtmp_reply_begin(&reply);
    rtmp_write_status(&reply.w, msid, &status, s->chunk_size);
    rtmp_reply_send(s, &reply);
}

void rtmp_refuse(struct rtmp_session *s, uint32_t msid, const char *code, const char *description)
{
    rtmp_send_status(s, msid, "error", code, description);
    session_close(&s->base, description);
}

/* Messages. */

static void acknowledge(struct rtmp_session *s)
{
    if (s->conn->bytes_in - s->acked < s->ack_window)
        return;
    struct rtmp_reply reply;
    s->acked = s->conn->bytes_in;
    rtmp_reply_begin(&reply);
    rtmp_write_acknowledgement(&reply.w, (uint32_t)s->acked);
    rtmp_reply_send(s, &reply);
}

static void answer_ping(struct rtmp_session *s, uint32_t time_ms)
{
    struct rtmp_reply reply;
    rtmp_reply_begin(&reply);
    rtmp_write_user_control(&reply.w, RTMP_PING_RESPONSE, time_ms);
    rtmp_reply_send(s, &reply);
}

static int handle_control(struct rtmp_session *s, const struct rtmp_message *m)
{
    struct rtmp_control control;
    int                 error = rtmp_control_read(m->type, avpacket_bytes(m->packet), &control);
    if (error != 0)
        return error;
    switch (control.type) {
    case RTMP_SET_CHUNK_SIZE:
        return rtmp_chunk_reader_set_chunk_size(s->chunks, control.value);
    case RTMP_ABORT:
        rtmp_chunk_reader_abort(s->chunks, control.value);
        return 0;
    case RTMP_WINDOW_ACK_SIZE:
        s->ack_window = control.value > 0 ? control.value : ACK_WINDOW_DEFAULT;
        return 0;
    case RTMP_USER_CONTROL:
        if (control.event == RTMP_PING_REQUEST)
            answer_ping(s, control.value);
        return 0;
    default: /* acknowledgements; a bandwidth that we neither need nor keep; buffer lengths */
        return 0;
    }
}

static int handle_message(struct rtmp_session *, struct rtmp_message *);

static int handle_aggregate(struct rtmp_session *s, const struct rtmp_message *m)
{
    struct rtmp_aggregate walk = rtmp_aggregate_over(m);
    struct rtmp_message   part;
    int                   result;
    while ((result = rtmp_aggregate_next(&walk, &part)) == 1) {
        int error = handle_message(s, &part);
        if (error != 0 || s->base.closed)
            return error;
    }
    return result;
}

/* Takes m->packet over. */
static int handle_message(struct rtmp_session *s, struct rtmp_message *m)
{
    int error = 0;
    switch (m->type) {
    case RTMP_AUDIO:
    case RTMP_VIDEO:
    case RTMP_DATA_AMF0:
    case RTMP_DATA_AMF3:
        return rtmp_take_media(s, m);
    case RTMP_COMMAND_AMF0:
    case RTMP_COMMAND_AMF3:
        error = rtmp_handle_command(s, m->msid, avpacket_bytes(m->packet), m->type == RTMP_COMMAND_AMF3);
        break;
    case RTMP_AGGREGATE:
        error = handle_aggregate(s, m);
        break;
    default: /* shared objects and types that do not exist are passed over */
        if (m->type >= RTMP_SET_CHUNK_SIZE && m->type <= RTMP_SET_PEER_BANDWIDTH)
            error = handle_control(s, m);
        break;
    }
    avpacket_unref(&m->packet);
    return error;
}

/* Before a peer publishes, what it may send is bounded by less than the limits. */
static void fail_chunk(struct rtmp_session *s, int error)
{
    const char *reason = rtmp_chunk_reader_why(s->chunks);
    if (rtmp_chunk_reader_ran_out(s->chunks))
        reason = limit_hit(&s->base.worker->context->stats, LIMIT_CHUNK_STREAMS);
    else if (error == ERR_TOO_BIG && s->state == RTMP_PUBLISH)
        reason = limit_hit(&s->base.worker->context->stats, LIMIT_MESSAGE_SIZE);
    session_close(&s->base, reason);
}

static ssize_t read_message(struct rtmp_session *s, struct bytes in)
{
    struct rtmp_message m;
    ssize_t             n = rtmp_chunk_read(s->chunks, in, &m);
    if (n < 0)
        fail_chunk(s, (int)n);
    if (n <= 0 || m.packet == NULL)
        return n;
    int error = handle_message(s, &m);
    return error != 0 ? error : n;
}

/* Handshake. */

static ssize_t answer_handshake(struct rtmp_session *s, struct bytes in)
{
    uint8_t random[RTMP_HANDSHAKE_SIZE], reply[RTMP_HANDSHAKE_REPLY_SIZE];
    bool    complete = in.size >= RTMP_HANDSHAKE_REQUEST_SIZE;
    if (complete && getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return ERR_SYSTEM;
    ssize_t n = rtmp_handshake_reply(in, random, &s->handshake, reply);
    if (n > 0) {
        conn_write(s->conn, reply, sizeof reply);
        s->state = RTMP_GREETED;
    }
    return n;
}

static ssize_t finish_handshake(struct rtmp_session *s, struct bytes in)
{
    enum rtmp_client_proof proof;
    ssize_t                n = rtmp_handshake_finish(in, &s->handshake, &proof);
    if (n > 0)
        s->state = RTMP_CONNECT; /* the time limit of the handshake goes on */
    return n;
}

/* One step on the input.  Returns bytes consumed, 0 for more, or an error. */
static ssize_t step(struct rtmp_session *s, struct bytes in)
{
    switch (s->state) {
    case RTMP_HANDSHAKE: return answer_handshake(s, in);
    case RTMP_GREETED:   return finish_handshake(s, in);
    default:             return read_message(s, in);
    }
}

static size_t on_input(struct conn *conn, struct bytes in)
{
    struct rtmp_session *s = session_of(conn);
    size_t               taken = 0;
    s->heard_ms = now_ms(s);
    s->pinged_ms = 0;
    while (taken < in.size && !s->base.closed && !is_waiting(s)) {
        ssize_t n = step(s, (struct bytes){ in.data + taken, in.size - taken });
        if (n == 0)
            break;
        if (n < 0) {
            session_close(&s->base, err_name((int)n));
            break;
        }
        taken += (size_t)n;
    }
    if (!s->base.closed)
        acknowledge(s);
    return taken;
}

static void on_writable(struct conn *conn)
{
    outlet_viewer_writable(&session_of(conn)->viewer);
}

static void on_end(struct conn *conn, int error)
{
    session_close(&session_of(conn)->base, conn_why(conn, error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

/* Time limits. */

static void ping(struct rtmp_session *s)
{
    struct rtmp_reply reply;
    s->pinged_ms = now_ms(s);
    rtmp_reply_begin(&reply);
    rtmp_write_user_control(&reply.w, RTMP_PING_REQUEST, (uint32_t)s->pinged_ms);
    rtmp_reply_send(s, &reply);
}

/* Whether the peer shows no life: it neither answers nor, as a viewer, takes what we send.
 * Some clients never answer a ping (OBS drops all it receives while it publishes), but then
 * media is their sign of life. */
static bool is_silent(const struct rtmp_session *s, uint64_t now)
{
    uint64_t limit_ms = (uint64_t)config_of(s)->rtmp.ping_timeout * 1000;
    bool     watching = s->viewer.state == VIEWER_STEADY || s->viewer.state == VIEWER_BEHIND;
    if (watching && s->viewer.progress_ms >= s->pinged_ms)
        return false;
    return s->pinged_ms != 0 && now - s->pinged_ms > limit_ms;
}

static const char *expire(struct rtmp_session *s, enum limit limit, const char *reason)
{
    limit_hit(&s->base.worker->context->stats, limit);
    return reason;
}

static const char *find_expired(struct rtmp_session *s, uint64_t now)
{
    const struct config *config = config_of(s);
    uint64_t             age_ms = now - s->state_since_ms;
    bool                 beginning = s->state < RTMP_READY || s->state == RTMP_WAIT;
    if (beginning && age_ms > (uint64_t)config->limits.handshake_s * 1000)
        return expire(s, LIMIT_HANDSHAKE,
                      conn_is_opening(s->conn) ? "TLS handshake timed out (limits.handshake_s)"
                                               : "handshake timed out (limits.handshake_s)");
    if (s->state == RTMP_READY && age_ms > (uint64_t)config->limits.idle_s * 1000)
        return expire(s, LIMIT_IDLE, "idle: neither published nor played (limits.idle_s)");
    const char *fault = s->state == RTMP_PUBLISH ? ingest_silence(&s->ingest, now) : NULL;
    if (fault == NULL && s->state == RTMP_PUBLISH)
        fault = ingest_excess(&s->ingest, s->conn->bytes_in, now);
    if (fault != NULL)
        return fault;
    return is_silent(s, now) ? "no answer to a ping" : NULL;
}

static void on_tick(struct session *base, uint64_t now)
{
    struct rtmp_session *s = (struct rtmp_session *)base;
    const char          *expired = find_expired(s, now);
    if (expired != NULL) {
        session_close(base, expired);
        return;
    }
    if (s->state == RTMP_PLAY)
        rtmp_play_tick(s, now);
    if (s->state >= RTMP_READY && !base->closed && s->pinged_ms == 0 &&
        now - s->heard_ms >= (uint64_t)config_of(s)->rtmp.ping * 1000)
        ping(s);
}

/* The end. */

static void on_stop(struct session *base)
{
    session_close(base, "server stops");
}

static void on_close(struct session *base, const char *reason)
{
    struct rtmp_session *s = (struct rtmp_session *)base;
    bool                 in_packet = s->viewer.cursor.offset > 0;
    rtmp_stop_stream(s, !in_packet, reason);
    if (in_packet)
        conn_close(s->conn); /* no word of ours fits into half a packet */
    else
        conn_finish(s->conn);
    s->conn = NULL;
}

static void destroy(struct session *base)
{
    struct rtmp_session *s = (struct rtmp_session *)base;
    rtmp_chunk_reader_free(s->chunks);
    free(s->app);
    free(s);
}

static void parts(const struct session *base, struct session_parts *out)
{
    const struct rtmp_session *s = (const struct rtmp_session *)base;
    out->conn = s->conn;
    out->viewer = s->state == RTMP_PLAY ? &s->viewer : NULL;
    out->in_packets = s->state == RTMP_PUBLISH ? s->ingest.packets : 0;
}

static void on_published(struct session *base)
{
    rtmp_on_published((struct rtmp_session *)base);
}

static const struct session_ops ops = {
    .name = "RTMP",
    .on_published = on_published,
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_close = on_close,
    .destroy = destroy,
    .parts = parts,
};

void rtmp_session_start(struct worker *worker, int fd, const struct sockaddr_storage *peer,
                        struct ssl_ctx_st *tls)
{
    struct rtmp_session *s = alloc_zeroed(sizeof *s);
    session_init(&s->base, worker, &ops, peer);
    s->base.protocol = SESSION_RTMP;
    s->base.secure = tls != NULL;
    s->conn = conn_new(&worker->loop, fd, &handler, s);
    if (tls != NULL)
        tls_start(s->conn, tls);
    s->chunk_size = RTMP_CHUNK_SIZE_DEFAULT;
    s->ack_window = ACK_WINDOW_DEFAULT;
    s->heard_ms = now_ms(s);
    rtmp_set_state(s, RTMP_HANDSHAKE);
}
