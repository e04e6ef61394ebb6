#include "core/events.h"

#include "base/clock.h"
#include "core/context.h"
#include "core/session.h"
#include "core/worker.h"

#include <assert.h>

void events_add(struct context *context, struct event_observer *observer)
{
    struct events *e = &context->events;
    assert(e->count < EVENT_OBSERVERS_MAX);
    e->observers[e->count++] = observer;
}

const char *events_name(enum event_type type)
{
    static const char *const names[] = {
        [EVENT_PRE_PUBLISH] = "prePublish", [EVENT_POST_PUBLISH] = "postPublish",
        [EVENT_DONE_PUBLISH] = "donePublish", [EVENT_PRE_PLAY] = "prePlay",
        [EVENT_POST_PLAY] = "postPlay", [EVENT_DONE_PLAY] = "donePlay",
        [EVENT_POST_RECORD] = "postRecord", [EVENT_DONE_RECORD] = "doneRecord",
    };
    return names[type];
}

void events_emit_record(enum event_type type, const struct session *s, const char *reason,
                        const struct event_record *record)
{
    const struct events *e = &s->worker->context->events;
    struct event         event = {
        .type = type,
        .worker = s->worker,
        .session = s,
        .path = session_path(s),
        .reason = reason,
        .time_ms = clock_wall_ms(),
        .record = record,
    };
    for (unsigned i = 0; i < e->count; i++)
        e->observers[i]->on_event(e->observers[i], &event);
}

void events_emit(enum event_type type, const struct session *s, const char *reason)
{
    events_emit_record(type, s, reason, NULL);
}
