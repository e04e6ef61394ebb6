/* api_v1_records.c - recordings and history as Node Media Server's API has them: see api_v1.c.
 *
 * A recording's id is its stream and its file, "live/show/FILE.flv". */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/catalogue.h"
#include "core/config.h"
#include "protocol/iso_time.h"
#include "server/api_peer.h"
#include "server/api_v1.h"
#include "server/file_answer.h"
#include "server/record_store.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE_SIZE     20
#define PAGE_SIZE_MAX 100
#define DAY_MS        INT64_C(86400000)

struct search {
    struct catalogue       *catalogue;
    char                   *root;
    struct catalogue_filter filter;
    struct url_stream       stream;
    struct record_entry     entry;
    char                    file[URL_PATH_SIZE + RECORD_FILE_SIZE];
    int64_t                 page, page_size;
    bool                    deletes_file;
    int                     error;
    json_t                 *data; /* NULL: it could not be read */
};

static void free_search(void *data)
{
    struct search *s = data;
    json_decref(s->data);
    free(s->root);
    free(s);
}

/* NULL after the call was answered: there is no catalogue. */
static struct search *begin_search(struct api_call *call)
{
    struct catalogue *catalogue = api_of(call)->parts.catalogue;
    if (catalogue == NULL) {
        api_fail(call, 503, "Store is not available");
        return NULL;
    }
    struct search *s = alloc_zeroed(sizeof *s);
    s->catalogue = catalogue;
    s->root = alloc_string(call->config->record.path);
    call->data = s;
    call->free_data = free_search;
    return s;
}

/* Lists. */

/* A day alone is meant from its start, and `end` to its end. */
static bool read_time(struct api_call *call, const char *name, int64_t *out_ms)
{
    const char *text = api_query(call, name);
    char        day[32];
    if (text == NULL || text[0] == '\0' || iso_time_parse(text, out_ms) == 0)
        return true;
    snprintf(day, sizeof day, "%.10sT00:00:00Z", text);
    if (strlen(text) == 10 && iso_time_parse(day, out_ms) == 0) {
        *out_ms += strcmp(name, "end") == 0 ? DAY_MS : 0;
        return true;
    }
    api_fail(call, 400, "%s is no time", name);
    return false;
}

static int64_t number_or(const char *text, int64_t otherwise)
{
    long value = text != NULL ? strtol(text, NULL, 10) : 0;
    return value >= 1 ? value : otherwise;
}

/* False after the call was answered. */
static bool read_list(struct api_call *call, struct search *s)
{
    const char *path = api_query(call, "streamPath"), *why;
    s->page = number_or(api_query(call, "page"), 1);
    s->page_size = number_or(api_query(call, "pageSize"), PAGE_SIZE);
    s->page = s->page < UINT32_MAX ? s->page : UINT32_MAX;
    s->page_size = s->page_size < PAGE_SIZE_MAX ? s->page_size : PAGE_SIZE_MAX;
    if (path != NULL && path[0] != '\0' && url_stream_from_path(path, &s->stream, &why) != 0) {
        api_fail(call, 400, "streamPath: %s", why);
        return false;
    }
    if (!read_time(call, "start", &s->filter.from_ms) || !read_time(call, "end", &s->filter.to_ms))
        return false;
    if (s->filter.to_ms != 0 && s->filter.from_ms > s->filter.to_ms) {
        api_fail(call, 400, "start must not be later than end");
        return false;
    }
    s->filter.stream = s->stream.path[0] != '\0' ? s->stream.path : NULL;
    s->filter.offset = (uint64_t)((s->page - 1) * s->page_size);
    s->filter.count = (uint32_t)s->page_size;
    return true;
}

static json_t *page_of(const struct search *s, json_t *items, int64_t total)
{
    return json_pack("{s:o, s:I, s:I, s:I}", "items", items, "count", (json_int_t)total, "page",
                     (json_int_t)s->page, "pageSize", (json_int_t)s->page_size);
}

static void answer_list(struct api_call *call)
{
    struct search *s = call->data;
    if (s->data == NULL)
        api_fail(call, 503, "Store is not available");
    else
        api_v1_answer(call, json_incref(s->data), "");
}

static int64_t number_at(const json_t *row, const char *column)
{
    return json_integer_value(json_object_get(row, column));
}

static void set_number(json_t *to, const char *name, int64_t value)
{
    json_object_set_new(to, name, json_integer(value));
}

/* "/live/show" and its parts. */
static void add_stream(json_t *to, const json_t *row)
{
    const char *path = json_string_value(json_object_get(row, "stream"));
    size_t      app_size = path != NULL && path[0] == '/' ? strcspn(path + 1, "/") : 0;
    if (app_size == 0 || path[1 + app_size] == '\0')
        return;
    json_object_set_new(to, "streamPath", json_string(path));
    json_object_set_new(to, "app", json_stringn(path + 1, app_size));
    json_object_set_new(to, "name", json_string(path + 2 + app_size));
}

/* Recordings. */

static json_t *describe_record(const json_t *row, const char *root)
{
    const char *file = json_string_value(json_object_get(row, "file"));
    const char *state = json_string_value(json_object_get(row, "state"));
    bool        recording = state != NULL && strcmp(state, "recording") == 0;
    int64_t     start_ms = number_at(row, "start_ms"), duration_ms = number_at(row, "duration_ms");
    json_t     *item = json_object();
    json_object_set_new(item, "id", json_string(file != NULL ? file : ""));
    add_stream(item, row);
    json_object_set_new(item, "filePath", json_sprintf("%s/%s", root, file != NULL ? file : ""));
    set_number(item, "startTime", start_ms);
    json_object_set_new(item, "endTime", recording ? json_null() : json_integer(start_ms + duration_ms));
    set_number(item, "duration", duration_ms);
    set_number(item, "size", number_at(row, "size"));
    json_object_set_new(item, "status", json_string(recording ? "recording" : "done"));
    return item;
}

static void list_records_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    json_t        *rows = catalogue_recordings(s->catalogue, &s->filter), *items = json_array(), *row;
    int64_t        total = catalogue_count_recordings(s->catalogue, &s->filter), duration_ms, size;
    int            error = catalogue_sum_recordings(s->catalogue, &s->filter, &duration_ms, &size);
    size_t         i;
    json_array_foreach (rows, i, row)
        json_array_append_new(items, describe_record(row, s->root));
    if (rows == NULL || total < 0 || error != 0) {
        json_decref(items);
    } else {
        s->data = page_of(s, items, total);
        set_number(s->data, "totalDuration", duration_ms);
        set_number(s->data, "totalSize", size);
    }
    json_decref(rows);
}

static void list_records(struct api_call *call)
{
    struct search *s = begin_search(call);
    if (s != NULL && read_list(call, s))
        api_work(call, list_records_in_pool, answer_list);
}

/* NULL after the call was answered. */
static struct search *begin_file(struct api_call *call)
{
    const char    *name = api_param(call, "file");
    struct search *s = begin_search(call);
    if (s == NULL)
        return NULL;
    s->entry.path.root = s->root;
    memcpy(s->entry.path.app, call->stream.app, sizeof s->entry.path.app);
    memcpy(s->entry.path.name, call->stream.name, sizeof s->entry.path.name);
    if (!record_path_parse_file(name, &s->entry.path, &s->entry.part) || s->entry.part) {
        api_fail(call, 404, "Record not found");
        return NULL;
    }
    snprintf(s->file, sizeof s->file, "%s/%s/%s", call->stream.app, call->stream.name, name);
    return s;
}

static void find_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    json_t        *row = catalogue_recording(s->catalogue, s->file);
    if (row != NULL)
        s->data = describe_record(row, s->root);
    json_decref(row);
    s->error = record_store_look(&s->entry);
}

static void answer_record(struct api_call *call)
{
    struct search *s = call->data;
    if (s->data == NULL)
        api_fail(call, 404, "Record not found");
    else
        api_v1_answer(call, json_incref(s->data), "");
}

static void show_record(struct api_call *call)
{
    if (begin_file(call) != NULL)
        api_work(call, find_in_pool, answer_record);
}

static void answer_download(struct api_call *call)
{
    struct search *s = call->data;
    if (s->error != 0) {
        bool busy = s->error == ERR_BUSY;
        api_fail(call, busy ? 409 : 404,
                 busy ? "Recording in progress; stop the stream first" : "Recording file not found on disk");
        return;
    }
    struct file_wanted   wanted = { .root = s->root, .path = s->file, .save_as = strrchr(s->file, '/') + 1 };
    struct http_session *session = api_hand_over(call);
    file_answer_start(session, http_request_of(session), &wanted);
}

static void download_record(struct api_call *call)
{
    if (begin_file(call) != NULL)
        api_work(call, find_in_pool, answer_download);
}

/* Files are what is told of them, so one that is forgotten alone would be found again: without
 * ?file=true nothing can be deleted. */
static void delete_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    s->error = record_store_delete(&s->entry);
    if (s->error == 0 || s->error == ERR_NOT_FOUND)
        catalogue_remove(s->catalogue, s->file);
}

static void answer_deleted(struct api_call *call)
{
    struct search *s = call->data;
    if (s->error == 0) {
        log_info(&call->session->base.log, "deleted %s/%s: asked for by the API", s->root, s->file);
        api_v1_answer(call, json_pack("{s:b}", "fileDeleted", 1), "Record removed (file deleted)");
    } else if (s->error == ERR_BUSY) {
        api_fail(call, 409, "Recording in progress; stop the stream first");
    } else if (s->error == ERR_NOT_FOUND) {
        api_fail(call, 404, "Record not found");
    } else {
        api_fail(call, 503, "it cannot be deleted");
    }
}

static void delete_record(struct api_call *call)
{
    const char *file = api_query(call, "file");
    if (begin_file(call) == NULL)
        return;
    if (file != NULL && strcmp(file, "true") == 0)
        api_work(call, delete_in_pool, answer_deleted);
    else
        api_fail(call, 400, "a recording is deleted together with its file: add ?file=true");
}

/* History: of publishers, with the number of those who played meanwhile. */

static json_t *describe_past(struct catalogue *catalogue, const json_t *row)
{
    int64_t start_ms = number_at(row, "start_ms"), end_ms = number_at(row, "end_ms");
    struct catalogue_filter plays = {
        .stream = json_string_value(json_object_get(row, "stream")),
        .kind = "play",
        .from_ms = start_ms,
        .to_ms = end_ms,
    };
    int64_t play_count = catalogue_count_sessions(catalogue, &plays);
    json_t *item = json_object();
    json_object_set(item, "id", json_object_get(row, "id"));
    json_object_set(item, "protocol", json_object_get(row, "protocol"));
    add_stream(item, row);
    json_object_set(item, "ip", json_object_get(row, "ip"));
    set_number(item, "startTime", start_ms);
    set_number(item, "endTime", end_ms);
    set_number(item, "duration", end_ms > start_ms ? end_ms - start_ms : 0);
    set_number(item, "inBytes", number_at(row, "in_bytes"));
    set_number(item, "outBytes", number_at(row, "out_bytes"));
    set_number(item, "playCount", play_count > 0 ? play_count : 0);
    return item;
}

static void list_history_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    json_t        *rows = catalogue_sessions(s->catalogue, &s->filter), *items = json_array(), *row;
    int64_t        total = catalogue_count_sessions(s->catalogue, &s->filter);
    size_t         i;
    json_array_foreach (rows, i, row)
        json_array_append_new(items, describe_past(s->catalogue, row));
    if (rows != NULL && total >= 0)
        s->data = page_of(s, items, total);
    else
        json_decref(items);
    json_decref(rows);
}

static void list_history(struct api_call *call)
{
    struct search *s = begin_search(call);
    if (s == NULL || !read_list(call, s))
        return;
    s->filter.kind = "publish";
    api_work(call, list_history_in_pool, answer_list);
}

static const char one[] = "/api/v1/records/{app}/{name}/{file}";

static const struct api_route rows[] = {
    { HTTP_METHOD_GET,    "/api/v1/records", API_VIEWER, .serve = list_records, .query = "*" },
    { HTTP_METHOD_GET,    one,               API_VIEWER, .serve = show_record, .query = "*" },
    { HTTP_METHOD_DELETE, one,               API_ADMIN,  .serve = delete_record, .query = "*" },
    { HTTP_METHOD_GET,    "/api/v1/records/{app}/{name}/{file}/download", API_VIEWER,
      .serve = download_record, .query = "*" },
    { HTTP_METHOD_GET,    "/api/v1/history", API_VIEWER, .serve = list_history, .query = "*" },
};

const struct api_routes api_v1_records_routes = { rows, sizeof rows / sizeof *rows };
