#include "server/api_path.h"

#include "base/error.h"
#include "protocol/utf8.h"

#include <stdint.h>

#define STREAM_PATH "{streamPath}"

bool api_text_is_clean(const char *text)
{
    struct utf8 u = { 0 };
    for (const char *at = text; *at != '\0'; at++) {
        bool right = utf8_take(&u, (uint8_t)*at);
        if (!right || (u.left == 0 && (u.code < 0x20 || (u.code >= 0x7f && u.code < 0xa0))))
            return false;
    }
    return u.left == 0;
}

/* The path alone, of "/path?query" or "http://host/path?query". */
static struct bytes path_of(const char *target)
{
    struct bytes path = { (const uint8_t *)target, strcspn(target, "?#") };
    struct url   url;
    if (target[0] != '/' && url_parse(bytes_of(target), &url) == 0)
        path = url.path;
    return path;
}

/* Decode one segment into *room, which moves on. */
static bool add(struct api_path *out, struct bytes segment, struct writer *room)
{
    ssize_t size = url_decode(segment, (char *)room->at, (size_t)(room->end - room->at));
    if (size < 0 || out->count == API_SEGMENTS_MAX || !api_text_is_clean((char *)room->at))
        return false;
    out->segments[out->count++] = (char *)room->at;
    room->at += size + 1;
    return true;
}

bool api_path_split(const char *target, struct api_path *out)
{
    struct bytes  rest = path_of(target);
    struct writer room = writer_over((uint8_t *)out->text, sizeof out->text);
    out->count = 0;
    if (rest.size == 0 || rest.data[0] != '/')
        return false;
    while (rest.size > 0) {
        const uint8_t *begin = rest.data + 1;
        const uint8_t *slash = memchr(begin, '/', rest.size - 1);
        size_t         size = slash != NULL ? (size_t)(slash - begin) : rest.size - 1;
        if (!add(out, (struct bytes){ begin, size }, &room))
            return false;
        rest.data += 1 + size;
        rest.size -= 1 + size;
    }
    return true;
}

static bool is_param(struct bytes word)
{
    return word.size > 2 && word.data[0] == '{';
}

static bool is_value(const char *segment)
{
    return segment[0] != '\0' && strchr(segment, '/') == NULL;
}

static void take(struct api_params *out, struct bytes word, const char *value, const char *next)
{
    out->items[out->count].name = (const char *)word.data + 1;
    out->items[out->count].value = value;
    out->items[out->count++].next = next;
}

/* All that is left of the path must be the stream. */
static bool match_stream(const struct api_path *path, size_t at, struct bytes word, struct api_params *out)
{
    size_t left = path->count - at;
    if (left == 0 || left > 2 || out->count == API_PARAMS_MAX)
        return false;
    const char *first = path->segments[at], *second = left == 2 ? path->segments[at + 1] : NULL;
    if (second == NULL ? first[0] == '\0' : !is_value(first) || !is_value(second))
        return false;
    take(out, word, first, second);
    return true;
}

static bool match_segment(const char *segment, struct bytes word, struct api_params *out)
{
    if (!is_param(word))
        return strlen(segment) == word.size && memcmp(segment, word.data, word.size) == 0;
    if (!is_value(segment) || out->count == API_PARAMS_MAX)
        return false;
    take(out, word, segment, NULL);
    return true;
}

bool api_path_match(const struct api_path *path, const char *pattern, struct api_params *out)
{
    size_t at = 0;
    out->count = 0;
    while (*pattern == '/') {
        struct bytes word = { (const uint8_t *)pattern + 1, strcspn(pattern + 1, "/") };
        if (bytes_equal(word, bytes_of(STREAM_PATH)))
            return match_stream(path, at, word, out);
        if (at == path->count || !match_segment(path->segments[at++], word, out))
            return false;
        pattern += 1 + word.size;
    }
    return at == path->count;
}

static size_t find(const struct api_params *params, const char *name)
{
    size_t size = strlen(name), i = 0;
    while (i < params->count &&
           (strncmp(params->items[i].name, name, size) != 0 || params->items[i].name[size] != '}'))
        i++;
    return i;
}

const char *api_params_get(const struct api_params *params, const char *name)
{
    size_t at = find(params, name);
    return at < params->count ? params->items[at].value : NULL;
}

int api_params_stream(const struct api_params *params, struct url_stream *out, const char **why)
{
    const char *app = api_params_get(params, "app"), *name = api_params_get(params, "name");
    size_t      at = find(params, "streamPath");
    int         error;
    if (at < params->count && params->items[at].next == NULL) {
        error = url_stream_from_path(params->items[at].value, out, why);
    } else {
        if (at < params->count) {
            app = params->items[at].value;
            name = params->items[at].next;
        }
        if (app == NULL || name == NULL)
            return ERR_NOT_FOUND;
        error = url_stream_from_parts(bytes_of(app), bytes_of(name), out, why);
    }
    return error == 0 ? 0 : ERR_INVALID;
}
