#include "server/notify_job.h"

#include "base/alloc.h"
#include "core/config_hooks.h"
#include "core/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config *config_for(const struct event *e)
{
    const struct session *s = e->session;
    bool                  has_app = s != NULL && s->stream != NULL;
    return has_app ? config_of_app(e->worker->config, s->stream->app) : e->worker->config;
}

static const char *app_of(const struct event *e)
{
    return e->session != NULL && e->session->stream != NULL ? e->session->stream->app : "";
}

static bool has_text(const struct config_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static bool is_told(const struct config_hook *hook, const struct event *e)
{
    bool of_app = hook->apps.count == 0 || has_text(&hook->apps, app_of(e));
    return of_app && (hook->events & (1u << e->type));
}

static bool urls_are_told(const struct config *config, const struct event *e)
{
    return config->notify.url.count > 0 && (config_hooks_usual_events() & (1u << e->type));
}

bool notify_job_is_wanted(const struct event *e)
{
    const struct config *config = config_for(e);
    bool                 wanted = urls_are_told(config, e);
    for (size_t i = 0; i < config->notify.hooks.count && !wanted; i++)
        wanted = is_told(&config->notify.hooks.items[i], e);
    return wanted;
}

static struct notify_job *new_job(const struct event *e, struct event_text *text, const struct config *config,
                                  const struct config_hook *hook)
{
    struct notify_job *job = alloc_zeroed(sizeof *job);
    bool post = e->type == EVENT_POST_PUBLISH || e->type == EVENT_POST_PLAY;
    int  on_error = hook->on_error >= 0 ? hook->on_error : (int)config->notify.on_error;
    list_init(&job->link);
    job->text = event_text_ref(text);
    job->worker = e->worker;
    if (e->session != NULL)
        memcpy(job->session, e->session->id, sizeof job->session);
    snprintf(job->app, sizeof job->app, "%s", app_of(e));
    job->url = alloc_string(hook->url);
    job->secret = alloc_string(hook->secret != NULL ? hook->secret : config->notify.secret);
    job->ca = alloc_string(config->notify.ca);
    job->proxy = alloc_string(config->notify.proxy);
    job->tls_verify = config->notify.tls_verify;
    job->allows_on_error = on_error == CONFIG_ON_ERROR_ALLOW;
    job->ends_on_refusal = post && config->notify.strict;
    job->timeout_ms = hook->timeout_ms != 0 ? hook->timeout_ms : config->notify.timeout_ms;
    job->retries = hook->retries >= 0 ? (uint32_t)hook->retries : config->notify.retries;
    job->retry_ms = config->notify.retry_ms;
    return job;
}

size_t notify_job_list(const struct event *e, struct event_text *text, struct notify_job *jobs[NOTIFY_JOBS_MAX])
{
    const struct config *config = config_for(e);
    size_t               count = 0;
    for (size_t i = 0; urls_are_told(config, e) && i < config->notify.url.count; i++) {
        struct config_hook plain = { .url = config->notify.url.items[i], .retries = -1, .on_error = -1 };
        if (count < NOTIFY_JOBS_MAX)
            jobs[count++] = new_job(e, text, config, &plain);
    }
    for (size_t i = 0; i < config->notify.hooks.count; i++) {
        const struct config_hook *hook = &config->notify.hooks.items[i];
        if (is_told(hook, e) && count < NOTIFY_JOBS_MAX)
            jobs[count++] = new_job(e, text, config, hook);
    }
    return count;
}

void notify_job_free(struct notify_job *job)
{
    while (job != NULL) {
        struct notify_job *next = job->next;
        event_text_unref(job->text);
        free((char *)job->url);
        free((char *)job->secret);
        free((char *)job->ca);
        free((char *)job->proxy);
        free(job);
        job = next;
    }
}

void notify_job_show_url(const struct notify_job *job, char out[NOTIFY_JOB_URL_SIZE])
{
    struct url url;
    if (url_parse(bytes_of(job->url), &url) != 0) {
        snprintf(out, NOTIFY_JOB_URL_SIZE, "a webhook");
        return;
    }
    snprintf(out, NOTIFY_JOB_URL_SIZE, "%.*s://%.*s%.*s", (int)url.scheme.size, (const char *)url.scheme.data,
             (int)url.authority.size, (const char *)url.authority.data, (int)url.path.size,
             (const char *)url.path.data);
}
