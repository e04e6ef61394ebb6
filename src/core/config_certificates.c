#include "core/config_certificates.h"

#include "base/alloc.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE_MAX 4096

static bool is_path(const json_t *value, size_t size_min)
{
    size_t size = json_is_string(value) ? json_string_length(value) : 0;
    if (!json_is_string(value) || size < size_min || size > PATH_SIZE_MAX)
        return false;
    for (const char *at = json_string_value(value); *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return true;
}

/* What is wrong with an item, or NULL. */
static const char *find_fault(const json_t *item)
{
    const json_t *cert = json_object_get(item, "cert"), *key = json_object_get(item, "key");
    if (!json_is_object(item))
        return "expected an object with cert and key";
    if (json_object_size(item) != (size_t)(cert != NULL) + (key != NULL))
        return "it has a member that is neither cert nor key";
    if (!is_path(cert, 1))
        return "cert: expected the path of a file";
    return key != NULL && !is_path(key, 0) ? "key: expected the path of a file" : NULL;
}

static int check(const json_t *value, size_t count_max, char *why, size_t why_size)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value))
        snprintf(why, why_size, "expected a list of objects with cert and key");
    else if (count > count_max)
        snprintf(why, why_size, "it has %zu items, which is more than %zu", count, count_max);
    else
        for (size_t i = 0; i < count; i++) {
            const char *fault = find_fault(json_array_get(value, i));
            if (fault != NULL) {
                snprintf(why, why_size, "item %zu: %s", i + 1, fault);
                return ERR_INVALID;
            }
        }
    return json_is_array(value) && count <= count_max ? 0 : ERR_INVALID;
}

int config_certificates_set(struct config_certificates *list, const json_t *value, size_t count_max,
                            char *why, size_t why_size)
{
    int error = check(value, count_max, why, why_size);
    if (error != 0)
        return error;
    size_t count = json_array_size(value);
    config_certificates_clear(list);
    list->items = alloc_zeroed((count + 1) * sizeof *list->items);
    for (; list->count < count; list->count++) {
        const json_t *item = json_array_get(value, list->count);
        const char   *key = json_string_value(json_object_get(item, "key"));
        list->items[list->count].cert = alloc_string(json_string_value(json_object_get(item, "cert")));
        list->items[list->count].key = alloc_string(key != NULL ? key : "");
    }
    return 0;
}

json_t *config_certificates_get(const struct config_certificates *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "cert", json_string(list->items[i].cert));
        if (list->items[i].key[0] != '\0')
            json_object_set_new(item, "key", json_string(list->items[i].key));
        json_array_append_new(array, item);
    }
    return array;
}

void config_certificates_clear(struct config_certificates *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].cert);
        free(list->items[i].key);
    }
    free(list->items);
    *list = (struct config_certificates){ 0 };
}
