/* websocket_link.h - a session's end of a WebSocket: the handshake answered, pings answered, the
 * close said once.  Embedded in sessions that may or may not speak it. */
#ifndef MILLRACE_SESSION_WEBSOCKET_LINK_H
#define MILLRACE_SESSION_WEBSOCKET_LINK_H

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

struct conn;
struct http_request;
struct session;
struct websocket_event;
struct websocket_reader;

/* Close codes of our own (RFC 6455, 7.4.2: 4000 to 4999), after the HTTP statuses. */
#define WEBSOCKET_LINK_CODE(http_status) ((uint16_t)(4000 + (http_status)))

struct websocket_link {
    struct conn             *conn;
    struct websocket_reader *reader;     /* NULL: the connection is no WebSocket */
    uint16_t                 close_code; /* what to close with; 0: nothing to say any more */
};

/* Answer `request`, which has passed websocket_check(), with 101, or
 * over HTTP/2 with 200.  `protocol` and
 * `message_size_max` as in protocol/websocket.h. */
void websocket_link_open(struct websocket_link *, struct conn *, const struct http_request *request,
                         const char *protocol, uint64_t message_size_max);

/* Read `in`: pings are answered, pieces of messages given to `on_piece`, which may end the session
 * and may be NULL.  The peer's close and its faults end the session, close_code set.  Returns the
 * bytes taken. */
size_t websocket_link_read(struct websocket_link *, struct bytes in, struct session *,
                           void (*on_piece)(struct session *, const struct websocket_event *));

/* Queue the close frame, if there is a code to close with. */
void websocket_link_close(struct websocket_link *, const char *reason);

void websocket_link_clear(struct websocket_link *);

#endif
