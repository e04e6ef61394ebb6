#include "session/flv_publish_session.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/session.h"
#include "core/worker.h"
#include "core/config.h"
#include "net/conn.h"
#include "protocol/flv.h"
#include "protocol/http.h"
#include "protocol/websocket.h"
#include "session/http2_connection.h"
#include "session/http_reply.h"
#include "session/ingest.h"
#include "session/websocket_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct flv_publisher {
    struct session        base;
    struct conn          *conn;
    struct ingest         ingest;
    struct flv_reader     reader;
    struct http_parser   *parser;     /* the request, and over HTTP its body; NULL over HTTP/2 */
    struct websocket_link websocket;  /* unless it is plain HTTP */
    bool                  until_close; /* the body ends with the connection, or with the stream of HTTP/2 */
    bool                  publishing;
    int                   status;     /* HTTP: what to answer with at the end; 0: nothing */
    uint64_t              bytes;      /* of FLV */
};

static struct flv_publisher *publisher_of(struct session *base)
{
    return (struct flv_publisher *)base;
}

static const struct config *config_of(const struct flv_publisher *p)
{
    return p->base.worker->config;
}

static bool is_websocket(const struct flv_publisher *p)
{
    return p->websocket.reader != NULL;
}

static const struct http_request *request_of(const struct flv_publisher *p)
{
    return p->parser != NULL ? http_parser_request(p->parser) : http2_stream_request(p->conn);
}

/* The one way out when there is something to say: `status` over HTTP, or its close code. */
static void end(struct flv_publisher *p, int status, const char *reason)
{
    p->status = status;
    p->websocket.close_code = WEBSOCKET_LINK_CODE(status);
    session_close(&p->base, reason);
}

/* The stream. */

static void end_broken(struct flv_publisher *p, int error)
{
    char text[96];
    if (error == ERR_OUT_OF_MEMORY) {
        end(p, 503, "out of memory");
    } else if (!p->reader.header_done) {
        end(p, 415, "this is no FLV");
    } else if (error == ERR_TOO_BIG) {
        end(p, 413, limit_hit(&p->base.worker->context->stats, LIMIT_MESSAGE_SIZE));
    } else if (error == ERR_UNSUPPORTED) {
        end(p, 415, "encrypted FLV");
    } else {
        snprintf(text, sizeof text, "broken FLV after %" PRIu64 " tags", p->ingest.packets);
        end(p, 400, text);
    }
}

static void take_flv(struct flv_publisher *p, struct bytes in)
{
    p->bytes += in.size;
    while (in.size > 0) {
        struct avpacket *packet;
        ssize_t          n = flv_read(&p->reader, in, &packet);
        if (n < 0) {
            end_broken(p, (int)n);
            return;
        }
        in.data += n;
        in.size -= (size_t)n;
        if (packet != NULL)
            ingest_take(&p->ingest, packet, (uint32_t)packet->dts_ms);
    }
}

static void end_body(struct flv_publisher *p)
{
    if (p->reader.header_done)
        end(p, 200, "the upload is complete");
    else
        end(p, 400, "the upload ended before there was any FLV");
}

/* As the owner of a connection. */

static size_t take_body(struct flv_publisher *p, struct bytes in)
{
    size_t taken = 0;
    while (taken < in.size && !p->base.closed) {
        struct bytes piece, rest = { in.data + taken, in.size - taken };
        ssize_t      n = http_parser_body(p->parser, rest, &piece);
        if (n < 0) {
            end(p, http_parser_status(p->parser), http_parser_reason(p->parser));
            break;
        }
        taken += (size_t)n;
        take_flv(p, piece);
        if (!p->base.closed && http_parser_done(p->parser))
            end_body(p);
    }
    return taken;
}

static void on_piece(struct session *base, const struct websocket_event *event)
{
    struct flv_publisher *p = publisher_of(base);
    if (event->type == WEBSOCKET_BINARY) {
        take_flv(p, event->data);
    } else {
        p->websocket.close_code = WEBSOCKET_UNWANTED;
        session_close(base, "a text message: FLV goes in binary ones");
    }
}

static size_t on_input(struct conn *conn, struct bytes in)
{
    struct flv_publisher *p = conn->owner;
    if (is_websocket(p))
        return websocket_link_read(&p->websocket, in, &p->base, on_piece);
    if (!p->until_close)
        return take_body(p, in);
    take_flv(p, in);
    return in.size;
}

static void on_writable(struct conn *conn)
{
    (void)conn;
}

static void on_end(struct conn *conn, int error)
{
    struct flv_publisher *p = conn->owner;
    if (error == ERR_CLOSED && p->until_close)
        end_body(p);
    else if (error == ERR_CLOSED && !is_websocket(p))
        end(p, 400, "the upload broke off"); /* it may have ended its own direction only */
    else
        session_close(&p->base, conn_why(conn, error));
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

/* As a session. */

static void on_tick(struct session *base, uint64_t now_ms)
{
    struct flv_publisher *p = publisher_of(base);
    const char           *silence = ingest_silence(&p->ingest, now_ms);
    if (silence != NULL)
        end(p, 408, silence);
    const char *excess = base->closed ? NULL : ingest_excess(&p->ingest, p->conn->bytes_in, now_ms);
    if (excess != NULL)
        end(p, 413, excess);
}

static void on_stop(struct session *base)
{
    struct flv_publisher *p = publisher_of(base);
    p->status = 503;
    p->websocket.close_code = WEBSOCKET_GOING_AWAY;
    session_close(base, "server stops");
}

static void on_kick(struct session *base, const char *reason)
{
    end(publisher_of(base), 403, reason);
}

static void answer_published(struct flv_publisher *p)
{
    char text[URL_PATH_SIZE + 160]; /* a path needs no escapes: see protocol/url.h */
    snprintf(text, sizeof text,
             "{\"path\":\"%s\",\"bytes\":%" PRIu64 ",\"packets\":%" PRIu64 ",\"dropped\":%" PRIu64 "}\n",
             session_path(&p->base), p->bytes, p->ingest.packets, p->ingest.dropped);
    struct http_reply reply = { .status = 200, .content_type = "application/json", .text = text };
    http_reply_send(p->conn, config_of(p), &reply);
}

static void on_close(struct session *base, const char *reason)
{
    struct flv_publisher *p = publisher_of(base);
    if (p->publishing)
        ingest_end(&p->ingest, reason);
    if (is_websocket(p))
        websocket_link_close(&p->websocket, reason);
    else if (p->status == 200)
        answer_published(p);
    else if (p->status != 0)
        http_reply_error(p->conn, config_of(p), p->status, reason, 0);
    conn_finish(p->conn);
    p->conn = NULL;
}

static void destroy(struct session *base)
{
    struct flv_publisher *p = publisher_of(base);
    flv_reader_clear(&p->reader);
    http_parser_free(p->parser);
    websocket_link_clear(&p->websocket);
    free(p);
}

static void parts(const struct session *base, struct session_parts *out)
{
    const struct flv_publisher *p = (const struct flv_publisher *)base;
    out->conn = p->conn;
    out->in_packets = p->ingest.packets;
}

static const char *const protocols[] = { "publisher", "post", NULL };

static void welcome(struct flv_publisher *p, const struct http_request *request)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    p->base.role = SESSION_PUBLISHER;
    flv_reader_init(&p->reader, (uint32_t)config_of(p)->limits.message_size);
    const char *protocol = websocket_choose_protocol(request, protocols);
    if (request->upgrade_websocket)
        websocket_link_open(&p->websocket, p->conn, request, protocol, 0);
    else if (request->expect_continue)
        http_reply_head(p->conn, bytes_of(go_on));
}

static void on_published(struct session *base)
{
    struct flv_publisher *p = publisher_of(base);
    ingest_go_on(&p->ingest);
    welcome(p, request_of(p));
    conn_resume(p->conn);
}

static const struct session_ops ops = {
    .name = "FLV",
    .on_published = on_published,
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_kick = on_kick,
    .on_close = on_close,
    .destroy = destroy,
    .parts = parts,
};

/* The beginning. */

bool flv_publish_is_asked(const struct http_request *request)
{
    return websocket_choose_protocol(request, protocols) != NULL;
}

/* The body has no framing of its own. */
static bool reads_to_end(const struct http_request *request)
{
    bool has_length = http_request_header(request, "Content-Length") != NULL;
    if (request->upgrade_websocket)
        return false;
    return request->http2 ? request->has_body : request->minor == 0 && !has_length;
}

/* What is wrong with the request itself: a status and the reason, or 0. */
static int check_request(const struct http_request *request, bool until_close, const char **why)
{
    const char *coding = http_request_header(request, "Content-Encoding");
    if (request->upgrade_websocket)
        return 0;
    if (coding != NULL && strcasecmp(coding, "identity") != 0) {
        *why = "a body with a content coding";
        return 415;
    }
    if (request->has_body || until_close)
        return 0;
    bool has_length = http_request_header(request, "Content-Length") != NULL;
    *why = has_length ? "the body is empty" : "neither chunks nor a length";
    return has_length ? 400 : 411;
}

static int status_of(int error)
{
    return error == ERR_BUSY ? 409 : error == ERR_REFUSED ? 403 : 503;
}

/* Ask for the stream.  0, or BROADCAST_PENDING; otherwise the session is ended with an answer. */
static int admit(struct flv_publisher *p, const struct http_request *request)
{
    const char *why;
    int         status = check_request(request, p->until_close, &why);
    if (status != 0) {
        ingest_refuse(&p->base, why);
        end(p, status, why);
        return ERR_INVALID;
    }
    int result = ingest_begin(&p->ingest, &p->base, &why);
    p->publishing = result >= 0;
    if (result < 0)
        end(p, status_of(result), why);
    return result;
}

void flv_publish_session_start(struct session *before, struct conn *conn, struct http_parser *parser,
                               const struct session_stream *stream)
{
    struct flv_publisher      *p = alloc_zeroed(sizeof *p);
    session_init_after(&p->base, &ops, before);
    session_copy_stream(&p->base, stream);
    p->conn = conn;
    p->parser = parser;
    const struct http_request *request = request_of(p);
    p->base.protocol = request->upgrade_websocket ? SESSION_WS : SESSION_FLV;
    p->until_close = reads_to_end(request);
    conn_set_owner(conn, &handler, p);
    int result = admit(p, request);
    if (result == 0)
        welcome(p, request);
    else if (result == BROADCAST_PENDING)
        conn_pause(conn); /* whatever it sends waits with it */
}
