#include "server/reload.h"

#include "base/alloc.h"
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

struct words {
    char   text[1024];
    size_t size, count;
};

static void add_word(struct words *words, const char *prefix, const char *word)
{
    words->count++;
    if (words->size >= sizeof words->text)
        return;
    words->size += (size_t)snprintf(words->text + words->size, sizeof words->text - words->size, "%s%s%s",
                                    words->size > 0 ? ", " : "", prefix, word);
}

static void keep_for_apps(const struct config_key *key, struct config *next)
{
    const char    *app;
    struct config *own;
    for (size_t i = 0; (own = config_apps_at(next, i, &app)) != NULL; i++)
        config_key_copy(key, own, next);
}

/* What only a restart changes stays as it is. */
static void keep_fixed(struct config *next, const struct config *now, struct words *kept)
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
                              struct words *changed)
{
    const char *app;
    for (size_t i = 0; config_apps_at(these, i, &app) != NULL; i++) {
        bool both = config_of_app(others, app) != others;
        if (!(both && only_here) && !is_same_for_app(these, others, app))
            add_word(changed, "apps.", app);
    }
}

static void find_changed(const struct config *next, const struct config *now, struct words *changed)
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
    struct words         changed, kept;
};

static void report(const struct change *c)
{
    if (c->changed.count > 0)
        log_info(NULL, "the configuration was read again and has changed: %s", c->changed.text);
    else
        log_info(NULL, "the configuration was read again: nothing changes");
    if (c->kept.count > 0)
        log_warn(NULL, "a change of these needs a restart: %s", c->kept.text);
}

/* By the worker that comes to it last: nobody uses the old one any more. */
static void finish(struct change *c)
{
    report(c);
    config_free(c->last);
    free(c);
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

/* The new configuration, with what only a restart changes as it was; NULL if there is none to use. */
static struct config *load(const struct reload *r, struct words *kept)
{
    const struct options *o = r->options;
    struct config        *next = NULL;
    char                  error[CONFIG_ERROR_SIZE];
    bool loaded = config_load(o->config_path, o->sets, o->set_count, &next, error) == 0;
    if (loaded) {
        keep_fixed(next, r->config, kept);
        loaded = tls_setup_reload(r->context->tls, next, error, sizeof error);
    }
    if (loaded)
        return next;
    log_error(NULL, "the configuration stays as it was: %s", error);
    config_free(next);
    return NULL;
}

void reload_run(struct reload *r)
{
    struct change *c = alloc_zeroed(sizeof *c);
    struct config *next = load(r, &c->kept);
    if (next == NULL) {
        free(c);
        return;
    }
    find_changed(next, r->config, &c->changed);
    log_setup(next->log.level, next->log.format);
    c->next = next;
    c->last = r->config;
    r->config = next;
    put_in_effect(r->context, c);
}
