/* event_json.h - an event as JSON: the body of a webhook's request, and the data of Server-Sent
 * Events (docs/WEBHOOKS.md, docs/API.md).
 *
 * It has Node Media Server's members under their names, and ours beside them.  Nothing in it lets
 * anybody in: of the query, what is a sign or a secret is masked. */
#ifndef MILLRACE_SERVER_EVENT_JSON_H
#define MILLRACE_SERVER_EVENT_JSON_H

#include "base/bytes.h"
#include "core/events.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>

/* Which event of which run of the server, with its end mark. */
#define EVENT_JSON_ID_SIZE 40

/* The caller owns the reference. */
json_t *event_json(const struct event *, const char *id);

/* The same as Node Media Server's own /api/v1/events gives it. */
json_t *event_json_original(const struct event *);

/* A query as an object: a name that occurs more than once has a list of values.  Its first
 * EVENT_JSON_QUERY_MAX parts; what is not UTF-8, even decoded, is left out. */
enum { EVENT_JSON_QUERY_MAX = 64 };
json_t *event_json_query(struct bytes query);

/* An event's text, made once and shared by all who send it: counted, and not changed. */
struct event_text {
    atomic_uint     refs;
    enum event_type type;
    char            id[EVENT_JSON_ID_SIZE];
    size_t          size; /* of the body, without its end mark */
    char            body[];
};

/* The caller owns one reference.  `run` tells this run of the server from others. */
struct event_text *event_text_new(const struct event *, const char *run);
struct event_text *event_text_ref(struct event_text *);
void               event_text_unref(struct event_text *); /* NULL is allowed */

#endif
