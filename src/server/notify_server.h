/* notify_server.h - tells webhooks of events, and asks them who may publish and play
 * (docs/WEBHOOKS.md).
 *
 * A sink of the feed of events and, for prePublish and prePlay, the one who decides (core/access.h).
 * Workers leave jobs in a bounded queue and go on; one thread sends them, many at a time, through
 * libcurl.  The files below it:
 *
 *     notify_thread.c   the thread, and notify_outcome.c, what becomes of its requests
 *     notify_job.c      what is sent, to whom, by the configuration of the moment
 *     notify_queue.c    which job goes next
 *     notify_request.c  a job on its way
 *     notify_answer.c   what an answer decides
 *     notify_retry.c    what an answer means, and when to try again
 *     notify_sign.c     the signature */
#ifndef MILLRACE_SERVER_NOTIFY_SERVER_H
#define MILLRACE_SERVER_NOTIFY_SERVER_H

#include <stdint.h>

struct context;
struct event_feed;
struct notify_server;

/* Before the workers start.  NULL with one sentence logged if there can be none. */
struct notify_server *notify_server_new(struct context *, struct event_feed *);

/* When the workers have ended, and before they are freed: send what is queued, until `until_ms`
 * (monotonic) at the latest.  No more is heard of it after that.  NULL is allowed. */
void notify_server_finish(struct notify_server *, uint64_t until_ms);

/* After the workers are freed; NULL is allowed. */
void notify_server_free(struct notify_server *);

#endif
