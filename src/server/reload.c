#include "server/reload.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log.h"
#include "core/broadcast.h"
#include "core/config.h"
#include "core/config_apps.h"
#include "core/config_keys.h"
#include "core/context.h"
#include "core/options.h"
#include "core/outlet.h"
#include "core/session.h"
#include "core/worker.h"
#include "net/tls_store.h"
#include "server/tls_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What differs. */

static void add_word(json_t *words, const char *prefix, const char *word)
{
    char text[64 + URL_APP_MAX];
    snprintf(text, sizeof text, "%s%s", prefix, word);
    json_array_append_new(words, json_string(text));
}

/* As many as a log line can have. */
static const char *join(const json_t *words, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(words) && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 json_string_value(json_array_get(words, i)));
    return out;
}

static void keep_for_apps(const struct config_key *key, struct config *next)
{
    const char    *app;
    struct config *own;
    for (size_t i = 0; (own = config_apps_at(next, i, &app)) != NULL; i++)
        config_key_copy(key, own, next);
}

/* What only a restart changes stays as it is. */
static void keep_fixed(struct config *next, const struct config *now, json_t *kept)
{
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->flags & CONFIG_LIVE || config_key_is_equal(key, next, now))
            continue;
        add_word(kept, "", key->name);
        config_key_copy(key, next, now);
        keep_for_apps(key, next);
    }
}

static bool is_same_for_app(const struct config *a, const struct config *b, const char *app)
{
    const struct config *left = config_of_app(a, app), *right = config_of_app(b, app);
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].flags & CONFIG_APP && !config_key_is_equal(&config_keys[i], left, right))
            return false;
    return true;
}

/* The apps of `these` whose values differ; of those that both have, `only_here` says whether. */
static void find_changed_apps(const struct config *these, const struct config *others, bool only_here,
                              json_t *changed)
{
    const char *app;
    for (size_t i = 0; config_apps_at(these, i, &app) != NULL; i++) {
        bool both = config_of_app(others, app) != others;
        if (!(both && only_here) && !is_same_for_app(these, others, app))
            add_word(changed, "apps.", app);
    }
}

static void find_changed(const struct config *next, const struct config *now, json_t *changed)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (!config_key_is_equal(&config_keys[i], next, now))
            add_word(changed, "", config_keys[i].name);
    find_changed_apps(next, now, false, changed);
    find_changed_apps(now, next, true, changed);
}

/* Handing it to the workers. */

struct change {
    atomic_uint          workers_left;
    const struct config *next;
    struct config       *last;
    json_t              *changed, *kept;
};

static void report(const struct change *c)
{
    char text[1024];
    if (json_array_size(c->changed) > 0)
        log_info(NULL, "the configuration was read again and has changed: %s",
                 join(c->changed, text, sizeof text));
    else
        log_info(NULL, "the configuration was read again: nothing changes");
    if (json_array_size(c->kept) > 0)
        log_warn(NULL, "a change of these needs a restart: %s", join(c->kept, text, sizeof text));
}

static void free_change(struct change *c)
{
    json_decref(c->changed);
    json_decref(c->kept);
    free(c);
}

/* By the worker that comes to it last: nobody uses the old one any more. */
static void finish(struct change *c)
{
    report(c);
    config_free(c->last);
    free_change(c);
}

static void limit_broadcasts(struct worker *w)
{
    LIST_EACH (node, &w->sessions) {
        struct session   *s = LIST_ITEM(node, struct session, link);
        struct broadcast *b = s->broadcast;
        if (b == NULL)
            continue;
        pthread_mutex_lock(&w->context->lock);
        bool publishes = b->publisher == s; /* else the cache is not this worker's */
        pthread_mutex_unlock(&w->context->lock);
        if (publishes)
            b->cache.limits = context_gop_limits(w->config, b->path);
    }
}

static void limit_outlets(struct worker *w)
{
    size_t      at = 0;
    const char *key;
    void       *value;
    while (map_next(w->outlets, &at, &key, &value)) {
        struct outlet *o = value;
        o->cache.limits = context_gop_limits(w->config, o->path);
    }
}

static void post_change(void *worker, void *change)
{
    struct worker *w = worker;
    struct change *c = change;
    w->config = c->next;
    limit_broadcasts(w);
    limit_outlets(w);
    if (atomic_fetch_sub_explicit(&c->workers_left, 1, memory_order_acq_rel) == 1)
        finish(c);
}

static void put_in_effect(struct context *context, struct change *c)
{
    atomic_init(&c->workers_left, context->worker_count);
    pthread_mutex_lock(&context->lock);
    context->config = c->next;
    pthread_mutex_unlock(&context->lock);
    for (unsigned i = 0; i < context->worker_count; i++)
        worker_post(NULL, context->workers[i], post_change, context->workers[i], c);
}

/* The new configuration, with what only a restart changes as it was; NULL with a sentence in `error`
 * if there is none to use. */
static struct config *load(const struct reload *r, json_t *kept, char error[CONFIG_ERROR_SIZE])
{
    const struct options *o = r->options;
    struct config        *next = NULL;
    bool loaded = config_load(o->config_path, o->sets, o->set_count, &next, error) == 0;
    if (loaded) {
        keep_fixed(next, r->config, kept);
        loaded = tls_setup_reload(r->context->tls, next, error, CONFIG_ERROR_SIZE);
    }
    if (loaded)
        return next;
    log_error(NULL, "the configuration stays as it was: %s", error);
    config_free(next);
    return NULL;
}

/* With the lock. */
static int run(struct reload *r, struct reload_outcome *out)
{
    struct change *c = alloc_zeroed(sizeof *c);
    c->changed = json_array();
    c->kept = json_array();
    struct config *next = load(r, c->kept, out->error);
    if (next == NULL) {
        free_change(c);
        return ERR_INVALID;
    }
    find_changed(next, r->config, c->changed);
    log_setup(next->log.level, next->log.format);
    json_decref(out->changed); /* copies: the change itself is the workers' from here on */
    json_decref(out->needs_restart);
    out->changed = json_deep_copy(c->changed);
    out->needs_restart = json_deep_copy(c->kept);
    c->next = next;
    c->last = r->config;
    r->config = next;
    put_in_effect(r->context, c);
    return 0;
}

int reload_run(struct reload *r, struct reload_outcome *out)
{
    *out = (struct reload_outcome){ .changed = json_array(), .needs_restart = json_array() };
    pthread_mutex_lock(&r->lock);
    int error = r->closed ? ERR_CLOSED : run(r, out);
    pthread_mutex_unlock(&r->lock);
    return error;
}

json_t *reload_describe(struct reload *r)
{
    pthread_mutex_lock(&r->lock); /* until it is unlocked, nothing takes the place of this one */
    json_t *all = config_to_json(r->config);
    pthread_mutex_unlock(&r->lock);
    return all;
}

void reload_clear_outcome(struct reload_outcome *outcome)
{
    json_decref(outcome->changed);
    json_decref(outcome->needs_restart);
    *outcome = (struct reload_outcome){ 0 };
}

void reload_init(struct reload *r, struct context *context, const struct options *options,
                 struct config *config)
{
    *r = (struct reload){ .context = context, .options = options, .config = config };
    pthread_mutex_init(&r->lock, NULL);
}

void reload_close(struct reload *r)
{
    pthread_mutex_lock(&r->lock);
    r->closed = true;
    pthread_mutex_unlock(&r->lock);
}

void reload_free(struct reload *r)
{
    config_free(r->config);
    pthread_mutex_destroy(&r->lock);
}
