#include "session/http_reply.h"

#include "core/config.h"
#include "net/conn.h"
#include "protocol/http.h"

#include <stdio.h>

#define HEAD_SIZE_MAX 2048

void http_reply_cors(struct writer *w, const struct config *config)
{
    const char *origin = config->http.allow_origin;
    if (origin == NULL || origin[0] == '\0')
        return;
    http_response_header(w, "Access-Control-Allow-Origin", origin);
    if (strcmp(origin, "*") != 0)
        http_response_header(w, "Vary", "Origin");
}

void http_reply_send(struct conn *conn, const struct config *config, const struct http_reply *reply)
{
    uint8_t       room[HEAD_SIZE_MAX];
    struct writer w = writer_over(room, sizeof room);
    http_response_start(&w, reply->status);
    if (reply->content_type != NULL)
        http_response_header(&w, "Content-Type", reply->content_type);
    if (reply->text != NULL)
        http_response_header_number(&w, "Content-Length", strlen(reply->text));
    if (reply->allow != NULL)
        http_response_header(&w, "Allow", reply->allow);
    if (reply->extra_name != NULL)
        http_response_header(&w, reply->extra_name, reply->extra_value);
    http_reply_cors(&w, config);
    http_response_header(&w, "Cache-Control", "no-cache, no-store");
    http_response_header(&w, "X-Content-Type-Options", "nosniff");
    http_response_header(&w, "Connection", reply->keep_alive ? "keep-alive" : "close");
    http_response_end(&w);
    conn_write(conn, room, writer_size(&w));
    if (reply->text != NULL && !reply->head_only)
        conn_write(conn, reply->text, strlen(reply->text));
}

void http_reply_error(struct conn *conn, const struct config *config, int status, const char *reason, bool keep_alive)
{
    char text[256];
    snprintf(text, sizeof text, "%d %s: %s\n", status, http_status_text(status), reason);
    struct http_reply reply = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .text = text,
        .keep_alive = keep_alive,
    };
    http_reply_send(conn, config, &reply);
}
