#include "session/http_reply.h"

#include "base/clock.h"
#include "core/config.h"
#include "net/conn.h"
#include "protocol/http.h"
#include "session/http2_connection.h"

#include <stdio.h>

/* Room for a Location with a whole query in it; http.allow_origin is at most 1024. */
#define HEAD_SIZE_MAX (16 * 1024)

static void write_cors(struct writer *w, const char *origin)
{
    if (origin == NULL || origin[0] == '\0')
        return;
    http_response_header(w, "Access-Control-Allow-Origin", origin);
    if (strcmp(origin, "*") != 0)
        http_response_header(w, "Vary", "Origin");
}

void http_reply_cors(struct writer *w, const struct config *config)
{
    write_cors(w, config->http.allow_origin);
}

/* An origin server with a clock sends it (RFC 9110, 6.6.1). */
static void write_date(struct writer *w)
{
    char date[HTTP_DATE_SIZE];
    http_format_date(clock_wall_ms() / 1000, date);
    http_response_header(w, "Date", date);
}

static void write_head(struct writer *w, const struct config *config, const struct http_reply *reply)
{
    http_response_start(w, reply->status);
    write_date(w);
    if (reply->content_type != NULL)
        http_response_header(w, "Content-Type", reply->content_type);
    if (reply->text != NULL)
        http_response_header_number(w, "Content-Length", strlen(reply->text));
    if (reply->allow != NULL)
        http_response_header(w, "Allow", reply->allow);
    for (size_t i = 0; i < HTTP_REPLY_EXTRA_MAX && reply->extra[i].name != NULL; i++)
        http_response_header(w, reply->extra[i].name, reply->extra[i].value);
    write_cors(w, reply->is_api ? config->api.allow_origin : config->http.allow_origin);
    http_response_header(w, "Cache-Control",
                         reply->cache_control != NULL ? reply->cache_control : "no-cache, no-store");
    http_response_header(w, "X-Content-Type-Options", "nosniff");
    http_response_header(w, "Connection", reply->keep_alive ? "keep-alive" : "close");
    http_response_end(w);
}

void http_reply_head(struct conn *conn, struct bytes head)
{
    if (http2_is_stream(conn))
        http2_stream_head(conn, head);
    else
        conn_write(conn, head.data, head.size);
}

void http_reply_send(struct conn *conn, const struct config *config, const struct http_reply *reply)
{
    uint8_t       room[HEAD_SIZE_MAX];
    struct writer w = writer_over(room, sizeof room);
    write_head(&w, config, reply);
    if (w.overrun) { /* a header with a control character or without end: nothing of it may go out */
        static const char failed[] = "HTTP/1.1 500 Internal Server Error\r\n"
                                     "Content-Length: 0\r\nConnection: close\r\n\r\n";
        http_reply_head(conn, bytes_of(failed));
        return;
    }
    http_reply_head(conn, (struct bytes){ room, writer_size(&w) });
    if (reply->text != NULL && !reply->head_only)
        conn_write(conn, reply->text, strlen(reply->text));
}

void http_reply_error(struct conn *conn, const struct config *config, int status, const char *reason,
                      unsigned flags)
{
    char text[256];
    snprintf(text, sizeof text, "%d %s: %s\n", status, http_status_text(status), reason);
    struct http_reply reply = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .text = text,
        .keep_alive = flags & HTTP_REPLY_KEEP_ALIVE,
        .head_only = flags & HTTP_REPLY_HEAD_ONLY,
        .is_api = flags & HTTP_REPLY_API,
    };
    http_reply_send(conn, config, &reply);
}
