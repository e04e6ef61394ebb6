/* Fields of HTTP/2 as requests: RFC 9113, 8.3, RFC 8441 and the limits. */
#include "check.h"

#include "base/error.h"
#include "protocol/http2_request.h"

struct text_field {
    const char *name, *value;
};

#define GET_FIELDS { ":method", "GET" }, { ":scheme", "https" }, { ":authority", "example.org:8443" }

static const struct http_limits limits = { .head_size = 1024, .target_size = 256, .header_count = 4 };

static struct http2_request *request_of(const struct text_field *fields, size_t count)
{
    struct http2_request *r = http2_request_new(&limits);
    for (size_t i = 0; i < count; i++) {
        uint8_t *name = copy_exact(fields[i].name, strlen(fields[i].name));
        uint8_t *value = copy_exact(fields[i].value, strlen(fields[i].value));
        CHECK_EQ(http2_request_add(r, (struct bytes){ name, strlen(fields[i].name) },
                                   (struct bytes){ value, strlen(fields[i].value) }), 0);
        free(name);
        free(value);
    }
    return r;
}

static void test_get(void **state)
{
    const struct text_field fields[] = { GET_FIELDS, { ":path", "/live/a%20b.flv?x=1" },
                                         { "range", "bytes=0-" }, { "host", "other.example" } };
    struct http2_request   *r = request_of(fields, COUNT(fields));
    const char             *reason = NULL;
    (void)state;
    CHECK_EQ(http2_request_end(r, false, &reason), 0);
    const struct http_request *q = http2_request_get(r);
    CHECK_EQ(q->method, HTTP_METHOD_GET);
    CHECK(q->http2 && !q->has_body && !q->upgrade_websocket && !q->chunked && !q->expect_continue);
    assert_string_equal(q->path, "/live/a b.flv");
    assert_string_equal(q->target, "/live/a%20b.flv?x=1");
    CHECK(bytes_equal(q->query, bytes_of("x=1")));
    assert_string_equal(q->host, "example.org:8443"); /* :authority counts */
    CHECK_EQ(q->header_count, 2);
    assert_string_equal(http_request_header(q, "Range"), "bytes=0-");
    http2_request_free(r);
}

static void test_post(void **state)
{
    const struct text_field fields[] = { { ":method", "POST" }, { ":scheme", "https" },
                                         { ":path", "/live/a.flv" }, { "host", "a" },
                                         { "content-length", "7" }, { "expect", "100-continue" } };
    struct http2_request   *r = request_of(fields, COUNT(fields));
    const char             *reason;
    (void)state;
    CHECK_EQ(http2_request_end(r, true, &reason), 0);
    const struct http_request *q = http2_request_get(r);
    CHECK(q->has_body && q->expect_continue && q->content_length == 7);
    assert_string_equal(q->host, "a");
    http2_request_free(r);
}

static void test_websocket(void **state)
{
    const struct text_field fields[] = { { ":method", "CONNECT" }, { ":protocol", "websocket" },
                                         { ":scheme", "https" }, { ":path", "/live/a" },
                                         { ":authority", "a" }, { "sec-websocket-version", "13" } };
    struct http2_request   *r = request_of(fields, COUNT(fields));
    const char             *reason;
    (void)state;
    CHECK_EQ(http2_request_end(r, true, &reason), 0);
    const struct http_request *q = http2_request_get(r);
    CHECK_EQ(q->method, HTTP_METHOD_GET);
    CHECK(q->upgrade_websocket && !q->has_body);
    http2_request_free(r);
}

/* After a refusal there is still something to answer to. */
static void check_refused(const struct text_field *fields, size_t count, int status)
{
    struct http2_request *r = request_of(fields, count);
    const char           *reason = NULL;
    CHECK_EQ(http2_request_end(r, false, &reason), status);
    assert_non_null(reason);
    CHECK_EQ(http2_request_get(r)->header_count, 0);
    assert_string_equal(http2_request_get(r)->path, "/");
    http2_request_free(r);
}

#define REFUSED(status, ...)                                               \
    do {                                                                   \
        const struct text_field fields_[] = { __VA_ARGS__ };               \
        check_refused(fields_, COUNT(fields_), status);                    \
    } while (0)

static void test_refusals(void **state)
{
    char long_path[300] = "/", long_value[1000] = "";
    (void)state;
    memset(long_path + 1, 'a', sizeof long_path - 2);
    memset(long_value, 'a', sizeof long_value - 1);
    REFUSED(400, { ":method", "GET" }, { ":path", "/" });
    REFUSED(400, { ":method", "GET" }, { ":scheme", "https" });
    REFUSED(400, GET_FIELDS, { ":path", "" });
    REFUSED(400, GET_FIELDS, { ":path", "live/a" });
    REFUSED(400, GET_FIELDS, { ":path", "*" });
    REFUSED(400, GET_FIELDS, { ":path", "/a/../b" });
    REFUSED(400, GET_FIELDS, { ":path", "/a#b" });
    REFUSED(400, GET_FIELDS, { ":path", "/%zz" });
    REFUSED(400, GET_FIELDS, { ":path", "/a\nb" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { ":path", "/" });
    REFUSED(400, GET_FIELDS, { "accept", "*" }, { ":path", "/" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { ":status", "200" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { "Accept", "*" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { "a b", "c" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { "", "c" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { "a", "b\rc" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { "connection", "close" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { "transfer-encoding", "chunked" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { "content-length", "+1" });
    REFUSED(400, GET_FIELDS, { ":path", "/" }, { "content-length", "1" }, { "content-length", "1" });
    REFUSED(400, { ":method", "GET" }, { ":scheme", "https" }, { ":authority", "a b" }, { ":path", "/" });
    REFUSED(400, { ":method", "GET" }, { ":scheme", "https" }, { ":path", "/" }); /* no host at all */
    REFUSED(414, GET_FIELDS, { ":path", long_path });
    REFUSED(417, GET_FIELDS, { ":path", "/" }, { "expect", "wonders" });
    REFUSED(431, GET_FIELDS, { ":path", "/" }, { "a", long_value });
    REFUSED(431, GET_FIELDS, { ":path", "/" }, { "a", "" }, { "b", "" }, { "c", "" }, { "d", "" },
            { "e", "" });
    REFUSED(501, { ":method", "CONNECT" }, { ":authority", "a:1" });
    REFUSED(501, { ":method", "CONNECT" }, { ":scheme", "https" }, { ":authority", "a" }, { ":path", "/" });
    REFUSED(501, { ":method", "CONNECT" }, { ":protocol", "other" }, { ":scheme", "https" },
            { ":authority", "a" }, { ":path", "/" });
    REFUSED(501, { ":protocol", "websocket" }, GET_FIELDS, { ":path", "/" });
}

static void test_a_flood_is_told(void **state)
{
    struct http2_request *r = http2_request_new(&limits);
    struct bytes          name = bytes_of("a"), value = bytes_of("0123456789");
    size_t                count = 0;
    (void)state;
    while (http2_request_add(r, name, value) == 0)
        count++;
    CHECK_EQ(count, 2048 / 43);
    http2_request_free(r);
    http2_request_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),      cmocka_unit_test(test_post),
        cmocka_unit_test(test_websocket), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_flood_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
