/* api_config.c - the configuration in effect, and reading it anew. */
#include "base/alloc.h"
#include "base/error.h"
#include "core/config.h"
#include "server/api_peer.h"
#include "server/reload.h"

#include <stdlib.h>

struct description {
    struct reload *reload;
    char          *text;
};

static void free_description(void *data)
{
    struct description *d = data;
    free(d->text);
    free(d);
}

/* With many apps it is long. */
static void describe_in_pool(struct api_call *call)
{
    struct description *d = call->data;
    json_t             *all = reload_describe(d->reload);
    d->text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
}

static void answer_described(struct api_call *call)
{
    struct description *d = call->data;
    char               *text = d->text;
    d->text = NULL;
    if (text != NULL)
        api_answer_text(call, 200, "application/json", text, strlen(text), free);
    else
        api_fail(call, 503, "out of memory");
}

static void show_config(struct api_call *call)
{
    struct description *d = alloc_zeroed(sizeof *d);
    d->reload = api_of(call)->parts.reload;
    call->data = d;
    call->free_data = free_description;
    api_work(call, describe_in_pool, answer_described);
}

struct attempt {
    struct reload        *reload;
    struct reload_outcome outcome;
    int                   error;
};

static void free_attempt(void *data)
{
    struct attempt *a = data;
    reload_clear_outcome(&a->outcome);
    free(a);
}

static void reload_in_pool(struct api_call *call)
{
    struct attempt *a = call->data;
    a->error = reload_run(a->reload, &a->outcome);
}

static void pass_by(struct api_call *call, struct worker *worker)
{
    (void)call, (void)worker;
}

static const char *summary(const struct reload_outcome *outcome)
{
    bool changed = json_array_size(outcome->changed) > 0, kept = json_array_size(outcome->needs_restart) > 0;
    if (changed)
        return kept ? "changed, but for what needs a restart" : "changed";
    return kept ? "what is new needs a restart" : "nothing is new";
}

static void answer_reloaded(struct api_call *call)
{
    const struct reload_outcome *outcome = &((struct attempt *)call->data)->outcome;
    json_t                      *body = json_object();
    json_object_set(body, "applied", outcome->changed);
    json_object_set(body, "needsRestart", outcome->needs_restart);
    json_object_set_new(body, "message", json_string(summary(outcome)));
    api_answer(call, 200, body);
}

/* All workers have it in effect once each has been asked something after it. */
static void after_reload(struct api_call *call)
{
    const struct attempt *a = call->data;
    if (a->error == ERR_CLOSED)
        api_fail(call, 503, "the server stops");
    else if (a->error != 0)
        api_fail(call, 400, "the configuration stays as it was: %s", a->outcome.error);
    else
        api_each_worker(call, pass_by, answer_reloaded);
}

static void reload(struct api_call *call)
{
    struct attempt *a = alloc_zeroed(sizeof *a);
    a->reload = api_of(call)->parts.reload;
    call->data = a;
    call->free_data = free_attempt;
    log_info(&call->session->base.log, "the API has the configuration read again");
    api_work(call, reload_in_pool, after_reload);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET, "/api/config", API_ADMIN, .serve = show_config },
    { HTTP_METHOD_POST, "/api/config/reload", API_ADMIN, .serve = reload },
};

const struct api_routes api_config_routes = { rows, sizeof rows / sizeof *rows };
