#include "net/tls.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls_bio.h"
#include "net/tls_out.h"
#include "net/tls_why.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORD_SIZE_MAX 16384                 /* of plaintext (RFC 8446, 5.1) */
#define RECORD_WIRE_MAX (RECORD_SIZE_MAX + 2053) /* TLS 1.2 allows so much more (RFC 5246, 6.2.3) */

/* A signature takes up to a millisecond or two: when many clients come at once, those who are
 * watching already get their turn between so many. */
#define HANDSHAKES_PER_TURN 8

_Static_assert(2 * RECORD_WIRE_MAX <= LOOP_SCRATCH_SLACK, "a kept record and a new one fit into the slack");

/* What all TLS connections of a loop share: each uses it for the length of one call. */
struct tls_loop {
    struct loop_hook hook;
    unsigned         handshakes; /* steps of them in this turn */
    struct tls_stage stage;
    uint8_t          record[RECORD_SIZE_MAX]; /* plaintext of one record, gathered */
};

enum tls_end { TLS_OPEN, TLS_ENDED, TLS_FAILED };

struct tls {
    struct tls_bio   bio;
    struct conn     *conn;
    struct tls_loop *shared;
    SSL             *ssl;
    struct tls_out   out;
    struct bytes     in;     /* ciphertext that the current call has read */
    uint8_t          end;    /* enum tls_end: no more comes from the peer, and why */
    bool             began;  /* the peer's first byte has come */
    bool             spoke;  /* so has our owner's first */
    bool             resend; /* kTLS: what OpenSSL has to say found the socket full */
    char            *why;    /* conn->why, if it was composed */
};

static void on_turn_end(struct loop_hook *hook)
{
    LIST_ITEM(hook, struct tls_loop, hook)->handshakes = 0;
}

static struct tls_loop *shared_of(struct loop *loop)
{
    if (loop->tls == NULL) {
        struct tls_loop *shared = alloc_zeroed(sizeof *shared);
        shared->hook.on_turn_end = on_turn_end;
        loop_add_hook(loop, &shared->hook);
        loop->tls = shared;
    }
    return loop->tls;
}

/* As OpenSSL's socket. */

static void take_ciphertext(void *tls, const uint8_t *data, size_t size)
{
    struct tls *t = tls;
    tls_out_take(&t->out, data, size);
}

static bool drain_for_kernel(void *tls)
{
    struct tls *t = tls;
    tls_out_send(&t->out);
    return t->out.pending == NULL && t->out.error == 0;
}

static size_t give_ciphertext(void *tls, uint8_t *to, size_t room)
{
    struct tls *t = tls;
    size_t      size = room < t->in.size ? room : t->in.size;
    if (size > 0)
        memcpy(to, t->in.data, size);
    t->in.data += size;
    t->in.size -= size;
    return size;
}

static const struct tls_bio_ops bio_ops = { give_ciphertext, take_ciphertext, drain_for_kernel };

/* No more comes from the peer. */
static void fail(struct tls *t, const char *why)
{
    t->end = TLS_FAILED;
    t->conn->why = why;
    tls_why_log(t->conn->fd, t->conn->opening, why);
}

static void fail_by_openssl(struct tls *t)
{
    t->why = tls_why_new();
    fail(t, t->why);
}

/* Where the bytes of the next record lie. */
struct gather {
    const struct iovec *iov;
    unsigned            count;
    size_t              offset; /* in the first */
};

static struct bytes take_piece(struct gather *g, size_t size_max)
{
    const struct iovec *v = g->iov;
    size_t              left = v->iov_len - g->offset, size = left < size_max ? left : size_max;
    struct bytes        piece = { (const uint8_t *)v->iov_base + g->offset, size };
    g->offset += piece.size;
    if (g->offset == v->iov_len) {
        g->iov++;
        g->count--;
        g->offset = 0;
    }
    return piece;
}

/* The bytes of the next record: in place if they lie together, else copied to `room`.  Empty at
 * the end. */
static struct bytes next_record(struct gather *g, uint8_t *room)
{
    struct bytes whole = { NULL, 0 };
    while (g->count > 0 && whole.size < RECORD_SIZE_MAX) {
        struct bytes piece = take_piece(g, RECORD_SIZE_MAX - whole.size);
        if (whole.size == 0) {
            whole = piece;
            continue;
        }
        if (whole.data != room)
            whole.data = memcpy(room, whole.data, whole.size);
        memcpy(room + whole.size, piece.data, piece.size);
        whole.size += piece.size;
    }
    return whole;
}

/* At the end of each call: nothing stays staged. */
static void settle(struct tls *t)
{
    tls_out_send(&t->out);
    t->conn->pending = t->out.pending != NULL || t->resend;
}

/* TLS 1.3 would send a session ticket as soon as the handshake is done.  It goes with our first
 * words instead: a client that only uploads (ffmpeg with POST) never reads, and closing a socket
 * with unread bytes resets the connection, which costs us the end of the upload. */
static void send_ticket(struct tls *t)
{
    if (!t->spoke)
        SSL_new_session_ticket(t->ssl);
    t->spoke = true;
}

static ssize_t tls_send(struct conn *c, const struct iovec *iov, unsigned count)
{
    struct tls   *t = c->state;
    struct gather g = { iov, count, 0 };
    struct bytes  record;
    size_t        accepted = 0, written = 0;
    ERR_clear_error();
    while (t->end != TLS_FAILED && !c->opening && t->out.pending == NULL && t->out.error == 0 &&
           (record = next_record(&g, t->shared->record)).size > 0) {
        send_ticket(t);
        if (SSL_write_ex(t->ssl, record.data, record.size, &written) == 1)
            accepted += written;
        else
            fail_by_openssl(t);
    }
    settle(t);
    if (t->out.error != 0 || t->end == TLS_FAILED)
        return t->out.error != 0 ? t->out.error : -EPIPE;
    return accepted > 0 || count == 0 ? (ssize_t)accepted : -EAGAIN;
}

static int tls_flush(struct conn *c)
{
    struct tls *t = c->state;
    int         error = tls_out_flush(&t->out);
    if (error == 0 && t->resend) {
        ERR_clear_error();
        t->resend = SSL_do_handshake(t->ssl) != 1 && SSL_want_write(t->ssl);
        ERR_clear_error();
    }
    c->pending = t->out.pending != NULL || t->resend;
    return error != 0 ? error : c->pending ? -EAGAIN : 0;
}

/* close_notify, once, when all before it has gone. */
static int tls_end(struct conn *c)
{
    struct tls *t = c->state;
    if (!c->opening && t->end != TLS_FAILED && !(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN)) {
        ERR_clear_error();
        SSL_shutdown(t->ssl);
        ERR_clear_error();
    }
    settle(t);
    return c->pending && t->out.error == 0 ? -EAGAIN : 0;
}

/* Receiving. */

/* Whether a connection must wait with its handshake for the next turn, which will find its bytes
 * in the socket again. */
static bool must_wait(const struct tls *t)
{
    return t->conn->opening && t->shared->handshakes >= HANDSHAKES_PER_TURN;
}

static bool has_chosen_http2(const SSL *ssl)
{
    const unsigned char *name;
    unsigned             size;
    SSL_get0_alpn_selected(ssl, &name, &size);
    return size == 2 && memcmp(name, "h2", 2) == 0;
}

static void open_up(struct tls *t)
{
    t->conn->opening = false;
    t->conn->direct = tls_bio_is_kernel(t->ssl);
    t->conn->http2 = has_chosen_http2(t->ssl);
}

/* OpenSSL gave no more plaintext: why? */
static void note_read_error(struct tls *t)
{
    switch (SSL_get_error(t->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        break;
    case SSL_ERROR_WANT_WRITE:
        t->resend = true;
        break;
    case SSL_ERROR_ZERO_RETURN:
        t->end = TLS_ENDED;
        break;
    default:
        fail_by_openssl(t);
        break;
    }
}

/* All the plaintext that t->in makes; `room` is enough for it. */
static size_t decrypt(struct tls *t, uint8_t *to, size_t room)
{
    size_t total = 0, n = 0;
    ERR_clear_error();
    while (total < room && SSL_read_ex(t->ssl, to + total, room - total, &n) == 1)
        total += n;
    if (total < room)
        note_read_error(t);
    if (t->conn->opening && t->end != TLS_FAILED && SSL_is_init_finished(t->ssl))
        open_up(t);
    ERR_clear_error();
    return total;
}

static ssize_t receive_raw(struct conn *c, void *to, size_t room)
{
    ssize_t n;
    do
        n = recv(c->fd, to, room, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static ssize_t result_of(const struct tls *t, size_t size)
{
    if (size > 0)
        return (ssize_t)size; /* the end, if there is one, is told by the next call */
    return t->end == TLS_OPEN ? -EAGAIN : t->end == TLS_ENDED ? 0 : -EPROTO;
}

/* Ciphertext is read into the same memory that takes the plaintext, a record's size further on.
 * OpenSSL keeps at most a part of one record from call to call, so what it gives is never longer
 * than what it has taken, plus that: it fits, none of it stays inside where no poll would tell of
 * it, and it never reaches ciphertext that is still to be taken. */
static ssize_t tls_receive(struct conn *c, void *to, size_t room)
{
    struct tls *t = c->state;
    if (c->handler == NULL)
        return receive_raw(c, to, room); /* lingering: nobody wants to know */
    if (t->end != TLS_OPEN)
        return result_of(t, 0);
    if (must_wait(t))
        return -EAGAIN;
    uint8_t *cipher = (uint8_t *)to + RECORD_WIRE_MAX;
    size_t   wanted = room > 2 * RECORD_WIRE_MAX ? room - RECORD_WIRE_MAX : RECORD_WIRE_MAX;
    ssize_t  n = receive_raw(c, cipher, wanted);
    if (n <= 0)
        return n;
    if (!t->began && cipher[0] != 0x16) {
        fail(t, "no TLS on a port that speaks only TLS");
        return -EPROTO;
    }
    t->began = true;
    t->shared->handshakes += c->opening;
    t->in = (struct bytes){ cipher, (size_t)n };
    size_t size = decrypt(t, to, RECORD_WIRE_MAX + (size_t)n);
    t->in = (struct bytes){ NULL, 0 };
    settle(t);
    return t->out.error != 0 && size == 0 ? t->out.error : result_of(t, size);
}

/* Beginning and end. */

static void tls_free(struct conn *c)
{
    struct tls *t = c->state;
    SSL_free(t->ssl);
    tls_out_clear(&t->out);
    free(t->why);
    free(t);
    c->state = NULL;
    c->why = NULL;
}

static const struct conn_transport transport = {
    .receive = tls_receive, .send = tls_send, .flush = tls_flush, .end = tls_end, .free = tls_free,
};

static bool attach(struct tls *t, SSL_CTX *context)
{
    t->bio = (struct tls_bio){ &bio_ops, t };
    t->ssl = SSL_new(context);
    if (t->ssl == NULL || !tls_bio_attach(&t->bio, t->ssl, t->conn->fd))
        return false;
    SSL_set_accept_state(t->ssl);
    return true;
}

void tls_start(struct conn *c, struct ssl_ctx_st *context)
{
    struct tls *t = alloc_zeroed(sizeof *t);
    t->conn = c;
    t->shared = shared_of(c->loop);
    t->out = (struct tls_out){ .fd = c->fd, .stage = &t->shared->stage };
    c->state = t;
    c->transport = &transport;
    c->opening = true;
    c->direct = false;
    if (!attach(t, context))
        fail(t, "TLS: out of memory"); /* told at the first byte, or the time limit */
    ERR_clear_error();
}

bool tls_kernel_is_able(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    /* A socket that is not connected is refused for that reason, if only the module is there. */
    bool able = setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls" - 1) == 0 || errno == ENOTCONN;
    close(fd);
    return able;
}
