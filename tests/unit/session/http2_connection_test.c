/* HTTP/2 on a socket pair, with nghttp2 as the client: every cut of its bytes, windows, and the order
 * in which streams are served. */
#include "check.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/context.h"
#include "core/session.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/http.h"
#include "session/http2_connection.h"
#include "session/http_reply.h"

#include <errno.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

static struct config  *config;
static struct context *context;
static struct worker  *worker;

static void turn(void)
{
    for (int i = 0; i < 3; i++)
        uv_run(&worker->loop.uv, UV_RUN_NOWAIT);
}

/* The server: gives back what it is sent, or `blob` to a GET. */

enum { BLOB_SIZE = 100000 };

static uint8_t  blob[BLOB_SIZE];
static unsigned open_streams, broken_streams;
static bool     narrow; /* the sockets take little */

struct echo {
    struct conn *conn;
    bool         is_get;
    size_t       sent;
};

static void end_echo(struct echo *e)
{
    open_streams--;
    conn_finish(e->conn);
    free(e);
}

static size_t on_input(struct conn *conn, struct bytes in)
{
    size_t taken = in.size > 2 ? in.size - 1 : in.size; /* leave some, to be given again */
    conn_write(conn, in.data, taken);
    return taken;
}

static void on_writable(struct conn *conn)
{
    struct echo *e = conn->owner;
    while (e->is_get && e->sent < BLOB_SIZE) {
        struct iovec iov[2] = { { blob + e->sent, (BLOB_SIZE - e->sent) / 2 }, { NULL, 0 } };
        iov[1] = (struct iovec){ blob + e->sent + iov[0].iov_len, BLOB_SIZE - e->sent - iov[0].iov_len };
        ssize_t n = conn_send(conn, iov, 2);
        if (n == -EAGAIN) {
            conn_want_write(conn);
            return;
        }
        CHECK(n > 0);
        e->sent += (size_t)n;
    }
    if (e->is_get)
        end_echo(e);
}

static void on_end(struct conn *conn, int error)
{
    struct echo *e = conn->owner;
    broken_streams += error != ERR_CLOSED;
    end_echo(e);
}

static const struct conn_handler echo_handler = { on_input, on_writable, on_end };

static void on_request(struct session *connection, struct conn *stream)
{
    struct echo *e = alloc_zeroed(sizeof *e);
    const char  *reason;
    (void)connection;
    CHECK(http2_is_stream(stream));
    CHECK_EQ(http2_stream_refusal(stream, &reason), 0);
    open_streams++;
    e->conn = stream;
    e->is_get = http2_stream_request(stream)->method == HTTP_METHOD_GET;
    conn_set_owner(stream, &echo_handler, e);
    http_reply_send(stream, config, &(struct http_reply){ .status = 200, .content_type = "a/b" });
    conn_resume(stream);
    conn_want_write(stream);
}

/* A session before it turns to HTTP/2. */

static void on_close(struct session *s, const char *reason)
{
    (void)s, (void)reason;
}

static void destroy(struct session *s)
{
    free(s);
}

static const struct session_ops before_ops = { .name = "TEST", .on_close = on_close, .destroy = destroy };

static int start_connection(void)
{
    int                     fds[2];
    struct sockaddr_storage nobody = { .ss_family = AF_INET };
    struct session         *before = alloc_zeroed(sizeof *before);
    CHECK(context_admit(context, "0.0.0.0"));
    session_init(before, worker, &before_ops, &nobody);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    if (narrow)
        CHECK_EQ(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof(int)), 0);
    struct conn *conn = conn_new(&worker->loop, fds[0], NULL, NULL);
    http2_connection_start(before, conn, on_request);
    session_close(before, "became HTTP/2");
    return fds[1];
}

/* The client. */

struct client {
    nghttp2_session *session;
    int              fd;
    struct bytes     body;      /* to be sent on each POST */
    size_t           body_at;
    uint8_t         *got;       /* of all streams together */
    size_t           got_size;
    size_t           by_stream[16];
    unsigned         closed;
    uint32_t         goaway;
};

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t size,
                   void *client)
{
    struct client *c = client;
    (void)session, (void)flags;
    c->got = alloc_resize(c->got, c->got_size + size, 1);
    memcpy(c->got + c->got_size, data, size);
    c->got_size += size;
    c->by_stream[id / 2] += size;
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *client)
{
    (void)session, (void)id;
    CHECK_EQ(error, 0);
    ((struct client *)client)->closed++;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *client)
{
    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        ((struct client *)client)->goaway = frame->goaway.error_code;
    return 0;
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *room, size_t size, uint32_t *flags,
                       nghttp2_data_source *source, void *client)
{
    struct client *c = client;
    size_t         left = c->body.size - c->body_at, n = left < size ? left : size;
    (void)session, (void)id, (void)source;
    memcpy(room, c->body.data + c->body_at, n);
    c->body_at += n;
    if (n == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

/* `window` is that of each stream. */
static struct client *new_client(uint32_t window, bool updates)
{
    struct client             *c = alloc_zeroed(sizeof *c);
    nghttp2_session_callbacks *callbacks;
    nghttp2_option            *option;
    nghttp2_settings_entry     settings[] = { { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window } };
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, !updates);
    CHECK_EQ(nghttp2_session_client_new2(&c->session, callbacks, c, option), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    nghttp2_submit_settings(c->session, 0, settings, 1);
    c->fd = start_connection();
    return c;
}

static void free_client(struct client *c)
{
    close(c->fd);
    nghttp2_session_del(c->session);
    free(c->got);
    free(c);
    turn();
    CHECK_EQ(open_streams, 0);
}

#define NV(name, value) { (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, strlen(value), 0 }

static int32_t ask(struct client *c, const char *method)
{
    const nghttp2_nv      fields[] = { NV(":method", method), NV(":scheme", "https"), NV(":authority", "a"),
                                       NV(":path", "/") };
    nghttp2_data_provider provider = { .read_callback = on_read };
    bool                  has_body = strcmp(method, "POST") == 0;
    return nghttp2_submit_request(c->session, NULL, fields, COUNT(fields), has_body ? &provider : NULL, NULL);
}

static void write_all(struct client *c, const void *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = write(c->fd, (const uint8_t *)data + at, size - at);
        at += n > 0 ? (size_t)n : 0;
        turn();
    }
}

static void take_all(struct client *c)
{
    uint8_t room[65536];
    ssize_t n;
    turn();
    while ((n = read(c->fd, room, sizeof room)) > 0) {
        CHECK_EQ(nghttp2_session_mem_recv(c->session, room, (size_t)n), n);
        turn();
    }
}

/* Everything back and forth, until nobody has anything to say. */
static void talk(struct client *c)
{
    const uint8_t *data;
    ssize_t        n;
    take_all(c);
    while ((n = nghttp2_session_mem_send(c->session, &data)) > 0) {
        write_all(c, data, (size_t)n);
        take_all(c);
    }
}

static void test_every_cut(void **state)
{
    const struct bytes body = bytes_of("as it was sent, so it comes back");
    size_t             size = 1;
    (void)state;
    for (size_t cut = 0; cut <= size; cut++) {
        struct client *c = new_client(65535, true);
        const uint8_t *data;
        uint8_t        bytes[1024];
        ssize_t        n;
        c->body = body;
        size = 0;
        ask(c, "POST");
        while ((n = nghttp2_session_mem_send(c->session, &data)) > 0) {
            memcpy(bytes + size, data, (size_t)n);
            size += (size_t)n;
        }
        write_all(c, bytes, cut);
        write_all(c, bytes + cut, size - cut);
        talk(c);
        CHECK_EQ(c->closed, 1);
        CHECK(bytes_equal((struct bytes){ c->got, c->got_size }, body));
        free_client(c);
    }
    CHECK(size > 80);
    CHECK_EQ(broken_streams, 0);
}

static void test_many_bytes_both_ways(void **state)
{
    struct client *c = new_client(65535, true);
    (void)state;
    c->body = (struct bytes){ blob, BLOB_SIZE };
    ask(c, "POST");
    talk(c);
    CHECK_EQ(c->closed, 1);
    CHECK(bytes_equal((struct bytes){ c->got, c->got_size }, c->body));
    ask(c, "GET");
    talk(c);
    CHECK_EQ(c->closed, 2);
    CHECK_EQ(c->got_size, 2 * BLOB_SIZE);
    CHECK(memcmp(c->got + BLOB_SIZE, blob, BLOB_SIZE) == 0);
    free_client(c);
}

/* What a stream may send is what its window and the connection's allow, and not a byte more. */
static void test_windows(void **state)
{
    struct client *c = new_client(1000, false);
    int32_t        ids[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        ids[i] = ask(c, "GET");
    talk(c);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(c->by_stream[ids[i] / 2], 1000);
    nghttp2_submit_window_update(c->session, 0, ids[1], BLOB_SIZE);
    talk(c);
    CHECK_EQ(c->by_stream[ids[1] / 2], 65535 - 2000);
    nghttp2_submit_window_update(c->session, 0, 0, 10 * BLOB_SIZE);
    talk(c);
    CHECK_EQ(c->by_stream[ids[0] / 2], 1000);
    CHECK_EQ(c->by_stream[ids[1] / 2], BLOB_SIZE);
    CHECK_EQ(c->closed, 1); /* the others stand still: their windows are theirs */
    nghttp2_submit_window_update(c->session, 0, ids[0], BLOB_SIZE);
    nghttp2_submit_window_update(c->session, 0, ids[2], BLOB_SIZE);
    talk(c);
    CHECK_EQ(c->closed, 3);
    CHECK_EQ(c->got_size, 3 * BLOB_SIZE);
    free_client(c);
}

/* A socket that takes little: all streams go on, not the first alone. */
static void test_streams_take_turns(void **state)
{
    narrow = true;
    struct client *c = new_client(1 << 20, true);
    const uint8_t *data;
    uint8_t        room[4096];
    ssize_t        n;
    (void)state;
    nghttp2_session_set_local_window_size(c->session, 0, 0, 1 << 24);
    for (int i = 0; i < 8; i++)
        ask(c, "GET");
    while ((n = nghttp2_session_mem_send(c->session, &data)) > 0)
        write_all(c, data, (size_t)n);
    while (c->closed == 0 && (n = read(c->fd, room, sizeof room)) > 0) {
        CHECK_EQ(nghttp2_session_mem_recv(c->session, room, (size_t)n), n);
        turn();
    }
    for (int i = 0; i < 8; i++)
        CHECK(c->by_stream[i] > 0);
    talk(c);
    CHECK_EQ(c->closed, 8);
    CHECK_EQ(c->got_size, 8 * BLOB_SIZE);
    free_client(c);
}

static void test_floods(void **state)
{
    struct client *c = new_client(65535, true);
    (void)state;
    config->http2.control_frames = 20;
    for (int i = 0; i < 100; i++)
        nghttp2_submit_ping(c->session, 0, NULL);
    talk(c);
    CHECK_EQ(c->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
    CHECK_EQ(stats_get(&context->stats.limits_hit[LIMIT_HTTP2_CONTROL_FRAMES]), 1);
    free_client(c);
}

static void test_rapid_resets(void **state)
{
    struct client *c = new_client(65535, true);
    (void)state;
    config->http2.resets = 5;
    for (int i = 0; i < 10; i++) {
        const uint8_t *data;
        ssize_t        n;
        int32_t        id = ask(c, "GET");
        while ((n = nghttp2_session_mem_send(c->session, &data)) > 0)
            write_all(c, data, (size_t)n);
        const uint8_t reset[] = { 0, 0, 4, 3, 0, 0, 0, 0, (uint8_t)id, 0, 0, 0, 8 };
        write_all(c, reset, sizeof reset);
    }
    CHECK_EQ(stats_get(&context->stats.limits_hit[LIMIT_HTTP2_RESETS]), 1);
    free_client(c);
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < BLOB_SIZE; i++)
        blob[i] = (uint8_t)(i * 7 + (i >> 8));
    open_streams = broken_streams = 0;
    narrow = false;
    config = config_new();
    context = context_new(config);
    context->worker_count = 1;
    context->workers = alloc_zeroed(sizeof *context->workers);
    worker = context->workers[0] = worker_new(context, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    turn();
    CHECK_EQ(map_count(context->sessions), 0);
    worker_free_all(context);
    context_free(context);
    config_free(config);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_cut),          TEST(test_many_bytes_both_ways), TEST(test_windows),
        TEST(test_streams_take_turns), TEST(test_floods),               TEST(test_rapid_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
