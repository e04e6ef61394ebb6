#include "protocol/http_auth.h"

#include "base/bytes.h"
#include "base/error.h"
#include "protocol/utf8.h"

#include <strings.h>

/* The longest text that Basic can have here. */
#define TEXT_MAX (HTTP_AUTH_USERNAME_MAX + 1 + HTTP_AUTH_SECRET_MAX)

static int value_of(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char       *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

/* Base64 (RFC 4648, 4), its padding included; the bytes in `out`, or an error. */
static int decode(const char *text, uint8_t out[TEXT_MAX + 3], size_t *out_size)
{
    size_t size = strlen(text), padding = 0;
    if (size == 0 || size % 4 != 0)
        return ERR_PROTOCOL;
    if (size / 4 * 3 > TEXT_MAX + 2)
        return ERR_TOO_BIG;
    while (padding < 2 && text[size - 1 - padding] == '=')
        padding++;
    uint32_t group = 0;
    *out_size = 0;
    for (size_t i = 0; i < size; i++) {
        int value = i < size - padding ? value_of(text[i]) : 0;
        if (value < 0)
            return ERR_PROTOCOL;
        group = group << 6 | (uint32_t)value;
        if (i % 4 != 3)
            continue;
        for (int shift = 16; shift >= 0; shift -= 8)
            out[(*out_size)++] = (uint8_t)(group >> shift);
        group = 0;
    }
    *out_size -= padding;
    return 0;
}

static bool is_clean(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return utf8_valid(text);
}

/* The first colon ends the name (RFC 7617, 2). */
static int read_basic(const char *text, struct http_auth *out)
{
    uint8_t decoded[TEXT_MAX + 3] = { 0 };
    size_t  size;
    int     error = decode(text, decoded, &size);
    if (error != 0)
        return error;
    const uint8_t *colon = memchr(decoded, ':', size);
    if (colon == NULL || !is_clean((struct bytes){ decoded, size }))
        return ERR_PROTOCOL;
    size_t name_size = (size_t)(colon - decoded), secret_size = size - name_size - 1;
    if (name_size > HTTP_AUTH_USERNAME_MAX || secret_size > HTTP_AUTH_SECRET_MAX)
        return ERR_TOO_BIG;
    memcpy(out->username, decoded, name_size);
    memcpy(out->secret, colon + 1, secret_size);
    out->scheme = HTTP_AUTH_BASIC;
    return 0;
}

/* Any visible characters, which is more than the RFC has. */
static int read_bearer(const char *text, struct http_auth *out)
{
    size_t size = strlen(text);
    if (size > HTTP_AUTH_SECRET_MAX)
        return ERR_TOO_BIG;
    for (size_t i = 0; i < size; i++)
        if ((uint8_t)text[i] <= 0x20 || (uint8_t)text[i] >= 0x7f)
            return ERR_PROTOCOL;
    memcpy(out->secret, text, size);
    out->scheme = HTTP_AUTH_BEARER;
    return size > 0 ? 0 : ERR_PROTOCOL;
}

int http_auth_parse(const char *value, struct http_auth *out)
{
    memset(out, 0, sizeof *out);
    if (value == NULL)
        return 0;
    size_t      size = strcspn(value, " ");
    const char *rest = value + size + strspn(value + size, " ");
    int         error = ERR_UNSUPPORTED;
    if (size == 5 && strncasecmp(value, "Basic", size) == 0)
        error = read_basic(rest, out);
    else if (size == 6 && strncasecmp(value, "Bearer", size) == 0)
        error = read_bearer(rest, out);
    if (error != 0)
        memset(out, 0, sizeof *out);
    return error;
}
