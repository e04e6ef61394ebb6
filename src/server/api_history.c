/* api_history.c - who published and played when, from the catalogue. */
#include "base/alloc.h"
#include "base/clock.h"
#include "core/catalogue.h"
#include "server/api_peer.h"

#include <stdlib.h>

struct search {
    struct catalogue       *catalogue;
    struct catalogue_filter filter;
    struct url_stream       stream;
    struct api_page         page;
    json_t                 *rows; /* NULL: the catalogue cannot be read */
    int64_t                 total;
};

static void free_search(void *data)
{
    struct search *s = data;
    json_decref(s->rows);
    free(s);
}

static int64_t number_of(const json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static void copy_text(json_t *to, const char *name, const json_t *row, const char *column)
{
    json_t *value = json_object_get(row, column);
    json_object_set(to, name, value != NULL ? value : json_null());
}

/* A row of the catalogue as the API has it. */
static json_t *describe(const json_t *row, int64_t now_ms)
{
    const char *path = json_string_value(json_object_get(row, "stream"));
    const char *kind = json_string_value(json_object_get(row, "kind"));
    int64_t     start_ms = number_of(row, "start_ms"), end_ms = number_of(row, "end_ms");
    int64_t     duration_ms = (end_ms != 0 ? end_ms : now_ms) - start_ms;
    bool        publishes = kind != NULL && strcmp(kind, "publish") == 0;
    size_t      app_size = path != NULL && path[0] == '/' ? strcspn(path + 1, "/") : 0;
    if (app_size == 0 || path[1 + app_size] == '\0')
        return NULL; /* not written by us */
    json_t *item = json_object();
    copy_text(item, "id", row, "id");
    json_object_set_new(item, "role", json_string(publishes ? "publisher" : "viewer"));
    copy_text(item, "protocol", row, "protocol");
    json_object_set_new(item, "streamPath", json_string(path));
    json_object_set_new(item, "app", json_stringn(path + 1, app_size));
    json_object_set_new(item, "name", json_string(path + 2 + app_size));
    copy_text(item, "ip", row, "ip");
    json_object_set_new(item, "startTime", api_time(start_ms));
    json_object_set_new(item, "endTime", api_time(end_ms));
    json_object_set_new(item, "durationMs", json_integer(duration_ms > 0 ? duration_ms : 0));
    copy_text(item, "inBytes", row, "in_bytes");
    copy_text(item, "outBytes", row, "out_bytes");
    copy_text(item, "reason", row, "reason");
    return item;
}

static void search_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    json_t        *rows = catalogue_sessions(s->catalogue, &s->filter);
    s->total = rows != NULL ? catalogue_count_sessions(s->catalogue, &s->filter) : -1;
    if (s->total >= 0)
        s->rows = json_array();
    for (size_t i = 0; s->rows != NULL && i < json_array_size(rows); i++) {
        json_t *item = describe(json_array_get(rows, i), clock_wall_ms());
        if (item != NULL)
            json_array_append_new(s->rows, item);
    }
    json_decref(rows);
}

static void answer_found(struct api_call *call)
{
    struct search *s = call->data;
    if (s->rows == NULL)
        api_fail(call, 503, "the catalogue cannot be read; the log says why");
    else
        api_answer(call, 200, api_list(&s->page, json_incref(s->rows), (uint64_t)s->total));
}

static void list_history(struct api_call *call)
{
    struct search *s = alloc_zeroed(sizeof *s);
    bool           of_stream;
    call->data = s;
    call->free_data = free_search;
    s->catalogue = api_of(call)->parts.catalogue;
    if (s->catalogue == NULL) {
        api_fail(call, 404, "there is no history: neither store.path nor record.path is set");
        return;
    }
    if (!api_query_page(call, &s->page) || !api_query_stream(call, "stream", &s->stream, &of_stream) ||
        !api_query_time(call, "from", &s->filter.from_ms) || !api_query_time(call, "to", &s->filter.to_ms))
        return;
    s->filter.stream = of_stream ? s->stream.path : NULL;
    s->filter.offset = s->page.offset;
    s->filter.count = s->page.page_size;
    api_work(call, search_in_pool, answer_found);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET, "/api/history", API_VIEWER, .serve = list_history,
      .query = "stream from to page pageSize" },
};

const struct api_routes api_history_routes = { rows, sizeof rows / sizeof *rows };
