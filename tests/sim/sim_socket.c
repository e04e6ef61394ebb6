/* sim_socket.c - connections that are memory, in the place of the kernel's: what the server calls for
 * them comes here by --wrap.  Descriptors from FD_FIRST on are ours; all others go to the kernel. */
#include "base/alloc.h"
#include "net/conn.h"
#include "sim_peer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define FD_FIRST 1000000

struct sim_buffer {
    uint8_t *data;
    size_t   at, size, capacity;
};

struct sim_socket {
    int               fd;
    uv_poll_t        *poll;     /* NULL: nobody watches */
    uv_poll_cb        on_poll;
    int               events;   /* that the server waits for */
    struct sim_buffer in, out;  /* as the server sees them */
    size_t            room;
    size_t            read_stride, write_stride;
    unsigned          failures; /* sends that fail */
    int               failure;  /* with this errno */
    bool              ended, reset;         /* by the peer */
    bool              http2;                /* agreed on, and not told yet */
    bool              server_ended, closed; /* by the server */
};

static struct sim_socket *sockets[SIM_SOCKETS_MAX];
static unsigned           count;

static struct sim_socket *find(int fd)
{
    return fd >= FD_FIRST && fd < FD_FIRST + (int)count ? sockets[fd - FD_FIRST] : NULL;
}

static void append(struct sim_buffer *b, const void *data, size_t size)
{
    if (b->at == b->size)
        b->at = b->size = 0;
    if (b->size + size > b->capacity) {
        b->capacity = 2 * (b->size + size);
        b->data = alloc_resize(b->data, b->capacity, 1);
    }
    if (size > 0)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

struct sim_socket *sim_socket_new(void)
{
    unsigned at = 0;
    while (at < count && sockets[at] != NULL)
        at++;
    if (at == SIM_SOCKETS_MAX)
        return NULL;
    if (at == count)
        count++;
    struct sim_socket *s = alloc_zeroed(sizeof *s);
    s->fd = FD_FIRST + (int)at;
    s->room = SIM_ROOM_ENDLESS;
    sockets[at] = s;
    return s;
}

void sim_release(struct sim_socket *s)
{
    if (!s->closed || s->poll != NULL)
        abort(); /* a descriptor is lost */
    sockets[s->fd - FD_FIRST] = NULL;
    free(s->in.data);
    free(s->out.data);
    free(s);
}

int sim_socket_fd(const struct sim_socket *s)
{
    return s->fd;
}

/* Who polls it is the connection, or else the gate that waits for a PROXY header, with no `data`. */
static void tell_agreed(struct sim_socket *s)
{
    struct conn *conn = s->poll != NULL ? s->poll->data : NULL;
    if (!s->http2 || conn == NULL)
        return;
    conn->http2 = true;
    s->http2 = false;
}

void sim_socket_agree(struct sim_socket *s, bool http2)
{
    s->http2 = http2;
    tell_agreed(s);
}

void sim_sockets_free(void)
{
    while (count > 0) {
        struct sim_socket *s = sockets[--count];
        if (s != NULL)
            sim_release(s);
    }
}

/* The peer's side. */

void sim_send(struct sim_socket *s, struct bytes in)
{
    if (!s->ended && !s->reset && !s->closed)
        append(&s->in, in.data, in.size);
}

void sim_send_end(struct sim_socket *s)
{
    s->ended = true;
}

void sim_send_reset(struct sim_socket *s)
{
    s->reset = true;
}

void sim_set_room(struct sim_socket *s, size_t size)
{
    s->room = size;
}

void sim_set_stride(struct sim_socket *s, size_t reading, size_t writing)
{
    s->read_stride = reading;
    s->write_stride = writing;
}

void sim_fail_sends(struct sim_socket *s, int error, unsigned times)
{
    s->failure = error;
    s->failures = times;
}

struct bytes sim_receive(struct sim_socket *s)
{
    size_t at = s->out.at;
    s->out.at = s->out.size;
    return at < s->out.size ? (struct bytes){ s->out.data + at, s->out.size - at } : (struct bytes){ 0 };
}

bool sim_is_closed(const struct sim_socket *s)
{
    return s->closed;
}

bool sim_is_ended(const struct sim_socket *s)
{
    return s->server_ended;
}

/* The server's side. */

static int ready(const struct sim_socket *s)
{
    bool readable = s->in.at < s->in.size || s->ended || s->reset;
    bool writable = s->room > 0 || s->reset;
    return s->events & ((readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0));
}

bool sim_sockets_poll(void)
{
    bool any = false;
    for (unsigned i = 0; i < count; i++) {
        struct sim_socket *s = sockets[i];
        int                events = s != NULL && s->poll != NULL ? ready(s) : 0;
        if (events != 0) {
            any = true;
            s->on_poll(s->poll, 0, events);
            tell_agreed(s);
        }
    }
    return any;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static ssize_t fail(int error)
{
    errno = error;
    return -1;
}

ssize_t __real_recv(int fd, void *to, size_t room, int flags);
ssize_t __wrap_recv(int fd, void *to, size_t room, int flags);

ssize_t __wrap_recv(int fd, void *to, size_t room, int flags)
{
    struct sim_socket *s = find(fd);
    if (s == NULL)
        return __real_recv(fd, to, room, flags);
    size_t n = least(room, s->in.size - s->in.at);
    if (s->read_stride > 0)
        n = least(n, s->read_stride);
    if (n == 0 && s->reset)
        return fail(ECONNRESET);
    if (n == 0)
        return s->ended ? 0 : fail(EAGAIN);
    memcpy(to, s->in.data + s->in.at, n);
    if (!(flags & MSG_PEEK))
        s->in.at += n;
    return (ssize_t)n;
}

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct sim_socket *s = find(fd);
    if (s == NULL)
        return __real_sendmsg(fd, message, flags);
    if (s->closed || s->server_ended)
        abort(); /* nothing may follow the end */
    if (s->reset)
        return fail(EPIPE);
    if (s->failures > 0) {
        s->failures--;
        return fail(s->failure);
    }
    size_t left = s->write_stride > 0 ? least(s->room, s->write_stride) : s->room, sent = 0;
    for (size_t i = 0; i < message->msg_iovlen && left > 0; i++) {
        size_t n = least(message->msg_iov[i].iov_len, left);
        append(&s->out, message->msg_iov[i].iov_base, n);
        sent += n;
        left -= n;
    }
    if (s->room != SIM_ROOM_ENDLESS)
        s->room -= sent;
    return sent > 0 ? (ssize_t)sent : fail(EAGAIN);
}

int __real_shutdown(int fd, int how);
int __wrap_shutdown(int fd, int how);

int __wrap_shutdown(int fd, int how)
{
    struct sim_socket *s = find(fd);
    if (s == NULL)
        return __real_shutdown(fd, how);
    s->server_ended = true;
    return 0;
}

int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_close(int fd)
{
    struct sim_socket *s = find(fd);
    if (s == NULL)
        return __real_close(fd);
    if (s->closed || s->poll != NULL)
        abort(); /* twice, or while it is watched: the number would be another's */
    s->closed = true;
    return 0;
}

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return find(fd) != NULL ? 0 : __real_setsockopt(fd, level, name, value, size);
}

/* libuv's part.  What it closes later must be one of its handles: a check that is never started is
 * the smallest, and fits. */
static_assert(sizeof(uv_check_t) <= sizeof(uv_poll_t), "a check handle fits into a poll handle");

int __real_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);
int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd);

int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    struct sim_socket *s = find(fd);
    if (s == NULL)
        return __real_uv_poll_init(loop, poll, fd);
    if (s->poll != NULL)
        abort(); /* two watch one socket */
    s->poll = poll;
    s->events = 0;
    return uv_check_init(loop, (uv_check_t *)poll);
}

static struct sim_socket *watched_by(const void *poll)
{
    for (unsigned i = 0; i < count; i++)
        if (sockets[i] != NULL && sockets[i]->poll == poll)
            return sockets[i];
    return NULL;
}

int __real_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb on_poll);
int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb on_poll);

int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb on_poll)
{
    struct sim_socket *s = watched_by(poll);
    if (s == NULL)
        return __real_uv_poll_start(poll, events, on_poll);
    s->events = events;
    s->on_poll = on_poll;
    return 0;
}

int __real_uv_poll_stop(uv_poll_t *poll);
int __wrap_uv_poll_stop(uv_poll_t *poll);

int __wrap_uv_poll_stop(uv_poll_t *poll)
{
    struct sim_socket *s = watched_by(poll);
    if (s == NULL)
        return __real_uv_poll_stop(poll);
    s->events = 0;
    return 0;
}

void __real_uv_close(uv_handle_t *handle, uv_close_cb on_closed);
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb on_closed);

void __wrap_uv_close(uv_handle_t *handle, uv_close_cb on_closed)
{
    struct sim_socket *s = watched_by(handle);
    if (s != NULL) {
        s->poll = NULL;
        s->events = 0;
    }
    __real_uv_close(handle, on_closed);
}
