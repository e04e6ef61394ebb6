#include "bench/engine.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "bench/publisher.h"
#include "bench/viewer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    EVENTS_MAX        = 256, /* in one turn, so that publishers are not late by much */
    OPENS_MAX         = 64,  /* the same */
    TICKS_A_SECOND    = 10,
    STARVED_US        = 3 * 1000 * 1000,
    PUBLISH_STEP_US   = 1000, /* as fine as pacing gets */
};

/* The share of `total` that falls to this engine: numbers index, index + threads, ... */
static uint32_t share_of(const struct engine *e, uint32_t total)
{
    unsigned threads = e->plan->settings->threads;
    return total / threads + (e->index < total % threads ? 1 : 0);
}

static void add_viewers(struct engine *e)
{
    unsigned threads = e->plan->settings->threads;
    e->viewer_count = share_of(e, e->plan->settings->viewers);
    /* malloc: a viewer that never connects costs no page */
    e->viewers = alloc_resize(NULL, e->viewer_count, sizeof *e->viewers);
    e->slow = alloc_zeroed(e->viewer_count * sizeof *e->slow);
    for (uint32_t i = 0; i < e->viewer_count; i++) {
        viewer_assign(&e->viewers[i], e->plan, i, i * threads + e->index);
        e->group_sizes[e->viewers[i].group]++;
    }
}

struct engine *engine_new(struct plan *plan, unsigned index)
{
    struct engine *e = alloc_zeroed(sizeof *e);
    e->plan = plan;
    e->index = index;
    e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (e->epoll_fd < 0) {
        perror("epoll_create1");
        abort();
    }
    e->buffer = alloc_zeroed(ENGINE_BUFFER_SIZE);
    e->message = alloc_zeroed(ENGINE_MESSAGE_SIZE);
    e->body = alloc_zeroed(ENGINE_MESSAGE_SIZE);
    pthread_mutex_init(&e->lock, NULL);
    add_viewers(e);
    e->publisher_count = share_of(e, plan->settings->publish);
    e->publishers = alloc_zeroed(e->publisher_count * sizeof *e->publishers);
    for (uint32_t i = 0; i < e->publisher_count; i++)
        publisher_init(&e->publishers[i], plan, i, i * plan->settings->threads + index);
    return e;
}

void engine_free(struct engine *e)
{
    close(e->epoll_fd);
    pthread_mutex_destroy(&e->lock);
    free(e->buffer);
    free(e->message);
    free(e->body);
    free(e->viewers);
    free(e->slow);
    free(e->publishers);
    free(e);
}

struct figures *engine_figures(struct engine *e, enum group group)
{
    return &e->figures[atomic_load_explicit(&e->plan->phase, memory_order_relaxed) >= PHASE_MEASURE][group];
}

static void open_publishers(struct engine *e)
{
    for (unsigned i = 0; i < OPENS_MAX && e->publishers_opened < e->publisher_count; i++)
        publisher_open(&e->publishers[e->publishers_opened++], e);
}

/* As many as should have joined by now. */
static void open_viewers(struct engine *e)
{
    const struct settings *s = e->plan->settings;
    double                 due = e->viewer_count;
    if (e->join_start_us == 0)
        e->join_start_us = e->now_us;
    if (s->join_rate > 0)
        due = 1 + (double)(e->now_us - e->join_start_us) / 1e6 * s->join_rate / s->threads;
    for (unsigned i = 0; i < OPENS_MAX && e->counts.opened < e->viewer_count && e->counts.opened < due; i++)
        viewer_open(&e->viewers[e->counts.opened++], e);
}

static void send_publishers(struct engine *e)
{
    if (e->now_us < e->next_publish_us)
        return;
    e->next_publish_us = UINT64_MAX;
    for (uint32_t i = 0; i < e->publisher_count; i++) {
        uint64_t due_us = publisher_send(&e->publishers[i], e);
        if (due_us < e->next_publish_us)
            e->next_publish_us = due_us;
    }
    if (e->next_publish_us < e->now_us + PUBLISH_STEP_US)
        e->next_publish_us = e->now_us + PUBLISH_STEP_US;
}

static void read_slowly(struct engine *e)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < e->slow_count; i++) {
        viewer_read_slowly(e->slow[i], e, e->plan->settings->slow_rate / TICKS_A_SECOND);
        if (e->slow[i]->phase == VIEWER_WATCHING)
            e->slow[kept++] = e->slow[i];
    }
    e->slow_count = kept;
}

/* Some leave and come back, each in its turn. */
static void churn(struct engine *e)
{
    const struct settings *s = e->plan->settings;
    e->churn_credit += s->churn_rate / TICKS_A_SECOND / s->threads;
    for (uint32_t i = 0; i < e->viewer_count && e->churn_credit >= 1; i++) {
        struct viewer *v = &e->viewers[e->churn_next++ % e->viewer_count];
        if (v->phase != VIEWER_WATCHING || v->slow)
            continue;
        viewer_leave(v, e);
        viewer_open(v, e);
        e->counts.churned++;
        e->churn_credit--;
    }
}

static void share(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->shared_counts = e->counts;
    e->shared_sums = (struct figures){ .bytes = 0 };
    for (unsigned part = 0; part < PART_COUNT; part++)
        for (unsigned group = 0; group < GROUP_COUNT; group++)
            figures_add_counts(&e->shared_sums, &e->figures[part][group], group != GROUP_SLOW);
    histogram_merge(&e->shared_recent, &e->recent);
    pthread_mutex_unlock(&e->lock);
    e->recent = (struct histogram){ .count = 0 };
}

static void tick(struct engine *e, int phase)
{
    e->next_tick_us = e->now_us + ENGINE_TICK_US;
    read_slowly(e);
    if (e->counts.watching + e->counts.failed + e->counts.slow_closed < e->counts.opened)
        for (uint32_t i = 0; i < e->counts.opened; i++)
            viewer_check_timeout(&e->viewers[i], e);
    if (phase == PHASE_MEASURE)
        churn(e);
    share(e);
    if (e->on_tick != NULL)
        e->on_tick(e->on_tick_arg);
}

/* How long epoll may wait: until the next tag, join or tick. */
static int wait_ms(const struct engine *e, int phase)
{
    uint64_t until_us = e->next_tick_us < e->next_publish_us ? e->next_tick_us : e->next_publish_us;
    uint64_t now_us = clock_monotonic_us();
    if (e->publishers_opened < e->publisher_count)
        return 0;
    if (phase == PHASE_JOIN && e->counts.opened < e->viewer_count)
        return e->plan->settings->join_rate > 0 ? 1 : 0;
    return until_us > now_us ? (int)((until_us - now_us + 999) / 1000) : 0;
}

static void dispatch(struct engine *e, const struct epoll_event *event)
{
    uint64_t id = event->data.u64;
    if (id & ENGINE_PUBLISHER)
        publisher_event(&e->publishers[id & ~ENGINE_PUBLISHER], e, event->events);
    else
        viewer_event(&e->viewers[id], e, event->events);
}

static void turn(struct engine *e, int phase)
{
    struct epoll_event events[EVENTS_MAX];
    e->now_us = clock_monotonic_us();
    open_publishers(e);
    send_publishers(e);
    if (phase == PHASE_JOIN)
        open_viewers(e);
    if (e->now_us >= e->next_tick_us)
        tick(e, phase);
    int n = epoll_wait(e->epoll_fd, events, EVENTS_MAX, wait_ms(e, phase));
    for (int i = 0; i < n; i++)
        dispatch(e, &events[i]);
}

/* Who watches, but has seen nothing of late? */
static void count_starved(struct engine *e)
{
    e->now_us = clock_monotonic_us();
    for (uint32_t i = 0; i < e->counts.opened; i++) {
        const struct viewer *v = &e->viewers[i];
        if (v->phase == VIEWER_WATCHING && !v->slow && v->track.last_us + STARVED_US < e->now_us)
            e->counts.starved++;
    }
}

void engine_run(struct engine *e)
{
    int phase;
    while ((phase = atomic_load(&e->plan->phase)) != PHASE_DONE)
        turn(e, phase);
    count_starved(e);
    uint32_t watching = e->counts.watching; /* as it was when the measurement ended */
    for (uint32_t i = 0; i < e->counts.opened; i++)
        viewer_leave(&e->viewers[i], e);
    for (uint32_t i = 0; i < e->publisher_count; i++)
        publisher_close(&e->publishers[i]);
    e->counts.watching = watching;
}
