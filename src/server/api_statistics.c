/* api_statistics.c - what the server and its streams are at: pages and parts of the texts that
 * server/statistics.h has made. */
#include "base/alloc.h"
#include "core/broadcast.h"
#include "protocol/json_writer.h"
#include "protocol/metrics_writer.h"
#include "server/api_peer.h"
#include "server/statistics.h"

#include <stdlib.h>

static const char json[] = "application/json";

static void answer_made(struct api_call *call, struct text *text)
{
    api_answer_text(call, 200, json, text->data, text->size, free);
}

/* Histories. */

enum series { IN_BITRATE, OUT_BITRATE, VIEWERS, EXTRA };

static void write_series(struct json_writer *w, const char *key, const struct history_point *points,
                         uint32_t count, enum series series)
{
    json_begin(w, key, '[');
    for (uint32_t i = 0; i < count; i++) {
        const struct history_point *p = &points[i];
        if (series == EXTRA)
            json_write_real(w, NULL, (double)p->extra);
        else
            json_write_number(w, NULL, series == VIEWERS      ? p->viewers
                                       : series == IN_BITRATE ? (uint64_t)p->in_bitrate
                                                              : (uint64_t)p->out_bitrate);
    }
    json_end(w, ']');
}

/* An object with one member more; `path` is NULL for the server. */
static void answer_with_history(struct api_call *call, struct bytes object, const char *path)
{
    struct history_point points[HISTORY_POINTS];
    int64_t              end_ms;
    uint32_t count = sampler_history(statistics_sampler(call->worker->context), path, points, &end_ms);
    struct text          text = { 0 };
    struct json_writer   w = { &text, true };
    text_add(&text, object.data, object.size - 1); /* without its "}" */
    json_begin(&w, "history", '{');
    json_write_number(&w, "stepMs", HISTORY_STEP_MS);
    json_write_time(&w, "endTime", end_ms);
    write_series(&w, "inBitrate", points, count, IN_BITRATE);
    write_series(&w, "outBitrate", points, count, OUT_BITRATE);
    write_series(&w, "viewers", points, count, VIEWERS);
    write_series(&w, path != NULL ? "frameRate" : "cpuPercent", points, count, EXTRA);
    json_end(&w, '}');
    json_end(&w, '}');
    answer_made(call, &text);
}

/* The server. */

static void show_server(struct api_call *call)
{
    bool history = false;
    if (!api_query_flag(call, "history", &history))
        return;
    struct shared_text *text = statistics_server_text(call->worker->context);
    struct bytes        data = shared_text_bytes(text);
    if (history) {
        answer_with_history(call, data, NULL);
        shared_text_unref(text);
    } else {
        api_answer_text(call, 200, json, (const char *)data.data, data.size, shared_text_free_data);
    }
}

static void show_metrics(struct api_call *call)
{
    const struct http_request *request = http_request_of(call->session);
    const char                *accept = http_request_header(request, "Accept");
    bool open = accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
    struct shared_text        *text = statistics_metrics_text(call->worker->context, open);
    struct bytes               data = shared_text_bytes(text);
    api_answer_text(call, 200, open ? METRICS_TYPE_OPEN : METRICS_TYPE_TEXT, (const char *)data.data,
                    data.size, shared_text_free_data);
}

/* Streams. */

static bool is_wanted(const struct stream_sample *s, const char *app, const char *q)
{
    size_t app_size = app != NULL ? strlen(app) : 0;
    if (app != NULL && (strncmp(s->path + 1, app, app_size) != 0 || s->path[1 + app_size] != '/'))
        return false;
    return q == NULL || strcasestr(s->path, q) != NULL;
}

static void add_stream(struct text *out, const struct statistics_streams *streams, size_t index)
{
    struct bytes all = shared_text_bytes(streams->text);
    size_t       from = streams->offsets[index];
    text_add(out, all.data + from, streams->offsets[index + 1] - from - 1); /* without the comma */
}

static uint64_t count_wanted(const struct snapshot *snapshot, const char *app, const char *q)
{
    uint64_t total = 0;
    for (size_t i = 0; i < snapshot->count; i++)
        total += is_wanted(&snapshot->streams[i], app, q);
    return total;
}

static void add_page(struct text *out, const struct statistics_streams *streams, const struct api_page *page,
                     const char *app, const char *q)
{
    uint64_t at = 0;
    for (size_t i = 0; i < streams->snapshot->count && at < page->offset + page->page_size; i++) {
        if (!is_wanted(&streams->snapshot->streams[i], app, q) || at++ < page->offset)
            continue;
        if (at - 1 > page->offset)
            text_add_char(out, ',');
        add_stream(out, streams, i);
    }
}

static void list_streams(struct api_call *call)
{
    struct statistics_streams streams;
    struct api_page           page;
    struct text               answer = { 0 };
    struct json_writer        w = { &answer, false };
    const char               *app = api_query(call, "app"), *q = api_query(call, "q");
    if (!api_query_page(call, &page))
        return;
    statistics_streams(call->worker->context, &streams);
    json_begin(&w, NULL, '{');
    json_write_number(&w, "total", count_wanted(streams.snapshot, app, q));
    json_write_number(&w, "page", page.page);
    json_write_number(&w, "pageSize", page.page_size);
    json_begin(&w, "items", '[');
    add_page(&answer, &streams, &page, app, q);
    json_end(&w, ']');
    json_end(&w, '}');
    statistics_unref_streams(&streams);
    answer_made(call, &answer);
}

static void show_stream(struct api_call *call)
{
    struct statistics_streams streams;
    struct text               object = { 0 };
    bool                      history = false;
    if (!api_query_flag(call, "history", &history))
        return;
    statistics_streams(call->worker->context, &streams);
    const struct stream_sample *s = snapshot_find(streams.snapshot, call->stream.path);
    if (s != NULL)
        add_stream(&object, &streams, (size_t)(s - streams.snapshot->streams));
    statistics_unref_streams(&streams);
    if (s == NULL) {
        api_fail(call, 404, "there is no stream %s", call->stream.path);
    } else if (history) {
        answer_with_history(call, (struct bytes){ (uint8_t *)object.data, object.size }, call->stream.path);
        text_clear(&object);
    } else {
        answer_made(call, &object);
    }
}

/* Ending a stream: all who publish it, on their workers. */

struct ending {
    unsigned ended;
};

enum { PUBLISHERS_MAX = 3 }; /* on the air, next, and standing by */

/* With the lock: those of this worker. */
static size_t find_publishers(const struct broadcast *b, const struct worker *w, struct session **out)
{
    struct session *const all[PUBLISHERS_MAX] = { b->successor, b->standby, b->publisher };
    size_t                count = 0;
    for (int i = 0; i < PUBLISHERS_MAX; i++) {
        bool again = i > 0 && all[i] == all[i - 1]; /* the one that stands by may be the next */
        if (all[i] != NULL && all[i]->worker == w && !again)
            out[count++] = all[i];
    }
    return count;
}

static void end_here(struct api_call *call, struct worker *w)
{
    struct ending  *ending = call->data;
    struct session *found[PUBLISHERS_MAX];
    size_t          count = 0;
    pthread_mutex_lock(&w->context->lock);
    struct broadcast *b = map_get(w->context->broadcasts, call->stream.path);
    if (b != NULL)
        count = find_publishers(b, w, found);
    pthread_mutex_unlock(&w->context->lock);
    for (size_t i = 0; i < count; i++)
        session_kick(found[i], "ended by an operator");
    ending->ended += (unsigned)count;
}

static void answer_ended(struct api_call *call)
{
    const struct ending *ending = call->data;
    if (ending->ended > 0)
        api_answer(call, 204, NULL);
    else
        api_fail(call, 404, "nobody publishes %s", call->stream.path);
}

static void end_stream(struct api_call *call)
{
    call->data = alloc_zeroed(sizeof(struct ending));
    call->free_data = free;
    api_each_worker(call, end_here, answer_ended);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET,    "/metrics",                  API_VIEWER, .serve = show_metrics, .query = "*" },
    { HTTP_METHOD_GET,    "/api/statistics",           API_VIEWER, .serve = show_server, .query = "history" },
    { HTTP_METHOD_GET,    "/api/statistics/streams",   API_VIEWER, .serve = list_streams,
      .query = "app q page pageSize" },
    { HTTP_METHOD_GET,    "/api/statistics/streams/{streamPath}", API_VIEWER, .serve = show_stream,
      .query = "history" },
    { HTTP_METHOD_GET,    "/api/streams",              API_VIEWER, .serve = list_streams,
      .query = "app q page pageSize" },
    { HTTP_METHOD_GET,    "/api/streams/{app}/{name}", API_VIEWER, .serve = show_stream, .query = "history" },
    { HTTP_METHOD_DELETE, "/api/streams/{app}/{name}", API_ADMIN,  .serve = end_stream },
};

const struct api_routes api_statistics_routes = { rows, sizeof rows / sizeof *rows };
