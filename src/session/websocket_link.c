#include "session/websocket_link.h"

#include "base/error.h"
#include "core/session.h"
#include "net/conn.h"
#include "protocol/websocket.h"
#include "session/http_reply.h"

void websocket_link_open(struct websocket_link *link, struct conn *conn, const struct http_request *request,
                         const char *protocol, uint64_t message_size_max)
{
    uint8_t       room[1024];
    struct writer w = writer_over(room, sizeof room);
    websocket_write_accept(&w, request, protocol);
    http_reply_head(conn, (struct bytes){ room, writer_size(&w) });
    link->conn = conn;
    link->reader = websocket_reader_new(message_size_max);
}

static void answer_pong(struct websocket_link *link, struct bytes payload)
{
    uint8_t       room[WEBSOCKET_HEADER_SIZE + WEBSOCKET_CONTROL_MAX];
    struct writer w = writer_over(room, sizeof room);
    websocket_write_frame(&w, WEBSOCKET_OPCODE_PONG, payload);
    conn_write(link->conn, room, writer_size(&w));
}

size_t websocket_link_read(struct websocket_link *link, struct bytes in, struct session *session,
                           void (*on_piece)(struct session *, const struct websocket_event *))
{
    size_t                 taken = 0;
    struct websocket_event event;
    do {
        ssize_t n = websocket_read(link->reader, (struct bytes){ in.data + taken, in.size - taken }, &event);
        if (n < 0) {
            link->close_code = websocket_reader_code(link->reader);
            session_close(session, err_name((int)n));
            return taken;
        }
        taken += (size_t)n;
        if (event.type == WEBSOCKET_PING) {
            answer_pong(link, event.data);
        } else if (event.type == WEBSOCKET_CLOSE) {
            link->close_code = websocket_answer_code(event.code);
            session_close(session, "closed by peer");
        } else if (on_piece != NULL && (event.type == WEBSOCKET_BINARY || event.type == WEBSOCKET_TEXT)) {
            on_piece(session, &event);
        }
    } while (event.type != WEBSOCKET_NONE && !session->closed);
    return taken;
}

void websocket_link_close(struct websocket_link *link, const char *reason)
{
    uint8_t       room[WEBSOCKET_HEADER_SIZE + WEBSOCKET_CONTROL_MAX];
    struct writer w = writer_over(room, sizeof room);
    if (link->reader == NULL || link->close_code == 0)
        return;
    websocket_write_close(&w, link->close_code, reason);
    conn_write(link->conn, room, writer_size(&w));
    link->close_code = 0;
}

void websocket_link_clear(struct websocket_link *link)
{
    websocket_reader_free(link->reader);
    link->reader = NULL;
}
