#include "core/events.h"

#include "base/clock.h"
#include "core/context.h"
#include "core/session.h"
#include "core/worker.h"

#include <assert.h>
#include <string.h>

static const char *const names[EVENT_TYPES] = {
    [EVENT_PRE_PUBLISH] = "prePublish", [EVENT_POST_PUBLISH] = "postPublish",
    [EVENT_DONE_PUBLISH] = "donePublish", [EVENT_PRE_PLAY] = "prePlay",
    [EVENT_POST_PLAY] = "postPlay", [EVENT_DONE_PLAY] = "donePlay",
    [EVENT_POST_RECORD] = "postRecord", [EVENT_DONE_RECORD] = "doneRecord",
    [EVENT_TAKEOVER] = "takeover", [EVENT_STANDBY] = "standby",
    [EVENT_STALL] = "stall", [EVENT_SKIP] = "skip",
    [EVENT_LIMIT] = "limit",
};

void events_add(struct context *context, struct event_observer *observer)
{
    struct events *e = &context->events;
    assert(e->count < EVENT_OBSERVERS_MAX);
    e->observers[e->count++] = observer;
}

const char *events_name(enum event_type type)
{
    return names[type];
}

enum event_type events_find(const char *name)
{
    enum event_type type = 0;
    while (type < EVENT_TYPES && strcmp(names[type], name) != 0)
        type++;
    return type;
}

static void tell(struct worker *worker, struct event *event)
{
    struct events *e = &worker->context->events;
    event->worker = worker;
    event->number = atomic_fetch_add_explicit(&e->number, 1, memory_order_relaxed) + 1;
    event->time_ms = clock_wall_ms();
    for (unsigned i = 0; i < e->count; i++)
        e->observers[i]->on_event(e->observers[i], event);
}

static void tell_of(struct session *s, struct event *event)
{
    event->session = s;
    event->path = session_path(s);
    tell(s->worker, event);
}

static void tell_skips(struct session *s)
{
    struct event event = { .type = EVENT_SKIP, .count = s->skips.count, .packets = s->skips.packets };
    s->skips = (struct event_skips){ .quiet_until_ms = worker_now_ms(s->worker) + EVENT_GATHER_MS };
    tell_of(s, &event);
}

void events_emit(enum event_type type, struct session *s, const char *reason)
{
    struct event event = { .type = type, .reason = reason };
    if (s->skips.count > 0) /* what came before it is told before it */
        tell_skips(s);
    tell_of(s, &event);
}

void events_emit_record(enum event_type type, struct session *s, const char *reason,
                        const struct event_record *record)
{
    struct event event = { .type = type, .reason = reason, .record = record };
    tell_of(s, &event);
}

void events_emit_question(enum event_type type, struct session *s, struct access_question *question)
{
    struct event event = { .type = type, .question = question };
    tell_of(s, &event);
}

void events_skip(struct session *s, uint64_t packets)
{
    s->skips.count++;
    s->skips.packets += packets;
    events_tick_session(s, worker_now_ms(s->worker));
}

void events_tick_session(struct session *s, uint64_t now_ms)
{
    if (s->skips.count > 0 && now_ms >= s->skips.quiet_until_ms)
        tell_skips(s);
}

void events_tick_limits(struct worker *w)
{
    struct events *e = &w->context->events;
    for (enum limit i = 0; i < LIMIT_COUNT; i++) {
        uint64_t hits = stats_get(&w->context->stats.limits_hit[i]);
        if (hits == e->limits[i].told || worker_now_ms(w) < e->limits[i].quiet_until_ms)
            continue;
        struct event event = {
            .type = EVENT_LIMIT,
            .path = "",
            .reason = limit_phrase(i),
            .limit = limit_key(i),
            .count = hits - e->limits[i].told,
        };
        e->limits[i].told = hits;
        e->limits[i].quiet_until_ms = worker_now_ms(w) + EVENT_GATHER_MS;
        tell(w, &event);
    }
}
