/* listener.h - a listening socket of one loop.  Every worker listens on the same address
 * (SO_REUSEPORT), and the kernel spreads the connections over them. */
#ifndef MILLRACE_NET_LISTENER_H
#define MILLRACE_NET_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct listener;
struct loop;

/* A connection has come; the callback owns `fd`, which is non-blocking. */
typedef void listener_accept_fn(int fd, const struct sockaddr_storage *peer, void *owner);

/* Open a socket that listens on `ip`:`port`, without accepting yet.  Port 0 takes any free
 * port; *port is set to the one taken.  Returns the socket, or ERR_SYSTEM with errno, or
 * ERR_INVALID if `ip` is no address. */
int listener_open(const char *ip, uint16_t *port);

/* Whether nobody listens on `ip`:`port` yet.  listener_open() cannot tell: sockets of one user
 * may share a port. */
bool listener_is_free(const char *ip, uint16_t port);

/* Accept on `fd`, taking it over, in `loop`. */
struct listener *listener_new(struct loop *, int fd, listener_accept_fn *, void *owner);

/* Stop accepting; frees the listener. */
void listener_close(struct listener *);

#endif
