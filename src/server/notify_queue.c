#include "server/notify_queue.h"

#include "base/alloc.h"
#include "base/map.h"
#include "core/access.h"

#include <stdio.h>
#include <stdlib.h>

/* One URL, while there are jobs for it. */
struct notify_target {
    struct list link;      /* of all targets, who is next first */
    char       *url;
    struct list questions; /* struct notify_job */
    struct list ready;     /* struct notify_lane, with a job that may start */
    unsigned    active[2]; /* notifications, questions */
    unsigned    window;    /* of each of the two */
    bool        failing;
    size_t      jobs;      /* that wait or are active */
};

/* Notifications of one session to one URL, in order.  It is in its target's list when its first job may
 * start, in the heap while that has to wait, and in neither while it is on its way. */
struct notify_lane {
    struct list           link;
    struct notify_target *target;
    char                 *key;
    struct list           jobs;
    uint64_t              due_ms;
};

struct notify_queue {
    struct map          *targets; /* by URL */
    struct map          *lanes;   /* by session and URL */
    struct list          order;   /* of targets */
    struct notify_lane **heap;    /* of lanes that wait, by due_ms: who is due first is first */
    size_t               heap_count, heap_capacity;
    size_t               count, active, active_notifications;
    uint64_t             late_ms; /* no question is late before */
};

/* The heap. */

static void swap_lanes(struct notify_queue *q, size_t a, size_t b)
{
    struct notify_lane *lane = q->heap[a];
    q->heap[a] = q->heap[b];
    q->heap[b] = lane;
}

static void push_lane(struct notify_queue *q, struct notify_lane *lane)
{
    if (q->heap_count == q->heap_capacity) {
        q->heap_capacity = q->heap_capacity > 0 ? 2 * q->heap_capacity : 16;
        q->heap = alloc_resize(q->heap, q->heap_capacity, sizeof(struct notify_lane *));
    }
    size_t at = q->heap_count++;
    q->heap[at] = lane;
    for (; at > 0 && q->heap[(at - 1) / 2]->due_ms > q->heap[at]->due_ms; at = (at - 1) / 2)
        swap_lanes(q, at, (at - 1) / 2);
}

static struct notify_lane *pop_lane(struct notify_queue *q)
{
    struct notify_lane *first = q->heap[0];
    q->heap[0] = q->heap[--q->heap_count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < q->heap_count; child++)
            if (q->heap[child]->due_ms < q->heap[least]->due_ms)
                least = child;
        if (least == at)
            return first;
        swap_lanes(q, at, least);
        at = least;
    }
}

/* Targets and lanes. */

static struct notify_target *target_of(struct notify_queue *q, const char *url)
{
    struct notify_target *t = map_get(q->targets, url);
    if (t != NULL)
        return t;
    t = alloc_zeroed(sizeof *t);
    t->url = alloc_string(url);
    t->window = NOTIFY_WINDOW_FIRST;
    list_init(&t->link);
    list_init(&t->questions);
    list_init(&t->ready);
    list_append(&q->order, &t->link);
    map_put(q->targets, url, t);
    return t;
}

static void free_target(struct notify_target *t)
{
    list_remove(&t->link);
    free(t->url);
    free(t);
}

static struct notify_lane *lane_of(struct notify_queue *q, struct notify_target *t, const char *session)
{
    size_t size = strlen(session) + 1 + strlen(t->url) + 1;
    char  *key = alloc_zeroed(size);
    snprintf(key, size, "%s %s", session, t->url);
    struct notify_lane *lane = map_get(q->lanes, key);
    if (lane != NULL) {
        free(key);
        return lane;
    }
    lane = alloc_zeroed(sizeof *lane);
    lane->key = key;
    lane->target = t;
    list_init(&lane->link);
    list_init(&lane->jobs);
    map_put(q->lanes, key, lane);
    list_append(&t->ready, &lane->link); /* it is about to get a job */
    return lane;
}

static void free_lane(struct notify_lane *lane)
{
    list_remove(&lane->link);
    free(lane->key);
    free(lane);
}

static struct notify_job *first_job(const struct list *jobs)
{
    return LIST_ITEM(jobs->next, struct notify_job, link);
}

/* The queue. */

struct notify_queue *notify_queue_new(void)
{
    struct notify_queue *q = alloc_zeroed(sizeof *q);
    q->targets = map_new();
    q->lanes = map_new();
    list_init(&q->order);
    q->late_ms = UINT64_MAX;
    return q;
}

void notify_queue_free(struct notify_queue *q)
{
    struct notify_job *job;
    while ((job = notify_queue_drop(q)) != NULL)
        notify_job_free(job);
    map_free(q->targets);
    map_free(q->lanes);
    free(q->heap);
    free(q);
}

void notify_queue_add(struct notify_queue *q, struct notify_job *job)
{
    struct notify_target *t = target_of(q, job->url);
    job->target = t;
    t->jobs++;
    q->count++;
    if (job->question != NULL) {
        list_append(&t->questions, &job->link);
        q->late_ms = job->deadline_ms < q->late_ms ? job->deadline_ms : q->late_ms;
        return;
    }
    job->lane = lane_of(q, t, job->session);
    list_append(&job->lane->jobs, &job->link);
}

/* Taking. */

static void wake_lanes(struct notify_queue *q, uint64_t now_ms)
{
    while (q->heap_count > 0 && q->heap[0]->due_ms <= now_ms) {
        struct notify_lane *lane = pop_lane(q);
        list_append(&lane->target->ready, &lane->link);
    }
}

static struct notify_job *take_from(struct notify_queue *q, struct notify_target *t, bool questions)
{
    struct notify_job *job;
    if (t->active[questions] >= t->window || list_empty(questions ? &t->questions : &t->ready))
        return NULL;
    if (questions) {
        job = first_job(&t->questions);
        list_remove(&job->link);
    } else {
        struct notify_lane *lane = LIST_ITEM(t->ready.next, struct notify_lane, link);
        list_remove(&lane->link);
        job = first_job(&lane->jobs); /* it stays the first, whatever becomes of it */
        q->active_notifications++;
    }
    t->active[questions]++;
    q->active++;
    list_remove(&t->link); /* others are next */
    list_append(&q->order, &t->link);
    return job;
}

static struct notify_job *take(struct notify_queue *q, bool questions)
{
    struct notify_job *job = NULL;
    LIST_EACH (node, &q->order) {
        job = take_from(q, LIST_ITEM(node, struct notify_target, link), questions);
        if (job != NULL)
            break;
    }
    return job;
}

struct notify_job *notify_queue_take(struct notify_queue *q, uint64_t now_ms, unsigned active_max)
{
    wake_lanes(q, now_ms);
    if (q->active >= active_max)
        return NULL;
    struct notify_job *job = take(q, true);
    return job != NULL || q->active_notifications >= (active_max + 1) / 2 ? job : take(q, false);
}

/* Giving back. */

static void judge(struct notify_target *t, bool answered)
{
    t->failing = !answered;
    if (answered)
        t->window = t->window < 1024 ? 2 * t->window : t->window;
    else
        t->window = t->window > 1 ? t->window / 2 : 1;
}

static void end_turn(struct notify_queue *q, struct notify_job *job)
{
    bool question = job->question != NULL;
    job->target->active[question]--;
    q->active--;
    if (!question)
        q->active_notifications--;
}

/* The job is nobody's any more but the caller's. */
static void leave(struct notify_queue *q, struct notify_job *job)
{
    struct notify_target *t = job->target;
    list_remove(&job->link);
    job->target = NULL;
    job->lane = NULL;
    q->count--;
    if (--t->jobs > 0)
        return;
    map_remove(q->targets, t->url);
    free_target(t);
}

/* The first of a lane has gone. */
static void go_on(struct notify_queue *q, struct notify_lane *lane)
{
    if (!list_empty(&lane->jobs)) {
        list_append(&lane->target->ready, &lane->link);
        return;
    }
    map_remove(q->lanes, lane->key);
    free_lane(lane);
}

void notify_queue_cancel(struct notify_queue *q, struct notify_job *job)
{
    struct notify_lane *lane = job->lane;
    end_turn(q, job);
    list_remove(&job->link);
    if (lane != NULL)
        go_on(q, lane);
    leave(q, job);
}

void notify_queue_done(struct notify_queue *q, struct notify_job *job, bool answered)
{
    judge(job->target, answered);
    notify_queue_cancel(q, job);
}

void notify_queue_again(struct notify_queue *q, struct notify_job *job, uint64_t due_ms)
{
    judge(job->target, false);
    end_turn(q, job);
    job->lane->due_ms = due_ms;
    push_lane(q, job->lane);
}

/* Those that wait. */

static bool is_over(const struct notify_job *job, uint64_t now_ms)
{
    return job->deadline_ms <= now_ms || !access_is_wanted(job->question);
}

struct notify_job *notify_queue_expire(struct notify_queue *q, uint64_t now_ms)
{
    q->late_ms = UINT64_MAX;
    LIST_EACH (target, &q->order) {
        struct notify_target *t = LIST_ITEM(target, struct notify_target, link);
        LIST_EACH (node, &t->questions) {
            struct notify_job *job = LIST_ITEM(node, struct notify_job, link);
            if (is_over(job, now_ms)) {
                q->late_ms = now_ms; /* there may be more */
                leave(q, job);
                return job;
            }
            q->late_ms = job->deadline_ms < q->late_ms ? job->deadline_ms : q->late_ms;
        }
    }
    return NULL;
}

static struct notify_job *drop_notification(struct notify_queue *q, struct notify_lane *lane)
{
    struct notify_job *job = first_job(&lane->jobs);
    list_remove(&job->link);
    list_remove(&lane->link);
    go_on(q, lane);
    leave(q, job);
    return job;
}

struct notify_job *notify_queue_drop(struct notify_queue *q)
{
    wake_lanes(q, UINT64_MAX);
    LIST_EACH (node, &q->order) {
        struct notify_target *t = LIST_ITEM(node, struct notify_target, link);
        if (!list_empty(&t->questions)) {
            struct notify_job *job = first_job(&t->questions);
            leave(q, job);
            return job;
        }
        if (!list_empty(&t->ready))
            return drop_notification(q, LIST_ITEM(t->ready.next, struct notify_lane, link));
    }
    return NULL;
}

uint64_t notify_queue_due_ms(const struct notify_queue *q)
{
    uint64_t lane_ms = q->heap_count > 0 ? q->heap[0]->due_ms : UINT64_MAX;
    return lane_ms < q->late_ms ? lane_ms : q->late_ms;
}

bool notify_queue_is_failing(const struct notify_job *job)
{
    return job->target != NULL && job->target->failing;
}

size_t notify_queue_count(const struct notify_queue *q)
{
    return q->count;
}

size_t notify_queue_active(const struct notify_queue *q)
{
    return q->active;
}
