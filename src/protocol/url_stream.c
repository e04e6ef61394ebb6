/* url_stream.c - the names of streams: which are allowed, and how RTMP and HTTP spell them. */
#include "protocol/url.h"

#include "base/error.h"
#include "protocol/utf8.h"

/* Characters that cannot be seen, that look like a space, or that turn the text around them:
 * with them two names could look alike in a log or on a page. */
static bool is_hidden(uint32_t code)
{
    static const struct { uint32_t first, last; } hidden[] = {
        { 0x0080, 0x00a0 },   { 0x00ad, 0x00ad },   { 0x034f, 0x034f },   { 0x061c, 0x061c },
        { 0x115f, 0x1160 },   { 0x1680, 0x1680 },   { 0x17b4, 0x17b5 },   { 0x180b, 0x180f },
        { 0x2000, 0x200f },   { 0x2028, 0x202f },   { 0x205f, 0x206f },   { 0x2800, 0x2800 },
        { 0x3000, 0x3000 },   { 0x3164, 0x3164 },   { 0xfdd0, 0xfdef },   { 0xfe00, 0xfe0f },
        { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },   { 0xfff0, 0xffff },   { 0xe0000, 0xe0fff },
    };
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return true;
    return (code & 0xfffe) == 0xfffe; /* the last two of each plane are no characters */
}

static bool is_allowed(uint32_t code)
{
    if (code >= 0x80)
        return !is_hidden(code);
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') ||
           (code != 0 && strchr("-._~+=@,", (int)code) != NULL);
}

struct refusals {
    const char *empty, *too_long, *dot, *slash, *encoding, *character;
};

static const struct refusals app_refusals = {
    .empty     = "app is empty",
    .too_long  = "app is longer than 128 bytes",
    .dot       = "app begins with a dot",
    .slash     = "app has more than one segment",
    .encoding  = "app is not UTF-8",
    .character = "app has a character that is not allowed",
};

static const struct refusals name_refusals = {
    .empty     = "stream name is empty",
    .too_long  = "stream name is longer than 256 bytes",
    .dot       = "stream name begins with a dot",
    .slash     = "stream name has a slash",
    .encoding  = "stream name is not UTF-8",
    .character = "stream name has a character that is not allowed",
};

/* Why `part` may not be an app or a name, or NULL. */
static const char *refusal_of(struct bytes part, size_t size_max, const struct refusals *r)
{
    if (part.size == 0)
        return r->empty;
    if (part.size > size_max)
        return r->too_long;
    if (part.data[0] == '.')
        return r->dot;
    if (!utf8_valid(part))
        return r->encoding;
    struct utf8 u = { 0 };
    for (size_t i = 0; i < part.size; i++) {
        utf8_take(&u, part.data[i]);
        if (u.left == 0 && u.code == '/')
            return r->slash;
        if (u.left == 0 && !is_allowed(u.code))
            return r->character;
    }
    return NULL;
}

static int refuse(int error, const char *reason, const char **why)
{
    if (why != NULL)
        *why = reason;
    return error;
}

static int refuse_part(const char *reason, const char **why)
{
    bool too_long = reason == app_refusals.too_long || reason == name_refusals.too_long;
    return refuse(too_long ? ERR_TOO_BIG : ERR_PROTOCOL, reason, why);
}

static void copy_text(char *out, struct bytes text)
{
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

int url_stream_from_parts(struct bytes app, struct bytes name, struct url_stream *out, const char **why)
{
    const char *reason = refusal_of(app, URL_APP_MAX, &app_refusals);
    if (reason == NULL)
        reason = refusal_of(name, URL_NAME_MAX, &name_refusals);
    if (reason != NULL)
        return refuse_part(reason, why);
    copy_text(out->app, app);
    copy_text(out->name, name);
    out->path[0] = '/';
    copy_text(out->path + 1, app);
    out->path[1 + app.size] = '/';
    copy_text(out->path + 2 + app.size, name);
    out->query = (struct bytes){ 0 };
    return 0;
}

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static bool drop_suffix(struct bytes *text, const char *suffix)
{
    size_t size = strlen(suffix);
    if (text->size < size || memcmp(text->data + text->size - size, suffix, size) != 0)
        return false;
    text->size -= size;
    return true;
}

/* Take "?query" off the end of *text. */
static struct bytes drop_query(struct bytes *text)
{
    const uint8_t *mark = text->size > 0 ? memchr(text->data, '?', text->size) : NULL;
    if (mark == NULL)
        return (struct bytes){ 0 };
    size_t       size = (size_t)(mark - text->data);
    struct bytes query = { mark + 1, text->size - size - 1 };
    text->size = size;
    return query;
}

static struct bytes trim_slashes(struct bytes text)
{
    while (text.size > 0 && text.data[0] == '/') {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && text.data[text.size - 1] == '/')
        text.size--;
    return text;
}

/* Undo the escapes of one part; it is checked afterwards. */
static const char *decode_part(struct bytes in, char *out, size_t size, struct bytes *part,
                               const struct refusals *r)
{
    ssize_t used = url_decode(in, out, size);
    if (used < 0)
        return used == ERR_TOO_BIG ? r->too_long : r->character;
    *part = (struct bytes){ (const uint8_t *)out, (size_t)used };
    return NULL;
}

int url_stream_from_rtmp(struct bytes app, struct bytes name, struct url_stream *out, const char **why)
{
    static const char *const prefixes[] = { "mp4:", "flv:", "mp3:", "f4v:" };
    char         app_text[URL_APP_MAX + 1], name_text[URL_NAME_MAX + sizeof ".flv"];
    struct bytes app_part, name_part;
    struct bytes app_query = drop_query(&app);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (starts_with(name, prefixes[i])) {
            name.data += 4;
            name.size -= 4;
            break;
        }
    }
    struct bytes name_query = drop_query(&name);
    const char  *reason = decode_part(trim_slashes(app), app_text, sizeof app_text, &app_part, &app_refusals);
    if (reason == NULL)
        reason = decode_part(name, name_text, sizeof name_text, &name_part, &name_refusals);
    if (reason != NULL)
        return refuse_part(reason, why);
    drop_suffix(&name_part, ".flv");
    int error = url_stream_from_parts(app_part, name_part, out, why);
    if (error == 0)
        out->query = name_query.size > 0 ? name_query : app_query;
    return error;
}

static int from_path(struct bytes path, struct url_stream *out, const char **why)
{
    if (path.size > 0 && path.data[0] == '/') {
        path.data++;
        path.size--;
    }
    const uint8_t *slash = path.size > 0 ? memchr(path.data, '/', path.size) : NULL;
    if (slash == NULL)
        return refuse(ERR_NOT_FOUND, "path is not /app/name", why);
    size_t app_size = (size_t)(slash - path.data);
    size_t name_size = path.size - app_size - 1;
    if (name_size > 0 && memchr(slash + 1, '/', name_size) != NULL)
        return refuse(ERR_NOT_FOUND, "path is not /app/name", why);
    struct bytes app = { path.data, app_size }, name = { slash + 1, name_size };
    return url_stream_from_parts(app, name, out, why);
}

int url_stream_from_flv(const char *path, struct url_stream *out, const char **why)
{
    struct bytes text = bytes_of(path);
    if (!drop_suffix(&text, ".flv"))
        return refuse(ERR_NOT_FOUND, "path does not end in .flv", why);
    return from_path(text, out, why);
}

int url_stream_from_path(const char *path, struct url_stream *out, const char **why)
{
    return from_path(bytes_of(path), out, why);
}
