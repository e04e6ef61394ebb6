/* event_stream.h - Server-Sent Events: clients of GET /api/events, and what they are sent.
 *
 * A sink of the feed of events (server/event_feed.h).  Nothing is made for a client: it is a place in
 * the ring of the last events (server/event_ring.h), as a viewer is one in a ring of packets, and all
 * are sent the same bytes.  So are the statistics, once a second.  A client that is so slow that the
 * ring leaves it behind is closed; of the statistics it gets the newest only.
 *
 * Each client is its worker's; the workers are woken when there is something for theirs. */
#ifndef MILLRACE_SERVER_EVENT_STREAM_H
#define MILLRACE_SERVER_EVENT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct context;
struct event_feed;
struct event_stream;
struct http_session;

/* Before the workers are made. */
struct event_stream *event_stream_new(struct context *, struct event_feed *);

/* When the workers are made and the statistics run; and before those are stopped. */
void event_stream_start(struct event_stream *);
void event_stream_stop(struct event_stream *);

/* After the workers are freed. */
void event_stream_free(struct event_stream *);

/* What a client wants. */
struct event_stream_wish {
    unsigned types;      /* 1u << enum event_type, of each */
    bool     statistics;
    bool     original;   /* in the form of Node Media Server's /api/v1/events */
    bool     resumes;    /* it has had everything up to `id` */
    uint64_t id;
};

/* Whether there may be one client more (api.event_clients).  On any worker; a few more may slip in when
 * several look at the same time. */
bool event_stream_has_room(const struct event_stream *, const struct config *);

/* Answer the request of the session with a stream.  On its worker. */
void event_stream_serve(struct event_stream *, struct http_session *, const struct event_stream_wish *);

#endif
