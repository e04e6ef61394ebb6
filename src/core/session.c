#include "core/session.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/access.h"
#include "core/context.h"
#include "core/worker.h"
#include "protocol/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Ids are random, so that one cannot be guessed from another. */
static void draw_id(char out[SESSION_ID_SIZE])
{
    uint64_t id;
    if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
        abort();
    snprintf(out, SESSION_ID_SIZE, "%016llx", (unsigned long long)id);
}

static void enrol(struct session *s)
{
    struct context *context = s->worker->context;
    pthread_mutex_lock(&context->lock);
    do
        draw_id(s->id);
    while (map_get(context->sessions, s->id) != NULL);
    map_put(context->sessions, s->id, s);
    pthread_mutex_unlock(&context->lock);
}

/* The id stays that of the peer, whatever becomes of its connection. */
static void take_over(struct session *s, struct session *before)
{
    struct context *context = s->worker->context;
    memcpy(s->id, before->id, sizeof s->id);
    before->handed_on = true;
    pthread_mutex_lock(&context->lock);
    map_put(context->sessions, s->id, s);
    pthread_mutex_unlock(&context->lock);
}

static void begin(struct session *s, struct worker *worker, const struct session_ops *ops)
{
    s->ops = ops;
    s->worker = worker;
    s->created_ms = clock_wall_ms();
    s->log = (struct log_context){ .id = s->id, .ip = s->ip };
    list_init(&s->link);
    list_append(&worker->sessions, &s->link);
    worker->session_count++;
}

void session_init(struct session *s, struct worker *worker, const struct session_ops *ops,
                  const struct sockaddr_storage *peer)
{
    address_format_ip(peer, s->ip);
    s->port = address_port(peer);
    begin(s, worker, ops);
    enrol(s);
}

void session_init_after(struct session *s, const struct session_ops *ops, struct session *before)
{
    memcpy(s->ip, before->ip, sizeof s->ip);
    s->port = before->port;
    s->beside = before->beside;
    s->secure = before->secure;
    s->agent = before->agent != NULL ? alloc_string(before->agent) : NULL;
    begin(s, before->worker, ops);
    take_over(s, before);
}

void session_init_beside(struct session *s, const struct session_ops *ops, const struct session *other)
{
    memcpy(s->ip, other->ip, sizeof s->ip);
    s->port = other->port;
    s->secure = other->secure;
    s->beside = true;
    begin(s, other->worker, ops);
    enrol(s);
}

void session_init_internal(struct session *s, struct worker *worker, const struct session_ops *ops)
{
    s->internal = true;
    s->protocol = SESSION_RECORD;
    begin(s, worker, ops);
    enrol(s);
}

/* A copy of `text` at *at, which goes behind it. */
static const char *pack(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char  *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

static void set_stream(struct session *s, const char *app, const char *name, const char *path,
                       struct bytes query)
{
    size_t                 size = strlen(app) + 1 + strlen(name) + 1 + strlen(path) + 1 + query.size;
    struct session_stream *stream = alloc_zeroed(sizeof *stream + size);
    char                  *at = stream->room;
    stream->app = pack(&at, app);
    stream->name = pack(&at, name);
    stream->path = pack(&at, path);
    if (query.size > 0)
        memcpy(at, query.data, query.size);
    stream->query = (struct bytes){ (const uint8_t *)at, query.size };
    free(s->stream); /* the query may have been in it */
    s->stream = stream;
    s->log.path = stream->path;
}

void session_set_stream(struct session *s, const struct url_stream *stream)
{
    set_stream(s, stream->app, stream->name, stream->path, stream->query);
}

void session_copy_stream(struct session *s, const struct session_stream *stream)
{
    set_stream(s, stream->app, stream->name, stream->path, stream->query);
}

void session_forget_stream(struct session *s)
{
    free(s->stream);
    s->stream = NULL;
    s->log.path = NULL;
}

/* Controls, marks that turn the direction of writing, and separators of lines have no place in a log or
 * on a page. */
static bool is_printable(uint32_t code)
{
    return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) && !(code >= 0x200e && code <= 0x200f) &&
           !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069) && code != 0xfeff;
}

/* The size of the character at the start of `text`; 0 if there is no whole one. */
static size_t character_size(struct bytes text, uint32_t *code)
{
    struct utf8 u = { 0 };
    for (size_t i = 0; i < text.size && utf8_take(&u, text.data[i]); i++) {
        if (u.left == 0) {
            *code = u.code;
            return i + 1;
        }
    }
    return 0;
}

void session_set_agent(struct session *s, struct bytes agent)
{
    char   text[SESSION_AGENT_MAX];
    size_t size = 0;
    if (s->agent != NULL)
        return;
    while (agent.size > 0) {
        uint32_t code = 0;
        size_t   step = character_size(agent, &code);
        if (step > 0 && is_printable(code)) {
            if (size + step > sizeof text)
                break;
            memcpy(text + size, agent.data, step);
            size += step;
        }
        step = step > 0 ? step : 1; /* a byte of no character is left out */
        agent.data += step;
        agent.size -= step;
    }
    if (size > 0)
        s->agent = alloc_string_of(text, size);
}

const char *session_protocol_name(const struct session *s)
{
    static const char *const names[SESSION_PROTOCOLS][2] = {
        [SESSION_HTTP] = { "http", "https" }, [SESSION_HTTP2] = { "http2", "http2" },
        [SESSION_RTMP] = { "rtmp", "rtmps" },
        [SESSION_FLV] = { "flv", "https" },   [SESSION_WS] = { "ws", "wss" },
        [SESSION_RECORD] = { "record", "record" },
    };
    return names[s->protocol][s->secure];
}

const char *session_role_name(const struct session *s)
{
    static const char *const names[] = {
        [SESSION_IDLE] = "idle", [SESSION_PUBLISHER] = "publisher", [SESSION_VIEWER] = "viewer",
    };
    return names[s->role];
}

const char *session_path(const struct session *s)
{
    return s->stream != NULL ? s->stream->path : "";
}

static void free_session(struct loop_garbage *garbage)
{
    struct session *s = LIST_ITEM(garbage, struct session, garbage);
    session_forget_stream(s);
    free(s->agent);
    s->ops->destroy(s);
}

static void leave(struct session *s)
{
    struct context *context = s->worker->context;
    pthread_mutex_lock(&context->lock);
    map_remove(context->sessions, s->id);
    pthread_mutex_unlock(&context->lock);
    if (!s->internal && !s->beside && !s->unadmitted)
        context_dismiss(context, s->ip);
}

void session_close(struct session *s, const char *reason)
{
    if (s->closed)
        return;
    s->closed = true;
    log_debug(&s->log, "%s session %s %s closes: %s", s->ops->name, s->id, s->ip, reason);
    access_withdraw(s);
    s->ops->on_close(s, reason);
    list_remove(&s->link);
    s->worker->session_count--;
    if (!s->handed_on)
        leave(s);
    s->garbage.destroy = free_session;
    loop_discard(&s->worker->loop, &s->garbage);
}

void session_tick(struct session *s, uint64_t now_ms)
{
    session_meter_tick(s, now_ms);
    events_tick_session(s, now_ms);
    s->ops->on_tick(s, now_ms);
}

void session_stop(struct session *s)
{
    s->ops->on_stop(s);
}

void session_kick(struct session *s, const char *reason)
{
    log_info(&s->log, "%s session %s %s is %s", s->ops->name, s->id, s->ip, reason);
    if (s->ops->on_kick != NULL)
        s->ops->on_kick(s, reason);
    else
        session_close(s, reason);
}
