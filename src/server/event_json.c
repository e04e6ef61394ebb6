#include "server/event_json.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/session.h"
#include "media/avcodec.h"
#include "protocol/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The query. */

static const char masked[] = "********";

static bool is_secret(const char *name)
{
    return strcasecmp(name, "sign") == 0 || strcasecmp(name, "secret") == 0;
}

/* A name or a value, decoded; NULL if it cannot be.  The caller frees it. */
static char *decode(struct bytes raw)
{
    char *plain = alloc_string_of(raw.data, raw.size);
    char *out = alloc_zeroed(raw.size + 1);
    for (char *at = plain; *at != '\0'; at++)
        *at = *at == '+' ? ' ' : *at;
    ssize_t size = url_decode((struct bytes){ (const uint8_t *)plain, raw.size }, out, raw.size + 1);
    free(plain);
    if (size >= 0)
        return out;
    free(out);
    return NULL;
}

/* Takes `value` over. */
static void add_value(json_t *object, const char *name, json_t *value)
{
    json_t *before = json_object_get(object, name);
    if (before == NULL) {
        json_object_set_new(object, name, value);
    } else if (json_is_array(before)) {
        json_array_append_new(before, value);
    } else {
        json_t *list = json_array();
        json_array_append(list, before);
        json_array_append_new(list, value);
        json_object_set_new(object, name, list);
    }
}

static void add_part(json_t *object, struct bytes raw_name, struct bytes raw_value)
{
    char   *name = decode(raw_name), *text = name != NULL ? decode(raw_value) : NULL;
    json_t *value = text != NULL ? json_string(is_secret(name) ? masked : text) : NULL;
    json_t *probe = value != NULL ? json_string(name) : NULL; /* is it UTF-8? */
    if (probe != NULL)
        add_value(object, name, json_incref(value));
    json_decref(probe);
    json_decref(value);
    free(name);
    free(text);
}

json_t *event_json_query(struct bytes query)
{
    json_t      *object = json_object();
    struct bytes name, value;
    for (int i = 0; i < EVENT_JSON_QUERY_MAX && url_query_next(&query, &name, &value); i++)
        add_part(object, name, value);
    return object;
}

/* The members. */

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text != NULL ? text : "");
    json_object_set_new(object, key, value != NULL ? value : json_string(""));
}

static void set_text_or_null(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, json_null());
    if (text != NULL)
        set_text(object, key, text);
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_time(json_t *object, const char *key, int64_t wall_ms)
{
    char text[CLOCK_ISO_SIZE];
    clock_format_iso(wall_ms, text);
    json_object_set_new(object, key, json_string(text));
}

static bool is_done(enum event_type type)
{
    return type == EVENT_DONE_PUBLISH || type == EVENT_DONE_PLAY || type == EVENT_DONE_RECORD;
}

static bool is_publisher(const struct event *e)
{
    switch (e->type) {
    case EVENT_PRE_PUBLISH:
    case EVENT_POST_PUBLISH:
    case EVENT_DONE_PUBLISH:
    case EVENT_TAKEOVER:
    case EVENT_STANDBY:
        return true;
    case EVENT_STALL:
        return e->session->role == SESSION_PUBLISHER;
    default:
        return false;
    }
}

/* Of a session, or of nobody. */
struct facts {
    const char       *id, *ip, *app, *name, *protocol, *agent;
    struct bytes      query;
    int64_t           created_ms, ended_ms;
    struct meter      carried;
};

static struct facts facts_of(const struct event *e)
{
    const struct session *s = e->session;
    struct facts          f = { .id = "", .ip = "", .app = "", .name = "", .protocol = "" };
    if (s == NULL)
        return f;
    f.id = s->id;
    f.ip = s->ip;
    f.protocol = session_protocol_name(s);
    f.agent = s->agent;
    f.created_ms = s->created_ms;
    f.ended_ms = is_done(e->type) ? e->time_ms : 0;
    session_meter_read(s, &f.carried);
    if (s->stream == NULL)
        return f;
    f.app = s->stream->app;
    f.name = s->stream->name;
    f.query = s->stream->query;
    return f;
}

static void set_original(json_t *out, const struct event *e, const struct facts *f)
{
    set_text(out, "id", f->id);
    set_text(out, "ip", f->ip);
    set_text(out, "app", f->app);
    set_text(out, "name", f->name);
    json_object_set_new(out, "query", event_json_query(f->query));
    set_text(out, "protocol", f->protocol);
    set_number(out, "createtime", (uint64_t)f->created_ms);
    set_number(out, "endtime", (uint64_t)f->ended_ms);
    set_number(out, "inbytes", f->carried.in_bytes);
    set_number(out, "outbytes", f->carried.out_bytes);
    set_text(out, "filePath", e->record != NULL ? e->record->file : "");
    set_text(out, "action", events_name(e->type));
}

/* How long it was, of the stream or of the session; null while it is not over. */
static json_t *duration_of(const struct event *e, const struct facts *f)
{
    if (e->type == EVENT_DONE_RECORD && e->record != NULL)
        return json_integer((json_int_t)e->record->duration_ms);
    return f->ended_ms != 0 ? json_integer(f->ended_ms - f->created_ms) : json_null();
}

static json_t *size_of(const struct event *e)
{
    return e->type == EVENT_DONE_RECORD && e->record != NULL ? json_integer((json_int_t)e->record->size)
                                                             : json_null();
}

static void detail_record(json_t *detail, const struct event *e)
{
    const struct event_record *r = e->record;
    set_number(detail, "segment", r->number);
    set_time(detail, "startTime", r->start_ms);
    if (e->type != EVENT_DONE_RECORD)
        return;
    set_text(detail, "videoCodec", r->video_codec != AVCODEC_NONE ? avcodec_name(r->video_codec) : "");
    set_text(detail, "audioCodec", r->audio_codec != AVCODEC_NONE ? avcodec_name(r->audio_codec) : "");
    json_object_set_new(detail, "kept", json_boolean(r->kept));
    set_text(detail, "error", r->error != 0 ? strerrordesc_np(r->error) : "");
}

static json_t *detail_of(const struct event *e)
{
    json_t *detail = json_object();
    if (e->record != NULL)
        detail_record(detail, e);
    if (e->type == EVENT_STALL)
        set_text(detail, "role", is_publisher(e) ? "publisher" : "viewer");
    if (e->type == EVENT_LIMIT)
        set_text(detail, "limit", e->limit);
    if (e->type == EVENT_LIMIT || e->type == EVENT_SKIP)
        set_number(detail, "count", e->count);
    if (e->type == EVENT_SKIP)
        set_number(detail, "packets", e->packets);
    if (e->type != EVENT_STALL && e->type != EVENT_PRE_PUBLISH && is_publisher(e))
        json_object_set_new(detail, "backup", json_boolean(e->session->backup));
    return detail;
}

json_t *event_json(const struct event *e, const char *id)
{
    json_t      *out = json_object();
    struct facts f = facts_of(e);
    set_original(out, e, &f);
    set_text(out, "eventId", id);
    set_time(out, "time", e->time_ms);
    set_text(out, "streamPath", e->path);
    set_text_or_null(out, "userAgent", f.agent);
    set_text_or_null(out, "reason", e->reason);
    json_object_set_new(out, "duration", duration_of(e, &f));
    json_object_set_new(out, "size", size_of(e));
    json_object_set_new(out, "detail", detail_of(e));
    return out;
}

json_t *event_json_original(const struct event *e)
{
    json_t      *out = json_object();
    struct facts f = facts_of(e);
    set_text(out, "id", f.id);
    set_text(out, "ip", f.ip);
    set_text(out, "app", f.app);
    set_text(out, "name", f.name);
    set_text(out, "streamPath", e->path);
    set_text(out, "protocol", f.protocol);
    json_object_set_new(out, "isPublisher", json_boolean(is_publisher(e)));
    set_number(out, "createTime", (uint64_t)f.created_ms);
    set_number(out, "endTime", (uint64_t)f.ended_ms);
    set_number(out, "inBytes", f.carried.in_bytes);
    set_number(out, "outBytes", f.carried.out_bytes);
    return out;
}

/* Texts. */

struct event_text *event_text_new(const struct event *e, const char *run)
{
    char    id[EVENT_JSON_ID_SIZE];
    snprintf(id, sizeof id, "%.16s-%llu", run, (unsigned long long)e->number);
    json_t *json = event_json(e, id);
    size_t  size = json_dumpb(json, NULL, 0, JSON_COMPACT);
    struct event_text *text = alloc_zeroed(sizeof *text + size + 1);
    atomic_init(&text->refs, 1);
    text->type = e->type;
    text->size = size;
    memcpy(text->id, id, sizeof id);
    json_dumpb(json, text->body, size, JSON_COMPACT);
    json_decref(json);
    return text;
}

struct event_text *event_text_ref(struct event_text *text)
{
    atomic_fetch_add_explicit(&text->refs, 1, memory_order_relaxed);
    return text;
}

void event_text_unref(struct event_text *text)
{
    if (text != NULL && atomic_fetch_sub_explicit(&text->refs, 1, memory_order_acq_rel) == 1)
        free(text);
}
