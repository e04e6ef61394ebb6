/* flv_session.h - one who watches a stream as FLV, over HTTP or WebSocket.
 *
 * Over HTTP the response is an FLV file without an end; over WebSocket each tag is one binary
 * message, after the FLV header in one of its own.  An HTTP response begins only when there is
 * something to send and the tracks are known, so its status and FLV flags tell the truth. */
#ifndef MILLRACE_SESSION_FLV_SESSION_H
#define MILLRACE_SESSION_FLV_SESSION_H

#include <stdbool.h>

struct conn;
struct http_request;
struct session;
struct session_stream;

/* Take over the connection of `before`, whose request asks to play `stream`; the caller then
 * closes `before`.  `request` is borrowed for the call; if it upgrades to WebSocket it has
 * passed websocket_check(). */
void flv_session_start(struct session *before, struct conn *, const struct http_request *,
                       const struct session_stream *);

#endif
