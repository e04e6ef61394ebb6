/* rtmp_server.h - who listens for RTMP, plain and over TLS, and starts its sessions. */
#ifndef MILLRACE_SERVER_RTMP_SERVER_H
#define MILLRACE_SERVER_RTMP_SERVER_H

#include <sys/socket.h>

/* For worker_listen(): a connection for `worker`. */
void rtmp_server_accept(int fd, const struct sockaddr_storage *peer, void *worker);
void rtmp_server_accept_tls(int fd, const struct sockaddr_storage *peer, void *worker);

#endif
