#include "server/api_query.h"

#include "protocol/url.h"
#include "server/api_path.h"

#include <stdarg.h>
#include <stdio.h>

/* Longer than any name that means something. */
#define NAME_SIZE 64

bool api_word_is_in(const char *words, const char *name, size_t size)
{
    while (words != NULL && *words != '\0') {
        size_t length = strcspn(words, " ");
        if (length == size && memcmp(words, name, size) == 0)
            return true;
        words += length + (words[length] == ' ');
    }
    return false;
}

__attribute__((format(printf, 2, 3)))
static bool refuse(char *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, API_QUERY_WHY_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* Keep a copy of the name, and the value decoded; both fit, as the query does. */
static bool keep(struct bytes query, const char *name, struct writer *room, struct api_query *out, char *why)
{
    size_t name_size = strlen(name) + 1;
    char  *value = (char *)room->at + name_size;
    memcpy(room->at, name, name_size);
    size_t left = (size_t)((char *)room->end - value);
    if (url_query_get(query, name, value, left) < 0 || !api_text_is_clean(value))
        return refuse(why, "%s: not text in UTF-8, escaped as in a URL", name);
    out->items[out->count].name = (char *)room->at;
    out->items[out->count++].value = value;
    room->at = (uint8_t *)value + strlen(value) + 1;
    return true;
}

static bool take(struct bytes query, const char *name, const char *allowed, struct writer *room,
                 struct api_query *out, char *why)
{
    bool any = allowed != NULL && strcmp(allowed, "*") == 0;
    if (!any && !api_word_is_in(allowed, name, strlen(name)))
        return refuse(why, "%s is no parameter here%s%s", name, allowed != NULL ? "; there are: " : "",
                      allowed != NULL ? allowed : "");
    if (url_query_count(query, name) == 1)
        return out->count == API_QUERY_MAX || keep(query, name, room, out, why);
    if (!any)
        return refuse(why, "%s is given twice", name);
    if (out->count == API_QUERY_MAX || api_query_value(out, name) != NULL)
        return true;
    return keep(query, name, room, out, why);
}

bool api_query_parse(struct bytes query, const char *allowed, struct api_query *out,
                     char why[API_QUERY_WHY_SIZE])
{
    struct bytes  rest = query, name, value;
    struct writer room = writer_over((uint8_t *)out->text, sizeof out->text);
    char          decoded[NAME_SIZE];
    out->count = 0;
    if (query.size > API_QUERY_SIZE)
        return refuse(why, "the query is too long");
    while (url_query_next(&rest, &name, &value)) {
        if (url_decode(name, decoded, sizeof decoded) < 0 || !api_text_is_clean(decoded))
            return refuse(why, "there is no parameter of such a name");
        if (!take(query, decoded, allowed, &room, out, why))
            return false;
    }
    return true;
}

const char *api_query_value(const struct api_query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++)
        if (strcmp(query->items[i].name, name) == 0)
            return query->items[i].value;
    return NULL;
}
