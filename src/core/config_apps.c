#include "core/config_apps.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/map.h"
#include "core/config.h"
#include "protocol/url.h"

#include <stdio.h>
#include <string.h>

struct config_apps {
    char          *names[CONFIG_APPS_MAX];
    struct config *configs[CONFIG_APPS_MAX];
    size_t         count;
    struct map    *by_name; /* to the configuration */
};

static struct config *copy_of(const struct config *config)
{
    struct config *copy = config_new();
    for (size_t i = 0; i < config_key_count; i++)
        config_key_copy(&config_keys[i], copy, config);
    return copy;
}

static struct config *add(struct config *config, const char *app)
{
    if (config->apps == NULL) {
        config->apps = alloc_zeroed(sizeof *config->apps);
        config->apps->by_name = map_new();
    }
    struct config_apps *apps = config->apps;
    if (apps->count == CONFIG_APPS_MAX)
        return NULL;
    struct config *made = copy_of(config);
    map_put(apps->by_name, app, made);
    apps->names[apps->count] = alloc_string(app);
    apps->configs[apps->count++] = made;
    return made;
}

int config_apps_add(struct config *config, const char *app, struct config **out, char *why, size_t why_size)
{
    struct url_stream probe;
    const char       *fault;
    if (url_stream_from_parts(bytes_of(app), bytes_of("s"), &probe, &fault) != 0) {
        snprintf(why, why_size, "%s", fault);
        return ERR_INVALID;
    }
    struct config *found = config->apps != NULL ? map_get(config->apps->by_name, app) : NULL;
    *out = found != NULL ? found : add(config, app);
    if (*out != NULL)
        return 0;
    snprintf(why, why_size, "more than %d apps", CONFIG_APPS_MAX);
    return ERR_INVALID;
}

static void forget_global_secrets(struct config *app)
{
    static const char *const names[] = { "auth.secret", "auth.secrets" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct config_key *key = config_key_find(names[i]);
        char                     why[100];
        json_t                  *none = json_loads(key->initial, JSON_DECODE_ANY, NULL);
        config_key_set(key, app, none, why, sizeof why);
        json_decref(none);
    }
    app->auth.own_secrets = true;
}

int config_apps_set(const struct config_key *key, struct config *app, const json_t *value, char *why,
                    size_t why_size)
{
    if (!(key->flags & CONFIG_APP)) {
        snprintf(why, why_size, "%s is the same for all apps", key->name);
        return ERR_INVALID;
    }
    if (strncmp(key->name, "auth.secret", strlen("auth.secret")) == 0 && !app->auth.own_secrets)
        forget_global_secrets(app);
    return config_key_set(key, app, value, why, why_size);
}

struct config *config_apps_at(const struct config *config, size_t index, const char **app)
{
    const struct config_apps *apps = config->apps;
    if (apps == NULL || index >= apps->count)
        return NULL;
    *app = apps->names[index];
    return apps->configs[index];
}

void config_apps_free(struct config *config)
{
    struct config_apps *apps = config->apps;
    if (apps == NULL)
        return;
    for (size_t i = 0; i < apps->count; i++) {
        config_free(apps->configs[i]);
        free(apps->names[i]);
    }
    map_free(apps->by_name);
    free(apps);
    config->apps = NULL;
}

const struct config *config_of_app(const struct config *config, const char *app)
{
    const struct config *own = config->apps != NULL ? map_get(config->apps->by_name, app) : NULL;
    return own != NULL ? own : config;
}

const struct config *config_of_path(const struct config *config, const char *path)
{
    char   app[URL_APP_MAX + 1];
    size_t size = path[0] == '/' ? strcspn(path + 1, "/") : sizeof app;
    if (config->apps == NULL || size >= sizeof app)
        return config;
    memcpy(app, path + 1, size);
    app[size] = '\0';
    return config_of_app(config, app);
}
