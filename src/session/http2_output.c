#include "core/worker.h"
#include "session/http2_peer.h"

#include <string.h>

/* What is gathered for one call of the socket: a TLS stage full. */
#define BATCH_SIZE_MAX  (4 * HTTP2_DATA_MAX)
#define BATCH_IOV_MAX   256
#define BATCH_FRAME_MAX 64

/* More than this waits with nghttp2, which knows how many acknowledgements are too many. */
#define QUEUE_MAX (32 * 1024)

/* DATA frames on their way: headers of our own, and pieces of what streams offer. */
struct http2_batch {
    unsigned     count, frames;
    size_t       size;
    struct iovec iov[BATCH_IOV_MAX];
    uint8_t      heads[BATCH_FRAME_MAX][HTTP2_FRAME_HEAD_SIZE];
};

/* What the socket did not take is kept: frames cannot be taken back. */
static void queue_rest(struct conn *conn, const struct http2_batch *b, size_t sent)
{
    for (unsigned i = 0; i < b->count; i++) {
        size_t size = b->iov[i].iov_len, skipped = sent < size ? sent : size;
        conn_write(conn, (const uint8_t *)b->iov[i].iov_base + skipped, size - skipped);
        sent -= skipped;
    }
}

static void send_batch(struct http2_connection *h)
{
    struct http2_batch *b = h->batch;
    ssize_t             n = 0;
    if (b->count == 0)
        return;
    if (conn_queued(h->conn) == 0 || conn_flush(h->conn))
        n = conn_send(h->conn, b->iov, b->count);
    size_t sent = n > 0 ? (size_t)n : 0; /* a socket that is broken says so again to the queue */
    if (sent < b->size)
        queue_rest(h->conn, b, sent);
    b->count = b->frames = 0;
    b->size = 0;
}

static bool batch_is_full(const struct http2_batch *b)
{
    return b->size + HTTP2_DATA_MAX > BATCH_SIZE_MAX || b->frames == BATCH_FRAME_MAX ||
           b->count + 2 > BATCH_IOV_MAX;
}

/* How much of what `s` offers, at most `size`, lies in so many pieces. */
static size_t measure(const struct http2_stream *s, size_t size, unsigned pieces)
{
    size_t total = 0, offset = s->iov_offset;
    for (unsigned i = 0; i < s->iov_count && i < pieces && total < size; i++, offset = 0)
        total += s->iov[i].iov_len - offset;
    return total < size ? total : size;
}

static void add_piece(struct http2_batch *b, const void *data, size_t size)
{
    b->iov[b->count++] = (struct iovec){ (void *)data, size };
    b->size += size;
}

static void add_payload(struct http2_batch *b, struct http2_stream *s, size_t size)
{
    s->iov_left -= size;
    while (size > 0) {
        size_t left = s->iov->iov_len - s->iov_offset;
        size_t piece = left < size ? left : size;
        add_piece(b, (const uint8_t *)s->iov->iov_base + s->iov_offset, piece);
        size -= piece;
        s->iov_offset += piece;
        if (s->iov_offset == s->iov->iov_len) {
            s->iov++;
            s->iov_count--;
            s->iov_offset = 0;
        }
    }
}

/* nghttp2 asks how long the next DATA frame of a stream is. */
static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t size, uint32_t *flags,
                       nghttp2_data_source *source, void *connection)
{
    struct http2_connection *h = connection;
    struct http2_stream     *s = source->ptr;
    (void)session, (void)id, (void)buffer;
    if (s->iov_left == 0 && s->at_end) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        return 0;
    }
    if (s->iov_left == 0 || batch_is_full(h->batch))
        return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return (ssize_t)measure(s, size, BATCH_IOV_MAX - 1 - h->batch->count);
}

/* The frame is due: its header and its bytes go into the batch. */
static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t size,
                        nghttp2_data_source *source, void *connection)
{
    struct http2_connection *h = connection;
    struct http2_batch      *b = h->batch;
    uint8_t                 *room = b->heads[b->frames++];
    (void)session, (void)frame;
    memcpy(room, head, HTTP2_FRAME_HEAD_SIZE);
    add_piece(b, room, HTTP2_FRAME_HEAD_SIZE);
    add_payload(b, source->ptr, size);
    http2_flood_sent_data(&h->flood);
    return 0;
}

static ssize_t on_read_length(nghttp2_session *session, uint8_t type, int32_t id, int32_t session_window,
                              int32_t stream_window, uint32_t frame_size_max, void *connection)
{
    int64_t size = HTTP2_DATA_MAX;
    (void)session, (void)type, (void)id, (void)connection;
    size = session_window < size ? session_window : size;
    size = stream_window < size ? stream_window : size;
    return frame_size_max < size ? frame_size_max : size;
}

void http2_output_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, on_read_length);
}

nghttp2_data_provider http2_output_provider(struct http2_stream *s)
{
    return (nghttp2_data_provider){ .source = { .ptr = s }, .read_callback = on_read };
}

/* Until nghttp2 has no more, or enough waits: 0, or its error. */
static int make_frames(struct http2_connection *h)
{
    const uint8_t *data;
    ssize_t        n = 0;
    while (conn_queued(h->conn) < QUEUE_MAX && (n = nghttp2_session_mem_send(h->session, &data)) > 0) {
        send_batch(h); /* what was made before it goes before it */
        conn_write(h->conn, data, (size_t)n);
    }
    send_batch(h);
    return (int)n;
}

void http2_output_run(struct http2_connection *h)
{
    struct http2_batch batch;
    if (h->busy || h->conn == NULL)
        return;
    batch.count = batch.frames = 0;
    batch.size = 0;
    h->batch = &batch;
    h->busy = true;
    int error = make_frames(h);
    h->busy = false;
    h->batch = NULL;
    if (error < 0)
        http2_connection_end(h, nghttp2_strerror(error));
    else if (!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session))
        http2_connection_end(h, "HTTP/2 is over");
    else if (conn_queued(h->conn) >= QUEUE_MAX)
        conn_want_write(h->conn);
}

bool http2_output_has_room(struct http2_connection *h)
{
    bool room = h->conn != NULL && (conn_queued(h->conn) == 0 || conn_flush(h->conn)) && !h->conn->pending;
    if (!room && h->conn != NULL)
        conn_want_write(h->conn);
    return room;
}
