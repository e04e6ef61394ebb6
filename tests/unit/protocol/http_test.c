#include "check.h"

#include "base/error.h"
#include "protocol/http.h"

#include <stdio.h>

#define H "Host: h\r\n"

/* Feed `text` in exact heap copies cut at `cut`, up to the end of a head. */
static ssize_t feed_cut(struct http_parser *p, const char *text, size_t size, size_t cut)
{
    size_t  at = 0;
    ssize_t n = 0;
    size_t  ends[] = { cut, size };
    for (int i = 0; i < 2 && http_parser_request(p) == NULL; i++) {
        size_t   piece = ends[i] - at;
        uint8_t *copy = copy_exact(text + at, piece);
        n = http_parser_feed(p, (struct bytes){ copy, piece });
        free(copy);
        if (n < 0)
            return n;
        at += (size_t)n;
        if (at < ends[i])
            break;
    }
    return (ssize_t)at;
}

/* The status that `text` is refused with, the same wherever it is cut; 0 if it is a request. */
static int status_of(const char *text)
{
    size_t size = strlen(text);
    int    status = -1;
    for (size_t cut = 0; cut <= size; cut++) {
        struct http_parser *p = http_parser_new(NULL);
        ssize_t             n = feed_cut(p, text, size, cut);
        int                 here = http_parser_status(p);
        CHECK_EQ(n < 0, here != 0);
        CHECK_EQ(http_parser_reason(p)[0] != '\0', here != 0);
        if (here != 0) {
            CHECK(http_parser_request(p) == NULL);
            CHECK_EQ(http_parser_feed(p, bytes_of("GET / HTTP/1.0\r\n\r\n")), n); /* it stays so */
        } else if (http_parser_request(p) == NULL) {
            here = -2;
        }
        if (status != -1 && status != here)
            fail_msg("cut at %zu: %d, not %d: %s", cut, here, status, text);
        status = here;
        http_parser_free(p);
    }
    return status;
}

static struct http_parser *parse(const char *text)
{
    struct http_parser *p = http_parser_new(NULL);
    CHECK_EQ(http_parser_feed(p, bytes_of(text)), strlen(text));
    if (http_parser_request(p) == NULL)
        fail_msg("%d %s: %s", http_parser_status(p), http_parser_reason(p), text);
    return p;
}

/* As Chromium sends it, cut everywhere. */
static void test_browser_request(void **state)
{
    (void)state;
    static const char text[] =
        "GET /live/%E7%9B%B4.flv?sign=1-a%2B HTTP/1.1\r\n"
        "Host: example.com:8000\r\n"
        "Connection: keep-alive\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
        "Accept: */*\r\n"
        "Origin: http://example.com\r\n"
        "X-Empty:\r\n"
        "X-Spaces: \t a b \t \r\n"
        "Accept-Encoding: gzip, deflate\r\n"
        "Range: bytes=0-\r\n"
        "\r\n";
    size_t size = sizeof text - 1;
    for (size_t cut = 0; cut <= size; cut++) {
        struct http_parser *p = http_parser_new(NULL);
        CHECK(!http_parser_started(p));
        CHECK_EQ(feed_cut(p, text, size, cut), size);
        const struct http_request *r = http_parser_request(p);
        assert_non_null(r);
        CHECK(http_parser_done(p));
        CHECK(!http_parser_started(p));
        CHECK_EQ(r->method, HTTP_METHOD_GET);
        assert_string_equal(r->method_name, "GET");
        CHECK_EQ(r->minor, 1);
        assert_string_equal(r->target, "/live/%E7%9B%B4.flv?sign=1-a%2B");
        assert_string_equal(r->path, "/live/\xe7\x9b\xb4.flv");
        CHECK(bytes_equal(r->query, bytes_of("sign=1-a%2B")));
        assert_string_equal(r->host, "example.com:8000");
        CHECK(r->keep_alive);
        CHECK(!r->has_body && !r->chunked && !r->expect_continue && !r->upgrade_websocket);
        CHECK_EQ(r->header_count, 9);
        assert_string_equal(http_request_header(r, "ORIGIN"), "http://example.com");
        assert_string_equal(http_request_header(r, "x-empty"), "");
        assert_string_equal(http_request_header(r, "x-spaces"), "a b");
        assert_string_equal(http_request_header(r, "range"), "bytes=0-");
        assert_null(http_request_header(r, "rang"));
        CHECK(http_request_has_token(r, "accept-encoding", "GZIP"));
        CHECK(http_request_has_token(r, "accept-encoding", "deflate"));
        CHECK(!http_request_has_token(r, "accept-encoding", "defl"));
        http_parser_free(p);
    }
}

static void test_tokens(void **state)
{
    (void)state;
    struct http_parser *p = parse("GET / HTTP/1.1\r\n" H "TE: a;q=0, b\r\nTE: ,, c ; q=1,dd\r\n\r\n");
    const struct http_request *r = http_parser_request(p);
    static const struct { const char *token; bool found; } cases[] = {
        { "a", true }, { "b", true }, { "c", true }, { "dd", true },
        { "q=0", false }, { "d", false }, { "", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(http_request_has_token(r, "te", cases[i].token), cases[i].found);
    http_parser_free(p);
}

static void test_targets(void **state)
{
    (void)state;
    static const struct { const char *text, *path, *query, *host; } cases[] = {
        { "GET / HTTP/1.1\r\n" H "\r\n", "/", "", "h" },
        { "GET /a?b?c HTTP/1.1\r\n" H "\r\n", "/a", "b?c", "h" },
        { "GET //a//b HTTP/1.1\r\n" H "\r\n", "//a//b", "", "h" },
        { "GET /a%20b%2Fc HTTP/1.1\r\n" H "\r\n", "/a b/c", "", "h" },
        { "GET /a..b/.c/d. HTTP/1.1\r\n" H "\r\n", "/a..b/.c/d.", "", "h" },
        /* ffmpeg sends what the user typed */
        { "GET /live/\xe7\x9b\xb4.flv?n=\xe7 HTTP/1.1\r\n" H "\r\n", "/live/\xe7\x9b\xb4.flv", "n=%E7", "h" },
        { "GET http://other:81/x?y HTTP/1.1\r\n" H "\r\n", "/x", "y", "other:81" },
        { "GET HTTPS://other HTTP/1.1\r\n" H "\r\n", "/", "", "other" },
        { "GET http://[::1]:80?q HTTP/1.1\r\n" H "\r\n", "/", "q", "[::1]:80" },
        { "OPTIONS * HTTP/1.1\r\n" H "\r\n", "*", "", "h" },
        { "GET /old HTTP/1.0\r\n\r\n", "/old", "", "" },
        { "GET /old HTTP/1.0\r\nHost: [2001:db8::1]:8000\r\n\r\n", "/old", "", "[2001:db8::1]:8000" },
        { "GET / HTTP/1.1\r\nHost:\r\n\r\n", "/", "", "" },
        { "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", "/", "", "h" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_parser        *p = parse(cases[i].text);
        const struct http_request *r = http_parser_request(p);
        assert_string_equal(r->path, cases[i].path);
        CHECK(bytes_equal(r->query, bytes_of(cases[i].query)));
        assert_string_equal(r->host, cases[i].host);
        http_parser_free(p);
        CHECK_EQ(status_of(cases[i].text), 0);
    }
}

static void test_methods(void **state)
{
    (void)state;
    static const struct { const char *name; enum http_method method; } cases[] = {
        { "GET", HTTP_METHOD_GET },       { "HEAD", HTTP_METHOD_HEAD },
        { "POST", HTTP_METHOD_POST },     { "PUT", HTTP_METHOD_PUT },
        { "DELETE", HTTP_METHOD_DELETE }, { "OPTIONS", HTTP_METHOD_OPTIONS },
        { "PATCH", HTTP_METHOD_PATCH },   { "TRACE", HTTP_METHOD_OTHER },
        { "PROPFIND", HTTP_METHOD_OTHER },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s /a HTTP/1.1\r\n" H "\r\n", cases[i].name);
        struct http_parser *p = parse(text);
        CHECK_EQ(http_parser_request(p)->method, cases[i].method);
        assert_string_equal(http_parser_request(p)->method_name, cases[i].name);
        http_parser_free(p);
    }
}

static void test_keep_alive(void **state)
{
    (void)state;
    static const struct { const char *text; bool keep_alive; } cases[] = {
        { "GET / HTTP/1.1\r\n" H "\r\n", true },
        { "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\n" H "Connection: Keep-Alive, CLOSE\r\n\r\n", false },
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true },
        { "GET / HTTP/1.1\r\n" H "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_parser *p = parse(cases[i].text);
        CHECK_EQ(http_parser_request(p)->keep_alive, cases[i].keep_alive);
        CHECK(!http_parser_request(p)->upgrade_websocket);
        http_parser_free(p);
    }
}

/* Everything that two servers could read differently, and plain nonsense. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct { int status; const char *text; } cases[] = {
        /* line ends */
        { 400, "GET / HTTP/1.1\nHost: h\n\n" },
        { 400, "GET / HTTP/1.1\r\nHost: h\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: h\r\n\n" },
        { 400, "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n" },
        { 400, "\nGET / HTTP/1.1\r\n" H "\r\n" },
        { 400, "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n" },
        /* folding and white space */
        { 400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n X: a\r\n" H "\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H "Content-Length : 1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H "X Y: 1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H "X\t: 1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H ": 1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H "nocolon\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H "X\xe9: 1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H "X(y): 1\r\n\r\n" },
        /* control characters */
        { 400, "GET / HTTP/1.1\r\n" H "X: a\x01" "b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n" },
        { 400, "\x16\x03\x01\x02" },
        { 400, "\x03" },
        /* start line */
        { 400, "hello\r\n" },
        { 400, "GET /\r\n" },
        { 400, "GET  / HTTP/1.1\r\n" },
        { 400, "GET /  HTTP/1.1\r\n" },
        { 400, "GET / HTTP/1.1 \r\n" },
        { 400, "GET\t/ HTTP/1.1\r\n" },
        { 400, "GET / a HTTP/1.1\r\n" },
        { 400, " GET / HTTP/1.1\r\n" },
        { 400, "GET / http/1.1\r\n" },
        { 400, "GET / HTTP/1.1.1\r\n" },
        { 400, "GET / HTTP/11\r\n" },
        { 400, "GET / HTTP/1,1\r\n" },
        { 400, "GET HTTP/1.1\r\n" },
        { 400, " / HTTP/1.1\r\n" },
        { 505, "GET / HTTP/1.2\r\n" },
        { 505, "GET / HTTP/2.0\r\n" },
        { 505, "GET / HTTP/0.9\r\n" },
        { 505, "PRI * HTTP/2.0\r\n" },
        { 501, "FOO / HTTP/1.1\r\n" H "\r\n" },
        { 501, "get / HTTP/1.1\r\n" H "\r\n" },
        { 501, "DESCRIBE / HTTP/1.1\r\n" H "\r\n" },
        { 501, "CONNECT h:80 HTTP/1.1\r\n" H "\r\n" },
        /* target */
        { 400, "GET * HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET live HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET h:80 HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET ftp://h/ HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET http:///x HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET http://u@h/ HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /a#b HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /a?b#c HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /a%00b HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /a%0d%0ab HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /a%2 HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /%ff HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /\xff HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /.. HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /a/../b HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /a/%2e%2e/b HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /a/..%2fb HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET /./b HTTP/1.1\r\n" H "\r\n" },
        { 400, "GET http://h/../b HTTP/1.1\r\n" H "\r\n" },
        /* host */
        { 400, "GET / HTTP/1.1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" H H "\r\n" },
        { 400, "GET / HTTP/1.0\r\n" H H "\r\n" },
        { 400, "GET http://h/ HTTP/1.1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: h:99999\r\n\r\n" },
        /* lengths */
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1;\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: \r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551616\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999\r\n\r\n" },
        /* transfer codings */
        { 400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" },
        { 400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n" },
        { 501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n" },
        /* expectations */
        { 417, "POST / HTTP/1.1\r\n" H "Expect: tea\r\n\r\n" },
        { 417, "POST / HTTP/1.1\r\n" H "Expect: 100-continue, tea\r\n\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int status = status_of(cases[i].text);
        if (status != cases[i].status)
            fail_msg("%d, not %d: %s", status, cases[i].status, cases[i].text);
    }
}

/* A request with a target, `count` headers "a: b" and one long one, as its parts' sizes say. */
static char *request_of(size_t target_size, size_t header_count, size_t value_size)
{
    size_t size = target_size + header_count * 6 + value_size + 64;
    char  *text = calloc(1, size), *at = text;
    at += sprintf(at, "GET /");
    memset(at, 'a', target_size - 1);
    at += target_size - 1;
    at += sprintf(at, " HTTP/1.1\r\n" H "X: ");
    memset(at, 'v', value_size);
    at += value_size;
    at += sprintf(at, "\r\n");
    for (size_t i = 0; i < header_count; i++)
        at += sprintf(at, "a: b\r\n");
    sprintf(at, "\r\n");
    return text;
}

/* To know whether the answer to what was refused has a body. */
static void test_head_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        bool        head;
    } cases[] = {
        { "HEAD / HTTP/1.1\r\n\r\n", true },
        { "HEAD /%zz HTTP/1.1\r\nHost: h\r\n\r\n", true },
        { "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", true },
        { "HEAD ", true },
        { "HEAD", false },
        { "HEADER / HTTP/1.1\r\n", false },
        { "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", false },
        { "", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_parser *p = http_parser_new(NULL);
        struct bytes        in = bytes_of(cases[i].request);
        if (in.size > 0)
            http_parser_feed(p, in);
        CHECK_EQ(http_parser_is_head(p), cases[i].head);
        http_parser_free(p);
    }
}

static void test_limits(void **state)
{
    (void)state;
    static const struct { struct http_limits limits; size_t target, headers, value; int status; } cases[] = {
        { { 8192, 4096, 64 }, 4096, 62, 100, 0 },
        { { 8192, 4096, 64 }, 4097, 0, 0, 414 },
        { { 8192, 4096, 64 }, 8000, 0, 0, 414 },
        { { 8192, 4096, 64 }, 20000, 0, 0, 414 },
        { { 8192, 4096, 64 }, 1, 63, 100, 431 },
        { { 8192, 4096, 64 }, 1, 0, 8192 - 32, 0 },
        { { 8192, 4096, 64 }, 1, 0, 8192 - 31, 431 },
        { { 8192, 4096, 64 }, 1, 0, 100000, 431 },
        { { 41, 10, 2 }, 10, 0, 0, 0 },
        { { 41, 10, 2 }, 10, 0, 1, 431 },
        { { 41, 10, 2 }, 11, 0, 0, 414 },
        { { 400, 10, 2 }, 10, 1, 0, 431 },
        { { 16, 10, 2 }, 10, 1, 0, 414 },
        { { 0, 0, 0 }, 1, 0, 0, 414 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = request_of(cases[i].target, cases[i].headers, cases[i].value);
        for (size_t cut = 0; cut <= strlen(text); cut += strlen(text) / 50 + 1) {
            struct http_parser *p = http_parser_new(&cases[i].limits);
            ssize_t             n = feed_cut(p, text, strlen(text), cut);
            CHECK_EQ(http_parser_status(p), cases[i].status);
            CHECK_EQ(n, cases[i].status == 0 ? (ssize_t)strlen(text) : ERR_TOO_BIG);
            http_parser_free(p);
        }
        free(text);
    }
    /* Each 8-bit character counts as the three that it is kept as. */
    struct http_parser *p = http_parser_new(&(struct http_limits){ 400, 10, 2 });
    CHECK_EQ(http_parser_feed(p, bytes_of("GET /\xc3\xa9\xc3\xa9 HTTP/1.1\r\n")), ERR_TOO_BIG);
    http_parser_free(p);
}

static void test_expect(void **state)
{
    (void)state;
    static const struct { const char *text; bool expect; } cases[] = {
        { "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n", true },
        { "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", true },
        { "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", false },
        { "POST / HTTP/1.0\r\n" H "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n", false },
        { "POST / HTTP/1.0\r\n" H "Content-Length: 1\r\nExpect: tea\r\n\r\n", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_parser *p = parse(cases[i].text);
        CHECK_EQ(http_parser_request(p)->expect_continue, cases[i].expect);
        http_parser_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_browser_request),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_head_is_known),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_expect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
