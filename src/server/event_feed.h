/* event_feed.h - events as texts (server/event_json.h), each made once for all who pass them on. */
#ifndef MILLRACE_SERVER_EVENT_FEED_H
#define MILLRACE_SERVER_EVENT_FEED_H

#include "core/events.h"
#include "server/event_json.h"

struct context;
struct event_feed;

/* As struct event_observer, on the thread of the worker on which it happened.  The text is borrowed:
 * event_text_ref() it to keep it. */
struct event_sink {
    void (*on_text)(struct event_sink *, const struct event *, struct event_text *);
};

enum { EVENT_FEED_SINKS_MAX = 4 };

/* Observes from here on.  Before the workers start, as all of these. */
struct event_feed *event_feed_new(struct context *);

/* Borrowed until the feed is freed, in the order in which they are told. */
void event_feed_add(struct event_feed *, struct event_sink *);

/* After the workers are freed. */
void event_feed_free(struct event_feed *);

#endif
