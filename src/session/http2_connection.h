/* http2_connection.h - a connection that speaks HTTP/2 (RFC 9113), and the streams on it.
 *
 * Each request is a connection of its own to whoever serves it: a `struct conn` without a socket
 * (net/conn_inner.h), from which the body comes and to which the answer goes, under the flow control
 * of its stream.  So whatever is served over HTTP/1 is served here by the same code; what differs is
 * the head of a request (http2_stream_request()) and of an answer (session/http_reply.h).
 *
 * nghttp2 does the frames and HPACK.  What a peer may cost is bounded: streams (http2.streams), heads
 * (limits.http_header_size), broken-off requests and frames for nothing (http2.resets,
 * http2.control_frames), bodies that nobody reads (the window), and answers that it does not read. */
#ifndef MILLRACE_SESSION_HTTP2_CONNECTION_H
#define MILLRACE_SESSION_HTTP2_CONNECTION_H

#include "base/bytes.h"

#include <stdbool.h>

struct conn;
struct http_request;
struct session;

/* A request has come on `before`'s connection: `stream` is without an owner, and paused.  Close it
 * or take it: no longer than this call does it wait. */
typedef void http2_request_fn(struct session *connection, struct conn *stream);

/* Take over the connection of `before`, on which nothing was read yet; the caller then closes
 * `before`, and gives what has come to the connection's new owner. */
void http2_connection_start(struct session *before, struct conn *, http2_request_fn *);

/* Whether `conn` is a stream of such a connection. */
bool http2_is_stream(const struct conn *);

/* Its request: borrowed for the life of the connection. */
const struct http_request *http2_stream_request(const struct conn *);

/* 0; or the status to answer the request with before anything else, and why. */
int http2_stream_refusal(const struct conn *, const char **reason);

/* Answer, with a head as HTTP/1 has it: what belongs to HTTP/1 alone is left out.  100 may come
 * before; 101, with which HTTP/1 goes over to WebSocket, is 200 here (RFC 8441, 5). */
void http2_stream_head(struct conn *, struct bytes head);

#endif
