/* statistics.h - the snapshots of core/sampler.h as text, made once for all who read it.
 *
 * One for the process, context->statistics.  Texts are counted and never change.  As long as somebody
 * asks for one now and then, it is made anew with each snapshot, on the sampler's thread, and shared:
 * a thousand readers cost one text a second.  What nobody asks for is not made. */
#ifndef MILLRACE_SERVER_STATISTICS_H
#define MILLRACE_SERVER_STATISTICS_H

#include "base/bytes.h"
#include "core/sampler.h"

#include <stddef.h>

struct context;
struct record_server;
struct statistics;

/* Bytes that are shared. */
struct shared_text;
struct bytes        shared_text_bytes(const struct shared_text *);
struct shared_text *shared_text_ref(struct shared_text *);
void                shared_text_unref(struct shared_text *); /* NULL is allowed */

/* Gives back the reference to the text whose bytes begin at `data`, for api_answer_text(). */
void shared_text_free_data(void *data);

/* When the workers are made; they find it in the context.  To be stopped before they are freed, and
 * freed after.  `recordings` is borrowed, and may be NULL. */
int  statistics_start(struct context *, struct record_server *recordings); /* 0 or ERR_SYSTEM */
void statistics_stop(struct context *);                                    /* as long as it was started */
void statistics_free(struct context *);

/* All that follows is for any thread, and hands the caller a reference. */

/* {"server":{...},"streams":[...]} on one line: all of the server and at most STATISTICS_STREAMS_MAX
 * streams; with "truncated":true if there are more. */
enum { STATISTICS_STREAMS_MAX = 500 };
struct shared_text *statistics_snapshot_text(struct context *);

/* The server, as one object. */
struct shared_text *statistics_server_text(struct context *);

/* For Prometheus: its text format, or that of OpenMetrics. */
struct shared_text *statistics_metrics_text(struct context *, bool open_metrics);

/* All streams as objects, separated by commas, and where each begins and ends: stream `i` of the
 * snapshot is offsets[i] to offsets[i + 1] - 1.  To be given back by statistics_unref_streams(). */
struct statistics_streams {
    struct snapshot    *snapshot;
    struct shared_text *text;
    const size_t       *offsets; /* snapshot->count + 1 */
};
void statistics_streams(struct context *, struct statistics_streams *out);
void statistics_unref_streams(struct statistics_streams *);

/* Have `on_snapshot` called whenever there is a new snapshot, on the sampler's thread; NULL ends that: it
 * is not being called any more then.  One at a time. */
void statistics_watch(struct context *, void (*on_snapshot)(void *arg), void *arg);

/* The sampler, for histories. */
struct sampler *statistics_sampler(struct context *);

#endif
