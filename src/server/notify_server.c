#include "server/notify_peer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/context.h"
#include "core/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How often a full queue is told of. */
#define LOST_QUIET_MS 10000

static void enqueue(struct notify_server *n, struct notify_job *job)
{
    atomic_fetch_add_explicit(&n->waiting[job->question != NULL], 1, memory_order_relaxed);
    stats_add(&n->context->stats.webhooks_queued, 1);
    pthread_mutex_lock(&n->lock);
    bool was_empty = list_empty(&n->inbox);
    list_append(&n->inbox, &job->link);
    pthread_mutex_unlock(&n->lock);
    if (was_empty)
        curl_multi_wakeup(n->multi);
}

static bool is_full(const struct notify_server *n, const struct event *e, bool question)
{
    return atomic_load_explicit(&n->waiting[question], memory_order_relaxed) >= e->worker->config->notify.queue;
}

static void tell_full(struct notify_server *n)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t quiet_ms = atomic_load_explicit(&n->lost_quiet_until_ms, memory_order_relaxed);
    if (now_ms < quiet_ms ||
        !atomic_compare_exchange_strong(&n->lost_quiet_until_ms, &quiet_ms, now_ms + LOST_QUIET_MS))
        return;
    log_error(NULL, "webhooks: notify.queue is full; events are lost until receivers answer again");
}

/* Notifications. */

static void notify(struct notify_server *n, const struct event *e, struct event_text *text)
{
    struct notify_job *jobs[NOTIFY_JOBS_MAX];
    size_t             count = notify_job_list(e, text, jobs);
    for (size_t i = 0; i < count; i++) {
        if (!is_full(n, e, false)) {
            enqueue(n, jobs[i]);
            continue;
        }
        stats_add(&n->context->stats.webhooks_dead, 1);
        notify_job_free(jobs[i]);
        tell_full(n);
    }
}

/* Questions. */

void notify_give_up(struct notify_server *n, struct notify_job *job, struct access_question *question)
{
    struct access_verdict verdict = { .result = ACCESS_ALLOWED };
    (void)n;
    memcpy(verdict.path, job->path, sizeof verdict.path);
    for (const struct notify_job *j = job; j != NULL; j = j->next)
        if (!j->allows_on_error)
            verdict = (struct access_verdict){ ACCESS_FAILED, "nobody could be asked; try again later", "" };
    access_settle(question, &verdict);
    notify_job_free(job);
}

static void ask(struct notify_server *n, const struct event *e, struct event_text *text)
{
    struct notify_job      *jobs[NOTIFY_JOBS_MAX];
    struct access_question *question = access_take(e->question, &n->decider);
    if (question == NULL)
        return;
    size_t count = notify_job_list(e, text, jobs);
    for (size_t i = 0; i + 1 < count; i++)
        jobs[i]->next = jobs[i + 1];
    if (is_full(n, e, true)) {
        tell_full(n);
        notify_give_up(n, jobs[0], question);
        return;
    }
    jobs[0]->question = question;
    jobs[0]->deadline_ms = clock_monotonic_ms() + jobs[0]->timeout_ms;
    enqueue(n, jobs[0]);
}

static void on_text(struct event_sink *sink, const struct event *e, struct event_text *text)
{
    struct notify_server *n = LIST_ITEM(sink, struct notify_server, sink);
    if (!notify_job_is_wanted(e))
        return;
    if (e->type == EVENT_PRE_PUBLISH || e->type == EVENT_PRE_PLAY)
        ask(n, e, text);
    else
        notify(n, e, text);
}

static void on_withdrawn(struct access_decider *decider)
{
    struct notify_server *n = LIST_ITEM(decider, struct notify_server, decider);
    if (!atomic_exchange(&n->withdrawn, true))
        curl_multi_wakeup(n->multi);
}

/* The beginning and the end. */

struct notify_server *notify_server_new(struct context *context, struct event_feed *feed)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        log_error(NULL, "webhooks: libcurl does not start");
        return NULL;
    }
    struct notify_server *n = alloc_zeroed(sizeof *n);
    n->sink.on_text = on_text;
    n->decider.on_withdrawn = on_withdrawn;
    n->context = context;
    n->multi = curl_multi_init();
    if (n->multi == NULL)
        abort(); /* at start only */
    n->queue = notify_queue_new();
    list_init(&n->inbox);
    list_init(&n->active);
    pthread_mutex_init(&n->lock, NULL);
    if (pthread_create(&n->thread, NULL, notify_thread, n) != 0)
        abort(); /* at start only */
    event_feed_add(feed, &n->sink);
    return n;
}

void notify_server_finish(struct notify_server *n, uint64_t until_ms)
{
    if (n == NULL || n->finished)
        return;
    pthread_mutex_lock(&n->lock);
    n->stopping = true;
    n->stop_by_ms = until_ms;
    pthread_mutex_unlock(&n->lock);
    curl_multi_wakeup(n->multi);
    pthread_join(n->thread, NULL);
    n->finished = true;
}

void notify_server_free(struct notify_server *n)
{
    if (n == NULL)
        return;
    notify_server_finish(n, 0);
    notify_queue_free(n->queue);
    curl_multi_cleanup(n->multi);
    curl_global_cleanup();
    pthread_mutex_destroy(&n->lock);
    free(n);
}
