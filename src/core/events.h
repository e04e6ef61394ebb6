/* events.h - what happens to streams, told to whoever wants to know: a recorder, the history,
 * webhooks, pages.
 *
 * Observers are called one after the other, in the order in which they were added, on the thread
 * of the worker on which it happened, so the events of one session come in order.  Observers are
 * added before the workers start and stay: no lock is taken, nothing is allocated.  The names of
 * the first eight are Node Media Server's.
 *
 *     prePublish, prePlay      somebody asks to, from an address that may, with a sign that is good;
 *                              an observer may want to decide it (core/access.h)
 *     postPublish, postPlay    it has begun; a publisher's first packet comes after the call
 *     donePublish, donePlay    it is over, for `reason`
 *     postRecord, doneRecord   a recording's file is begun; it is complete, or lost
 *     takeover                 the session gets the stream of a publisher that was made to leave
 *     standby                  the session, one of two that publish a stream, goes on the air, for `reason`
 *     stall                    a viewer took, or a publisher sent, nothing for too long: its end follows
 *     skip                     a viewer was too slow and was moved ahead
 *     limit                    a limit refused or ended something; there is no session
 *
 * Each postX is followed by one doneX, and there is no doneX without one.  Who was refused has a
 * preX at most.  A session of ours (a recording) has neither preX nor postPlay nor donePlay.
 *
 * What can happen many times a second is gathered, and `count` says how often it was.  Of a
 * session: the first skip is told at once, the next EVENT_GATHER_MS later at the earliest, what is
 * left before its next event of another type, donePlay at the latest.  Of each limit: what was hit
 * is told within a second, and from then on once in EVENT_GATHER_MS.
 *
 * An observer must not end the session of an event within the call; it posts that to its worker. */
#ifndef MILLRACE_CORE_EVENTS_H
#define MILLRACE_CORE_EVENTS_H

#include "core/limit.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access_question;
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
    EVENT_TAKEOVER,
    EVENT_STANDBY,
    EVENT_STALL,
    EVENT_SKIP,
    EVENT_LIMIT,
    EVENT_TYPES,
};

enum { EVENT_GATHER_MS = 10000 };

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
    uint64_t                   number;  /* counts the events of this run, from 1 */
    struct worker             *worker;
    const struct session      *session; /* NULL: limit */
    const char                *path;    /* stream path, or "" */
    const char                *reason;  /* done events, stall, limit, standby; else NULL */
    int64_t                    time_ms; /* wall clock */
    const struct event_record *record;  /* record events; else NULL */
    struct access_question    *question; /* pre events: access_take() */
    const char                *limit;   /* limit: the key of it; else NULL */
    uint64_t                   count;   /* skip, limit: how often, since the last such event */
    uint64_t                   packets; /* skip: those that the viewer missed */
};

struct event_observer {
    void (*on_event)(struct event_observer *, const struct event *);
};

enum { EVENT_OBSERVERS_MAX = 8 };

struct events {
    struct event_observer *observers[EVENT_OBSERVERS_MAX];
    unsigned               count;
    atomic_uint_fast64_t   number;
    struct {
        uint64_t told;         /* of limit's hits */
        uint64_t quiet_until_ms;
    } limits[LIMIT_COUNT];     /* the first worker's */
};

/* The skips of one session that were not told yet. */
struct event_skips {
    uint64_t count, packets;
    uint64_t quiet_until_ms;
};

/* Borrowed until the context is freed.  Before the workers start. */
void events_add(struct context *, struct event_observer *);

/* "postPublish" and so on, static. */
const char *events_name(enum event_type);

/* The type of that name, or EVENT_TYPES. */
enum event_type events_find(const char *name);

/* On the session's worker; sets worker, path and time from the session. */
void events_emit(enum event_type, struct session *, const char *reason);
void events_emit_record(enum event_type, struct session *, const char *reason, const struct event_record *);
void events_emit_question(enum event_type, struct session *, struct access_question *);

/* A viewer was moved ahead: tell it now, or gather it. */
void events_skip(struct session *, uint64_t packets);

/* About once a second: what was gathered of a session; of the limits, on the first worker. */
void events_tick_session(struct session *, uint64_t now_ms);
void events_tick_limits(struct worker *);

#endif
