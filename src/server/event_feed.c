#include "server/event_feed.h"

#include "base/alloc.h"
#include "core/context.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

struct event_feed {
    struct event_observer observer;
    char                  run[17]; /* random: event ids of one run of the server are like no other's */
    struct event_sink    *sinks[EVENT_FEED_SINKS_MAX];
    unsigned              count;
};

static void on_event(struct event_observer *observer, const struct event *e)
{
    struct event_feed *feed = (struct event_feed *)observer;
    if (feed->count == 0)
        return;
    struct event_text *text = event_text_new(e, feed->run);
    for (unsigned i = 0; i < feed->count; i++)
        feed->sinks[i]->on_text(feed->sinks[i], e, text);
    event_text_unref(text);
}

struct event_feed *event_feed_new(struct context *context)
{
    struct event_feed *feed = alloc_zeroed(sizeof *feed);
    uint64_t           run;
    if (getrandom(&run, sizeof run, 0) != (ssize_t)sizeof run)
        abort();
    snprintf(feed->run, sizeof feed->run, "%016llx", (unsigned long long)run);
    feed->observer.on_event = on_event;
    events_add(context, &feed->observer);
    return feed;
}

void event_feed_add(struct event_feed *feed, struct event_sink *sink)
{
    assert(feed->count < EVENT_FEED_SINKS_MAX);
    feed->sinks[feed->count++] = sink;
}

void event_feed_free(struct event_feed *feed)
{
    free(feed);
}
