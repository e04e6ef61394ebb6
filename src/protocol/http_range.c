#include "protocol/http_range.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at *at, past which it is moved.  A number beyond 64 bits is the largest: as a place it is
 * beyond any end. */
static uint64_t read_number(const char **at)
{
    uint64_t value = 0;
    for (; is_digit(**at); (*at)++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
            value = UINT64_MAX;
    return value;
}

/* "first-last", "first-" or "-count"; whether it is well-formed. */
struct spec {
    bool     has_first, has_last;
    uint64_t first, last;
};

static bool read_spec(const char **at, struct spec *out)
{
    *out = (struct spec){ .has_first = is_digit(**at) };
    out->first = read_number(at);
    if (**at != '-')
        return false;
    (*at)++;
    out->has_last = is_digit(**at);
    out->last = read_number(at);
    return (out->has_first || out->has_last) && !(out->has_first && out->has_last && out->last < out->first);
}

static enum http_range_kind resolve(const struct spec *spec, uint64_t size, struct http_range *out)
{
    if (!spec->has_first) { /* the last so many */
        if (spec->last == 0)
            return HTTP_RANGE_UNSATISFIABLE;
        if (size == 0) /* satisfiable, but no Content-Range can say what nothing is */
            return HTTP_RANGE_WHOLE;
        *out = (struct http_range){ spec->last < size ? size - spec->last : 0, size - 1 };
        return HTTP_RANGE_PART;
    }
    if (spec->first >= size)
        return HTTP_RANGE_UNSATISFIABLE;
    *out = (struct http_range){ spec->first, spec->has_last && spec->last < size ? spec->last : size - 1 };
    return HTTP_RANGE_PART;
}

/* Past white space and commas: a list may have empty items (RFC 9110, 5.6.1.2). */
static const char *skip_empty(const char *at)
{
    return at + strspn(at, " \t,");
}

enum http_range_kind http_range_read(const char *value, uint64_t size, struct http_range *out)
{
    static const char unit[] = "bytes=";
    struct spec       spec;
    if (value == NULL || strncasecmp(value, unit, sizeof unit - 1) != 0)
        return HTTP_RANGE_WHOLE;
    const char *at = skip_empty(value + sizeof unit - 1);
    if (!read_spec(&at, &spec) || *skip_empty(at) != '\0')
        return HTTP_RANGE_WHOLE;
    return resolve(&spec, size, out);
}
