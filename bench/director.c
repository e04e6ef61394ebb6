#include "bench/director.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    AFTER_US  = 1500 * 1000, /* for the server to notice that everyone has left */
    SECOND_US = 1000 * 1000,
};

struct director {
    struct plan     *plan;
    struct engine  **engines;
    unsigned         count;
    uint64_t         began_us;
    uint64_t         phase_us;     /* when this phase began */
    uint64_t         ready_us;     /* when all publishers were live; 0: not yet */
    uint64_t         told_us;      /* the last progress line, and what it was based on */
    struct figures   told_sums;
    struct usage     told_usage;
    double           told_own_s;
    struct histogram recent;       /* latency since then */
    struct outcome   outcome;
};

static volatile sig_atomic_t interrupted;

void director_interrupt(void)
{
    interrupted = 1;
}

struct director *director_new(struct plan *plan, struct engine **engines, unsigned count)
{
    struct director *d = alloc_zeroed(sizeof *d);
    d->plan = plan;
    d->engines = engines;
    d->count = count;
    d->began_us = d->phase_us = d->told_us = clock_monotonic_us();
    d->outcome.settings = plan->settings;
    return d;
}

void director_free(struct director *d)
{
    free(d);
}

static double own_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void take_mark(struct director *d, enum mark_name name)
{
    const struct settings *s = d->plan->settings;
    struct mark           *mark = &d->outcome.marks[name];
    procfs_read_usage(s->pids, s->pid_count, &mark->server);
    procfs_read_machine(&mark->machine);
    mark->own_s = own_seconds();
    mark->time_us = clock_monotonic_us();
}

static void add_counts(struct counts *into, const struct counts *c)
{
    into->publishers_live += c->publishers_live;
    into->publishers_failed += c->publishers_failed;
    into->opened += c->opened;
    into->watching += c->watching;
    into->failed += c->failed;
    into->slow_closed += c->slow_closed;
    into->starved += c->starved;
    into->churned += c->churned;
}

/* What the engines have shared; their latest latencies go to d->recent. */
static void collect(struct director *d, struct counts *counts, struct figures *sums)
{
    *counts = (struct counts){ .opened = 0 };
    *sums = (struct figures){ .bytes = 0 };
    for (unsigned i = 0; i < d->count; i++) {
        struct engine *e = d->engines[i];
        pthread_mutex_lock(&e->lock);
        add_counts(counts, &e->shared_counts);
        figures_add_counts(sums, &e->shared_sums, true);
        histogram_merge(&d->recent, &e->shared_recent);
        e->shared_recent = (struct histogram){ .count = 0 };
        pthread_mutex_unlock(&e->lock);
    }
}

static void enter(struct director *d, enum phase phase, uint64_t now_us)
{
    if (phase == PHASE_JOIN)
        take_mark(d, MARK_BEFORE);
    if (phase == PHASE_MEASURE)
        take_mark(d, MARK_START);
    if (phase == PHASE_DONE && d->outcome.marks[MARK_START].time_us > 0)
        take_mark(d, MARK_END);
    if (atomic_load(&d->plan->phase) == PHASE_JOIN)
        d->outcome.join_s = (double)(now_us - d->phase_us) / 1e6;
    d->phase_us = now_us;
    atomic_store(&d->plan->phase, phase);
}

static bool is_over(double seconds, uint64_t since_us, uint64_t now_us)
{
    return (double)(now_us - since_us) >= seconds * 1e6;
}

/* Publishers that are not live in time are failures; the run goes on with the others. */
static void lead_publish(struct director *d, const struct counts *c, uint64_t now_us)
{
    const struct settings *s = d->plan->settings;
    bool                   late = is_over(s->timeout_s, d->began_us, now_us);
    if (d->ready_us == 0 && (c->publishers_live + c->publishers_failed == s->publish || late))
        d->ready_us = now_us;
    if (d->ready_us == 0 || (s->publish > 0 && !is_over(s->lead_s, d->ready_us, now_us)))
        return;
    enter(d, s->publish > 0 && c->publishers_live == 0 ? PHASE_DONE : PHASE_JOIN, now_us);
}

static void lead(struct director *d, const struct counts *c, uint64_t now_us)
{
    const struct settings *s = d->plan->settings;
    switch ((enum phase)atomic_load(&d->plan->phase)) {
    case PHASE_PUBLISH:
        lead_publish(d, c, now_us);
        break;
    case PHASE_JOIN:
        if (c->watching + c->failed + c->slow_closed >= s->viewers)
            enter(d, s->viewers > 0 && c->watching == 0 ? PHASE_DONE : PHASE_SETTLE, now_us);
        break;
    case PHASE_SETTLE:
        if (is_over(s->settle_s, d->phase_us, now_us))
            enter(d, PHASE_MEASURE, now_us);
        break;
    case PHASE_MEASURE:
        if (is_over(s->duration_s, d->phase_us, now_us))
            enter(d, PHASE_DONE, now_us);
        break;
    case PHASE_DONE:
        break;
    }
}

static const char *phase_name(int phase)
{
    static const char *const names[] = { "publish", "join", "settle", "measure", "done" };
    return names[phase];
}

static double cpu_of(const struct usage *u)
{
    return u->user_s + u->system_s;
}

/* One line a second. */
static void tell(struct director *d, const struct counts *c, const struct figures *sums, uint64_t now_us)
{
    const struct settings *s = d->plan->settings;
    double                 seconds = (double)(now_us - d->told_us) / 1e6, own_s = own_seconds();
    struct usage           usage = { .rss_bytes = 0 };
    char                   server[64] = "";
    if (s->pid_count > 0 && procfs_read_usage(s->pids, s->pid_count, &usage) == 0)
        snprintf(server, sizeof server, "  server %3.0f %%  %6.1f MB",
                 (cpu_of(&usage) - cpu_of(&d->told_usage)) / seconds * 100, (double)usage.rss_bytes / 1e6);
    fprintf(stderr, "%5.0f s  %-7s  live %u  watching %u/%u  failed %u  %8.1f Mb/s  missing %llu"
            "  ms 50%% %.1f 99%% %.1f max %.1f%s  own %.0f %%\n",
            (double)(now_us - d->began_us) / 1e6, phase_name(atomic_load(&d->plan->phase)),
            c->publishers_live, c->watching, s->viewers, c->failed,
            (double)(sums->bytes - d->told_sums.bytes) * 8 / seconds / 1e6,
            (unsigned long long)sums->missing, (double)histogram_percentile(&d->recent, 50) / 1e3,
            (double)histogram_percentile(&d->recent, 99) / 1e3, (double)d->recent.max_us / 1e3, server,
            (own_s - d->told_own_s) / seconds * 100);
    d->told_us = now_us;
    d->told_sums = *sums;
    d->told_usage = usage;
    d->told_own_s = own_s;
    d->recent = (struct histogram){ .count = 0 };
}

void director_tick(void *director)
{
    struct director *d = director;
    struct counts    counts;
    struct figures  *sums = alloc_zeroed(sizeof *sums);
    uint64_t         now_us = clock_monotonic_us();
    collect(d, &counts, sums);
    lead(d, &counts, now_us);
    if (now_us - d->told_us >= SECOND_US && !d->plan->settings->quiet)
        tell(d, &counts, sums, now_us);
    if (interrupted && atomic_load(&d->plan->phase) != PHASE_DONE) {
        d->outcome.interrupted = true;
        enter(d, PHASE_DONE, now_us);
    }
    free(sums);
}

static void add_engine(struct outcome *o, const struct engine *e)
{
    add_counts(&o->counts, &e->counts);
    tally_merge(&o->tally, &e->tally);
    histogram_merge(&o->lateness, &e->lateness);
    for (unsigned group = 0; group < GROUP_COUNT; group++) {
        o->group_sizes[group] += e->group_sizes[group];
        o->group_failed[group] += e->group_failed[group];
        for (unsigned part = 0; part < PART_COUNT; part++)
            figures_merge(&o->figures[part][group], &e->figures[part][group]);
    }
}

struct outcome *director_outcome(struct director *d)
{
    const struct settings *s = d->plan->settings;
    for (unsigned i = 0; i < d->count; i++)
        add_engine(&d->outcome, d->engines[i]);
    if (s->publish > d->outcome.counts.publishers_live + d->outcome.counts.publishers_failed)
        tally_add(&d->outcome.tally, "publisher: not live in time",
                  s->publish - d->outcome.counts.publishers_live - d->outcome.counts.publishers_failed);
    if (s->pid_count > 0) {
        usleep(AFTER_US);
        take_mark(d, MARK_AFTER);
    }
    return &d->outcome;
}
