#include "core/config_stream_keys.h"

#include "base/alloc.h"
#include "base/error.h"
#include "protocol/url.h"

#include <stdio.h>
#include <stdlib.h>

/* A key stands where a stream's name does, so it must be one that could be. */
static bool is_key(const json_t *value)
{
    struct url_stream stream;
    if (!json_is_string(value))
        return false;
    struct bytes name = { (const uint8_t *)json_string_value(value), json_string_length(value) };
    return url_stream_from_parts(bytes_of("app"), name, &stream, NULL) == 0;
}

static bool is_stream(const json_t *value, struct url_stream *out)
{
    return json_is_string(value) && url_stream_from_path(json_string_value(value), out, NULL) == 0;
}

/* What is wrong with an item, or NULL. */
static const char *find_fault(const json_t *item)
{
    struct url_stream stream;
    const json_t     *expires = json_object_get(item, "expires");
    if (!json_is_object(item))
        return "expected an object with key and stream";
    if (json_object_size(item) != (size_t)(expires != NULL ? 3 : 2))
        return "expected key, stream and perhaps expires, and nothing else";
    if (!is_key(json_object_get(item, "key")))
        return "key: expected a text that could be the name of a stream";
    if (!is_stream(json_object_get(item, "stream"), &stream))
        return "stream: expected app/name";
    if (expires != NULL && (!json_is_integer(expires) || json_integer_value(expires) <= 0))
        return "expires: expected seconds since 1970";
    return NULL;
}

static int check(const json_t *value, size_t count_max, char *why, size_t why_size)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count > count_max) {
        snprintf(why, why_size, "expected a list of up to %zu objects with key and stream", count_max);
        return ERR_INVALID;
    }
    for (size_t i = 0; i < count; i++) {
        const char *fault = find_fault(json_array_get(value, i));
        if (fault != NULL) {
            snprintf(why, why_size, "item %zu: %s", i + 1, fault);
            return ERR_INVALID;
        }
    }
    return 0;
}

int config_stream_keys_set(struct config_stream_keys *list, const json_t *value, size_t count_max, char *why,
                           size_t why_size)
{
    struct url_stream stream;
    int               error = check(value, count_max, why, why_size);
    if (error != 0)
        return error;
    config_stream_keys_clear(list);
    size_t count = json_array_size(value);
    list->items = alloc_zeroed((count + 1) * sizeof *list->items);
    for (; list->count < count; list->count++) {
        const json_t             *item = json_array_get(value, list->count);
        struct config_stream_key *key = &list->items[list->count];
        is_stream(json_object_get(item, "stream"), &stream);
        key->key = alloc_string(json_string_value(json_object_get(item, "key")));
        key->path = alloc_string(stream.path);
        key->expires_s = json_integer_value(json_object_get(item, "expires"));
    }
    return 0;
}

json_t *config_stream_keys_get(const struct config_stream_keys *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct config_stream_key *key = &list->items[i];
        json_t                         *item = json_object();
        json_object_set_new(item, "key", json_string(key->key));
        json_object_set_new(item, "stream", json_string(key->path + 1));
        if (key->expires_s != 0)
            json_object_set_new(item, "expires", json_integer(key->expires_s));
        json_array_append_new(array, item);
    }
    return array;
}

void config_stream_keys_clear(struct config_stream_keys *list)
{
    for (size_t i = 0; i < list->count; i++) {
        alloc_wipe_string(list->items[i].key);
        free(list->items[i].path);
    }
    free(list->items);
    *list = (struct config_stream_keys){ 0 };
}
