/* flv_publish_session.h - one who publishes a stream as FLV: in the body of a POST or PUT, or in
 * the binary messages of a WebSocket.
 *
 * Over HTTP the body is of any framing: chunks, a length, or to the connection's end from an
 * HTTP/1.0 client.  It is answered when it ends, or as soon as it is refused; there is no limit
 * on how long it takes, but publish.timeout_s on silence.  Over WebSocket the messages are joined,
 * wherever they were split; a refusal comes before the upgrade, later faults as close codes of
 * session/websocket_link.h.  A tag that is not complete when its publisher leaves is dropped. */
#ifndef MILLRACE_SESSION_FLV_PUBLISH_SESSION_H
#define MILLRACE_SESSION_FLV_PUBLISH_SESSION_H

#include <stdbool.h>

struct conn;
struct http_parser;
struct http_request;
struct session;
struct session_stream;

/* Whether this WebSocket request, which has passed websocket_check(), asks to publish. */
bool flv_publish_is_asked(const struct http_request *);

/* Take over the connection of `before` and the parser, whose request asks to publish `stream`; the
 * caller then closes `before`.  On a stream of HTTP/2 the parser is NULL. */
void flv_publish_session_start(struct session *before, struct conn *, struct http_parser *,
                               const struct session_stream *stream);

#endif
