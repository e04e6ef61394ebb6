#include "net/conn.h"

#include "base/alloc.h"
#include "base/error.h"
#include "net/conn_peer.h"
#include "net/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes read from one connection in one turn, so that a fast publisher cannot starve others. */
#define READ_BUDGET_SIZE (512 * 1024)

/* Beyond so many waiting for their peer's end, the next is closed without waiting. */
#define LINGERING_MAX 4096

_Static_assert(sizeof(struct conn) <= 352, "memory of a connection");

static void on_poll(uv_poll_t *handle, int status, int events);

/* Tell libuv what to wait for, if that has changed.  Room for the owner's bytes is of no use
 * before the handshake is done. */
static void update_events(struct conn *c)
{
    bool write = c->pending || (c->want_write && !c->opening);
    int  events = (c->reading ? UV_READABLE : 0) | (write ? UV_WRITABLE : 0);
    events |= c->watching && c->fd >= 0 ? UV_DISCONNECT : 0;
    if (c->closing || events == c->events)
        return;
    c->events = events;
    if (c->transport->watch != NULL)
        c->transport->watch(c, events);
    else if (events == 0)
        uv_poll_stop(&c->poll);
    else
        uv_poll_start(&c->poll, events, on_poll);
}

struct conn *conn_new(struct loop *loop, int fd, const struct conn_handler *handler, void *owner)
{
    struct conn *c = alloc_zeroed(sizeof *c);
    c->loop = loop;
    c->fd = fd;
    c->transport = &conn_plain;
    c->direct = true;
    c->handler = handler;
    c->owner = owner;
    list_init(&c->link);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(int){ CONN_UNSENT_MAX }, sizeof(int));
    uv_poll_init(&loop->uv, &c->poll, fd);
    c->poll.data = c;
    c->reading = true;
    update_events(c);
    return c;
}

void conn_set_owner(struct conn *c, const struct conn_handler *handler, void *owner)
{
    c->handler = handler;
    c->owner = owner;
}

const char *conn_why(const struct conn *c, int error)
{
    return c->why != NULL ? c->why : err_name(error);
}

/* Have the connection looked at when the turn ends. */
void conn_attend(struct conn *c)
{
    if (list_empty(&c->link))
        list_append(&c->loop->unsent, &c->link);
}

/* Report `error` to the owner at the end of the turn, from where it may close at will. */
void conn_fail(struct conn *c, int error)
{
    c->failed = (int8_t)error;
    conn_attend(c);
}

/* Sending has failed. */
static void lose(struct conn *c)
{
    if (c->handler == NULL)
        conn_close(c);
    else
        conn_fail(c, ERR_SYSTEM);
}

/* Keep the unconsumed end of the input for the next read. */
static void keep_input(struct conn *c, const uint8_t *data, size_t size)
{
    if (size > c->input_capacity) {
        free(c->input);
        c->input = alloc_try(size);
        c->input_capacity = c->input != NULL ? (uint32_t)size : 0;
        if (c->input == NULL) {
            c->input_size = 0;
            conn_fail(c, ERR_OUT_OF_MEMORY);
            return;
        }
    }
    if (size > 0)
        memcpy(c->input, data, size);
    c->input_size = (uint32_t)size;
}

/* Give `size` bytes to the owner until it takes no more, and keep the rest. */
void conn_deliver(struct conn *c, const uint8_t *data, size_t size)
{
    size_t offered = size;
    while (size > 0 && c->handler != NULL && c->reading) {
        size_t taken = c->handler->on_input(c, (struct bytes){ data, size });
        if (taken == 0)
            break;
        data += taken;
        size -= taken;
    }
    if (c->handler == NULL)
        return;
    if (c->transport->took != NULL && size < offered)
        c->transport->took(c, offered - size);
    if (size >= LOOP_SCRATCH_SIZE)
        conn_fail(c, ERR_TOO_BIG);
    else
        keep_input(c, data, size);
}

/* A TLS handshake where none belongs; nothing else that we serve begins like one. */
static bool is_stray_tls(const struct conn *c, const uint8_t *data)
{
    return c->transport == &conn_plain && c->bytes_in == 0 && data[0] == 0x16;
}

/* Take `n` bytes that were read, behind the `kept` ones. */
static void take_read(struct conn *c, size_t kept, size_t n)
{
    if (c->handler != NULL && is_stray_tls(c, c->loop->scratch)) {
        c->why = "TLS on a port that speaks none";
        c->handler->on_end(c, ERR_PROTOCOL);
        return;
    }
    c->bytes_in += n;
    c->loop->bytes_in += n;
    if (c->handler != NULL)
        conn_deliver(c, c->loop->scratch, kept + n);
}

static void end_of_read(struct conn *c, ssize_t cause)
{
    if (c->why == NULL && cause == -ECONNRESET)
        c->why = "connection reset by peer";
    if (c->handler == NULL)
        conn_close(c);
    else
        c->handler->on_end(c, cause == 0 ? ERR_CLOSED : cause == -EPROTO ? ERR_PROTOCOL : ERR_SYSTEM);
}

/* One read and its delivery.  Returns bytes read, 0 when there is no more for now. */
static size_t read_once(struct conn *c)
{
    size_t kept = c->handler != NULL ? c->input_size : 0;
    size_t room = LOOP_SCRATCH_SIZE - kept;
    if (kept > 0)
        memcpy(c->loop->scratch, c->input, kept);
    ssize_t n = c->transport->receive(c, c->loop->scratch + kept, room);
    if (n > 0)
        take_read(c, kept, (size_t)n);
    else if (n != -EAGAIN)
        end_of_read(c, n);
    if (!c->closing)
        update_events(c); /* the handshake may be done, or its bytes wait */
    return n > 0 ? (size_t)n : 0;
}

static void on_readable(struct conn *c)
{
    size_t budget = READ_BUDGET_SIZE;
    while (!c->closing && c->reading && c->failed == 0) {
        size_t room = LOOP_SCRATCH_SIZE - c->input_size;
        size_t n = read_once(c);
        bool   drained = n == 0 || (n < room && c->transport == &conn_plain); /* a short read empties a socket */
        if (drained || n >= budget)
            break;
        budget -= n;
    }
}

/* True if the transport keeps nothing any more. */
static bool flush_pending(struct conn *c)
{
    int error = c->transport->flush(c);
    if (error != 0 && error != -EAGAIN)
        lose(c);
    return error == 0;
}

/* The socket takes bytes: first what the transport keeps, then the queue, then the owner's. */
void conn_take_room(struct conn *c)
{
    bool asked = c->want_write;
    if (c->pending && !flush_pending(c))
        return;
    c->want_write = false;
    bool room = conn_flush(c) || c->held; /* a held queue waits for its owner to go on */
    if (asked && room && !c->closing && c->handler != NULL)
        c->handler->on_writable(c);
    if (!c->closing)
        update_events(c);
}

/* The socket has an error, and libuv has stopped polling.  A read finds it, behind what came before;
 * an owner that does not read would never hear. */
static void on_broken(struct conn *c)
{
    c->events = 0;
    on_readable(c);
    if (c->closing || c->failed != 0)
        return;
    if (c->reading)
        update_events(c);
    else
        lose(c);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct conn *c = handle->data;
    loop_wake(c->loop);
    if (status < 0) {
        on_broken(c);
        return;
    }
    if (events & UV_WRITABLE)
        conn_take_room(c);
    if (!c->closing && c->watching && (events & UV_DISCONNECT)) {
        end_of_read(c, 0);
        return;
    }
    if (!c->closing && (events & UV_READABLE))
        on_readable(c);
}

void conn_write(struct conn *c, const void *data, size_t size)
{
    if (c->queue_at > 0 && c->queue_at == c->queue_size)
        c->queue_at = c->queue_size = 0;
    if (conn_queued(c) + size > CONN_QUEUE_MAX) {
        conn_fail(c, ERR_TOO_BIG);
        return;
    }
    if (c->queue_size + size > c->queue_capacity) {
        uint32_t queued = (uint32_t)conn_queued(c);
        if (queued > 0)
            memmove(c->queue, c->queue + c->queue_at, queued);
        c->queue_at = 0;
        c->queue_size = queued;
        uint32_t capacity = c->queue_capacity > 0 ? c->queue_capacity : 256;
        while (capacity < queued + size)
            capacity *= 2;
        c->queue = alloc_resize(c->queue, capacity, 1);
        c->queue_capacity = capacity;
    }
    if (size > 0)
        memcpy(c->queue + c->queue_size, data, size);
    c->queue_size += (uint32_t)size;
    conn_attend(c);
}

static void free_queue(struct conn *c)
{
    free(c->queue);
    c->queue = NULL;
    c->queue_at = c->queue_size = c->queue_capacity = 0;
}

/* The queue of a finishing connection is empty: say the end, and wait for the peer's. */
static void say_end(struct conn *c)
{
    if (c->transport->end(c) == -EAGAIN) {
        update_events(c);
        return;
    }
    c->finishing = false;
    if (c->fd < 0) {
        conn_close(c); /* the peer's end is the transport's to wait for */
        return;
    }
    shutdown(c->fd, SHUT_WR);
    c->reading = true;
    update_events(c);
}

bool conn_flush(struct conn *c)
{
    while (conn_queued(c) > 0 && !c->held) {
        struct iovec iov = { c->queue + c->queue_at, conn_queued(c) };
        ssize_t      n = conn_send(c, &iov, 1);
        if (n == -EAGAIN) {
            conn_want_write(c);
            return false;
        }
        if (n < 0) {
            lose(c);
            return false;
        }
        c->queue_at += (uint32_t)n;
    }
    if (conn_queued(c) > 0)
        return false;
    free_queue(c);
    if (c->finishing && c->handler == NULL && !c->closing)
        say_end(c);
    return true;
}

ssize_t conn_send(struct conn *c, const struct iovec *iov, unsigned count)
{
    ssize_t n = c->direct ? conn_plain.send(c, iov, count) : c->transport->send(c, iov, count);
    if (n > 0)
        conn_count_out(c, (size_t)n);
    if (c->pending)
        update_events(c);
    return n;
}

void conn_want_write(struct conn *c)
{
    c->want_write = true;
    update_events(c);
}

void conn_pause(struct conn *c)
{
    c->reading = false;
    update_events(c);
}

void conn_pause_watching(struct conn *c)
{
    c->watching = true;
    conn_pause(c);
}

void conn_resume(struct conn *c)
{
    if (c->reading)
        return;
    c->reading = true;
    c->watching = false;
    update_events(c);
    c->redeliver = c->input_size > 0;
    if (c->redeliver || c->ended)
        conn_attend(c); /* what was kept is offered again even if nothing more comes */
}

void conn_free(struct conn *c)
{
    c->transport->free(c);
    free(c->input);
    free(c->queue);
    free(c);
}

static void on_closed(uv_handle_t *handle)
{
    conn_free(handle->data);
}

void conn_break(struct conn *c, int error, const char *why)
{
    if (c->closing)
        return;
    if (c->handler == NULL) {
        conn_close(c);
        return;
    }
    if (c->why == NULL)
        c->why = why;
    conn_fail(c, error);
}

void conn_close(struct conn *c)
{
    if (c->closing)
        return;
    if (c->linger_until_ms != 0)
        c->loop->lingering_count--;
    c->handler = NULL;
    c->owner = NULL;
    c->closing = true;
    list_remove(&c->link);
    if (c->fd < 0) {
        conn_close_inner(c);
        return;
    }
    uv_close((uv_handle_t *)&c->poll, on_closed); /* out of epoll, before another has the number */
    close(c->fd);
}

void conn_finish(struct conn *c)
{
    if (c->closing)
        return;
    if (c->loop->lingering_count >= LINGERING_MAX) {
        conn_flush(c);
        conn_close(c);
        return;
    }
    c->handler = NULL;
    c->owner = NULL;
    c->held = false;
    c->failed = 0; /* or what still comes would be left unread, and be told again and again */
    c->finishing = true;
    c->reading = c->watching = false;
    c->input_size = 0;
    if (c->opening)
        free_queue(c); /* it could never be sent */
    list_remove(&c->link);
    list_append(&c->loop->lingering, &c->link);
    c->loop->lingering_count++;
    c->linger_until_ms = loop_now_ms(c->loop) + CONN_LINGER_MS;
    update_events(c);
    conn_flush(c);
}
