#include "protocol/url.h"

#include "base/error.h"

/* ASCII only: the C library's own would ask the locale. */
static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes before the first `mark` of *rest, which loses them and the mark. */
static struct bytes split_at(struct bytes *rest, char mark)
{
    if (rest->size == 0)
        return *rest;
    const uint8_t *at = memchr(rest->data, mark, rest->size);
    struct bytes   first = { rest->data, at != NULL ? (size_t)(at - rest->data) : rest->size };
    size_t         used = first.size + (at != NULL);
    rest->data += used;
    rest->size -= used;
    return first;
}

/* The next character of *in with its escape undone, or ERR_PROTOCOL. */
static int decode_next(struct bytes *in, bool plus_is_space)
{
    int    c = in->data[0];
    size_t used = 1;
    if (c == '%') {
        int high = in->size >= 3 ? hex_digit(in->data[1]) : -1;
        int low = in->size >= 3 ? hex_digit(in->data[2]) : -1;
        if (high < 0 || low < 0)
            return ERR_PROTOCOL;
        c = high << 4 | low;
        used = 3;
    } else if (c == '+' && plus_is_space) {
        c = ' ';
    }
    in->data += used;
    in->size -= used;
    return c != 0 ? c : ERR_PROTOCOL;
}

static ssize_t decode(struct bytes in, bool plus_is_space, char *out, size_t size)
{
    size_t used = 0;
    int    c = 0;
    while (in.size > 0 && used < size && (c = decode_next(&in, plus_is_space)) > 0)
        out[used++] = (char)c;
    if (c >= 0 && used == size) /* no room for the end mark either */
        c = ERR_TOO_BIG;
    if (c < 0) {
        if (size > 0)
            out[0] = '\0';
        return c;
    }
    out[used] = '\0';
    return (ssize_t)used;
}

ssize_t url_decode(struct bytes in, char *out, size_t size)
{
    return decode(in, false, out, size);
}

bool url_query_next(struct bytes *query, struct bytes *name, struct bytes *value)
{
    while (query->size > 0) {
        struct bytes item = split_at(query, '&');
        if (item.size == 0)
            continue;
        *name = split_at(&item, '=');
        *value = item;
        return true;
    }
    return false;
}

static bool is_named(struct bytes escaped, const char *name)
{
    while (escaped.size > 0 && *name != '\0') {
        int c = decode_next(&escaped, true);
        if (c != (uint8_t)*name)
            return false;
        name++;
    }
    return escaped.size == 0 && *name == '\0';
}

ssize_t url_query_get(struct bytes query, const char *name, char *out, size_t size)
{
    struct bytes key, value;
    while (url_query_next(&query, &key, &value))
        if (is_named(key, name))
            return decode(value, true, out, size);
    if (size > 0)
        out[0] = '\0';
    return ERR_NOT_FOUND;
}

size_t url_query_count(struct bytes query, const char *name)
{
    struct bytes key, value;
    size_t       count = 0;
    while (url_query_next(&query, &key, &value))
        count += is_named(key, name);
    return count;
}

static bool is_host(struct bytes host, bool ipv6)
{
    for (size_t i = 0; i < host.size; i++) {
        uint8_t c = host.data[i];
        bool    ok = ipv6 ? hex_digit(c) >= 0 || c == ':' || c == '.'
                          : is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
        if (!ok)
            return false;
    }
    return host.size > 0;
}

int url_parse_host(struct bytes text, struct bytes *host, uint16_t *port)
{
    bool         ipv6 = text.size > 0 && text.data[0] == '[';
    struct bytes rest = text;
    struct bytes name;
    bool         colon;
    if (ipv6) {
        if (memchr(text.data, ']', text.size) == NULL)
            return ERR_PROTOCOL;
        split_at(&rest, '[');
        name = split_at(&rest, ']');
        colon = rest.size > 0;
        if (colon && split_at(&rest, ':').size > 0)
            return ERR_PROTOCOL;
    } else {
        name = split_at(&rest, ':');
        colon = name.size < text.size;
    }
    uint32_t number = 0;
    for (size_t i = 0; colon && i < rest.size; i++) {
        if (rest.data[i] < '0' || rest.data[i] > '9')
            return ERR_PROTOCOL;
        number = number * 10 + (rest.data[i] - '0');
        if (number > UINT16_MAX)
            return ERR_PROTOCOL;
    }
    if (!is_host(name, ipv6))
        return ERR_PROTOCOL;
    *host = name;
    *port = (uint16_t)number;
    return 0;
}

static bool is_scheme(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (!is_alnum(c) && (i == 0 || (c != '+' && c != '-' && c != '.')))
            return false;
    }
    return text.size > 0 && (text.data[0] < '0' || text.data[0] > '9');
}

/* Cut *rest at the first of `/`, `?` and `#`; it keeps the mark. */
static struct bytes split_authority(struct bytes *rest)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != '/' && rest->data[size] != '?' && rest->data[size] != '#')
        size++;
    struct bytes first = { rest->data, size };
    rest->data += size;
    rest->size -= size;
    return first;
}

int url_parse(struct bytes text, struct url *out)
{
    struct url   u = { 0 };
    struct bytes rest = text;
    u.scheme = split_at(&rest, ':');
    if (!is_scheme(u.scheme) || rest.size < 2 || memcmp(rest.data, "//", 2) != 0)
        return ERR_PROTOCOL;
    rest.data += 2;
    rest.size -= 2;
    struct bytes authority = split_authority(&rest);
    for (size_t i = authority.size; i > 0; i--) { /* the last "@": passwords may hold one */
        if (authority.data[i - 1] == '@') {
            u.user = (struct bytes){ authority.data, i - 1 };
            authority.data += i;
            authority.size -= i;
            break;
        }
    }
    u.authority = authority;
    if (url_parse_host(authority, &u.host, &u.port) < 0)
        return ERR_PROTOCOL;
    rest = split_at(&rest, '#');
    u.path = split_at(&rest, '?');
    u.query = rest;
    *out = u;
    return 0;
}
