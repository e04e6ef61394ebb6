/* http2_server.h - requests on the streams of HTTP/2: served by the same routes as those of HTTP/1. */
#ifndef MILLRACE_SERVER_HTTP2_SERVER_H
#define MILLRACE_SERVER_HTTP2_SERVER_H

struct conn;
struct session;

/* For http2_connection_start(): serve the request of `stream`. */
void http2_server_take(struct session *connection, struct conn *stream);

#endif
