/* events.h - what happens to streams, told to whoever wants to know: a recorder, the history, later
 * webhooks.
 *
 * Observers are called one after the other, in the order in which they were added, on the thread
 * of the worker on which it happened, so the events of one session come in order.  Observers are
 * added before the workers start and stay: no lock is taken, nothing is allocated.  The names are
 * Node Media Server's.
 *
 *     prePublish, prePlay      somebody asks to; nothing has been checked
 *     postPublish, postPlay    it has begun; a publisher's first packet comes after the call
 *     donePublish, donePlay    it is over, for `reason`
 *     postRecord, doneRecord   a recording's file is begun; it is complete, or lost
 *
 * Each postX is followed by one doneX.  An observer must not end the session of an event within
 * the call; it posts that to its worker. */
#ifndef MILLRACE_CORE_EVENTS_H
#define MILLRACE_CORE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct context;
struct session;
struct worker;

enum event_type {
    EVENT_PRE_PUBLISH,
    EVENT_POST_PUBLISH,
    EVENT_DONE_PUBLISH,
    EVENT_PRE_PLAY,
    EVENT_POST_PLAY,
    EVENT_DONE_PLAY,
    EVENT_POST_RECORD,
    EVENT_DONE_RECORD,
};

/* One file of a recording, for postRecord and doneRecord. */
struct event_record {
    const char *file;        /* its final path; at postRecord it is not there yet */
    unsigned    number;      /* NNN */
    int64_t     start_ms;    /* wall clock */
    uint64_t    duration_ms; /* doneRecord: of the stream's time */
    uint64_t    size;
    uint32_t    video_codec; /* enum avcodec of the first track of each kind; AVCODEC_NONE: none */
    uint32_t    audio_codec;
    int         error;       /* doneRecord: 0, or the errno that made it end early */
    bool        kept;        /* doneRecord: the file is there under its name */
};

/* All pointers are borrowed for the call. */
struct event {
    enum event_type            type;
    struct worker             *worker;
    const struct session      *session;
    const char                *path;    /* stream path */
    const char                *reason;  /* done events; else NULL */
    int64_t                    time_ms; /* wall clock */
    const struct event_record *record;  /* record events; else NULL */
};

struct event_observer {
    void (*on_event)(struct event_observer *, const struct event *);
};

enum { EVENT_OBSERVERS_MAX = 8 };

struct events {
    struct event_observer *observers[EVENT_OBSERVERS_MAX];
    unsigned               count;
};

/* Borrowed until the context is freed.  Before the workers start. */
void events_add(struct context *, struct event_observer *);

/* "postPublish" and so on, static. */
const char *events_name(enum event_type);

/* On the session's worker; sets worker, path and time from the session. */
void events_emit(enum event_type, const struct session *, const char *reason);
void events_emit_record(enum event_type, const struct session *, const char *reason, const struct event_record *);

#endif
