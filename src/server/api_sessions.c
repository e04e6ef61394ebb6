/* api_sessions.c - who is connected: sessions, one by one.
 *
 * Sessions are their workers', so the workers are asked: first which sessions there are, as little of
 * each as it takes to put them in order; then for all of those on the page that is wanted. */
#include "base/alloc.h"
#include "base/clock.h"
#include "core/outlet.h"
#include "protocol/json_writer.h"
#include "server/api_peer.h"

#include <stdlib.h>

struct key {
    int64_t     created_ms;
    char        id[SESSION_ID_SIZE];
    uint16_t    worker;
    struct text row; /* the object, once it is read */
};

struct listing {
    struct api_page   page;
    bool              has_stream;
    struct url_stream stream;
    int               role;     /* enum session_role; -1: any */
    const char       *protocol; /* NULL: any */
    struct key       *keys;
    size_t            count, capacity;
    size_t            from, to; /* the page's */
};

static void free_listing(void *data)
{
    struct listing *l = data;
    for (size_t i = 0; i < l->count; i++)
        text_clear(&l->keys[i].row);
    free(l->keys);
    free(l);
}

/* One session as an object: on its worker. */

static void write_place(struct json_writer *w, const struct session *s)
{
    json_write_text(w, "streamPath", session_path(s));
    json_write_text(w, "app", s->stream != NULL ? s->stream->app : NULL);
    json_write_text(w, "name", s->stream != NULL ? s->stream->name : NULL);
    json_write_text(w, "ip", s->ip);
    json_write_known(w, "port", s->port);
    json_write_text(w, "userAgent", s->agent);
}

static void write_figures(struct json_writer *w, const struct session *s)
{
    struct session_parts parts = { 0 };
    struct viewer_lag    lag = { 0 };
    struct meter         meter;
    session_meter_read(s, &meter);
    if (s->ops->parts != NULL)
        s->ops->parts(s, &parts);
    if (parts.viewer != NULL)
        lag = outlet_viewer_lag(parts.viewer);
    json_write_number(w, "inBytes", meter.in_bytes);
    json_write_number(w, "outBytes", meter.out_bytes);
    json_write_number(w, "inBitrate", rate_bits(&s->meter.in));
    json_write_number(w, "outBitrate", rate_bits(&s->meter.out));
    json_write_number(w, "inPackets", meter.in_packets);
    json_write_number(w, "outPackets", meter.out_packets);
    json_write_number(w, "lagMs", lag.ms > 0 ? (uint64_t)lag.ms : 0);
    json_write_number(w, "lagBytes", lag.size);
    json_begin(w, "skips", '{');
    json_write_number(w, "count", parts.viewer != NULL ? parts.viewer->skips : 0);
    json_write_number(w, "packets", parts.viewer != NULL ? parts.viewer->skipped_packets : 0);
    json_end(w, '}');
}

static void write_session(struct text *out, const struct session *s)
{
    struct json_writer w = { out, false };
    int64_t            age_ms = clock_wall_ms() - s->created_ms;
    json_begin(&w, NULL, '{');
    json_write_string(&w, "id", s->id);
    json_write_string(&w, "role", session_role_name(s));
    json_write_string(&w, "protocol", session_protocol_name(s));
    write_place(&w, s);
    json_write_time(&w, "createTime", s->created_ms);
    json_write_number(&w, "ageMs", age_ms > 0 ? (uint64_t)age_ms : 0);
    write_figures(&w, s);
    json_write_number(&w, "worker", s->worker->index);
    json_write_bool(&w, "internal", s->internal);
    json_end(&w, '}');
}

struct session *api_find_session(struct worker *w, const char *id)
{
    pthread_mutex_lock(&w->context->lock);
    struct session *s = map_get(w->context->sessions, id);
    s = s != NULL && s->worker == w ? s : NULL;
    pthread_mutex_unlock(&w->context->lock);
    return s;
}

/* All of them: which there are. */

static bool is_wanted(const struct listing *l, const struct session *s)
{
    return (l->role < 0 || (int)s->role == l->role) &&
           (!l->has_stream || strcmp(session_path(s), l->stream.path) == 0) &&
           (l->protocol == NULL || strcmp(session_protocol_name(s), l->protocol) == 0);
}

static void collect(struct api_call *call, struct worker *w)
{
    struct listing *l = call->data;
    LIST_EACH (node, &w->sessions) {
        const struct session *s = LIST_ITEM(node, struct session, link);
        if (!is_wanted(l, s))
            continue;
        if (l->count == l->capacity) {
            l->capacity = l->capacity > 0 ? 2 * l->capacity : 64;
            l->keys = alloc_resize(l->keys, l->capacity, sizeof *l->keys);
        }
        struct key *key = &l->keys[l->count++];
        *key = (struct key){ .created_ms = s->created_ms, .worker = (uint16_t)w->index };
        memcpy(key->id, s->id, sizeof key->id);
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->created_ms != y->created_ms)
        return x->created_ms < y->created_ms ? -1 : 1;
    return strcmp(x->id, y->id);
}

static void read_page(struct api_call *call, struct worker *w)
{
    struct listing *l = call->data;
    for (size_t i = l->from; i < l->to; i++) {
        struct session *s = l->keys[i].worker == w->index ? api_find_session(w, l->keys[i].id) : NULL;
        if (s != NULL)
            write_session(&l->keys[i].row, s);
    }
}

/* Who has gone since the first time is left out. */
static void answer_page(struct api_call *call)
{
    const struct listing *l = call->data;
    struct text           text = { 0 };
    struct json_writer    w = { &text, false };
    json_begin(&w, NULL, '{');
    json_write_number(&w, "total", l->count);
    json_write_number(&w, "page", l->page.page);
    json_write_number(&w, "pageSize", l->page.page_size);
    json_begin(&w, "items", '[');
    for (size_t i = l->from; i < l->to; i++)
        if (l->keys[i].row.size > 0)
            json_write_raw(&w, NULL, l->keys[i].row.data, l->keys[i].row.size);
    json_end(&w, ']');
    json_end(&w, '}');
    api_answer_text(call, 200, "application/json", text.data, text.size, free);
}

static void choose_page(struct api_call *call)
{
    struct listing *l = call->data;
    if (l->count > 0)
        qsort(l->keys, l->count, sizeof *l->keys, compare_keys);
    l->from = l->page.offset < l->count ? (size_t)l->page.offset : l->count;
    l->to = l->count - l->from > l->page.page_size ? l->from + l->page.page_size : l->count;
    if (l->from == l->to)
        answer_page(call);
    else
        api_each_worker(call, read_page, answer_page);
}

static void list_sessions(struct api_call *call)
{
    static const char protocols[] = "rtmp|rtmps|flv|ws|https|wss|http|http2|record";
    struct listing   *l = alloc_zeroed(sizeof *l);
    int               protocol = -1;
    call->data = l;
    call->free_data = free_listing;
    l->role = -1;
    if (!api_query_page(call, &l->page) || !api_query_stream(call, "stream", &l->stream, &l->has_stream) ||
        !api_query_choice(call, "role", "idle|publisher|viewer", &l->role) ||
        !api_query_choice(call, "protocol", protocols, &protocol))
        return;
    l->protocol = api_query(call, "protocol");
    api_each_worker(call, collect, choose_page);
}

/* One of them. */

static void read_one(struct api_call *call, struct worker *w)
{
    struct text    *row = call->data;
    struct session *s = api_find_session(w, api_param(call, "id"));
    if (s != NULL && row->size == 0)
        write_session(row, s);
}

static void answer_one(struct api_call *call)
{
    struct text *row = call->data;
    if (row->size == 0) {
        api_fail(call, 404, "there is no session %s", api_param(call, "id"));
        return;
    }
    struct text text = *row;
    *row = (struct text){ 0 };
    api_answer_text(call, 200, "application/json", text.data, text.size, free);
}

static void free_row(void *row)
{
    text_clear(row);
    free(row);
}

static void show_session(struct api_call *call)
{
    call->data = alloc_zeroed(sizeof(struct text));
    call->free_data = free_row;
    api_each_worker(call, read_one, answer_one);
}

/* Ending one. */

static void kick_here(struct api_call *call, struct worker *w)
{
    bool           *kicked = call->data;
    struct session *s = api_find_session(w, api_param(call, "id"));
    if (s == NULL || *kicked)
        return;
    *kicked = true;
    session_kick(s, "ended by an operator");
}

static void answer_kicked(struct api_call *call)
{
    const bool *kicked = call->data;
    if (*kicked)
        api_answer(call, 204, NULL);
    else
        api_fail(call, 404, "there is no session %s", api_param(call, "id"));
}

static void kick_session(struct api_call *call)
{
    if (strcmp(call->session->base.id, api_param(call, "id")) == 0) {
        api_fail(call, 409, "that is the session of this request");
        return;
    }
    call->data = alloc_zeroed(sizeof(bool));
    call->free_data = free;
    api_each_worker(call, kick_here, answer_kicked);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET,    "/api/sessions",      API_VIEWER, .serve = list_sessions,
      .query = "stream role protocol page pageSize" },
    { HTTP_METHOD_GET,    "/api/sessions/{id}", API_VIEWER, .serve = show_session },
    { HTTP_METHOD_DELETE, "/api/sessions/{id}", API_ADMIN,  .serve = kick_session },
};

const struct api_routes api_sessions_routes = { rows, sizeof rows / sizeof *rows };
