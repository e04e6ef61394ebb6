#include "protocol/http_fields.h"

#include "protocol/http.h"

#include <string.h>
#include <strings.h>

/* Entity tags. */

/* The size of the tag at `at`, W/ and quotes included; 0 if there is none. */
static size_t tag_size(const char *at)
{
    size_t prefix = strncmp(at, "W/", 2) == 0 ? 2 : 0;
    if (at[prefix] != '"')
        return 0;
    const char *end = strchr(at + prefix + 1, '"');
    return end != NULL ? (size_t)(end + 1 - at) : 0;
}

/* Whether `list` has `etag`, which is strong.  A weak one in the list is the same only to the weak
 * comparison (8.8.3.2).  What is behind a malformed item is not looked at. */
static bool list_has_tag(const char *list, const char *etag, bool weak)
{
    for (;;) {
        list += strspn(list, " \t,");
        size_t size = tag_size(list);
        if (size == 0)
            return false;
        const char *tag = list;
        list += size;
        if (weak && *tag == 'W') {
            tag += 2;
            size -= 2;
        }
        if (size == strlen(etag) && memcmp(tag, etag, size) == 0)
            return true;
    }
}

/* Whether any header of that name is "*" or names the tag. */
static bool names_tag(const struct http_request *r, const char *name, const char *etag, bool weak)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcasecmp(r->headers[i].name, name) == 0 &&
            (strcmp(r->headers[i].value, "*") == 0 || list_has_tag(r->headers[i].value, etag, weak)))
            return true;
    return false;
}

/* The date in the header, or -1 if it has none or nothing that is a date, which is then ignored. */
static int64_t date_of(const struct http_request *r, const char *name)
{
    const char *value = http_request_header(r, name);
    return value != NULL ? http_parse_date(value) : -1;
}

int http_check_conditions(const struct http_request *r, const struct http_validators *v)
{
    if (http_request_header(r, "If-Match") != NULL) {
        if (!names_tag(r, "If-Match", v->etag, false))
            return 412;
    } else {
        int64_t date = date_of(r, "If-Unmodified-Since");
        if (date >= 0 && v->modified_s > date)
            return 412;
    }
    if (http_request_header(r, "If-None-Match") != NULL)
        return names_tag(r, "If-None-Match", v->etag, true) ? 304 : 0;
    int64_t date = date_of(r, "If-Modified-Since");
    return date >= 0 && v->modified_s <= date ? 304 : 0;
}

bool http_range_applies(const struct http_request *r, const struct http_validators *v)
{
    const char *value = http_request_header(r, "If-Range");
    if (value == NULL)
        return true;
    if (tag_size(value) > 0)
        return strcmp(value, v->etag) == 0; /* strong comparison: a weak tag is never the same */
    int64_t date = http_parse_date(value);
    return date >= 0 && date == v->modified_s;
}

/* Codings. */

/* Whether the parameters behind an item say "q=0", to three decimal places. */
static bool is_quality_zero(const char *parameters, const char *end)
{
    const char *at = parameters;
    while (at < end && (*at == ' ' || *at == '\t' || *at == ';'))
        at++;
    if (end - at < 3 || strncasecmp(at, "q=0", 3) != 0)
        return false;
    for (at += 3; at < end && *at != ' ' && *at != '\t'; at++)
        if (*at != '0' && *at != '.')
            return false;
    return true;
}

enum verdict { NOT_NAMED, REFUSED, TAKEN };

/* What one header says about `coding`. */
static enum verdict look_up(const char *list, const char *coding)
{
    size_t size = strlen(coding);
    while (*list != '\0') {
        list += strspn(list, " \t,");
        size_t      item = strcspn(list, " \t,;");
        const char *end = list + strcspn(list, ",");
        if (item == size && strncasecmp(list, coding, size) == 0)
            return is_quality_zero(list + item, end) ? REFUSED : TAKEN;
        list = end;
    }
    return NOT_NAMED;
}

static enum verdict look_up_all(const struct http_request *r, const char *coding)
{
    enum verdict verdict = NOT_NAMED;
    for (size_t i = 0; i < r->header_count && verdict == NOT_NAMED; i++)
        if (strcasecmp(r->headers[i].name, "Accept-Encoding") == 0)
            verdict = look_up(r->headers[i].value, coding);
    return verdict;
}

bool http_accepts_coding(const struct http_request *r, const char *coding)
{
    enum verdict verdict = look_up_all(r, coding);
    return verdict == TAKEN || (verdict == NOT_NAMED && look_up_all(r, "*") == TAKEN);
}
