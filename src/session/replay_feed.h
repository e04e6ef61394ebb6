/* replay_feed.h - a source of recorded media read ahead by the thread pool, one piece beyond the one
 * that is being sent.
 *
 * All calls are made on the worker's thread.  A thread of the pool may hang on a disk for as long as it
 * likes: the feed is freed when both it and the owner are done with it. */
#ifndef MILLRACE_SESSION_REPLAY_FEED_H
#define MILLRACE_SESSION_REPLAY_FEED_H

#include <stdbool.h>
#include <stdint.h>

struct record_piece;
struct record_source;
struct replay_feed;
struct worker;

struct replay_feed_ops {
    /* The source has been opened, or could not be; 0: the first piece is being read. */
    void (*on_open)(void *owner, int error);
    /* replay_feed_piece() has something. */
    void (*on_piece)(void *owner);
    /* The time of replay_feed_wake() has come. */
    void (*on_wake)(void *owner);
};

/* Takes the source over and begins to open it.  NULL, the source freed, if there is no memory. */
struct replay_feed *replay_feed_new(struct worker *, struct record_source *, const struct replay_feed_ops *,
                                    void *owner);

/* The owner lets go: no more calls. */
void replay_feed_free(struct replay_feed *);

/* What is to be sent; NULL while that is being read. */
const struct record_piece *replay_feed_piece(const struct replay_feed *);

/* Done with that piece: on to the next. */
void replay_feed_next(struct replay_feed *);

/* Have on_wake() called once in so many milliseconds; the last call counts. */
void replay_feed_wake(struct replay_feed *, uint64_t after_ms);

/* For how long a thread has been at work, 0 if none is. */
uint64_t replay_feed_working_ms(const struct replay_feed *);

#endif
