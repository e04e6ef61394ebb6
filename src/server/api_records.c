/* api_records.c - recordings: what there is, getting and deleting it, and what is being recorded. */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/catalogue.h"
#include "core/config.h"
#include "server/api_peer.h"
#include "server/file_answer.h"
#include "server/record_json.h"
#include "server/record_server.h"
#include "server/record_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* What is asked of the disk or the catalogue, and what came of it. */
struct search {
    struct catalogue       *catalogue;  /* NULL: there is none */
    struct record_server   *recordings; /* NULL: nothing is recorded */
    char                   *root;
    struct catalogue_filter filter;
    struct url_stream       stream;
    struct record_entry     entry;
    char                    file[URL_PATH_SIZE + RECORD_FILE_SIZE];
    struct api_page         page;
    int                     error;
    json_t                 *result;
    int64_t                 total;
    struct statvfs          disk;
};

static void free_search(void *data)
{
    struct search *s = data;
    json_decref(s->result);
    free(s->root);
    free(s);
}

static struct search *begin_search(struct api_call *call)
{
    struct search *s = alloc_zeroed(sizeof *s);
    s->catalogue = api_of(call)->parts.catalogue;
    s->recordings = api_of(call)->parts.recordings;
    s->root = alloc_string(call->config->record.path);
    call->data = s;
    call->free_data = free_search;
    return s;
}

/* Without a catalogue nothing can be told; false if the call was answered so. */
static bool has_catalogue(struct api_call *call)
{
    if (api_of(call)->parts.catalogue != NULL)
        return true;
    if (call->config->record.path[0] == '\0')
        api_fail(call, 404, "nothing is recorded here: record.path is empty");
    else
        api_fail(call, 503, "the catalogue of recordings cannot be used");
    return false;
}

/* Lists. */

static void list_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    int64_t        now_ms = clock_wall_ms();
    s->total = catalogue_count_recordings(s->catalogue, &s->filter);
    json_t *rows = s->total >= 0 ? catalogue_recordings(s->catalogue, &s->filter) : NULL;
    if (rows == NULL)
        return;
    s->result = json_array();
    for (size_t i = 0; i < json_array_size(rows); i++)
        json_array_append_new(s->result, record_json_file(json_array_get(rows, i), s->recordings, now_ms));
    json_decref(rows);
}

static void answer_list(struct api_call *call)
{
    struct search *s = call->data;
    if (s->result == NULL)
        api_fail(call, 503, "the catalogue cannot be read");
    else
        api_answer(call, 200, api_list(&s->page, json_incref(s->result), (uint64_t)s->total));
}

static void list_records(struct api_call *call)
{
    struct search *s = begin_search(call);
    bool           has_stream;
    if (!api_query_stream(call, "stream", &s->stream, &has_stream) ||
        !api_query_time(call, "from", &s->filter.from_ms) || !api_query_time(call, "to", &s->filter.to_ms) ||
        !api_query_page(call, &s->page) || !has_catalogue(call))
        return;
    s->filter.stream = has_stream ? s->stream.path : NULL;
    s->filter.app = api_query(call, "app");
    s->filter.offset = s->page.offset;
    s->filter.count = s->page.page_size;
    if (s->filter.to_ms != 0 && s->filter.to_ms <= s->filter.from_ms)
        api_fail(call, 400, "to: expected a time after from");
    else
        api_work(call, list_in_pool, answer_list);
}

static void sum_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    json_t        *rows = catalogue_usage(s->catalogue);
    s->error = rows == NULL || (s->root[0] != '\0' && statvfs(s->root, &s->disk) != 0) ? ERR_SYSTEM : 0;
    if (rows != NULL)
        s->result = record_json_usage(rows, s->recordings);
    json_decref(rows);
}

static void answer_usage(struct api_call *call)
{
    struct search *s = call->data;
    if (s->error != 0) {
        api_fail(call, 503, "the recordings cannot be looked at");
        return;
    }
    json_int_t block = (json_int_t)s->disk.f_frsize;
    json_object_set_new(s->result, "path", json_string(s->root));
    json_object_set_new(s->result, "freeBytes", json_integer((json_int_t)s->disk.f_bavail * block));
    json_object_set_new(s->result, "totalBytes", json_integer((json_int_t)s->disk.f_blocks * block));
    api_answer(call, 200, json_incref(s->result));
}

static void show_usage(struct api_call *call)
{
    if (!has_catalogue(call))
        return;
    begin_search(call);
    api_work(call, sum_in_pool, answer_usage);
}

/* One file. */

/* The file that the path names; false after a name that is none was answered. */
static bool begin_file(struct api_call *call, struct search **out)
{
    const char    *name = api_param(call, "file");
    struct search *s = begin_search(call);
    s->entry.path.root = s->root;
    memcpy(s->entry.path.app, call->stream.app, sizeof s->entry.path.app);
    memcpy(s->entry.path.name, call->stream.name, sizeof s->entry.path.name);
    if (!has_catalogue(call))
        return false;
    if (!record_path_parse_file(name, &s->entry.path, &s->entry.part) || s->entry.part) {
        api_fail(call, 404, "there is no such recording");
        return false;
    }
    snprintf(s->file, sizeof s->file, "%s/%s/%s", call->stream.app, call->stream.name, name);
    *out = s;
    return true;
}

static void find_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    json_t        *row = catalogue_recording(s->catalogue, s->file);
    if (row != NULL)
        s->result = record_json_file(row, s->recordings, clock_wall_ms());
    json_decref(row);
}

static void answer_file(struct api_call *call)
{
    struct search *s = call->data;
    if (s->result == NULL)
        api_fail(call, 404, "there is no such recording");
    else
        api_answer(call, 200, json_incref(s->result));
}

static void show_file(struct api_call *call)
{
    struct search *s;
    if (begin_file(call, &s))
        api_work(call, find_in_pool, answer_file);
}

static void look_in_pool(struct api_call *call)
{
    struct search *s = call->data;
    s->error = record_store_look(&s->entry);
}

/* Complete files only: what is written has no length yet. */
static void answer_download(struct api_call *call)
{
    struct search *s = call->data;
    if (s->error == ERR_BUSY) {
        api_fail(call, 409, "it is not complete yet");
        return;
    }
    if (s->error != 0) {
        api_fail(call, 404, "there is no such recording");
        return;
    }
    struct file_wanted   wanted = { .root = s->root, .path = s->file, .save_as = strrchr(s->file, '/') + 1 };
    struct http_session *session = api_hand_over(call);
    file_answer_start(session, http_request_of(session), &wanted);
}

static void download_file(struct api_call *call)
{
    struct search *s;
    if (begin_file(call, &s))
        api_work(call, look_in_pool, answer_download);
}

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
        api_answer(call, 204, NULL);
    } else if (s->error == ERR_BUSY) {
        api_fail(call, 409, "it is being written: stop recording first");
    } else if (s->error == ERR_NOT_FOUND) {
        api_fail(call, 404, "there is no such recording");
    } else {
        api_fail(call, 503, "it cannot be deleted");
    }
}

static void delete_file(struct api_call *call)
{
    struct search *s;
    if (begin_file(call, &s))
        api_work(call, delete_in_pool, answer_deleted);
}

/* What is being recorded. */

static void list_active(struct api_call *call)
{
    struct record_server *recordings = api_of(call)->parts.recordings;
    struct record_status *all = NULL;
    size_t                count = recordings != NULL ? record_server_list(recordings, &all) : 0;
    int64_t               now_ms = clock_wall_ms();
    json_t               *items = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(items, record_json_status(all[i].path, &all[i], now_ms));
    free(all);
    json_t *body = json_object();
    json_object_set_new(body, "items", items);
    api_answer(call, 200, body);
}

static void stop_all(struct api_call *call)
{
    struct record_server *recordings = api_of(call)->parts.recordings;
    if (recordings != NULL)
        record_server_stop_all(recordings);
    api_answer(call, 204, NULL);
}

static void answer_status(struct api_call *call, int http_status)
{
    struct record_server *recordings = api_of(call)->parts.recordings;
    struct record_status  status;
    const char           *path = call->stream.path;
    bool                  found = recordings != NULL && record_server_status(recordings, path, &status) == 0;
    api_answer(call, http_status, record_json_status(path, found ? &status : NULL, clock_wall_ms()));
}

static void show_status(struct api_call *call)
{
    answer_status(call, 200);
}

static void pass_by(struct api_call *call, struct worker *worker)
{
    (void)call;
    (void)worker;
}

static void answer_started(struct api_call *call)
{
    answer_status(call, 201);
}

/* It has begun when each worker was asked something after it. */
static void start_record(struct api_call *call)
{
    struct record_server *recordings = api_of(call)->parts.recordings;
    int error = recordings != NULL ? record_server_start(recordings, call->stream.path) : ERR_UNSUPPORTED;
    if (error == ERR_UNSUPPORTED)
        api_fail(call, 409, "nothing can be recorded: record.path is empty");
    else if (error == ERR_BUSY)
        api_fail(call, 409, "%s is being recorded already", call->stream.path);
    else if (error != 0)
        api_fail(call, 404, "nobody publishes %s", call->stream.path);
    else
        api_each_worker(call, pass_by, answer_started);
}

static void stop_record(struct api_call *call)
{
    struct record_server *recordings = api_of(call)->parts.recordings;
    if (recordings != NULL && record_server_stop(recordings, call->stream.path) == 0)
        api_answer(call, 204, NULL);
    else
        api_fail(call, 404, "%s is not being recorded", call->stream.path);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET,    "/api/records", API_VIEWER, .serve = list_records,
      .query = "stream app from to page pageSize" },
    { HTTP_METHOD_GET,    "/api/records/usage", API_VIEWER, .serve = show_usage },
    { HTTP_METHOD_GET,    "/api/records/active", API_VIEWER, .serve = list_active },
    { HTTP_METHOD_DELETE, "/api/records/active", API_ADMIN, .serve = stop_all },
    { HTTP_METHOD_GET,    "/api/records/{app}/{name}/{file}", API_VIEWER, .serve = show_file },
    { HTTP_METHOD_DELETE, "/api/records/{app}/{name}/{file}", API_ADMIN, .serve = delete_file },
    { HTTP_METHOD_GET,    "/api/records/{app}/{name}/{file}/download", API_VIEWER, .serve = download_file },
    { HTTP_METHOD_GET,    "/api/streams/{app}/{name}/record", API_VIEWER, .serve = show_status },
    { HTTP_METHOD_POST,   "/api/streams/{app}/{name}/record", API_ADMIN, .serve = start_record },
    { HTTP_METHOD_DELETE, "/api/streams/{app}/{name}/record", API_ADMIN, .serve = stop_record },
};

const struct api_routes api_records_routes = { rows, sizeof rows / sizeof *rows };
