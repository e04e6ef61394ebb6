#include "core/config_hooks.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/events.h"
#include "protocol/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URL_SIZE_MAX    2048
#define SECRET_SIZE_MAX 1024
#define APPS_MAX        64

static const char masked[] = "********";

unsigned config_hooks_usual_events(void)
{
    return (1u << (EVENT_DONE_RECORD + 1)) - 1;
}

static bool is_plain_text(const json_t *value, size_t size_min, size_t size_max)
{
    size_t size = json_is_string(value) ? json_string_length(value) : 0;
    if (!json_is_string(value) || size < size_min || size > size_max)
        return false;
    for (const char *at = json_string_value(value); *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return strlen(json_string_value(value)) == size;
}

static bool is_scheme(struct bytes scheme, const char *name)
{
    return scheme.size == strlen(name) && strncasecmp((const char *)scheme.data, name, scheme.size) == 0;
}

static bool is_url(const json_t *value)
{
    struct url url;
    if (!is_plain_text(value, 1, URL_SIZE_MAX) || strchr(json_string_value(value), ' ') != NULL)
        return false;
    if (url_parse(bytes_of(json_string_value(value)), &url) != 0)
        return false;
    return is_scheme(url.scheme, "http") || is_scheme(url.scheme, "https");
}

static int refuse(char *why, size_t why_size, size_t item, const char *fault)
{
    if (item > 0)
        snprintf(why, why_size, "item %zu: %s", item, fault);
    else
        snprintf(why, why_size, "%s", fault);
    return ERR_INVALID;
}

/* notify.url */

static const char url_fault[] = "expected http://host/path or https://host/path";

static void clear_texts(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct config_list){ 0 };
}

static void copy_texts(struct config_list *list, const json_t *array)
{
    size_t count = json_array_size(array);
    list->items = alloc_zeroed((count + 1) * sizeof *list->items);
    for (; list->count < count; list->count++)
        list->items[list->count] = alloc_string(json_string_value(json_array_get(array, list->count)));
}

static int set_urls(struct config_list *list, const json_t *array, size_t count_max, char *why, size_t why_size)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array) || count > count_max) {
        snprintf(why, why_size, "expected a URL, or a list of up to %zu", count_max);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++)
        if (!is_url(json_array_get(array, i)))
            return refuse(why, why_size, count > 1 ? i + 1 : 0, url_fault);
    clear_texts(list);
    copy_texts(list, array);
    return 0;
}

int config_urls_set(struct config_list *list, const json_t *value, size_t count_max, char *why, size_t why_size)
{
    json_t *array = json_is_string(value) ? json_array() : json_incref((json_t *)value);
    if (json_is_string(value) && json_string_length(value) > 0) /* "" is none, as in the original */
        json_array_append(array, (json_t *)value);
    int error = set_urls(list, array, count_max, why, why_size);
    json_decref(array);
    return error;
}

/* notify.hooks */

/* The set of event types that the list names; 0 if it names another. */
static unsigned read_events(const json_t *list)
{
    unsigned events = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *name = json_array_get(list, i);
        const char   *text = json_is_string(name) ? json_string_value(name) : "";
        bool          all = strcmp(text, "*") == 0;
        enum event_type type = events_find(text);
        if (!all && type == EVENT_TYPES)
            return 0;
        events |= all ? (1u << EVENT_TYPES) - 1 : 1u << type;
    }
    return events;
}

static bool is_app_list(const json_t *list)
{
    struct url_stream probe;
    if (!json_is_array(list) || json_array_size(list) > APPS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *app = json_array_get(list, i);
        if (!is_plain_text(app, 1, URL_APP_MAX) ||
            url_stream_from_parts(bytes_of(json_string_value(app)), bytes_of("s"), &probe, NULL) != 0)
            return false;
    }
    return true;
}

static bool is_between(const json_t *value, json_int_t low, json_int_t high)
{
    return json_is_integer(value) && json_integer_value(value) >= low && json_integer_value(value) <= high;
}

static bool is_on_error(const json_t *value)
{
    const char *word = json_is_string(value) ? json_string_value(value) : "";
    return strcmp(word, "deny") == 0 || strcmp(word, "allow") == 0;
}

/* What is wrong with a member, or NULL. */
static const char *find_member_fault(const char *name, const json_t *value)
{
    if (strcmp(name, "url") == 0)
        return is_url(value) ? NULL : "url: expected http://host/path or https://host/path";
    if (strcmp(name, "events") == 0)
        return read_events(value) != 0 ? NULL : "events: expected a list of names of events, or [\"*\"]";
    if (strcmp(name, "apps") == 0)
        return is_app_list(value) ? NULL : "apps: expected a list of names of apps";
    if (strcmp(name, "secret") == 0)
        return is_plain_text(value, 0, SECRET_SIZE_MAX) ? NULL : "secret: expected a text";
    if (strcmp(name, "timeout_ms") == 0)
        return is_between(value, 100, 60000) ? NULL : "timeout_ms: expected a number from 100 to 60000";
    if (strcmp(name, "retries") == 0)
        return is_between(value, 0, 100) ? NULL : "retries: expected a number from 0 to 100";
    if (strcmp(name, "on_error") == 0)
        return is_on_error(value) ? NULL : "on_error: expected \"deny\" or \"allow\"";
    return "it has a member that is none of url, events, apps, secret, timeout_ms, retries, on_error";
}

static const char *find_fault(json_t *item)
{
    const char *name;
    json_t     *value;
    if (!json_is_object(item) || json_object_get(item, "url") == NULL)
        return "expected an object with a url";
    json_object_foreach (item, name, value) {
        const char *fault = find_member_fault(name, value);
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

static char *copy_of(const json_t *text)
{
    return text != NULL ? alloc_string(json_string_value(text)) : NULL;
}

static void read_hook(struct config_hook *hook, const json_t *item)
{
    const json_t *events = json_object_get(item, "events"), *retries = json_object_get(item, "retries");
    const json_t *on_error = json_object_get(item, "on_error");
    hook->url = copy_of(json_object_get(item, "url"));
    hook->secret = copy_of(json_object_get(item, "secret"));
    hook->events = events != NULL ? read_events(events) : config_hooks_usual_events();
    hook->timeout_ms = (uint32_t)json_integer_value(json_object_get(item, "timeout_ms"));
    hook->retries = retries != NULL ? (int)json_integer_value(retries) : -1;
    hook->on_error = on_error == NULL                                       ? -1
                     : strcmp(json_string_value(on_error), "deny") == 0 ? CONFIG_ON_ERROR_DENY
                                                                           : CONFIG_ON_ERROR_ALLOW;
    copy_texts(&hook->apps, json_object_get(item, "apps"));
}

int config_hooks_set(struct config_hooks *list, const json_t *value, size_t count_max, char *why,
                     size_t why_size)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count > count_max) {
        snprintf(why, why_size, "expected a list of up to %zu objects with a url", count_max);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        const char *fault = find_fault(json_array_get(value, i));
        if (fault != NULL)
            return refuse(why, why_size, i + 1, fault);
    }
    config_hooks_clear(list);
    list->items = alloc_zeroed((count + 1) * sizeof *list->items);
    for (; list->count < count; list->count++)
        read_hook(&list->items[list->count], json_array_get(value, list->count));
    return 0;
}

static json_t *list_events(unsigned events)
{
    json_t *list = json_array();
    for (enum event_type type = 0; type < EVENT_TYPES; type++)
        if (events & (1u << type))
            json_array_append_new(list, json_string(events_name(type)));
    return list;
}

static json_t *list_texts(const struct config_list *texts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < texts->count; i++)
        json_array_append_new(list, json_string(texts->items[i]));
    return list;
}

static json_t *get_hook(const struct config_hook *hook)
{
    json_t *item = json_object();
    json_object_set_new(item, "url", json_string(hook->url));
    json_object_set_new(item, "events", list_events(hook->events));
    if (hook->apps.count > 0)
        json_object_set_new(item, "apps", list_texts(&hook->apps));
    if (hook->secret != NULL)
        json_object_set_new(item, "secret", json_string(hook->secret));
    if (hook->timeout_ms != 0)
        json_object_set_new(item, "timeout_ms", json_integer(hook->timeout_ms));
    if (hook->retries >= 0)
        json_object_set_new(item, "retries", json_integer(hook->retries));
    if (hook->on_error >= 0)
        json_object_set_new(item, "on_error",
                            json_string(hook->on_error == CONFIG_ON_ERROR_DENY ? "deny" : "allow"));
    return item;
}

json_t *config_hooks_get(const struct config_hooks *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, get_hook(&list->items[i]));
    return array;
}

void config_hooks_clear(struct config_hooks *list)
{
    for (size_t i = 0; i < list->count; i++) {
        clear_texts(&list->items[i].apps);
        free(list->items[i].url);
        alloc_wipe_string(list->items[i].secret);
    }
    free(list->items);
    *list = (struct config_hooks){ 0 };
}

/* Printing. */

static json_t *mask_url(const char *text)
{
    struct url url;
    char       out[URL_SIZE_MAX + 2 * sizeof masked];
    if (url_parse(bytes_of(text), &url) != 0)
        return json_string(masked);
    snprintf(out, sizeof out, "%.*s://%s%s%.*s%.*s%s%s", (int)url.scheme.size, (const char *)url.scheme.data,
             url.user.size > 0 ? masked : "", url.user.size > 0 ? "@" : "", (int)url.authority.size,
             (const char *)url.authority.data, (int)url.path.size, (const char *)url.path.data,
             url.query.size > 0 ? "?" : "", url.query.size > 0 ? masked : "");
    json_t *made = json_string(out);
    return made != NULL ? made : json_string(masked);
}

void config_hooks_mask(json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *item = json_array_get(value, i);
        if (json_is_string(item)) {
            json_array_set_new(value, i, mask_url(json_string_value(item)));
            continue;
        }
        json_object_set_new(item, "url", mask_url(json_string_value(json_object_get(item, "url"))));
        if (json_string_length(json_object_get(item, "secret")) > 0)
            json_object_set_new(item, "secret", json_string(masked));
    }
}
