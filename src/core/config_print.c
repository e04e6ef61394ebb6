/* config_print.c - a configuration as JSON again. */
#include "core/config.h"

#include "base/error.h"
#include "core/config_apps.h"
#include "core/config_callers.h"
#include "core/config_hooks.h"
#include "core/config_keys.h"

#include <assert.h>
#include <string.h>

/* The object that holds `key`'s last word, made where it is missing; *last is that word. */
static json_t *section_of(json_t *root, const struct config_key *key, const char **last)
{
    const char *at = key->name;
    for (const char *dot = strchr(at, '.'); dot != NULL; dot = strchr(at, '.')) {
        char word[64];
        assert((size_t)(dot - at) < sizeof word);
        snprintf(word, sizeof word, "%.*s", (int)(dot - at), at);
        json_t *section = json_object_get(root, word);
        if (section == NULL) {
            section = json_object();
            json_object_set_new(root, word, section);
        }
        root = section;
        at = dot + 1;
    }
    *last = at;
    return root;
}

/* Takes `value` over. */
static json_t *mask(const struct config_key *key, json_t *value)
{
    if (key->type == CONFIG_URLS || key->type == CONFIG_HOOKS) {
        config_hooks_mask(value);
        return value;
    }
    if (key->type == CONFIG_USERS || key->type == CONFIG_TOKENS) {
        config_callers_mask(value);
        return value;
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_set_new(value, i, json_string("********"));
    if (json_string_length(value) == 0)
        return value;
    json_decref(value);
    return json_string("********");
}

/* The keys that have all of `flags`. */
static json_t *keys_to_json(const struct config *config, unsigned flags)
{
    json_t *root = json_object();
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        const char              *last;
        if ((key->flags & flags) != flags)
            continue;
        json_t *section = section_of(root, key, &last);
        json_t *value = config_key_get(key, config);
        json_object_set_new(section, last, key->flags & CONFIG_SECRET ? mask(key, value) : value);
    }
    return root;
}

json_t *config_to_json(const struct config *config)
{
    json_t              *root = keys_to_json(config, 0), *apps = json_object();
    const char          *app;
    const struct config *own;
    for (size_t i = 0; (own = config_apps_at(config, i, &app)) != NULL; i++)
        json_object_set_new(apps, app, keys_to_json(own, CONFIG_APP));
    json_object_set_new(root, "apps", apps);
    return root;
}

int config_print(const struct config *config, FILE *out)
{
    json_t *root = config_to_json(config);
    int     failed = json_dumpf(root, out, JSON_INDENT(2)) != 0 || fputc('\n', out) == EOF;
    json_decref(root);
    return failed || fflush(out) != 0 ? ERR_SYSTEM : 0;
}
