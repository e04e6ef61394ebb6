#include "server/event_stream.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/context.h"
#include "core/worker.h"
#include "net/conn.h"
#include "server/event_feed.h"
#include "server/event_ring.h"
#include "server/http_peer.h"
#include "server/statistics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What who comes back can have missed. */
#define KEPT_COUNT 1024
#define KEPT_SIZE  (4 * 1024 * 1024)

/* How often one who has nothing to hear hears that we are there. */
#define PING_MS 15000

/* The clients of one worker. */
struct desk {
    struct event_stream *stream;
    struct worker       *worker;
    struct list          clients; /* its worker's: struct client */
    atomic_uint          count;
    atomic_bool          woken;   /* a post is on its way */
};

struct event_stream {
    struct event_sink  sink;
    struct context    *context;
    struct event_ring *ring, *original;
    atomic_uint        clients, originals;
    atomic_uint        tick;  /* counts the statistics */
    struct desk       *desks; /* one for each worker */
    unsigned           desk_count;
};

struct client {
    struct http_answer       answer;
    struct http_session     *session;
    struct desk             *desk;
    struct list              link;
    struct event_stream_wish wish;
    uint64_t                 id;   /* of the last event that was looked at */
    unsigned                 tick; /* of the statistics it had last */
    uint64_t                 said_ms;
    struct iovec             parts[3]; /* what is being sent, and of what that is: */
    unsigned                 part, part_count;
    struct event_frame      *frame;
    struct shared_text      *text;
};

/* Waking workers. */

static void feed_all(void *desk, void *unused);

static void wake(struct event_stream *stream)
{
    for (unsigned i = 0; i < stream->desk_count; i++) {
        struct desk *desk = &stream->desks[i];
        if (atomic_load(&desk->count) > 0 && !atomic_exchange(&desk->woken, true))
            worker_post(NULL, desk->worker, feed_all, desk, NULL);
    }
}

/* On the thread of the worker on which it happened. */
static void on_text(struct event_sink *sink, const struct event *e, struct event_text *text)
{
    struct event_stream *stream = LIST_ITEM(sink, struct event_stream, sink);
    event_ring_add(stream->ring, e->type, (struct bytes){ (const uint8_t *)text->body, text->size });
    if (atomic_load(&stream->originals) > 0) {
        json_t *json = event_json_original(e);
        char   *body = json_dumps(json, JSON_COMPACT);
        if (body != NULL)
            event_ring_add(stream->original, e->type, bytes_of(body));
        free(body);
        json_decref(json);
    }
    wake(stream);
}

/* On the thread of the statistics. */
static void on_statistics(void *event_stream)
{
    struct event_stream *stream = event_stream;
    atomic_fetch_add(&stream->tick, 1);
    wake(stream);
}

/* What a client gets next. */

static void release(struct client *c)
{
    event_frame_unref(c->frame);
    shared_text_unref(c->text);
    c->frame = NULL;
    c->text = NULL;
    c->part = c->part_count = 0;
}

static void add_part(struct client *c, const void *data, size_t size)
{
    c->parts[c->part_count++] = (struct iovec){ (void *)data, size };
}

static void load_statistics(struct client *c)
{
    static const char before[] = "event: statistics\ndata: ", after[] = "\n\n";
    c->text = statistics_snapshot_text(c->desk->stream->context);
    struct bytes text = shared_text_bytes(c->text);
    add_part(c, before, sizeof before - 1);
    add_part(c, text.data, text.size);
    add_part(c, after, sizeof after - 1);
}

/* False if there is nothing for now, or *missed: it was too slow. */
static bool load_next(struct client *c, bool *missed)
{
    static const char    ping[] = ": ping\n\n";
    struct event_stream *stream = c->desk->stream;
    unsigned             tick = atomic_load(&stream->tick);
    struct event_ring   *ring = c->wish.original ? stream->original : stream->ring;
    c->frame = event_ring_next(ring, &c->id, c->wish.types, missed);
    if (*missed)
        return false;
    if (c->frame != NULL) {
        add_part(c, c->frame->text, c->frame->size);
    } else if (c->wish.statistics && tick != c->tick) {
        c->tick = tick;
        load_statistics(c);
    } else if (worker_now_ms(c->desk->worker) >= c->said_ms + PING_MS) {
        add_part(c, ping, sizeof ping - 1);
    }
    if (c->part_count > 0)
        c->said_ms = worker_now_ms(c->desk->worker);
    return c->part_count > 0;
}

/* 0 when all is sent; -EAGAIN, or another error. */
static ssize_t send_parts(struct client *c)
{
    while (c->part < c->part_count) {
        ssize_t n = conn_send(c->session->conn, c->parts + c->part, c->part_count - c->part);
        if (n < 0)
            return n;
        for (size_t sent = (size_t)n; sent > 0;) {
            struct iovec *part = &c->parts[c->part];
            size_t        size = sent < part->iov_len ? sent : part->iov_len;
            part->iov_base = (char *)part->iov_base + size;
            part->iov_len -= size;
            sent -= size;
            if (part->iov_len == 0)
                c->part++;
        }
    }
    release(c);
    return 0;
}

/* Give a client all that there is for it, as far as it takes it.  It may be gone after that. */
static void feed(struct client *c)
{
    struct conn *conn = c->session->conn;
    bool         missed = false;
    c->answer.idle = false;
    if (!conn_flush(conn)) /* the head; on_writable() follows, or the end */
        return;
    do {
        ssize_t error = send_parts(c);
        if (error == -EAGAIN) {
            conn_want_write(conn);
            return;
        }
        if (error < 0) {
            session_close(&c->session->base, "connection failed");
            return;
        }
    } while (load_next(c, &missed));
    c->answer.idle = true;
    if (missed)
        session_close(&c->session->base, "too slow: events were lost to it");
}

static void feed_all(void *desk, void *unused)
{
    struct desk *d = desk;
    (void)unused;
    atomic_store(&d->woken, false);
    LIST_EACH (node, &d->clients)
        feed(LIST_ITEM(node, struct client, link));
}

/* As an answer. */

static struct client *client_of(struct http_answer *answer)
{
    return LIST_ITEM(answer, struct client, answer);
}

static void on_writable(struct http_answer *answer)
{
    feed(client_of(answer));
}

static void on_cancel(struct http_answer *answer)
{
    struct client       *c = client_of(answer);
    struct event_stream *stream = c->desk->stream;
    release(c);
    list_remove(&c->link);
    atomic_fetch_sub(&c->desk->count, 1);
    atomic_fetch_sub(&stream->clients, 1);
    if (c->wish.original)
        atomic_fetch_sub(&stream->originals, 1);
    free(c);
}

/* Beginning. */

/* The first words: where it is, so that it can come back before anything has happened. */
static void greet(struct client *c)
{
    struct event_stream *stream = c->desk->stream;
    char                 text[256] = "retry: 3000\n\n";
    bool                 resumed = c->wish.resumes && event_ring_can_resume(stream->ring, c->wish.id);
    if (resumed)
        c->id = c->wish.id;
    else
        c->id = event_ring_last_id(c->wish.original ? stream->original : stream->ring);
    if (c->wish.resumes && !resumed)
        snprintf(text, sizeof text,
                 "retry: 3000\nid: %llu\nevent: reset\n"
                 "data: {\"reason\":\"what happened since is not all known any more: ask anew\"}\n\n",
                 (unsigned long long)c->id);
    else if (!c->wish.original)
        snprintf(text, sizeof text, "retry: 3000\nid: %llu\n\n", (unsigned long long)c->id);
    conn_write(c->session->conn, text, strlen(text));
}

static void start_client(struct desk *desk, struct http_session *s, const struct event_stream_wish *wish)
{
    struct client *c = alloc_zeroed(sizeof *c);
    c->answer = (struct http_answer){ .on_writable = on_writable, .on_cancel = on_cancel, .endless = true };
    c->session = s;
    c->desk = desk;
    c->wish = *wish;
    c->tick = atomic_load(&desk->stream->tick) - 1; /* the newest statistics go at once */
    c->said_ms = worker_now_ms(desk->worker);
    list_init(&c->link);
    list_append(&desk->clients, &c->link);
    atomic_fetch_add(&desk->count, 1);
    atomic_fetch_add(&desk->stream->clients, 1);
    if (wish->original)
        atomic_fetch_add(&desk->stream->originals, 1);
    http_defer(s, &c->answer);
    conn_pause_watching(s->conn); /* it has nothing more to say but its end */
    greet(c);
    feed(c);
}

bool event_stream_has_room(const struct event_stream *stream, const struct config *config)
{
    return atomic_load(&stream->clients) < config->api.event_clients;
}

void event_stream_serve(struct event_stream *stream, struct http_session *s, const struct event_stream_wish *wish)
{
    struct http_reply reply = {
        .status = 200,
        .content_type = "text/event-stream",
        .cache_control = "no-store",
        .extra = { { "X-Accel-Buffering", "no" } }, /* nginx would gather it otherwise */
    };
    s->keep_alive = false; /* it ends with the connection */
    http_answer(s, &reply);
    if (!s->head_only)
        start_client(&stream->desks[s->base.worker->index], s, wish);
}

/* The whole. */

struct event_stream *event_stream_new(struct context *context, struct event_feed *feed)
{
    struct event_stream *stream = alloc_zeroed(sizeof *stream);
    uint64_t             first_id = event_ring_first_id(clock_wall_ms());
    stream->context = context;
    stream->sink.on_text = on_text;
    stream->ring = event_ring_new(KEPT_COUNT, KEPT_SIZE, first_id, true);
    stream->original = event_ring_new(KEPT_COUNT, KEPT_SIZE, first_id, false);
    event_feed_add(feed, &stream->sink);
    return stream;
}

void event_stream_start(struct event_stream *stream)
{
    unsigned count = stream->context->worker_count;
    stream->desks = alloc_zeroed(count * sizeof *stream->desks);
    for (unsigned i = 0; i < count; i++) {
        stream->desks[i].stream = stream;
        stream->desks[i].worker = stream->context->workers[i];
        list_init(&stream->desks[i].clients);
    }
    stream->desk_count = count;
    statistics_watch(stream->context, on_statistics, stream);
}

void event_stream_stop(struct event_stream *stream)
{
    statistics_watch(stream->context, NULL, NULL);
}

void event_stream_free(struct event_stream *stream)
{
    event_ring_free(stream->ring);
    event_ring_free(stream->original);
    free(stream->desks);
    free(stream);
}
