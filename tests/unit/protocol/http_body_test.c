#include "check.h"

#include "base/error.h"
#include "protocol/http.h"

#include <stdio.h>

#define H "Host: h\r\n"

static struct http_parser *parse(const char *text)
{
    struct http_parser *p = http_parser_new(NULL);
    CHECK_EQ(http_parser_feed(p, bytes_of(text)), strlen(text));
    if (http_parser_request(p) == NULL)
        fail_msg("%d %s: %s", http_parser_status(p), http_parser_reason(p), text);
    return p;
}

/* Read body bytes in pieces cut at `cut`; what comes is appended to `out`.  Returns the bytes
 * consumed, or the error. */
static ssize_t body_cut(struct http_parser *p, const char *text, size_t size, size_t cut, char *out)
{
    size_t used = strlen(out), at = 0, ends[] = { cut, size };
    for (int i = 0; i < 2; i++) {
        uint8_t     *copy = copy_exact(text + at, ends[i] - at);
        struct bytes in = { copy, ends[i] - at }, piece;
        while (in.size > 0 && !http_parser_done(p)) {
            ssize_t n = http_parser_body(p, in, &piece);
            if (n < 0) {
                free(copy);
                return n;
            }
            CHECK(n > 0);
            CHECK(piece.size <= (size_t)n);
            memcpy(out + used, piece.data, piece.size);
            used += piece.size;
            out[used] = '\0';
            in.data += n;
            in.size -= (size_t)n;
            at += (size_t)n;
        }
        free(copy);
    }
    return (ssize_t)at;
}

#define POST_CHUNKED "POST /live/s.flv HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"

static void test_bodies(void **state)
{
    (void)state;
    static const struct { const char *head, *body, *want; uint64_t length; bool chunked; } cases[] = {
        { "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n", "hello", "hello", 5, false },
        { "POST / HTTP/1.0\r\nContent-Length: 1 \r\n\r\n", "x", "x", 1, false },
        { "GET / HTTP/1.1\r\n" H "Content-Length: 002\r\n\r\n", "ab", "ab", 2, false },
        { "POST / HTTP/1.1\r\n" H "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n",
          "ab", "ab", 2, false },
        { POST_CHUNKED, "0\r\n\r\n", "", 0, true },
        { POST_CHUNKED, "5\r\nhello\r\n0\r\n\r\n", "hello", 0, true },
        { POST_CHUNKED, "5\r\nhello\r\n00A\r\n, chunk\r\n!\r\n0\r\n\r\n", "hello, chunk\r\n!", 0, true },
        { POST_CHUNKED, "3;c=\"d e\"\r\n\r\n\n\r\n1\r\n0\r\n000\r\n\r\n", "\r\n\n0", 0, true },
        { POST_CHUNKED, "1\r\n\x80\r\n0\r\nTrailer: x\r\nContent-Length: 5\r\n\r\n", "\x80", 0, true },
        { "POST / HTTP/1.1\r\n" H "Upgrade: h2c\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n",
          "1\r\na\r\n0\r\n\r\n", "a", 0, true },
        { "POST / HTTP/1.1\r\n" H "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
          "1\r\na\r\n0\r\n\r\n", "a", 0, true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = strlen(cases[i].body);
        for (size_t cut = 0; cut <= size; cut++) {
            struct http_parser *p = parse(cases[i].head);
            const struct http_request *r = http_parser_request(p);
            CHECK(r->has_body);
            CHECK(!http_parser_done(p));
            CHECK(http_parser_started(p));
            CHECK_EQ(r->content_length, cases[i].length);
            CHECK_EQ(r->chunked, cases[i].chunked);
            char out[64] = "";
            if (body_cut(p, cases[i].body, size, cut, out) != (ssize_t)size)
                fail_msg("cut at %zu: %s: %s", cut, http_parser_reason(p), cases[i].body);
            assert_string_equal(out, cases[i].want);
            CHECK(http_parser_done(p));
            assert_ptr_equal(http_parser_request(p), r); /* still there */
            http_parser_free(p);
        }
    }
}

static void test_broken_chunks(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n", "5\r\nhello\r\n0\n\r\n", "5\r\nhello\r\n0\r\n\n", "5\r\nhello\r\n0\n\n",
        "-1\r\n", "+1\r\na", "0x1\r\na", " 1\r\na", "1 \r\na", "\t1\r\na", "1\t\r\na", "g\r\n", "\r\n",
        ";a\r\n",
        "1 ;a\r\na", "1;\r\na", "1; a\r\na", "1;a\nb\r\na", "1;a\x01\r\na", "1;a=\"b\nc\"\r\na",
        "1;a\rb\r\na",
        "10000000000000000\r\na", "fffffffffffffffff\r\na", "00000000000000000000000000000000g\r\n",
        "0\r\nX: y\n\r\n", "0\r\nX: y\r\n z\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX: y\rz\r\n\r\n",
        "0\r\nX y: z\r\n\r\n", "0\r\nX: \x01\r\n\r\n",
        "0\r\nnocolon\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        size_t size = strlen(bodies[i]);
        for (size_t cut = 0; cut <= size; cut++) {
            struct http_parser *p = parse(POST_CHUNKED);
            char                out[64] = "";
            ssize_t             n = body_cut(p, bodies[i], size, cut, out);
            if (n != ERR_PROTOCOL || http_parser_status(p) != 400)
                fail_msg("%zd, cut at %zu: %s", n, cut, bodies[i]);
            CHECK(!http_parser_done(p));
            struct bytes piece;
            CHECK_EQ(http_parser_body(p, bytes_of("0"), &piece), ERR_PROTOCOL);
            CHECK_EQ(piece.size, 0);
            http_parser_free(p);
        }
    }
}

/* Chunk extensions and trailers are bounded like a head, however they come. */
static void test_chunk_overhead(void **state)
{
    (void)state;
    static const char *const starts[] = { "1;", "0\r\nX: " };
    for (size_t i = 0; i < COUNT(starts); i++) {
        struct http_parser *p = parse(POST_CHUNKED);
        struct bytes        piece;
        CHECK_EQ(http_parser_body(p, bytes_of(starts[i]), &piece), strlen(starts[i]));
        size_t  sent = strlen(starts[i]);
        ssize_t n = 0;
        for (; sent < 20000 && n >= 0; sent++)
            n = http_parser_body(p, bytes_of("a"), &piece);
        CHECK_EQ(n, ERR_TOO_BIG);
        CHECK_EQ(http_parser_status(p), 431);
        CHECK_EQ(sent, 8193);
        http_parser_free(p);
    }
    /* Many chunks are no such thing. */
    struct http_parser *p = parse(POST_CHUNKED);
    char                out[8192] = "";
    for (int i = 0; i < 4000; i++)
        CHECK_EQ(body_cut(p, "1\r\na\r\n", 6, 2, out), 6);
    http_parser_free(p);
}

/* A publisher's POST has no end; its length counter is 64 bits. */
static void test_long_body(void **state)
{
    (void)state;
    struct http_parser *p = parse("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551615\r\n\r\n");
    struct bytes        in = bytes_of("FLV"), piece;
    CHECK_EQ(http_parser_request(p)->content_length, UINT64_MAX);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(http_parser_body(p, in, &piece), 3);
        assert_ptr_equal(piece.data, in.data);
        CHECK_EQ(piece.size, 3);
    }
    CHECK_EQ(http_parser_body(p, (struct bytes){ 0 }, &piece), 0);
    CHECK(!http_parser_done(p));
    http_parser_free(p);
    p = parse(POST_CHUNKED);
    CHECK_EQ(http_parser_body(p, bytes_of("ffffffffffffffff\r\n"), &piece), 18);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(http_parser_body(p, in, &piece), 3);
        assert_ptr_equal(piece.data, in.data);
        CHECK_EQ(piece.size, 3);
    }
    http_parser_free(p);
}

/* Requests on one connection, one behind the other, whatever the pieces they come in. */
static void test_pipeline(void **state)
{
    (void)state;
    static const char text[] =
        "GET /1 HTTP/1.1\r\n" H "\r\n"
        "POST /2 HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"
        "\r\n" /* some clients end a body with a line of its own */
        "POST /3 HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
        "GET /4 HTTP/1.1\r\n" H "Connection: close\r\nX: y\r\n\r\n"
        "GET /5 HTTP/1.0\r\n\r\n";
    static const char want[] = "/1 1|/2 2|abc/3 2|def/4 3|/5 0|";
    for (size_t step = 1; step < sizeof text; step++) {
        struct http_parser *p = http_parser_new(NULL);
        char                log[128] = "";
        bool                open = false;
        for (size_t at = 0; at < sizeof text - 1;) {
            size_t       size = sizeof text - 1 - at < step ? sizeof text - 1 - at : step;
            uint8_t     *copy = copy_exact(text + at, size);
            struct bytes in = { copy, size }, piece = { 0 };
            ssize_t      n = open ? http_parser_body(p, in, &piece) : http_parser_feed(p, in);
            CHECK(n > 0);
            at += (size_t)n;
            const struct http_request *r = http_parser_request(p);
            if (!open && r != NULL)
                sprintf(log + strlen(log), "%s %zu|", r->path, r->header_count);
            if (piece.size > 0)
                strncat(log, (const char *)piece.data, piece.size);
            open = r != NULL && !http_parser_done(p);
            free(copy);
        }
        CHECK(http_parser_done(p));
        assert_string_equal(log, want);
        http_parser_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_broken_chunks),
        cmocka_unit_test(test_chunk_overhead),
        cmocka_unit_test(test_long_body),
        cmocka_unit_test(test_pipeline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
