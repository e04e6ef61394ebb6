/* director.h - leads the engines from phase to phase, tells how it goes, and takes the readings
 * of CPU time and memory between which things are measured. */
#ifndef MILLRACE_BENCH_DIRECTOR_H
#define MILLRACE_BENCH_DIRECTOR_H

#include "bench/engine.h"
#include "bench/procfs.h"

enum mark_name {
    MARK_BEFORE, /* publishers are live, no viewer yet */
    MARK_START,  /* of the measurement */
    MARK_END,
    MARK_AFTER,  /* everyone has left */
    MARK_COUNT,
};

struct mark {
    uint64_t             time_us; /* 0: not reached */
    struct usage         server;
    struct machine_usage machine;
    double               own_s;   /* our CPU time, all threads */
};

/* Everything the report is made of. */
struct outcome {
    const struct settings *settings;
    struct mark            marks[MARK_COUNT];
    double                 join_s;       /* from the first connect() until the last viewer watches */
    bool                   interrupted;
    struct counts          counts;
    uint32_t               group_sizes[GROUP_COUNT];
    uint32_t               group_failed[GROUP_COUNT];
    struct figures         figures[PART_COUNT][GROUP_COUNT];
    struct histogram       lateness;
    struct tally           tally;
};

struct director; /* opaque */

/* Borrows the plan and the engines; the first engine's thread calls director_tick(). */
struct director *director_new(struct plan *, struct engine **engines, unsigned count);
void             director_tick(void *director);

/* Once all engines have ended: the sums. */
struct outcome *director_outcome(struct director *);
void            director_free(struct director *); /* the outcome too */

/* Ends the run early; may be called from a signal handler. */
void director_interrupt(void);

#endif
