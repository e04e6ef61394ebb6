#include "core/config.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/config_file.h"
#include "core/config_hint.h"
#include "core/config_keys.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* One load: what is read into, and what an error must name. */
struct load {
    struct config *config;
    const char    *name; /* of the file; NULL without one */
    const char    *text;
    size_t         size;
    char          *error; /* CONFIG_ERROR_SIZE bytes */
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

/* "rtmp.port" of the path rtmp, port.  false if it is too long to be a key. */
static bool write_dotted(const struct config_path *path, char *out, size_t size)
{
    out[0] = '\0';
    if (path->parent != NULL) {
        if (!write_dotted(path->parent, out, size))
            return false;
        strncat(out, ".", size - strlen(out) - 1);
    }
    size_t used = strlen(out);
    return (size_t)snprintf(out + used, size - used, "%s", path->key) < size - used;
}

static int fail_unknown(const struct load *l, const struct config_path *path, const char *dotted)
{
    char hint[CONFIG_ERROR_SIZE / 2];
    if (strchr(path->key, '.') != NULL)
        return fail_at(l, line_of(l, path), "\"%.100s\": a section is an object of its own, as in "
                       "{ \"rtmp\": { \"port\": 1935 } }", path->key);
    config_hint(dotted, hint, sizeof hint);
    return fail_at(l, line_of(l, path), "unknown key \"%.100s\"%s", dotted, hint);
}

static int apply_object(const struct load *l, json_t *object, const struct config_path *parent);

static int apply_member(const struct load *l, const struct config_path *path, json_t *value)
{
    char dotted[128], why[CONFIG_ERROR_SIZE / 2];
    bool whole = write_dotted(path, dotted, sizeof dotted) && strchr(path->key, '.') == NULL;
    const struct config_key *key = whole ? config_key_find(dotted) : NULL;
    if (key != NULL) {
        if (config_key_set(key, l->config, value, why, sizeof why) < 0)
            return fail_at(l, line_of(l, path), "%s: %s", dotted, why);
        return 0;
    }
    if (!whole || !config_key_is_section(dotted))
        return fail_unknown(l, path, dotted);
    if (!json_is_object(value))
        return fail_at(l, line_of(l, path), "%s: expected an object with the keys of this section", dotted);
    return apply_object(l, value, path);
}

/* As deep as the key table is: what is deeper is an unknown key. */
static int apply_object(const struct load *l, json_t *object, const struct config_path *parent)
{
    const char *key;
    json_t     *value;
    json_object_foreach (object, key, value) {
        struct config_path path = { parent, key };
        int                error = apply_member(l, &path, value);
        if (error < 0)
            return error;
    }
    return 0;
}

static int apply_text(const struct load *l)
{
    json_error_t at;
    json_t      *root = json_loadb(l->text, l->size, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL)
        return fail_at(l, at.line > 0 ? (unsigned)at.line : 0, "%s", at.text);
    int error = json_is_object(root) ? apply_object(l, root, NULL)
                                     : fail_at(l, 1, "expected an object, { ... }");
    json_decref(root);
    return error;
}

static int apply_set(const struct load *l, const struct config_set *set)
{
    char        why[CONFIG_ERROR_SIZE / 2];
    struct load here = { .config = l->config, .name = set->source, .error = l->error };
    const struct config_key *key = config_key_find(set->key);
    if (key == NULL && config_key_is_section(set->key))
        return fail_at(&here, 0, "\"%.100s\" is a section, not a key", set->key);
    if (key == NULL) {
        config_hint(set->key, why, sizeof why);
        return fail_at(&here, 0, "unknown key \"%.100s\"%s", set->key, why);
    }
    json_t *value = config_key_parse(key, set->value);
    if (value == NULL)
        return fail_at(&here, 0, "%s: not valid UTF-8", set->key);
    int error = config_key_set(key, l->config, value, why, sizeof why);
    json_decref(value);
    return error < 0 ? fail_at(&here, 0, "%s: %s", set->key, why) : 0;
}

/* What no key can see by itself.  Listeners share ports with SO_REUSEPORT, so the system would
 * not refuse two of ours on one port, but hand connections to either. */
static int check_whole(struct load *l)
{
    static const struct config_path section = { NULL, "http" }, port = { &section, "port" };
    const struct config            *c = l->config;
    if (c->http.port <= 0 || c->http.port != c->rtmp.port)
        return 0;
    unsigned line = l->text != NULL ? line_of(l, &port) : 0;
    if (l->name == NULL)
        l->name = "command line";
    return fail_at(l, line, "http.port: %d is rtmp.port too", c->http.port);
}

int config_load_text(const char *name, const char *text, size_t size, const struct config_set *sets,
                     size_t set_count, struct config **out, char error[CONFIG_ERROR_SIZE])
{
    static const char byte_order_mark[] = "\xef\xbb\xbf"; /* what Windows' Notepad begins with */
    if (size >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
        text += 3;
        size -= 3;
    }
    struct load l = { config_new(), name, text, size, error };
    int         result = text != NULL ? apply_text(&l) : 0;
    for (size_t i = 0; i < set_count && result == 0; i++)
        result = apply_set(&l, &sets[i]);
    if (result == 0)
        result = check_whole(&l);
    if (result == 0)
        *out = l.config;
    else
        config_free(l.config);
    return result;
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
    int result = config_load_text(path, text, size, sets, set_count, out, error);
    free(text);
    return result;
}

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

json_t *config_to_json(const struct config *config)
{
    json_t *root = json_object();
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        const char              *last;
        json_t                  *section = section_of(root, key, &last);
        json_t                  *value = config_key_get(key, config);
        if ((key->flags & CONFIG_SECRET) && json_string_length(value) > 0) {
            json_decref(value);
            value = json_string("********");
        }
        json_object_set_new(section, last, value);
    }
    return root;
}

int config_print(const struct config *config, FILE *out)
{
    json_t *root = config_to_json(config);
    int     failed = json_dumpf(root, out, JSON_INDENT(2)) != 0 || fputc('\n', out) == EOF;
    json_decref(root);
    return failed || fflush(out) != 0 ? ERR_SYSTEM : 0;
}
