#include "net/listener.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "base/log_flood.h"
#include "net/address.h"
#include "net/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* Connections accepted in one turn; the rest wait in the backlog. */
#define ACCEPT_BUDGET 128

/* How long nobody is accepted where not even the spare descriptor helps. */
#define PAUSE_MS 100

struct listener {
    uv_poll_t           poll;
    struct loop        *loop;
    int                 fd;
    uv_timer_t          pause;    /* of accepting, while that cannot be done */
    int                 spare_fd; /* given up for a moment when descriptors run out; -1: lost */
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

static void on_poll(uv_poll_t *handle, int status, int events);

static void on_pause_end(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    uv_poll_start(&l->poll, UV_READABLE, on_poll);
}

/* A connection waits that cannot be taken now, nor be sent away: the socket would be readable again and
 * again, and the loop spin. */
static void pause_accepting(struct listener *l)
{
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->pause, on_pause_end, PAUSE_MS, 0);
}

/* While one gives up its spare descriptor nobody else may accept, who would take it. */
static pthread_rwlock_t spare_lock = PTHREAD_RWLOCK_INITIALIZER;

static int accept_with_spare(struct listener *l)
{
    pthread_rwlock_wrlock(&spare_lock);
    close(l->spare_fd);
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC), error = errno;
    if (fd >= 0)
        close(fd);
    l->spare_fd = open_spare();
    pthread_rwlock_unlock(&spare_lock);
    errno = error;
    return fd;
}

/* Out of descriptors: a connection is accepted with the spare one and closed at once, so that its
 * peer knows, and the loop does not spin.  False if the spare is gone as well: something else may have
 * taken it, and where the whole system has no more (ENFILE) there is none to get back. */
static bool refuse_one(struct listener *l)
{
    if (log_flood_pass(LOG_FLOOD_DESCRIPTORS))
        log_warn(NULL, "out of file descriptors: a connection was refused; raise the limit (ulimit -n)");
    if (l->spare_fd < 0 && (l->spare_fd = open_spare()) < 0)
        return false;
    return accept_with_spare(l) >= 0 || errno == EAGAIN;
}

/* Nobody was accepted; returns whether to go on. */
static bool go_on_after(struct listener *l, int error)
{
    switch (error) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
        if (refuse_one(l))
            return true;
        break;
    case ENOBUFS:
    case ENOMEM:
    case EBADF: /* and what else would not pass by itself */
    case EINVAL:
        break;
    default: /* accept(2): a fault of the network or of this one peer, who has gone already */
        return true;
    }
    pause_accepting(l);
    return false;
}

static int accept_one(struct listener *l, struct sockaddr_storage *peer)
{
    socklen_t size = sizeof *peer;
    pthread_rwlock_rdlock(&spare_lock);
    int fd = accept4(l->fd, (struct sockaddr *)peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC), error = errno;
    pthread_rwlock_unlock(&spare_lock);
    errno = error;
    return fd;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)events;
    struct listener *l = handle->data;
    loop_wake(l->loop);
    for (int i = 0; i < ACCEPT_BUDGET && status >= 0; i++) {
        struct sockaddr_storage peer;
        int                     fd = accept_one(l, &peer);
        if (fd >= 0)
            l->on_accept(fd, &peer, l->owner);
        else if (!go_on_after(l, errno))
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
    uv_timer_init(&loop->uv, &l->pause);
    l->pause.data = l;
    return l;
}

static void on_pause_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    uv_close((uv_handle_t *)&l->pause, on_pause_closed);
}

void listener_close(struct listener *l)
{
    uv_timer_stop(&l->pause);
    uv_close((uv_handle_t *)&l->poll, on_poll_closed);
    close(l->fd);
    if (l->spare_fd >= 0)
        close(l->spare_fd);
}
