/* http_server.h - who listens for HTTP, plain and over TLS: reads requests, and gives each to what serves it.
 *
 *     GET, HEAD /{app}/{name}.flv          session/flv_session.h
 *     GET, HEAD /records/{app}/{name}.flv  session/replay_session.h
 *     POST, PUT /{app}/{name}.flv          session/flv_publish_session.h
 *     WebSocket /{app}/{name}[.flv]        either, by its subprotocol
 *     GET, HEAD elsewhere                  server/static_files.h
 *     or                                   server/pages.h
 *     OPTIONS                              for CORS
 *
 * A connection that is not a stream is kept for the next request. */
#ifndef MILLRACE_SERVER_HTTP_SERVER_H
#define MILLRACE_SERVER_HTTP_SERVER_H

#include <sys/socket.h>

/* For worker_listen(): a connection for `worker`. */
void http_server_accept(int fd, const struct sockaddr_storage *peer, void *worker);
void http_server_accept_tls(int fd, const struct sockaddr_storage *peer, void *worker);

#endif
