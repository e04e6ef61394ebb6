#include "server/notify_peer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/context.h"
#include "core/worker.h"
#include "server/notify_answer.h"
#include "server/notify_retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* How often what was given up is told of. */
#define DEAD_QUIET_MS 10000

static struct stats *stats_of(const struct notify_server *n)
{
    return &n->context->stats;
}

/* Questions. */

void notify_settle(struct notify_server *n, struct notify_job *job, const struct access_verdict *verdict)
{
    struct access_question *question = job->question;
    job->question = NULL;
    notify_leave(n, job->url, true);
    access_settle(question, verdict);
    notify_job_free(job);
}

/* One has allowed it: ask the next, or be done.  The first other stream that one gives it counts. */
static void ask_next(struct notify_server *n, struct notify_job *job, const struct access_verdict *verdict)
{
    struct notify_job    *next = job->next;
    struct access_verdict allowed = *verdict;
    if (job->path[0] != '\0')
        memcpy(allowed.path, job->path, sizeof allowed.path);
    if (next == NULL || !access_is_wanted(job->question)) {
        notify_settle(n, job, &allowed);
        return;
    }
    notify_move(n, job->url, next->url);
    memcpy(next->path, allowed.path, sizeof next->path);
    next->question = job->question;
    next->deadline_ms = clock_monotonic_ms() + next->timeout_ms;
    notify_queue_add(n->queue, next);
    job->next = NULL;
    job->question = NULL;
    notify_job_free(job);
}

/* There is no answer that counts. */
void notify_fail_question(struct notify_server *n, struct notify_job *job)
{
    static const struct access_verdict allowed = { .result = ACCESS_ALLOWED };
    static const struct access_verdict failed = {
        ACCESS_FAILED, "who decides does not answer; try again later", "",
    };
    if (job->allows_on_error)
        ask_next(n, job, &allowed);
    else
        notify_settle(n, job, &failed);
}

static void conclude_question(struct notify_server *n, const struct notify_request *r, long status)
{
    struct notify_job    *job = r->job;
    struct access_verdict verdict;
    struct bytes          body = { r->answer, r->answer_size };
    if (notify_answer_read(status, body, job->app, &verdict) != 0) {
        stats_add(&stats_of(n)->webhooks_failed, 1);
        notify_fail_question(n, job);
        return;
    }
    stats_add(&stats_of(n)->webhooks_sent, 1);
    if (verdict.result == ACCESS_ALLOWED)
        ask_next(n, job, &verdict);
    else
        notify_settle(n, job, &verdict);
}

/* Ending sessions: notify.strict. */

struct ending {
    struct worker *worker;
    char           session[SESSION_ID_SIZE];
    char           reason[ACCESS_REASON_SIZE + 32];
};

static void post_ending(void *ending, void *unused)
{
    struct ending  *e = ending;
    struct context *context = e->worker->context;
    (void)unused;
    pthread_mutex_lock(&context->lock);
    struct session *s = map_get(context->sessions, e->session);
    pthread_mutex_unlock(&context->lock);
    if (s != NULL && s->worker == e->worker) /* this thread's, so it is still there */
        session_close(s, e->reason);
    free(e);
}

static void end_session(const struct notify_request *r, long status)
{
    const struct notify_job *job = r->job;
    struct access_verdict    verdict = { 0 };
    struct ending           *e = alloc_zeroed(sizeof *e);
    notify_answer_read(status, (struct bytes){ r->answer, r->answer_size }, job->app, &verdict);
    e->worker = job->worker;
    memcpy(e->session, job->session, sizeof e->session);
    snprintf(e->reason, sizeof e->reason, "refused by a webhook%s%s", verdict.reason[0] != '\0' ? ": " : "",
             verdict.reason);
    worker_post(NULL, e->worker, post_ending, e, NULL);
}

/* Notifications. */

void notify_tell_dead(struct notify_server *n, const struct notify_job *job, const char *fault)
{
    uint64_t now_ms = clock_monotonic_ms();
    char     url[NOTIFY_JOB_URL_SIZE];
    stats_add(&stats_of(n)->webhooks_dead, 1);
    if (now_ms < n->dead_quiet_until_ms) {
        n->dead_untold++;
        return;
    }
    notify_job_show_url(job, url);
    log_error(NULL, "webhook %s: %s %s was given up after %u attempt%s: %s (and %llu before it, not told of)",
              url, events_name(job->text->type), job->text->id, job->attempts, job->attempts == 1 ? "" : "s",
              fault, (unsigned long long)n->dead_untold);
    n->dead_untold = 0;
    n->dead_quiet_until_ms = now_ms + DEAD_QUIET_MS;
}

static bool is_out_of_time(struct notify_server *n, uint64_t due_ms)
{
    pthread_mutex_lock(&n->lock);
    bool late = n->stopping && due_ms >= n->stop_by_ms;
    pthread_mutex_unlock(&n->lock);
    return late;
}

/* True if it is to be sent again. */
static bool try_again(struct notify_server *n, const struct notify_request *r)
{
    struct notify_job *job = r->job;
    uint32_t           random = 0;
    if (job->attempts > job->retries)
        return false;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = 0;
    uint64_t due_ms = clock_monotonic_ms() + notify_retry_ms(job->attempts, job->retry_ms,
                                                             notify_request_retry_after_s(r), random);
    if (is_out_of_time(n, due_ms))
        return false;
    notify_queue_again(n->queue, job, due_ms);
    return true;
}

static void conclude_notification(struct notify_server *n, const struct notify_request *r,
                                  enum notify_outcome outcome, long status, const char *fault)
{
    struct notify_job *job = r->job;
    bool               ends = outcome == NOTIFY_REFUSED && job->ends_on_refusal;
    bool               taken = outcome == NOTIFY_TAKEN || ends;
    if (!taken)
        stats_add(&stats_of(n)->webhooks_failed, 1);
    if (outcome == NOTIFY_LATER && try_again(n, r))
        return;
    notify_queue_done(n->queue, job, outcome != NOTIFY_LATER);
    if (taken)
        stats_add(&stats_of(n)->webhooks_sent, 1);
    else
        notify_tell_dead(n, job, fault);
    if (ends)
        end_session(r, status);
    notify_leave(n, job->url, false);
    notify_job_free(job);
}

/* Said when it begins and when it ends, not for each request. */
static void tell_health(const struct notify_job *job, bool was_failing, bool fails, const char *fault)
{
    char url[NOTIFY_JOB_URL_SIZE];
    if (was_failing == fails)
        return;
    notify_job_show_url(job, url);
    if (fails)
        log_warn(NULL, "webhook %s does not answer: %s", url, fault);
    else
        log_info(NULL, "webhook %s answers again", url);
}

void notify_conclude(struct notify_server *n, struct notify_request *r, CURLcode result)
{
    char                fault[NOTIFY_FAULT_SIZE];
    long                status = notify_request_status(r, result);
    enum notify_outcome outcome = notify_outcome_of(status);
    bool                fails = outcome == NOTIFY_LATER;
    notify_request_fault(r, result, fault);
    tell_health(r->job, notify_queue_is_failing(r->job), fails, fault);
    if (r->job->question != NULL) {
        notify_queue_done(n->queue, r->job, !fails);
        conclude_question(n, r, status);
    } else {
        conclude_notification(n, r, outcome, status, fault);
    }
    notify_request_free(n->multi, r);
}
