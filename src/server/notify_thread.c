#include "server/notify_peer.h"

#include "base/clock.h"
#include "core/context.h"

/* The longest that the thread sleeps: while there is something to do, while there is nothing, and at the
 * end. */
#define WAIT_MAX_MS 1000
#define IDLE_MAX_MS 1000 /* should a wake-up ever be lost */
#define END_MAX_MS  50

static struct stats *stats_of(const struct notify_server *n)
{
    return &n->context->stats;
}

static void expire_questions(struct notify_server *n, uint64_t now_ms)
{
    struct notify_job *job;
    while ((job = notify_queue_expire(n->queue, now_ms)) != NULL)
        notify_fail_question(n, job);
}

/* Those who asked and have gone: their requests need not be answered. */
static void drop_withdrawn(struct notify_server *n)
{
    static const struct access_verdict none = { .result = ACCESS_FAILED };
    LIST_EACH (node, &n->active) {
        struct notify_request *r = LIST_ITEM(node, struct notify_request, link);
        struct notify_job     *job = r->job;
        if (job->question == NULL || access_is_wanted(job->question))
            continue;
        notify_request_free(n->multi, r);
        notify_queue_cancel(n->queue, job);
        notify_settle(n, job, &none);
    }
    expire_questions(n, clock_monotonic_ms());
}

/* Requests. */

static void conclude_all(struct notify_server *n)
{
    CURLMsg *message;
    int      left;
    while ((message = curl_multi_info_read(n->multi, &left)) != NULL) {
        struct notify_request *r = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result; /* gone with the handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &r);
        notify_conclude(n, r, result);
    }
}

static void start(struct notify_server *n, struct notify_job *job, uint64_t now_ms)
{
    uint32_t timeout_ms = job->timeout_ms;
    if (job->question != NULL && job->deadline_ms < now_ms + timeout_ms)
        timeout_ms = job->deadline_ms > now_ms ? (uint32_t)(job->deadline_ms - now_ms) : 1;
    if (job->attempts++ > 0)
        stats_add(&stats_of(n)->webhooks_retried, 1);
    struct notify_request *r = notify_request_start(n->multi, job, timeout_ms);
    if (r != NULL) {
        list_append(&n->active, &r->link);
        return;
    }
    notify_queue_done(n->queue, job, false);
    if (job->question != NULL) {
        notify_fail_question(n, job);
        return;
    }
    notify_tell_dead(n, job, "libcurl cannot send it");
    notify_leave(n, job->url, false);
    notify_job_free(job);
}

static void start_all(struct notify_server *n)
{
    uint64_t           now_ms = clock_monotonic_ms();
    struct notify_job *job;
    while ((job = notify_queue_take(n->queue, now_ms, n->connections)) != NULL)
        start(n, job, now_ms);
}

/* The thread. */

static void read_config(struct notify_server *n, uint64_t now_ms)
{
    if (n->connections != 0 && now_ms < n->config_as_of_ms + WAIT_MAX_MS)
        return;
    pthread_mutex_lock(&n->context->lock);
    n->connections = n->context->config->notify.connections;
    pthread_mutex_unlock(&n->context->lock);
    n->config_as_of_ms = now_ms;
    curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, (long)n->connections);
}

/* True if it is time to end. */
static bool take_inbox(struct notify_server *n, uint64_t now_ms)
{
    struct list jobs;
    list_init(&jobs);
    pthread_mutex_lock(&n->lock);
    list_splice(&jobs, &n->inbox);
    n->ending = n->stopping;
    bool late = n->stopping && now_ms >= n->stop_by_ms;
    pthread_mutex_unlock(&n->lock);
    LIST_EACH (node, &jobs) {
        struct notify_job *job = LIST_ITEM(node, struct notify_job, link);
        list_remove(&job->link);
        notify_queue_add(n->queue, job);
    }
    return late || (n->ending && notify_queue_count(n->queue) == 0);
}

static void wait(struct notify_server *n)
{
    uint64_t now_ms = clock_monotonic_ms(), due_ms = notify_queue_due_ms(n->queue);
    uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    uint64_t most_ms = n->ending ? END_MAX_MS : notify_queue_count(n->queue) > 0 ? WAIT_MAX_MS : IDLE_MAX_MS;
    curl_multi_poll(n->multi, NULL, 0, (int)(wait_ms < most_ms ? wait_ms : most_ms), NULL);
}

/* Whatever is left at the end is over. */
static void drop(struct notify_server *n, struct notify_job *job, uint64_t *lost)
{
    static const struct access_verdict none = { .result = ACCESS_FAILED };
    if (job->question != NULL) {
        notify_settle(n, job, &none);
        return;
    }
    ++*lost;
    stats_add(&stats_of(n)->webhooks_dead, 1);
    notify_leave(n, job->url, false);
    notify_job_free(job);
}

static void drop_all(struct notify_server *n)
{
    struct notify_job *job;
    uint64_t           lost = 0;
    LIST_EACH (node, &n->active) {
        struct notify_request *r = LIST_ITEM(node, struct notify_request, link);
        job = r->job;
        notify_request_free(n->multi, r);
        notify_queue_cancel(n->queue, job);
        drop(n, job, &lost);
    }
    while ((job = notify_queue_drop(n->queue)) != NULL)
        drop(n, job, &lost);
    if (lost > 0)
        log_error(NULL, "webhooks: %llu events could not be sent before the end (drain_s)",
                  (unsigned long long)lost);
}

void *notify_thread(void *notify_server)
{
    struct notify_server *n = notify_server;
    int                   running;
    for (;;) {
        uint64_t now_ms = clock_monotonic_ms();
        read_config(n, now_ms);
        if (take_inbox(n, now_ms))
            break;
        if (atomic_exchange(&n->withdrawn, false))
            drop_withdrawn(n);
        else if (now_ms >= notify_queue_due_ms(n->queue))
            expire_questions(n, now_ms);
        start_all(n);
        curl_multi_perform(n->multi, &running);
        conclude_all(n);
        start_all(n);
        wait(n);
    }
    drop_all(n);
    return NULL;
}
