#include "server/api_peer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/conn.h"
#include "server/api_access.h"
#include "server/api_body.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Calls that the thread pool has at a time; files are read there as well. */
#define WORKING_MAX 64

void api_new(const struct api_parts *parts)
{
    struct api *api = alloc_zeroed(sizeof *api);
    api->parts = *parts;
    api->access = api_access_new();
    api->started_ms = clock_wall_ms();
    parts->context->api = api;
    api_access_report(parts->context->config);
}

void api_free(struct context *context)
{
    struct api *api = context->api;
    if (api == NULL)
        return;
    context->api = NULL;
    api_access_free(api->access);
    free(api);
}

void api_set_ready(struct context *context)
{
    atomic_store_explicit(&context->api->ready, true, memory_order_relaxed);
}

/* The life of a call. */

static void drop(struct api_call *call)
{
    if (--call->references > 0)
        return;
    if (call->free_data != NULL)
        call->free_data(call->data);
    if (call->free_text != NULL)
        call->free_text((char *)call->text);
    json_decref(call->body);
    free(call->input.data);
    free(call);
}

void api_call_leave(struct api_call *call)
{
    call->session = NULL;
    drop(call);
}

void api_hold(struct api_call *call)
{
    call->references++;
}

bool api_release(struct api_call *call)
{
    bool wanted = call->session != NULL;
    drop(call);
    return wanted;
}

struct http_session *api_hand_over(struct api_call *call)
{
    struct http_session *s = call->session;
    assert(s != NULL && !call->answered);
    call->answered = call->handed_over = true;
    s->pending = NULL;
    s->body_waits = false;
    api_call_leave(call);
    return s;
}

/* Let a function of the handler's go on with the call, which it may bring to its end. */
static void run(struct api_call *call, void (*function)(struct api_call *))
{
    struct http_session *s = call->session;
    if (s == NULL)
        return;
    api_hold(call);
    call->config = call->worker->config;
    function(call);
    bool handed_over = call->handed_over;
    drop(call);
    if (handed_over && !s->base.closed && s->pending == NULL)
        http_complete(s); /* it was answered at once */
}

/* Answering later. */

static void in_pool(uv_work_t *work)
{
    struct api_call *call = work->data;
    call->in_pool(call);
}

static void after_pool(uv_work_t *work, int status)
{
    struct api_call *call = work->data;
    (void)status;
    atomic_fetch_sub_explicit(&api_of(call)->working, 1, memory_order_relaxed);
    run(call, call->done);
    drop(call);
}

void api_work(struct api_call *call, void (*work)(struct api_call *), void (*done)(struct api_call *))
{
    atomic_uint *working = &api_of(call)->working;
    if (atomic_fetch_add_explicit(working, 1, memory_order_relaxed) >= WORKING_MAX) {
        atomic_fetch_sub_explicit(working, 1, memory_order_relaxed);
        api_header(call, "Retry-After", "1");
        api_fail(call, 503, "too many requests are being worked on");
        return;
    }
    api_hold(call);
    call->work.data = call;
    call->in_pool = work;
    call->done = done;
    uv_queue_work(&call->worker->loop.uv, &call->work, in_pool, after_pool);
}

static void come_home(void *data, void *unused)
{
    struct api_call *call = data;
    (void)unused;
    run(call, call->done);
    drop(call);
}

static void visit(void *data, void *worker)
{
    struct api_call *call = data;
    struct worker   *here = worker;
    struct context  *context = here->context;
    call->visit(call, here);
    if (++call->visited == context->worker_count) {
        worker_post(here, call->worker, come_home, call, NULL);
    } else {
        struct worker *next = context->workers[call->visited];
        worker_post(here, next, visit, call, next);
    }
}

void api_each_worker(struct api_call *call, void (*visit_one)(struct api_call *, struct worker *),
                     void (*done)(struct api_call *))
{
    struct worker *first = call->worker->context->workers[0];
    api_hold(call);
    call->visit = visit_one;
    call->done = done;
    call->visited = 0;
    worker_post(call->worker, first, visit, call, first);
}

/* A request on its way: route, access, arguments, body, handler. */

static const struct api_route *route_at(size_t *table, size_t *row)
{
    for (; *table < api_all_routes_count; (*table)++, *row = 0)
        if (*row < api_all_routes[*table]->count)
            return &api_all_routes[*table]->rows[(*row)++];
    return NULL;
}

/* /healthz and /readyz are there in any case. */
bool api_has_path(const struct config *config, const char *path)
{
    static const char       prefix[] = "/api/";
    const struct api_route *route;
    if (strncmp(path, prefix, sizeof prefix - 1) == 0 || strcmp(path, "/api") == 0)
        return config->api.enable;
    for (size_t table = 0, row = 0; (route = route_at(&table, &row)) != NULL;)
        if (strcmp(route->path, path) == 0)
            return config->api.enable || route->role == API_NOBODY;
    return false;
}

static enum http_method method_of(const struct http_request *request)
{
    return request->method == HTTP_METHOD_HEAD ? HTTP_METHOD_GET : request->method;
}

/* Set call->route to the first that matches.  The methods that the path has, as bits. */
static unsigned find_route(struct api_call *call, enum http_method method)
{
    const struct api_route *route;
    struct api_params       params;
    unsigned                methods = 0;
    for (size_t table = 0, row = 0; (route = route_at(&table, &row)) != NULL;) {
        if (!api_path_match(&call->path, route->path, &params))
            continue;
        methods |= 1u << route->method;
        if (call->route == NULL && route->method == method) {
            call->route = route;
            call->params = params;
        }
    }
    return methods;
}

static void list_methods(unsigned methods, char *out, size_t size)
{
    static const struct { enum http_method method; const char *name; } names[] = {
        { HTTP_METHOD_GET, "GET, HEAD, " },   { HTTP_METHOD_POST, "POST, " },   { HTTP_METHOD_PUT, "PUT, " },
        { HTTP_METHOD_DELETE, "DELETE, " }, { HTTP_METHOD_PATCH, "PATCH, " },
    };
    size_t at = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (methods & 1u << names[i].method)
            at += (size_t)snprintf(out + at, size - at, "%s", names[i].name);
    snprintf(out + at, size - at, "OPTIONS");
}

static void answer_options(struct api_call *call, const char *methods)
{
    if (call->config->api.allow_origin[0] != '\0') {
        api_header(call, "Access-Control-Allow-Methods", methods);
        api_header(call, "Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID");
    }
    api_header(call, "Allow", methods);
    api_answer(call, 204, NULL);
}

static void answer_no_route(struct api_call *call, const struct http_request *request, unsigned methods)
{
    char list[64];
    list_methods(methods, list, sizeof list);
    if (request->method == HTTP_METHOD_OPTIONS) {
        answer_options(call, list);
    } else if (methods == 0) {
        api_fail(call, 404, "there is nothing here; /api/openapi.json lists what there is");
    } else {
        api_header(call, "Allow", list);
        api_fail(call, 405, "the methods here are %s", list);
    }
}

/* The arguments: false after the call was answered. */
static bool read_arguments(struct api_call *call, const struct http_request *request)
{
    const char *fault;
    char        why[API_QUERY_WHY_SIZE];
    int         error = api_params_stream(&call->params, &call->stream, &fault);
    call->has_stream = error == 0;
    if (error == ERR_INVALID) {
        api_fail(call, 400, "the path names no stream: %s", fault);
        return false;
    }
    if (api_query_parse(request->query, call->route->query, &call->query, why))
        return true;
    api_fail(call, 400, "%s", why);
    return false;
}

static void serve(struct api_call *call)
{
    call->route->serve(call);
}

static void read_body(struct api_call *call)
{
    char why[API_BODY_WHY_SIZE];
    struct bytes text = { (const uint8_t *)call->input.data, call->input.size };
    call->answer.on_body = NULL;
    if (text.size > 0)
        call->body = api_body_parse(text, call->route->body, why);
    if (text.size > 0 && call->body == NULL)
        api_fail(call, 400, "%s", why);
    else if (text.size == 0 && call->route->needs_body)
        api_fail(call, 400, "a body is needed: a JSON object with %s", call->route->body);
    else
        serve(call);
}

static void refuse_body(struct api_call *call)
{
    call->answer.on_body = NULL;
    api_fail(call, 413, "the body has more than %d bytes", API_BODY_MAX);
}

static void take_body(struct api_call *call, struct bytes in)
{
    if (in.size > API_BODY_MAX - call->input.size) {
        refuse_body(call);
        return;
    }
    if (in.size == 0)
        return;
    call->input.data = alloc_resize(call->input.data, call->input.size + in.size, 1);
    memcpy(call->input.data + call->input.size, in.data, in.size);
    call->input.size += in.size;
}

static struct api_call *call_of(struct http_answer *answer)
{
    return (struct api_call *)((char *)answer - offsetof(struct api_call, answer));
}

static void on_body(struct http_answer *answer, struct bytes in, bool complete)
{
    struct api_call *call = call_of(answer);
    api_hold(call);
    take_body(call, in);
    if (complete && !call->answered)
        run(call, read_body);
    drop(call);
}

/* Who calls may: the body, then the handler. */
static void go_on(struct api_call *call)
{
    struct http_session       *s = call->session;
    const struct http_request *request = http_request_of(s);
    bool                       wanted = request->has_body && call->route->method != HTTP_METHOD_GET;
    if (!wanted) {
        read_body(call);
    } else if (!api_body_is_json(http_request_header(request, "Content-Type")) ||
               http_request_header(request, "Content-Encoding") != NULL) {
        api_fail(call, 415, "the body is to be JSON: Content-Type: application/json");
    } else if (request->content_length > API_BODY_MAX) {
        refuse_body(call);
    } else {
        call->answer.on_body = on_body;
        http_read_body(s);
    }
}

static void on_admitted(struct api_call *call)
{
    if (read_arguments(call, http_request_of(call->session)))
        go_on(call);
}

static void begin(struct api_call *call)
{
    const struct http_request *request = http_request_of(call->session);
    bool                       known = api_path_split(request->target, &call->path);
    unsigned                   methods = known ? find_route(call, method_of(request)) : 0;
    if (call->route == NULL)
        answer_no_route(call, request, methods);
    else
        api_access_check(call, on_admitted);
}

static void on_writable(struct http_answer *answer)
{
    struct api_call *call = call_of(answer);
    if (call->answered)
        api_call_push(call);
}

static void on_cancel(struct http_answer *answer)
{
    api_call_leave(call_of(answer));
}

void api_serve(struct http_session *s, const struct http_request *request)
{
    (void)request;
    struct api_call *call = alloc_zeroed(sizeof *call);
    call->worker = s->base.worker;
    call->session = s;
    call->references = 1;
    call->answer = (struct http_answer){ .on_writable = on_writable, .on_cancel = on_cancel };
    call->caller.via = "nothing";
    s->is_api = true;
    http_defer(s, &call->answer);
    s->body_waits = true;
    run(call, begin);
}
