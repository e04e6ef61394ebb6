/* statistics.h - the snapshots of core/sampler.h as text, made once for all who read it.
 *
 * One for the process, context->statistics.  Texts are counted and never change; what is there for
 * the newest snapshot is shared, so a thousand readers cost one text a second, and nobody's
 * reading costs anything while nobody reads. */
#ifndef MILLRACE_SERVER_STATISTICS_H
#define MILLRACE_SERVER_STATISTICS_H

#include <stddef.h>

struct context;
struct snapshot;
struct statistics;

/* Bytes that are shared; `data` has an end mark behind it. */
struct shared_text;
struct bytes        shared_text_bytes(const struct shared_text *);
struct shared_text *shared_text_ref(struct shared_text *);
void                shared_text_unref(struct shared_text *); /* NULL is allowed */

/* When the workers are made; they find it in the context.  To be stopped before they are freed, and
 * freed after. */
int  statistics_start(struct context *); /* 0 or ERR_SYSTEM */
void statistics_stop(struct context *);
void statistics_free(struct context *);

/* {"server":{...},"streams":[...]} of the newest snapshot, at most 500 streams, on one line; the caller
 * owns a reference.  From any thread. */
struct shared_text *statistics_snapshot_text(struct context *);

#endif
