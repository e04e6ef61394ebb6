/* conn.h - one stream socket of a loop, plain or TLS behind one small table.
 *
 * Input comes through the loop's shared read buffer; only what the owner leaves unconsumed is
 * kept per connection, so an idle connection holds no buffer.  Output is either queued by
 * conn_write() and sent at the end of the turn, or offered at once with conn_send() by an
 * owner that keeps its own place in shared data (a viewer).
 *
 * Callbacks may close any connection.  After conn_close() or conn_finish() the owner gets no
 * further callback and must forget the pointer. */
#ifndef MILLRACE_NET_CONN_H
#define MILLRACE_NET_CONN_H

#include "base/bytes.h"
#include "base/list.h"
#include "net/loop.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <uv.h>

struct conn;

/* The most that conn_write() may leave queued; a peer that does not read its replies is ended
 * with ERR_TOO_BIG. */
#define CONN_QUEUE_MAX (256 * 1024)

/* Bytes that the kernel keeps for a peer beyond what is on its way: enough to keep a connection
 * busy, little enough that a slow one is seen soon.  Without it the kernel would take megabytes
 * for each slow viewer, who would see them all late, before we knew of it. */
#define CONN_UNSENT_MAX (256 * 1024)

/* How long conn_finish() waits for the peer's end before it closes. */
#define CONN_LINGER_MS 3000

struct conn_handler {
    /* Bytes have come: returns how many of `in` were taken.  What is left is given again,
     * with what has come since. */
    size_t (*on_input)(struct conn *, struct bytes in);
    /* The socket takes bytes again and the queue is empty: after conn_want_write(). */
    void (*on_writable)(struct conn *);
    /* The peer ended (ERR_CLOSED), or the connection failed; the owner closes it now. */
    void (*on_end)(struct conn *, int error);
};

/* How bytes pass: net/conn.c has the plain one, net/tls.c another; net/conn_inner.h is for those
 * without a socket. */
struct conn_transport {
    /* As recv() and sendmsg() without waiting: bytes, 0 at the peer's end (receive only), or a
     * negative errno: -EAGAIN when it would wait, -EPROTO with conn->why set.  Receiving may
     * write to LOOP_SCRATCH_SLACK bytes behind `room`, and pass it by a record. */
    ssize_t (*receive)(struct conn *, void *to, size_t room);
    ssize_t (*send)(struct conn *, const struct iovec *iov, unsigned count);
    /* Pass on what `send` accepted and conn->pending says is kept: 0, or a negative errno. */
    int (*flush)(struct conn *);
    /* Say the end of our side: 0, or -EAGAIN to be called again when nothing is pending. */
    int (*end)(struct conn *);
    void (*free)(struct conn *);
    /* Inner connections only (net/conn_inner.h); NULL with a socket.  Watch: what the connection
     * waits for now, of UV_READABLE and UV_WRITABLE.  Took: so many bytes of what was given are done
     * with.  Close: the owner has let go. */
    void (*watch)(struct conn *, int events);
    void (*took)(struct conn *, size_t size);
    void (*close)(struct conn *);
};

struct conn {
    uv_poll_t                    poll;
    struct loop                 *loop;
    const struct conn_transport *transport;
    const struct conn_handler   *handler;  /* NULL once the owner let go */
    void                        *owner;
    void                        *state;    /* the transport's own */
    const char                  *why;      /* what broke it, if more is known than an errno */
    struct list                  link;     /* loop's unsent or lingering list */
    uint8_t                     *input;    /* what the owner left; NULL when nothing */
    uint8_t                     *queue;    /* what waits to be sent; NULL when nothing */
    uint32_t                     input_size, input_capacity;
    uint32_t                     queue_at, queue_size, queue_capacity;
    int                          fd;       /* -1: an inner connection */
    int                          events;   /* what uv_poll or the transport waits for now */
    bool                         reading, want_write, held, redeliver, finishing, closing;
    bool                         watching; /* not reading, but waiting for the peer's end */
    bool                         opening;  /* the transport's handshake is not done: nothing can be sent */
    bool                         pending;  /* the transport keeps bytes that the socket did not take */
    bool                         direct;   /* bytes may go straight to `fd` */
    bool                         http2;    /* TLS: both sides have agreed to speak HTTP/2 */
    bool                         ended;    /* the peer's end is to be told behind what is kept of its input */
    int8_t                       failed;   /* an error to report at the end of the turn */
    uint64_t                     bytes_in, bytes_out; /* of the owner, within what the transport adds */
    uint64_t                     linger_until_ms;
    struct loop_garbage          garbage;  /* of an inner connection */
};

/* Takes over `fd`, a connected socket; sets it non-blocking and without delay. */
struct conn *conn_new(struct loop *, int fd, const struct conn_handler *, void *owner);

/* Give the connection to another owner, as when an HTTP request becomes a stream. */
void conn_set_owner(struct conn *, const struct conn_handler *, void *owner);

/* Queue bytes (copied) to be sent at the end of the turn, or when conn_flush() is called. */
void conn_write(struct conn *, const void *data, size_t size);
static inline size_t conn_queued(const struct conn *c)
{
    return c->queue_size - c->queue_at;
}

/* While held, the queue waits: its owner is in the middle of a packet. */
static inline void conn_hold(struct conn *c, bool held)
{
    c->held = held;
}

/* Send the queue now, unless held.  True if nothing is left in it. */
bool conn_flush(struct conn *);

/* Offer bytes to the socket: how many it took, or a negative errno (-EAGAIN: full). */
ssize_t conn_send(struct conn *, const struct iovec *iov, unsigned count);

/* Bytes that the owner has sent to `fd` itself. */
static inline void conn_count_out(struct conn *c, size_t size)
{
    c->bytes_out += size;
    if (c->fd >= 0)
        c->loop->bytes_out += size;
}

/* True if bytes may go straight to `fd` (no TLS in user space). */
static inline bool conn_is_plain(const struct conn *c)
{
    return c->direct;
}

/* True while a handshake (TLS) goes on, before which nothing of the owner's passes. */
static inline bool conn_is_opening(const struct conn *c)
{
    return c->opening;
}

/* Why the connection ended, for on_end(): `error` in words, or the transport's own. */
const char *conn_why(const struct conn *, int error);

/* Ask for one on_writable(). */
void conn_want_write(struct conn *);

/* Stop and resume taking input. */
void conn_pause(struct conn *);
void conn_resume(struct conn *);

/* Stop taking input, but hear of the peer's end (on_end, ERR_CLOSED), whatever it sent before that:
 * for an owner who has nothing to do for a peer that has gone.  Of an inner connection only a break is
 * heard. */
void conn_pause_watching(struct conn *);

/* Have on_end() called with `error` at the end of the turn, from where anything may be closed; `why`
 * is static, or NULL.  Without an owner it is closed at once. */
void conn_break(struct conn *, int error, const char *why);

/* End at once; unsent bytes are lost. */
void conn_close(struct conn *);

/* Send what is queued, then the end, and wait for the peer's end for CONN_LINGER_MS, taking and
 * dropping its input, so that the last bytes are not lost to a reset. */
void conn_finish(struct conn *);

/* The loop's part. */
void conn_flush_all(struct loop *);
void conn_expire_lingering(struct loop *);
void conn_close_lingering(struct loop *);

#endif
