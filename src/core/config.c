#include "core/config.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/config_apps.h"
#include "core/config_check.h"
#include "core/config_file.h"
#include "core/config_hint.h"
#include "core/config_keys.h"
#include "protocol/url.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* One load: what is read into, and what an error must name. */
struct load {
    struct config            *config;
    const struct config_path *app;  /* of whose values are read; NULL: the global ones */
    const char               *name; /* of the file; NULL without one */
    const char               *text;
    size_t                    size;
    char                     *error; /* CONFIG_ERROR_SIZE bytes */
};

struct config *config_new(void)
{
    struct config *config = alloc_zeroed(sizeof *config);
    for (size_t i = 0; i < config_key_count; i++) {
        char    why[CONFIG_ERROR_SIZE];
        json_t *initial = json_loads(config_keys[i].initial, JSON_DECODE_ANY, NULL);
        if (initial == NULL || config_key_set(&config_keys[i], config, initial, why, sizeof why) < 0)
            abort(); /* our table breaks its own rules */
        json_decref(initial);
    }
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    config_apps_free(config);
    for (size_t i = 0; i < config_key_count; i++)
        config_key_clear(&config_keys[i], config);
    free(config);
}

__attribute__((format(printf, 3, 4)))
static int fail_at(const struct load *l, unsigned line, const char *format, ...)
{
    int used = line > 0 ? snprintf(l->error, CONFIG_ERROR_SIZE, "%s:%u: ", l->name, line)
                        : snprintf(l->error, CONFIG_ERROR_SIZE, "%s: ", l->name);
    va_list arguments;
    va_start(arguments, format);
    if (used >= 0 && used < CONFIG_ERROR_SIZE)
        vsnprintf(l->error + used, CONFIG_ERROR_SIZE - (size_t)used, format, arguments);
    va_end(arguments);
    return ERR_INVALID;
}

static unsigned line_of(const struct load *l, const struct config_path *path)
{
    return config_file_line(l->text, l->size, path);
}

/* "rtmp.port" of the path rtmp, port, below `top`.  false if it is too long to be a key. */
static bool write_dotted(const struct config_path *path, const struct config_path *top, char *out,
                         size_t size)
{
    out[0] = '\0';
    if (path->parent != top) {
        if (!write_dotted(path->parent, top, out, size))
            return false;
        strncat(out, ".", size - strlen(out) - 1);
    }
    size_t used = strlen(out);
    return (size_t)snprintf(out + used, size - used, "%s", path->key) < size - used;
}

/* `dotted` is what the key would be called if it were not an app's. */
static int fail_unknown(const struct load *l, const struct config_path *path, const char *full,
                        const char *dotted)
{
    char hint[CONFIG_ERROR_SIZE / 2];
    if (strchr(path->key, '.') != NULL)
        return fail_at(l, line_of(l, path), "\"%.100s\": a section is an object of its own, as in "
                       "{ \"rtmp\": { \"port\": 1935 } }", path->key);
    config_hint(dotted, hint, sizeof hint);
    return fail_at(l, line_of(l, path), "unknown key \"%.100s\"%s", full, hint);
}

static int apply_object(const struct load *l, json_t *object, const struct config_path *parent);

static int set_key(const struct load *l, const struct config_key *key, const json_t *value, char *why,
                   size_t size)
{
    return l->app != NULL ? config_apps_set(key, l->config, value, why, size)
                          : config_key_set(key, l->config, value, why, size);
}

static int apply_member(const struct load *l, const struct config_path *path, json_t *value)
{
    char dotted[128], full[128 + URL_APP_MAX], why[CONFIG_ERROR_SIZE / 2];
    bool whole = write_dotted(path, l->app, dotted, sizeof dotted) && strchr(path->key, '.') == NULL;
    write_dotted(path, NULL, full, sizeof full);
    const struct config_key *key = whole ? config_key_find(dotted) : NULL;
    if (key != NULL) {
        if (set_key(l, key, value, why, sizeof why) < 0)
            return fail_at(l, line_of(l, path), "%s: %s", full, why);
        return 0;
    }
    if (!whole || !config_key_is_section(dotted))
        return fail_unknown(l, path, full, dotted);
    if (!json_is_object(value))
        return fail_at(l, line_of(l, path), "%s: expected an object with the keys of this section", full);
    return apply_object(l, value, path);
}

/* As deep as the key table is: what is deeper is an unknown key.  Apps come later, with what is
 * global under their own values. */
static int apply_object(const struct load *l, json_t *object, const struct config_path *parent)
{
    const char *key;
    json_t     *value;
    json_object_foreach (object, key, value) {
        struct config_path path = { parent, key };
        bool               later = parent == NULL && strcmp(key, "apps") == 0;
        int                error = later ? 0 : apply_member(l, &path, value);
        if (error < 0)
            return error;
    }
    return 0;
}

static int apply_app(const struct load *l, const struct config_path *path, json_t *object)
{
    char        why[CONFIG_ERROR_SIZE / 2];
    struct load here = *l;
    here.app = path;
    if (config_apps_add(l->config, path->key, &here.config, why, sizeof why) < 0)
        return fail_at(l, line_of(l, path), "apps: \"%.100s\": %s", path->key, why);
    if (!json_is_object(object))
        return fail_at(l, line_of(l, path), "apps.%.128s: expected an object with the keys of this app",
                       path->key);
    return apply_object(&here, object, path);
}

static int apply_apps(const struct load *l, json_t *root)
{
    const char        *key;
    json_t            *value, *apps = json_object_get(root, "apps");
    struct config_path section = { NULL, "apps" };
    if (apps != NULL && !json_is_object(apps))
        return fail_at(l, line_of(l, &section), "apps: expected an object with an object for each app");
    json_object_foreach (apps, key, value) {
        struct config_path path = { &section, key };
        int                error = apply_app(l, &path, value);
        if (error < 0)
            return error;
    }
    return 0;
}

/* The file as JSON, in *root.  jansson quotes what stands around an error, which may be a secret:
 * that part is left out. */
static int parse_text(const struct load *l, json_t **root)
{
    json_error_t at;
    *root = json_loadb(l->text, l->size, JSON_REJECT_DUPLICATES, &at);
    if (*root == NULL) {
        char *quote = strstr(at.text, " near ");
        if (quote != NULL && strcmp(quote, " near end of file") != 0)
            *quote = '\0';
        return fail_at(l, at.line > 0 ? (unsigned)at.line : 0, "%s", at.text);
    }
    return json_is_object(*root) ? 0 : fail_at(l, 1, "expected an object, { ... }");
}

/* The key that `set` is for.  With `app` it is one of an app, for whose values *l is changed. */
static int find_set_key(struct load *l, const struct config_set *set, const struct config_key **key)
{
    char        why[CONFIG_ERROR_SIZE / 2], name[URL_APP_MAX + 1];
    const char *app = NULL;
    size_t      app_size = 0;
    *key = config_key_find(set->key);
    if (*key == NULL)
        *key = config_key_find_app(set->key, &app, &app_size);
    if (*key == NULL && config_key_is_section(set->key))
        return fail_at(l, 0, "\"%.100s\" is a section, not a key", set->key);
    if (*key == NULL) {
        config_hint(set->key, why, sizeof why);
        return fail_at(l, 0, "unknown key \"%.100s\"%s", set->key, why);
    }
    if (app == NULL)
        return 0;
    static const struct config_path some_app = { NULL, "" };
    snprintf(name, sizeof name, "%.*s", (int)(app_size < sizeof name ? app_size : sizeof name), app);
    l->app = &some_app;
    if (app_size >= sizeof name)
        return fail_at(l, 0, "\"%.100s\": app is too long", set->key);
    return config_apps_add(l->config, name, &l->config, why, sizeof why) < 0
               ? fail_at(l, 0, "\"%.100s\": %s", set->key, why)
               : 0;
}

static int apply_set(const struct load *l, const struct config_set *set)
{
    char                     why[CONFIG_ERROR_SIZE / 2];
    const struct config_key *key;
    struct load              here = { .config = l->config, .name = set->source, .error = l->error };
    int                      error = find_set_key(&here, set, &key);
    if (error < 0)
        return error;
    json_t *value = config_key_parse(key, set->value);
    if (value == NULL)
        return fail_at(&here, 0, "%s: not valid UTF-8", set->key);
    error = set_key(&here, key, value, why, sizeof why);
    json_decref(value);
    return error < 0 ? fail_at(&here, 0, "%s: %s", set->key, why) : 0;
}

static bool is_app_set(const struct config_set *set)
{
    return strncmp(set->key, "apps.", strlen("apps.")) == 0;
}

static int apply_sets(const struct load *l, const struct config_set *sets, size_t count, bool of_apps)
{
    for (size_t i = 0; i < count; i++) {
        int error = is_app_set(&sets[i]) == of_apps ? apply_set(l, &sets[i]) : 0;
        if (error < 0)
            return error;
    }
    return 0;
}

/* The line of a key of an app, or of a global one. */
static unsigned line_of_key(const struct load *l, const char *app, const char *key)
{
    char               section[64];
    size_t             size = strcspn(key, ".");
    struct config_path apps = { NULL, "apps" }, own = { &apps, app };
    struct config_path outer = { app != NULL ? &own : NULL, section }, inner = { &outer, key + size + 1 };
    if (l->text == NULL || size >= sizeof section || key[size] == '\0')
        return 0;
    snprintf(section, sizeof section, "%.*s", (int)size, key);
    return line_of(l, &inner);
}

static int check_whole(const struct load *l)
{
    struct config_fault fault;
    struct load         here = *l;
    if (config_check(l->config, &fault))
        return 0;
    if (l->name == NULL)
        here.name = "command line";
    unsigned line = line_of_key(l, fault.app, fault.key);
    if (fault.app != NULL)
        return fail_at(&here, line, "apps.%s.%s: %s", fault.app, fault.key, fault.text);
    return fail_at(&here, line, "%s: %s", fault.key, fault.text);
}

/* What is global first, then what lies over it. */
static int apply_all(const struct load *l, const struct config_set *sets, size_t set_count)
{
    json_t *root = NULL;
    int     error = l->text != NULL ? parse_text(l, &root) : 0;
    if (error == 0)
        error = apply_object(l, root, NULL);
    if (error == 0)
        error = apply_sets(l, sets, set_count, false);
    if (error == 0)
        error = apply_apps(l, root);
    if (error == 0)
        error = apply_sets(l, sets, set_count, true);
    json_decref(root);
    return error == 0 ? check_whole(l) : error;
}

int config_load_text(const char *name, const char *text, size_t size, const struct config_set *sets,
                     size_t set_count, struct config **out, char error[CONFIG_ERROR_SIZE])
{
    static const char byte_order_mark[] = "\xef\xbb\xbf"; /* what Windows' Notepad begins with */
    if (size >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
        text += 3;
        size -= 3;
    }
    struct load l = { .config = config_new(), .name = name, .text = text, .size = size, .error = error };
    int         result = apply_all(&l, sets, set_count);
    if (result == 0)
        *out = l.config;
    else
        config_free(l.config);
    return result;
}

static void wipe_and_free(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

/* jansson's copies of what was in the file, secrets too, do not stay in memory. */
static void forget_json(void)
{
    static bool done; /* before there are threads that could use it */
    if (!done)
        json_set_alloc_funcs(malloc, wipe_and_free);
    done = true;
}

int config_load(const char *path, const struct config_set *sets, size_t set_count, struct config **out,
                char error[CONFIG_ERROR_SIZE])
{
    char  *text = NULL;
    size_t size = 0;
    if (path != NULL) {
        int failed = config_file_read(path, &text, &size);
        if (failed < 0) {
            snprintf(error, CONFIG_ERROR_SIZE, "%s: %s", path,
                     failed == ERR_TOO_BIG ? "too big for a configuration" : strerror(errno));
            return ERR_SYSTEM;
        }
    }
    forget_json();
    int result = config_load_text(path, text, size, sets, set_count, out, error);
    if (text != NULL)
        explicit_bzero(text, size);
    free(text);
    return result;
}
