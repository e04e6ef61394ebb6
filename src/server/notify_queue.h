/* notify_queue.h - which request goes out next.
 *
 * Notifications of one session to one URL go one after the other, in a lane: one that must be sent
 * again holds those behind it.  Questions, on whose answers somebody waits, go before notifications,
 * oldest first, and take part in no lane.
 *
 * A URL that does not answer must not take the connections of others: each has a window of requests
 * at a time, which doubles with every answer and is halved by every failure.  Notifications together
 * have half of all connections, so that a question always finds one.
 *
 * Not locked: the notify thread's.  Time is passed in. */
#ifndef MILLRACE_SERVER_NOTIFY_QUEUE_H
#define MILLRACE_SERVER_NOTIFY_QUEUE_H

#include "server/notify_job.h"

struct notify_queue;

enum { NOTIFY_WINDOW_FIRST = 4 };

struct notify_queue *notify_queue_new(void);
void                 notify_queue_free(struct notify_queue *); /* with the jobs that are in it */

/* Takes the job over.  A question if job->question is set. */
void notify_queue_add(struct notify_queue *, struct notify_job *);

/* The next that may start, with `active_max` at a time: to be given back with one of the next two;
 * NULL if there is none now. */
struct notify_job *notify_queue_take(struct notify_queue *, uint64_t now_ms, unsigned active_max);

/* It is over: the job is the caller's again.  `answered`: the receiver is well, whatever it said. */
void notify_queue_done(struct notify_queue *, struct notify_job *, bool answered);

/* The same of one that was broken off: nothing is learned of the receiver. */
void notify_queue_cancel(struct notify_queue *, struct notify_job *);

/* A notification that is to be sent again, not before `due_ms`. */
void notify_queue_again(struct notify_queue *, struct notify_job *, uint64_t due_ms);

/* A question that waits here and that nobody wants, or whose deadline has passed: the caller's again.
 * NULL if there is none. */
struct notify_job *notify_queue_expire(struct notify_queue *, uint64_t now_ms);

/* Any job that waits here, the caller's again; NULL when there is none. */
struct notify_job *notify_queue_drop(struct notify_queue *);

/* When a job will be due or a question late, though nothing else happens; UINT64_MAX: never. */
uint64_t notify_queue_due_ms(const struct notify_queue *);

/* Whether the receiver has been failing lately, as of its last answer. */
bool notify_queue_is_failing(const struct notify_job *);

/* Those that wait and those that were taken. */
size_t notify_queue_count(const struct notify_queue *);
size_t notify_queue_active(const struct notify_queue *);

#endif
