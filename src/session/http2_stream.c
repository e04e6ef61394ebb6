/* http2_stream.c - one stream of HTTP/2 as a connection: net/conn_inner.h. */
#include "base/alloc.h"
#include "base/error.h"
#include "core/worker.h"
#include "session/http2_peer.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#define HEAD_FIELDS_MAX 32

static const struct conn_transport transport;

bool http2_is_stream(const struct conn *c)
{
    return c->transport == &transport;
}

const struct http_request *http2_stream_request(const struct conn *c)
{
    const struct http2_stream *s = c->state;
    return http2_request_get(s->request);
}

int http2_stream_refusal(const struct conn *c, const char **reason)
{
    const struct http2_stream *s = c->state;
    *reason = s->refusal_reason;
    return s->refusal;
}

/* Its life: it is freed when nghttp2 and the conn are both done with it. */

struct http2_stream *http2_stream_new(struct http2_connection *h, int32_t id)
{
    const struct config *config = http2_config(h);
    struct http_limits   limits = HTTP_LIMITS_DEFAULT;
    struct http2_stream *s = alloc_zeroed(sizeof *s);
    limits.head_size = config->limits.http_header_size;
    s->connection = h;
    s->id = id;
    s->open = s->has_conn = true;
    s->request = http2_request_new(&limits);
    s->conn = conn_new_inner(&h->base.worker->loop, &transport, s);
    list_init(&s->wait);
    list_init(&s->link);
    list_append(&h->streams, &s->link);
    return s;
}

static void free_if_done(struct http2_stream *s)
{
    if (s->open || s->has_conn)
        return;
    http2_request_free(s->request);
    free(s);
}

void http2_stream_detach(struct http2_stream *s, const char *why)
{
    s->open = false;
    s->connection = NULL;
    list_remove(&s->link);
    list_remove(&s->wait);
    if (s->conn != NULL)
        conn_break(s->conn, ERR_SYSTEM, why);
    free_if_done(s);
}

/* Sending. */

static bool has_window(const struct http2_stream *s)
{
    nghttp2_session *session = s->connection->session;
    return nghttp2_session_get_remote_window_size(session) > 0 &&
           nghttp2_session_get_stream_remote_window_size(session, s->id) > 0;
}

static bool can_send(const struct http2_stream *s)
{
    return !s->connection->busy && has_window(s) && http2_output_has_room(s->connection);
}

static ssize_t send_some(struct conn *c, const struct iovec *iov, unsigned count)
{
    struct http2_stream *s = c->state;
    size_t               size = 0, left;
    if (s->connection == NULL || s->connection->conn == NULL)
        return -EPIPE;
    for (unsigned i = 0; i < count; i++)
        size += iov[i].iov_len;
    s->iov = iov;
    s->iov_count = count;
    s->iov_offset = 0;
    s->iov_left = size;
    do {
        left = s->iov_left;
        if (left == 0 || !s->answered || !can_send(s))
            break;
        nghttp2_session_resume_data(s->connection->session, s->id);
        http2_output_run(s->connection);
    } while (s->iov_left < left);
    size_t taken = size - s->iov_left;
    s->iov_left = 0;
    if (taken > 0)
        s->turn = ++s->connection->turns;
    return taken > 0 || size == 0 ? (ssize_t)taken : -EAGAIN;
}

static int end_sending(struct conn *c)
{
    struct http2_stream *s = c->state;
    if (s->connection == NULL || !s->answered)
        return 0;
    s->at_end = true;
    nghttp2_session_resume_data(s->connection->session, s->id);
    http2_output_run(s->connection);
    return 0;
}

/* In the order of their last turns: whoever takes all that there is room for comes last. */
static void wait_in_line(struct http2_stream *s)
{
    struct list *before = s->connection->waiting.prev;
    while (before != &s->connection->waiting && LIST_ITEM(before, struct http2_stream, wait)->turn > s->turn)
        before = before->prev;
    s->wait.prev = before;
    s->wait.next = before->next;
    before->next->prev = &s->wait;
    before->next = &s->wait;
}

static void watch(struct conn *c, int events)
{
    struct http2_stream *s = c->state;
    list_remove(&s->wait);
    if (events & UV_WRITABLE && s->connection != NULL)
        wait_in_line(s);
}

void http2_stream_wake_all(struct http2_connection *h)
{
    struct list line;
    list_init(&line);
    list_splice(&line, &h->waiting);
    while (!list_empty(&line)) {
        struct http2_stream *s = LIST_ITEM(line.next, struct http2_stream, wait);
        struct conn         *c = s->conn;
        list_remove(&s->wait);
        if (can_send(s))
            conn_give_room(c);
        if (s->conn != NULL && s->connection != NULL && list_empty(&s->wait) && c->events & UV_WRITABLE)
            wait_in_line(s);
    }
}

/* Receiving. */

static void took(struct conn *c, size_t size)
{
    struct http2_stream *s = c->state;
    if (s->connection == NULL || !s->open)
        return;
    nghttp2_session_consume_stream(s->connection->session, s->id, size);
    http2_output_run(s->connection);
}

/* The end. */

static void let_go(struct conn *c)
{
    struct http2_stream     *s = c->state;
    struct http2_connection *h = s->connection;
    s->conn = NULL;
    list_remove(&s->wait);
    if (h == NULL)
        return;
    s->let_go_ms = http2_now_ms(h);
    if (s->at_end)
        return; /* nghttp2 still has to say so */
    s->reset = true;
    nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
    http2_output_run(h);
}

static void free_state(struct conn *c)
{
    struct http2_stream *s = c->state;
    s->has_conn = false;
    free_if_done(s);
}

static const struct conn_transport transport = {
    .send = send_some,
    .end = end_sending,
    .free = free_state,
    .watch = watch,
    .took = took,
    .close = let_go,
};

/* The head of an answer. */

struct head {
    nghttp2_nv fields[HEAD_FIELDS_MAX];
    size_t     count;
    char       name[8], status[4]; /* of the field that an answer begins with */
};

/* HTTP/2 has its own words for these, or none (RFC 9113, 8.2.2; RFC 8441, 5). */
static bool is_left_out(const char *name)
{
    return strcasecmp(name, "connection") == 0 || strcasecmp(name, "upgrade") == 0 ||
           strcasecmp(name, "keep-alive") == 0 || strcasecmp(name, "sec-websocket-accept") == 0;
}

static void add_field(struct head *h, char *name, char *value)
{
    if (is_left_out(name) || h->count == HEAD_FIELDS_MAX)
        return;
    for (char *c = name; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    h->fields[h->count++] = (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
                                          NGHTTP2_NV_FLAG_NONE };
}

/* "HTTP/1.1 200 OK" and "Name: value" lines of our own making. */
static void read_lines(struct head *h, char *text)
{
    char *line, *rest = text;
    while ((line = strsep(&rest, "\n")) != NULL) {
        line[strcspn(line, "\r")] = '\0';
        char *colon = strstr(line, ": ");
        if (h->count == 0 && strlen(line) >= 12) {
            memcpy(h->status, line + 9, 3);
            if (strcmp(h->status, "101") == 0)
                memcpy(h->status, "200", 3);
            add_field(h, h->name, h->status);
        } else if (colon != NULL) {
            *colon = '\0';
            add_field(h, line, colon + 2);
        }
    }
}

static void submit(struct http2_stream *s, char *text)
{
    nghttp2_session *session = s->connection->session;
    struct head      h = { .name = ":status" };
    read_lines(&h, text);
    if (strcmp(h.status, "100") == 0) {
        nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, s->id, NULL, h.fields, h.count, NULL);
        return;
    }
    nghttp2_data_provider provider = http2_output_provider(s);
    s->answered = nghttp2_submit_response(session, s->id, h.fields, h.count, &provider) == 0;
}

void http2_stream_head(struct conn *c, struct bytes head)
{
    struct http2_stream *s = c->state;
    if (s->connection == NULL || s->answered)
        return;
    char *text = alloc_string_of(head.data, head.size);
    submit(s, text);
    free(text);
    http2_output_run(s->connection);
}
