/* http_fields_fuzz.c - one value as each of the header fields that have a grammar of their own. */
#include "protocol/http.h"
#include "protocol/http_fields.h"
#include "protocol/http_range.h"

#include <stdlib.h>

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_range(const char *value, uint64_t size)
{
    struct http_range range;
    if (http_range_read(value, size, &range) == HTTP_RANGE_PART)
        must(range.first <= range.last && range.last < size);
}

static void check_fields(const char *value)
{
    static const struct http_validators ours = { "\"xyzzy\"", 784111777 };
    static const char *const            names[] = {
        "If-Match",          "If-None-Match",       "If-Range",
        "If-Modified-Since", "If-Unmodified-Since", "Accept-Encoding",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct http_header  header = { names[i], value };
        struct http_request request = { .headers = &header, .header_count = 1 };
        int                 status = http_check_conditions(&request, &ours);
        must(status == 0 || status == 304 || status == 412);
        http_range_applies(&request, &ours);
        http_accepts_coding(&request, "gzip");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value = malloc(size + 1);
    if (size > 0)
        memcpy(value, data, size);
    value[size] = '\0';
    check_range(value, 0);
    check_range(value, 26);
    check_range(value, UINT64_MAX);
    check_fields(value);
    free(value);
    return 0;
}
