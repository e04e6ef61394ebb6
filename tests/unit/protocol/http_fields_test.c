#include "protocol/http_fields.h"

#include "protocol/http.h"

#include "check.h"

#include <stdio.h>

/* Sun, 06 Nov 1994 08:49:37 GMT, the date that the RFC is fond of. */
#define DATE     784111777
#define THAT_DAY "Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define BEFORE   "Sun, 06 Nov 1994 08:49:36 GMT\r\n"
#define AFTER    "Sun, 06 Nov 1994 08:49:38 GMT\r\n"

static const struct http_validators ours = { "\"xyzzy\"", DATE };

static struct http_parser *parse(const char *headers)
{
    char head[1024];
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", headers);
    struct http_parser *p = http_parser_new(NULL);
    CHECK_EQ(http_parser_feed(p, bytes_of(head)), strlen(head));
    assert_non_null(http_parser_request(p));
    return p;
}

static void test_conditions(void **state)
{
    (void)state;
    static const struct { int want; const char *headers; } cases[] = {
        { 0, "" },
        { 304, "If-None-Match: \"xyzzy\"\r\n" },
        { 304, "if-none-match: W/\"xyzzy\"\r\n" },
        { 304, "If-None-Match: \"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"\r\n" },
        { 304, "If-None-Match: W/\"a\" ,, \"b,c\",\"xyzzy\"\r\n" },
        { 304, "If-None-Match: \"a\"\r\nIf-None-Match: \"xyzzy\"\r\n" },
        { 304, "If-None-Match: *\r\n" },
        { 0, "If-None-Match: \"xyzz\"\r\n" },
        { 0, "If-None-Match: \"xyzzyz\"\r\n" },
        { 0, "If-None-Match: xyzzy\r\n" },
        { 0, "If-None-Match: \"xyzzy\r\n" },
        { 0, "If-None-Match: w/\"xyzzy\"\r\n" },       /* W has a case (8.8.3) */
        { 0, "If-None-Match:\r\n" },
        { 0, "If-None-Match: \"a\"\r\nIf-Modified-Since: " THAT_DAY }, /* the tag goes before the date */
        { 304, "If-Modified-Since: " THAT_DAY },
        { 304, "If-Modified-Since: " AFTER },
        { 0, "If-Modified-Since: " BEFORE },
        { 0, "If-Modified-Since: yesterday\r\n" },
        { 0, "If-Match: \"xyzzy\"\r\n" },
        { 0, "If-Match: *\r\n" },
        { 412, "If-Match: W/\"xyzzy\"\r\n" },          /* the strong comparison */
        { 412, "If-Match: \"a\"\r\n" },
        { 412, "If-Match: \"a\"\r\nIf-None-Match: \"xyzzy\"\r\n" },
        { 304, "If-Match: \"xyzzy\"\r\nIf-None-Match: \"xyzzy\"\r\n" },
        { 412, "If-Unmodified-Since: " BEFORE },
        { 0, "If-Unmodified-Since: " THAT_DAY },
        { 0, "If-Unmodified-Since: never\r\n" },
        { 0, "If-Match: \"xyzzy\"\r\nIf-Unmodified-Since: " BEFORE },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_parser *p = parse(cases[i].headers);
        int                 got = http_check_conditions(http_parser_request(p), &ours);
        if (got != cases[i].want)
            fail_msg("%d, not %d: %s", got, cases[i].want, cases[i].headers);
        http_parser_free(p);
    }
}

static void test_if_range(void **state)
{
    (void)state;
    static const struct { bool want; const char *headers; } cases[] = {
        { true, "" },
        { true, "If-Range: \"xyzzy\"\r\n" },
        { false, "If-Range: W/\"xyzzy\"\r\n" },
        { false, "If-Range: \"other\"\r\n" },
        { false, "If-Range: \"xyzzy\", \"other\"\r\n" },
        { true, "If-Range: " THAT_DAY },
        { false, "If-Range: " BEFORE }, /* an exact match, in both directions (13.1.5) */
        { false, "If-Range: " AFTER },
        { false, "If-Range: xyzzy\r\n" },
        { false, "If-Range:\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_parser *p = parse(cases[i].headers);
        if (http_range_applies(http_parser_request(p), &ours) != cases[i].want)
            fail_msg("not %d: %s", cases[i].want, cases[i].headers);
        http_parser_free(p);
    }
    static const struct http_validators ancient = { "\"a\"", -1 }; /* a file of 1969 */
    struct http_parser *p = parse("If-Range: no date\r\n");
    CHECK(!http_range_applies(http_parser_request(p), &ancient));
    http_parser_free(p);
}

static void test_codings(void **state)
{
    (void)state;
    static const struct { bool gzip, br; const char *headers; } cases[] = {
        { false, false, "" },
        { true, true, "Accept-Encoding: gzip, deflate, br\r\n" }, /* browsers */
        { true, false, "Accept-Encoding: gzip\r\n" },
        { true, false, "accept-encoding: GZIP\r\n" },
        { true, false, "Accept-Encoding: compress;q=0.5, gzip;q=1.0\r\n" },
        { true, false, "Accept-Encoding: gzip;q=0.001\r\n" },
        { true, true, "Accept-Encoding: *\r\n" },
        { false, true, "Accept-Encoding: gzip;q=0, *\r\n" },
        { true, false, "Accept-Encoding: gzip;q=1.0, identity; q=0.5, *;q=0\r\n" },
        { false, false, "Accept-Encoding: gzip;q=0, br;q=0.000\r\n" },
        { false, false, "Accept-Encoding: gzip ; q=0 , br;Q=0.0\r\n" },
        { false, false, "Accept-Encoding: *;q=0\r\n" },
        { false, false, "Accept-Encoding: gzipped, x-br\r\n" },
        { true, true, "Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n" },
        { false, false, "Accept-Encoding: identity\r\n" },
        { false, false, "Accept-Encoding:\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_parser        *p = parse(cases[i].headers);
        const struct http_request *r = http_parser_request(p);
        if (http_accepts_coding(r, "gzip") != cases[i].gzip || http_accepts_coding(r, "br") != cases[i].br)
            fail_msg("not gzip %d, br %d: %s", cases[i].gzip, cases[i].br, cases[i].headers);
        http_parser_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_if_range),
        cmocka_unit_test(test_codings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
