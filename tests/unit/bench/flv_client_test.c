#include "bench/flv_client.h"

#include "base/error.h"
#include "bench/target.h"
#include "check.h"

static char host[] = "h:8000", path[] = "/live/a.flv?x=1";
static const struct target http_target = { .protocol = PROTOCOL_FLV, .host = host, .path = path };
static const struct target ws_target = { .protocol = PROTOCOL_WS, .host = host, .path = path };

#define FLV_HEADER "FLV\1\5\0\0\0\x09\0\0\0\0"
#define FLV_TAG    "\x09\0\0\3\0\0\7\0\0\0\0\x27\1\2\0\0\0\x0e"

static const char plain[] = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nConnection: close\r\n\r\n"
                            FLV_HEADER FLV_TAG FLV_TAG;
static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "d\r\n" FLV_HEADER "\r\n" "14\r\n" FLV_TAG "\x09\0" "\r\n"
                              "10\r\n" "\0\3\0\0\7\0\0\0\0\x27\1\2\0\0\0\x0e" "\r\n";
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
static const char upgraded[] = SWITCHING "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
                               "\x82\x0d" FLV_HEADER "\x89\1p" "\x82\x12" FLV_TAG "\x82\x12" FLV_TAG;

static void count_message(void *arg, const struct skim_message *m)
{
    CHECK_EQ(m->type, 9);
    CHECK_EQ(m->time_ms, 7);
    CHECK_EQ(m->size, 3);
    ++*(unsigned *)arg;
}

static void read_cut(const struct target *target, const char *wire, size_t size, bool pong)
{
    for (size_t cut = 0; cut <= size; cut++) {
        uint8_t           reply[1024];
        struct writer     out = writer_over(reply, sizeof reply);
        struct flv_client c;
        unsigned          messages = 0;
        uint8_t          *a = copy_exact(wire, cut), *b = copy_exact(wire + cut, size - cut);
        flv_client_init(&c, target, &out);
        CHECK(memcmp(reply, "GET /live/a.flv?x=1 HTTP/1.1\r\nHost: h:8000\r\n", 44) == 0);
        CHECK_EQ(flv_client_read(&c, (struct bytes){ a, cut }, &out, count_message, &messages), 0);
        CHECK_EQ(flv_client_read(&c, (struct bytes){ b, size - cut }, &out, count_message, &messages), 0);
        CHECK_EQ(messages, 2);
        CHECK_EQ(memmem(reply, writer_size(&out), "\x8a\x81\0\0\0\0p", 7) != NULL, pong);
        free(a);
        free(b);
    }
}

static void test_plain(void **state)
{
    (void)state;
    read_cut(&http_target, plain, sizeof plain - 1, false);
}

static void test_chunked(void **state)
{
    (void)state;
    read_cut(&http_target, chunked, sizeof chunked - 1, false);
}

static void test_websocket(void **state)
{
    (void)state;
    read_cut(&ws_target, upgraded, sizeof upgraded - 1, true);
}

static void refuse(const struct target *target, const char *wire, size_t size, int error, const char *why)
{
    uint8_t           reply[1024];
    struct writer     out = writer_over(reply, sizeof reply);
    struct flv_client c;
    unsigned          messages = 0;
    flv_client_init(&c, target, &out);
    struct bytes in = { (const uint8_t *)wire, size };
    CHECK_EQ(flv_client_read(&c, in, &out, count_message, &messages), error);
    assert_string_equal(c.why, why);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char not_found[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    static const char no_flv[] = "HTTP/1.1 200 OK\r\n\r\n<html>....";
    static const char no_http[] = "\3\0\0\0\0";
    static const char ended[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    static const char closed[] = SWITCHING "\r\n\x88\2\3\xe8";
    static const char text[] = SWITCHING "\r\n\x81\1a";
    refuse(&http_target, not_found, sizeof not_found - 1, ERR_REFUSED, "HTTP status 404");
    refuse(&ws_target, plain, sizeof plain - 1, ERR_REFUSED, "HTTP status 200");
    refuse(&http_target, no_flv, sizeof no_flv - 1, ERR_PROTOCOL, "broken FLV");
    refuse(&http_target, no_http, sizeof no_http - 1, ERR_PROTOCOL, "broken HTTP");
    refuse(&http_target, ended, sizeof ended - 1, ERR_CLOSED, "ended by the server");
    refuse(&ws_target, closed, sizeof closed - 1, ERR_CLOSED, "closed by the server");
    refuse(&ws_target, text, sizeof text - 1, ERR_UNSUPPORTED, "broken WebSocket frames");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_websocket),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
