/* api_events.c - events as they happen: Server-Sent Events. */
#include "core/events.h"
#include "server/api_peer.h"
#include "server/event_stream.h"

#include <stdlib.h>
#include <string.h>

#define ALL_TYPES ((1u << EVENT_TYPES) - 1)

/* One name of ?types=; false if there is no such type. */
static bool add_type(struct event_stream_wish *wish, const char *name, size_t size)
{
    char word[32];
    if (size >= sizeof word)
        return false;
    memcpy(word, name, size);
    word[size] = '\0';
    if (strcmp(word, "statistics") == 0) {
        wish->statistics = true;
        return true;
    }
    enum event_type type = events_find(word);
    wish->types |= type < EVENT_TYPES ? 1u << type : 0;
    return type < EVENT_TYPES;
}

static bool read_types(struct api_call *call, struct event_stream_wish *wish)
{
    const char *types = api_query(call, "types");
    wish->types = types == NULL ? ALL_TYPES : 0;
    wish->statistics = types == NULL;
    for (const char *at = types; at != NULL && *at != '\0';) {
        size_t size = strcspn(at, ",");
        if (!add_type(wish, at, size)) {
            api_fail(call, 400, "types: there is no event \"%.*s\"", size < 32 ? (int)size : 32, at);
            return false;
        }
        at += size + (at[size] == ',');
    }
    return true;
}

/* Digits and nothing else, as we have given it. */
static bool read_id(const char *text, uint64_t *out)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9' || strlen(text) > 19)
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0';
}

/* The header is what a browser sends when it comes back; the query is for who cannot set one.  An id
 * that is none of ours is like one that is too old. */
static void read_place(struct api_call *call, struct event_stream_wish *wish)
{
    const char *header = http_request_header(http_request_of(call->session), "Last-Event-ID");
    const char *text = header != NULL && header[0] != '\0' ? header : api_query(call, "lastEventId");
    wish->resumes = text != NULL && text[0] != '\0';
    if (wish->resumes && !read_id(text, &wish->id))
        wish->id = 0;
}

static void serve(struct api_call *call, const struct event_stream_wish *wish)
{
    struct event_stream *events = api_of(call)->parts.events;
    if (!call->session->head_only && !event_stream_has_room(events, call->config)) {
        api_header(call, "Retry-After", "3");
        api_fail(call, 503, "too many clients listen to events (api.event_clients)");
        return;
    }
    event_stream_serve(events, api_hand_over(call), wish);
}

static void serve_events(struct api_call *call)
{
    struct event_stream_wish wish = { 0 };
    if (!read_types(call, &wish))
        return;
    read_place(call, &wish);
    serve(call, &wish);
}

/* Those that Node Media Server knows, in its form. */
static void serve_original(struct api_call *call)
{
    struct event_stream_wish wish = { .types = (1u << (EVENT_DONE_RECORD + 1)) - 1, .original = true };
    serve(call, &wish);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET, "/api/events", API_VIEWER, .serve = serve_events, .query = "types lastEventId" },
    { HTTP_METHOD_GET, "/api/v1/events", API_VIEWER, .serve = serve_original, .query = "*" },
};

const struct api_routes api_events_routes = { rows, sizeof rows / sizeof *rows };
