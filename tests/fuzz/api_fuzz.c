/* api_fuzz.c - what a request to the API says: its path, query, body, credentials and times.  The
 * first byte chooses one of them, the rest is its text. */
#include "base/error.h"
#include "protocol/http.h"
#include "protocol/http_auth.h"
#include "protocol/iso_time.h"
#include "protocol/utf8.h"
#include "server/api_body.h"
#include "server/api_origin.h"
#include "server/api_path.h"
#include "server/api_query.h"

#include <stdlib.h>

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void must_be_text(const char *text)
{
    must(text != NULL && utf8_valid(bytes_of(text)));
    for (const char *at = text; *at != '\0'; at++)
        must((uint8_t)*at >= 0x20 && *at != 0x7f);
}

static void try_path(const char *target)
{
    static const char *const patterns[] = {
        "/api/streams/{app}/{name}", "/api/s/{streamPath}", "/{a}/{b}/{c}/{d}", "/api/sessions/{id}/x", "/",
    };
    static struct api_path path;
    if (!api_path_split(target, &path))
        return;
    must(path.count >= 1 && path.count <= API_SEGMENTS_MAX);
    for (size_t i = 0; i < path.count; i++)
        must_be_text(path.segments[i]);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct api_params params;
        struct url_stream stream;
        const char       *why;
        if (!api_path_match(&path, patterns[i], &params))
            continue;
        for (size_t j = 0; j < params.count; j++)
            must_be_text(params.items[j].value);
        if (api_params_stream(&params, &stream, &why) == 0)
            must_be_text(stream.path);
    }
}

static void try_query(struct bytes text)
{
    static const char *const allowed[] = { NULL, "*", "page pageSize stream from to" };
    static struct api_query  query;
    char                     why[API_QUERY_WHY_SIZE];
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (!api_query_parse(text, allowed[i], &query, why)) {
            must(strlen(why) > 0 && strlen(why) < sizeof why);
            continue;
        }
        must(query.count <= API_QUERY_MAX);
        for (size_t j = 0; j < query.count; j++) {
            must_be_text(query.items[j].name);
            must_be_text(query.items[j].value);
            must(api_query_value(&query, query.items[j].name) == query.items[j].value);
        }
    }
}

static void try_body(struct bytes text)
{
    char    why[API_BODY_WHY_SIZE];
    json_t *body = api_body_parse(text, "*", why);
    must(body == NULL || json_is_object(body));
    json_decref(body);
    body = api_body_parse(text, "use path ttlS", why);
    if (body == NULL)
        must(strlen(why) > 0 && strlen(why) < sizeof why);
    json_decref(body);
}

static void try_headers(const char *value)
{
    struct http_auth    auth;
    struct http_header  headers[] = { { "Origin", value }, { "Host", value } };
    struct http_request request = { .host = value, .headers = headers, .header_count = 2 };
    if (http_auth_parse(value, &auth) == 0 && auth.scheme != HTTP_AUTH_NONE) {
        must_be_text(auth.username);
        must_be_text(auth.secret);
        must(strchr(auth.username, ':') == NULL);
    }
    api_body_is_json(value);
    api_origin_may_change(&request, "https://pages.example");
    api_origin_is_local(&request);
}

static void try_time(const char *text)
{
    int64_t ms, again;
    char    written[ISO_TIME_SIZE];
    if (iso_time_parse(text, &ms) != 0)
        return;
    iso_time_format(ms, written);
    must(iso_time_parse(written, &again) == 0 && again == ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes rest = { data + 1, size - 1 };
    char        *text = malloc(size);
    memcpy(text, rest.data, rest.size);
    text[rest.size] = '\0';
    switch (data[0] % 5) {
    case 0: try_path(text); break;
    case 1: try_query(rest); break;
    case 2: try_body(rest); break;
    case 3: try_headers(text); break;
    case 4: try_time(text); break;
    }
    free(text);
    return 0;
}
