#include "net/listener.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "net/address.h"
#include "net/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* Connections accepted in one turn; the rest wait in the backlog. */
#define ACCEPT_BUDGET 128

struct listener {
    uv_poll_t           poll;
    struct loop        *loop;
    int                 fd;
    int                 spare_fd; /* given up for a moment when descriptors run out */
    listener_accept_fn *on_accept;
    void               *owner;
};

/* Connections inherit these: a peer whose machine or network is gone without a word is found out
 * in two minutes, even when neither side has anything to say. */
static void keep_alive(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){ 60 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int){ 15 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &(int){ 4 }, sizeof(int));
}

int listener_open(const char *ip, uint16_t *port)
{
    struct sockaddr_storage address;
    socklen_t               size;
    if (address_parse(ip, *port, &address, &size) != 0)
        return ERR_INVALID;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_SYSTEM;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int));
    keep_alive(fd);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        int cause = errno;
        close(fd);
        errno = cause;
        return ERR_SYSTEM;
    }
    *port = address_port(&address);
    return fd;
}

bool listener_is_free(const char *ip, uint16_t port)
{
    struct sockaddr_storage address;
    socklen_t               size;
    if (address_parse(ip, port, &address, &size) != 0)
        return true;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)); /* not held up by TIME_WAIT */
    bool taken = bind(fd, (struct sockaddr *)&address, size) != 0 && errno == EADDRINUSE;
    close(fd);
    return !taken;
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Out of descriptors: without this the waiting connection would keep the socket readable and
 * the loop spinning.  It is accepted with the spare descriptor and closed at once. */
static void refuse_one(struct listener *l)
{
    close(l->spare_fd);
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    l->spare_fd = open_spare();
    log_warn(NULL, "out of file descriptors: a connection was refused; raise the limit (ulimit -n)");
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)events;
    struct listener *l = handle->data;
    loop_wake(l->loop);
    for (int i = 0; i < ACCEPT_BUDGET && status >= 0; i++) {
        struct sockaddr_storage peer;
        socklen_t               size = sizeof peer;
        int fd = accept4(l->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            l->on_accept(fd, &peer, l->owner);
        else if (errno == EMFILE || errno == ENFILE)
            refuse_one(l);
        else if (errno != EINTR && errno != ECONNABORTED)
            break;
    }
}

struct listener *listener_new(struct loop *loop, int fd, listener_accept_fn *on_accept, void *owner)
{
    struct listener *l = alloc_zeroed(sizeof *l);
    l->loop = loop;
    l->fd = fd;
    l->spare_fd = open_spare();
    l->on_accept = on_accept;
    l->owner = owner;
    uv_poll_init(&loop->uv, &l->poll, fd);
    l->poll.data = l;
    uv_poll_start(&l->poll, UV_READABLE, on_poll);
    return l;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void listener_close(struct listener *l)
{
    uv_close((uv_handle_t *)&l->poll, on_closed);
    close(l->fd);
    close(l->spare_fd);
}
