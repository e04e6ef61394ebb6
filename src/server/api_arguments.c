/* api_arguments.c - what a handler asks of a query, and what many answers have in them. */
#include "protocol/iso_time.h"
#include "server/api_peer.h"

#include <inttypes.h>
#include <stdio.h>

/* Digits only; false beyond INT64_MAX, too. */
static bool parse_number(const char *text, int64_t *out)
{
    int64_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > (INT64_MAX - (*text - '0')) / 10)
            return false;
        value = value * 10 + (*text - '0');
    }
    *out = value;
    return true;
}

bool api_query_number(struct api_call *call, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const char *text = api_query(call, name);
    int64_t     value;
    if (text == NULL)
        return true;
    if (parse_number(text, &value) && value >= min && value <= max) {
        *out = value;
        return true;
    }
    api_fail(call, 400, "%s: expected a number from %" PRId64 " to %" PRId64, name, min, max);
    return false;
}

bool api_query_flag(struct api_call *call, const char *name, bool *out)
{
    const char *text = api_query(call, name);
    if (text == NULL)
        return true;
    bool yes = text[0] == '\0' || strcmp(text, "1") == 0 || strcmp(text, "true") == 0;
    if (yes || strcmp(text, "0") == 0 || strcmp(text, "false") == 0) {
        *out = yes;
        return true;
    }
    api_fail(call, 400, "%s: expected 1 or 0", name);
    return false;
}

bool api_query_time(struct api_call *call, const char *name, int64_t *out_ms)
{
    const char *text = api_query(call, name);
    if (text == NULL || iso_time_parse(text, out_ms) == 0)
        return true;
    api_fail(call, 400, "%s: expected a time, as in 2026-01-31T09:05:07Z, or in seconds since 1970", name);
    return false;
}

bool api_query_stream(struct api_call *call, const char *name, struct url_stream *out, bool *given)
{
    const char *text = api_query(call, name), *why;
    *given = text != NULL;
    if (text == NULL || url_stream_from_path(text, out, &why) == 0)
        return true;
    api_fail(call, 400, "%s: expected a stream, as in /live/show: %s", name, why);
    return false;
}

bool api_query_choice(struct api_call *call, const char *name, const char *choices, int *out)
{
    const char *text = api_query(call, name);
    if (text == NULL)
        return true;
    size_t size = strlen(text);
    int    place = 0;
    for (const char *word = choices; *word != '\0'; place++) {
        size_t length = strcspn(word, "|");
        if (length == size && memcmp(word, text, size) == 0) {
            *out = place;
            return true;
        }
        word += length + (word[length] == '|');
    }
    api_fail(call, 400, "%s: expected one of %s", name, choices);
    return false;
}

bool api_query_page(struct api_call *call, struct api_page *out)
{
    int64_t page = 1, size = 100;
    if (!api_query_number(call, "page", 1, UINT32_MAX, &page) ||
        !api_query_number(call, "pageSize", 1, 1000, &size))
        return false;
    *out = (struct api_page){ (uint32_t)page, (uint32_t)size, (uint64_t)(page - 1) * (uint64_t)size };
    return true;
}

json_t *api_list(const struct api_page *page, json_t *items, uint64_t total)
{
    json_t *list = json_object();
    json_object_set_new(list, "items", items);
    json_object_set_new(list, "total", json_integer((json_int_t)total));
    json_object_set_new(list, "page", json_integer(page->page));
    json_object_set_new(list, "pageSize", json_integer(page->page_size));
    return list;
}

json_t *api_time(int64_t ms)
{
    char text[ISO_TIME_SIZE];
    if (ms == 0)
        return json_null();
    iso_time_format(ms, text);
    return json_string(text);
}
