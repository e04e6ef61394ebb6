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

/* With the lock: count one more, unless there are so many. */
static bool enter(struct notify_server *n, const char *url, bool question, size_t count_max)
{
    struct notify_load *load = map_get(n->loads, url);
    if (load == NULL) {
        load = alloc_zeroed(sizeof *load);
        map_put(n->loads, url, load);
    }
    if (load->counts[question] >= count_max)
        return false;
    load->counts[question]++;
    return true;
}

/* With the lock. */
static void leave(struct notify_server *n, const char *url, bool question)
{
    struct notify_load *load = map_get(n->loads, url);
    load->counts[question]--;
    if (load->counts[0] + load->counts[1] == 0)
        free(map_remove(n->loads, url));
}

void notify_move(struct notify_server *n, const char *from, const char *to)
{
    pthread_mutex_lock(&n->lock);
    enter(n, to, true, SIZE_MAX);
    leave(n, from, true);
    pthread_mutex_unlock(&n->lock);
}

void notify_leave(struct notify_server *n, const char *url, bool question)
{
    pthread_mutex_lock(&n->lock);
    leave(n, url, question);
    pthread_mutex_unlock(&n->lock);
    stats_add(&n->context->stats.webhooks_queued, (uint64_t)-1);
}

/* False if there is no room: the job is the caller's still. */
static bool enqueue(struct notify_server *n, const struct event *e, struct notify_job *job)
{
    pthread_mutex_lock(&n->lock);
    bool was_empty = list_empty(&n->inbox);
    bool admitted = enter(n, job->url, job->question != NULL, e->worker->config->notify.queue);
    if (admitted)
        list_append(&n->inbox, &job->link);
    pthread_mutex_unlock(&n->lock);
    if (!admitted)
        return false;
    stats_add(&n->context->stats.webhooks_queued, 1);
    if (was_empty)
        curl_multi_wakeup(n->multi);
    return true;
}

static void tell_full(struct notify_server *n, const struct notify_job *job)
{
    char     url[NOTIFY_JOB_URL_SIZE];
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t quiet_ms = atomic_load_explicit(&n->lost_quiet_until_ms, memory_order_relaxed);
    if (now_ms < quiet_ms ||
        !atomic_compare_exchange_strong(&n->lost_quiet_until_ms, &quiet_ms, now_ms + LOST_QUIET_MS))
        return;
    notify_job_show_url(job, url);
    log_error(NULL, "webhook %s: notify.queue is full; events are lost until it answers again", url);
}

/* Notifications. */

static void notify(struct notify_server *n, const struct event *e, struct event_text *text)
{
    struct notify_job *jobs[NOTIFY_JOBS_MAX];
    size_t             count = notify_job_list(e, text, jobs);
    for (size_t i = 0; i < count; i++) {
        if (enqueue(n, e, jobs[i]))
            continue;
        stats_add(&n->context->stats.webhooks_dead, 1);
        tell_full(n, jobs[i]);
        notify_job_free(jobs[i]);
    }
}

/* Questions. */

/* Nobody is asked: what is to become of that is known. */
static void give_up(struct notify_job *job)
{
    struct access_verdict verdict = { .result = ACCESS_ALLOWED };
    for (const struct notify_job *j = job; j != NULL; j = j->next)
        if (!j->allows_on_error)
            verdict = (struct access_verdict){ ACCESS_FAILED, "who decides cannot be asked; try again later", "" };
    access_settle(job->question, &verdict);
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
    jobs[0]->question = question;
    jobs[0]->deadline_ms = clock_monotonic_ms() + jobs[0]->timeout_ms;
    if (enqueue(n, e, jobs[0]))
        return;
    tell_full(n, jobs[0]);
    give_up(jobs[0]);
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
    n->loads = map_new();
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
    map_free(n->loads);
    pthread_mutex_destroy(&n->lock);
    free(n);
}
