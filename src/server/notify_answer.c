#include "server/notify_answer.h"

#include "base/error.h"
#include "protocol/utf8.h"
#include "server/notify_retry.h"

#include <jansson.h>
#include <string.h>

static bool is_visible(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool separator = code == 0x2028 || code == 0x2029;
    bool directs = (code >= 0x200e && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
                   (code >= 0x2066 && code <= 0x2069) || code == 0xfeff; /* turns text around, or hides */
    return !control && !separator && !directs;
}

void notify_answer_clean(const char *text, size_t size, char out[ACCESS_REASON_SIZE])
{
    struct utf8 u = { 0 };
    size_t      used = 0, start = 0;
    for (size_t i = 0; i < size && utf8_take(&u, (uint8_t)text[i]); i++) {
        if (u.left > 0)
            continue;
        size_t length = i + 1 - start;
        if (used + length >= ACCESS_REASON_SIZE)
            break;
        if (is_visible(u.code)) {
            memcpy(out + used, text + start, length);
            used += length;
        }
        start = i + 1;
    }
    out[used] = '\0';
}

static void read_reason(const json_t *answer, struct access_verdict *out)
{
    static const char *const keys[] = { "reason", "message" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys && out->reason[0] == '\0'; i++) {
        const json_t *text = json_object_get(answer, keys[i]);
        if (json_is_string(text))
            notify_answer_clean(json_string_value(text), json_string_length(text), out->reason);
    }
}

static struct bytes text_of(const json_t *value)
{
    return (struct bytes){ (const uint8_t *)json_string_value(value), json_string_length(value) };
}

/* The member, or NULL; null is as good as none. */
static const json_t *find(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

/* Another stream, if it names one.  A text that has a NUL in it is not the one it seems to be. */
static int read_stream(const json_t *answer, const char *app, struct access_verdict *out)
{
    const json_t     *path = find(answer, "path"), *name = find(answer, "name");
    struct url_stream stream;
    if (path == NULL && name == NULL)
        return 0;
    const json_t *given = path != NULL ? path : name;
    if (!json_is_string(given) || strlen(json_string_value(given)) != json_string_length(given))
        return ERR_PROTOCOL;
    int error = path != NULL ? url_stream_from_path(json_string_value(path), &stream, NULL)
                             : url_stream_from_parts(bytes_of(app), text_of(name), &stream, NULL);
    if (error != 0)
        return ERR_PROTOCOL;
    memcpy(out->path, stream.path, sizeof out->path);
    return 0;
}

int notify_answer_read(long status, struct bytes body, const char *app, struct access_verdict *out)
{
    enum notify_outcome outcome = notify_outcome_of(status);
    if (outcome != NOTIFY_TAKEN && outcome != NOTIFY_REFUSED)
        return ERR_PROTOCOL;
    struct access_verdict verdict = {
        .result = outcome == NOTIFY_TAKEN ? ACCESS_ALLOWED : ACCESS_REFUSED,
    };
    json_t *answer = body.size > 0 ? json_loadb((const char *)body.data, body.size, JSON_ALLOW_NUL, NULL) : NULL;
    int     error = 0;
    if (outcome == NOTIFY_REFUSED)
        read_reason(answer, &verdict);
    else
        error = read_stream(answer, app, &verdict);
    json_decref(answer);
    if (error == 0)
        *out = verdict;
    return error;
}
