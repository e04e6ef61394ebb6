/* api_peer.h - what the files of the API share; nobody else includes it.
 *
 *     api.c             a request on its way: route, access, arguments, body, handler
 *     api_answer.c      the answer on its way, in pieces as the client takes it
 *     api_routes.c      the list of all tables of routes
 *     api_access.c      who may call
 *     api_guard.c       what is remembered of callers
 *     api_origin.c      which page has sent a request
 *     api_path.c, api_query.c, api_body.c   what requests say: pure functions
 *     api_arguments.c   what a handler asks of them
 *     api_config.c ...  the handlers, one file for each subject
 *
 * To add routes, write server/api_<subject>.c with a table
 *
 *     static void list_cats(struct api_call *call) { ... }
 *
 *     static const struct api_route rows[] = {
 *         { HTTP_METHOD_GET, "/api/cats", API_VIEWER, .serve = list_cats, .query = "q page pageSize" },
 *         { HTTP_METHOD_POST, "/api/cats", API_ADMIN, .serve = make_cat, .body = "name colour" },
 *         { HTTP_METHOD_DELETE, "/api/cats/{id}", API_ADMIN, .serve = drop_cat },
 *     };
 *     const struct api_routes api_cats_routes = { rows, sizeof rows / sizeof *rows };
 *
 * declare it at the end of this file, add it to the list in api_routes.c, and describe each route in
 * docs/openapi.json: a test compares.
 *
 * A handler runs on the worker of the connection, when the caller was found to have the role, and
 * the query and the body are known to have nothing in them but what the row names.  It answers once:
 *
 *     at once             api_answer(), api_fail(), api_answer_text()
 *     after work that     api_work(call, work, done): `work` runs in the thread pool, `done` is back
 *       waits (SQLite,    on the worker and answers.  What both need hangs on call->data, and is
 *       disk, scrypt)     freed by call->free_data in any case
 *     after asking        api_each_worker(call, visit, done): `visit` runs on the thread of each
 *       all workers       worker in turn, so that it may read and change what is theirs
 *     after posts of      api_hold(call) for each post that knows the call; back on the worker of the
 *       its own           call, `if (api_release(call)) api_answer(call, ...)`
 *     as a stream         api_hand_over(call): the session, for http_answer(), http_defer() and
 *                         whatever else server/http_peer.h has
 *
 * The client may go away at any time: `done` is not called then, and api_release() is false.  In
 * `work` and `visit`, and wherever a post takes it, of a call only `data`, the arguments and the
 * body may be touched, none of which changes. */
#ifndef MILLRACE_SERVER_API_PEER_H
#define MILLRACE_SERVER_API_PEER_H

#include "core/context.h"
#include "core/worker.h"
#include "protocol/url.h"
#include "server/api.h"
#include "server/api_path.h"
#include "server/api_query.h"
#include "server/http_peer.h"

#include <jansson.h>
#include <stdatomic.h>

struct api_access;
struct api_call;

struct api {
    struct api_parts   parts;
    struct api_access *access;
    int64_t            started_ms; /* wall clock */
    atomic_bool        ready;
    atomic_uint        working;    /* calls in the thread pool */
};

/* Each may do all that those before it may. */
enum api_role {
    API_NOBODY, /* who has not said who he is */
    API_VIEWER, /* may look */
    API_ADMIN,
};

struct api_route {
    enum http_method method; /* GET serves HEAD too */
    const char      *path;   /* server/api_path.h */
    enum api_role    role;   /* what the caller needs at least */
    void           (*serve)(struct api_call *);
    const char      *query;  /* the names that may be in it, with spaces between; NULL: none; "*": any */
    const char      *body;   /* the members that the JSON object may have, likewise */
    bool             needs_body; /* without it, call->body may be NULL */
};

struct api_routes {
    const struct api_route *rows;
    size_t                  count;
};

/* Who calls. */
struct api_caller {
    enum api_role role;
    char          username[65]; /* "" if he has none */
    const char   *via;          /* static: "loopback", "password", "token", "session" */
};

#define API_HEADERS_MAX 3

struct api_call {
    /* For handlers, to read. */
    struct worker          *worker;
    const struct config    *config;  /* in effect: for this turn only */
    const struct api_route *route;
    struct api_caller       caller;
    bool                    has_stream;
    struct url_stream       stream;  /* if the path names one: checked */
    json_t                 *body;    /* an object; NULL if none came */
    /* For handlers, to set. */
    void                   *data;
    void                  (*free_data)(void *);
    /* Of api.c and api_answer.c. */
    struct http_answer      answer;
    struct http_session    *session; /* NULL once the client is gone, or handed over */
    unsigned                references;
    bool                    answered, handed_over;
    struct api_path         path;
    struct api_params       params;
    struct api_query        query;
    struct { char *data; size_t size; } input; /* the body as it comes */
    uv_work_t               work;
    void                  (*admitted)(struct api_call *);
    void                  (*in_pool)(struct api_call *);
    void                  (*visit)(struct api_call *, struct worker *);
    void                  (*done)(struct api_call *);
    unsigned                visited;
    struct { const char *name; char value[200]; } headers[API_HEADERS_MAX];
    unsigned                header_count;
    const char             *text;    /* of the answer */
    size_t                  text_size, text_at;
    void                  (*free_text)(void *);
};

/* Answers.  After one of these, or while one is to come from elsewhere, the handler returns. */

/* With a JSON value, which is taken over; NULL for a status without a body (204). */
void api_answer(struct api_call *, int status, json_t *body);

/* With the one form that all errors have; the code in it follows from the status. */
void api_fail(struct api_call *, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* With any text, taken over: `free_text` frees it, NULL if it is static. */
void api_answer_text(struct api_call *, int status, const char *content_type, const char *text, size_t size,
                     void (*free_text)(void *));

/* Before answering: one more header.  `name` is static, `value` is copied. */
void api_header(struct api_call *, const char *name, const char *value);

/* Answering later. */

void api_work(struct api_call *, void (*work)(struct api_call *), void (*done)(struct api_call *));
void api_each_worker(struct api_call *, void (*visit)(struct api_call *, struct worker *),
                     void (*done)(struct api_call *));

/* On the worker of the call.  api_release() is false if nobody waits for the answer any more; then
 * the call may be gone. */
void api_hold(struct api_call *);
bool api_release(struct api_call *);

/* The handler goes on with the session itself: it answers now, or by http_defer().  The call is good
 * until the handler returns. */
struct http_session *api_hand_over(struct api_call *);

/* Arguments. */

static inline struct api *api_of(const struct api_call *call)
{
    return call->worker->context->api;
}

/* The part of the path in {name}, decoded. */
static inline const char *api_param(const struct api_call *call, const char *name)
{
    return api_params_get(&call->params, name);
}

/* The decoded value in the query; NULL if it is not there. */
static inline const char *api_query(const struct api_call *call, const char *name)
{
    return api_query_value(&call->query, name);
}

/* These answer with a 400 that names the argument, and are false, if it is not what it should be.
 * What is not there leaves *out as it is. */
bool api_query_number(struct api_call *, const char *name, int64_t min, int64_t max, int64_t *out);
bool api_query_flag(struct api_call *, const char *name, bool *out); /* 1, 0, true, false, or no value */
bool api_query_time(struct api_call *, const char *name, int64_t *out_ms); /* protocol/iso_time.h */
bool api_query_stream(struct api_call *, const char *name, struct url_stream *out, bool *given);
/* The place of the word in "one|two|three". */
bool api_query_choice(struct api_call *, const char *name, const char *choices, int *out);

/* A page of a list: `page` (from 1) and `pageSize` in the query. */
struct api_page {
    uint32_t page, page_size;
    uint64_t offset; /* of its first item */
};
bool api_query_page(struct api_call *, struct api_page *out);

/* { "items": [...], "total": n, "page": n, "pageSize": n }; takes `items` over. */
json_t *api_list(const struct api_page *, json_t *items, uint64_t total);

/* Milliseconds since 1970 as a JSON string, in UTC; null for 0. */
json_t *api_time(int64_t ms);

/* api_sign.c: where the stream is to be had, by protocol, at the host that was asked; `query` is put
 * behind each. */
json_t *api_stream_urls(const struct api_call *, const char *path, const char *query);

/* api_sessions.c: the session of that id if it is this worker's, on whose thread this is; else NULL. */
struct session *api_find_session(struct worker *, const char *id);

/* Between api.c and api_answer.c. */

void api_call_push(struct api_call *);  /* more of the answer */
void api_call_leave(struct api_call *); /* the session and the call part; it may be gone then */

/* api_routes.c: all tables. */
extern const struct api_routes *const api_all_routes[];
extern const size_t                   api_all_routes_count;

/* The tables. */
extern const struct api_routes api_config_routes;
extern const struct api_routes api_events_routes;
extern const struct api_routes api_health_routes;
extern const struct api_routes api_history_routes;
extern const struct api_routes api_openapi_routes;
extern const struct api_routes api_records_routes;
extern const struct api_routes api_session_routes;
extern const struct api_routes api_sign_routes;
extern const struct api_routes api_sessions_routes;
extern const struct api_routes api_statistics_routes;
extern const struct api_routes api_v1_routes;
extern const struct api_routes api_v1_records_routes;
extern const struct api_routes api_v1_streams_routes;

#endif
