#include "check.h"

#include "base/error.h"
#include "protocol/http.h"
#include "protocol/websocket.h"

#include <stdio.h>

static void read_request(const char *head, void (*check)(const struct http_request *, const void *),
                         const void *arg)
{
    struct http_parser *p = http_parser_new(NULL);
    CHECK_EQ(http_parser_feed(p, bytes_of(head)), strlen(head));
    assert_non_null(http_parser_request(p));
    check(http_parser_request(p), arg);
    http_parser_free(p);
}

static void check_status(const struct http_request *r, const void *want)
{
    int status = websocket_check(r);
    if (status != *(const int *)want) {
        for (size_t i = 0; i < r->header_count; i++)
            print_message("%s: %s\n", r->headers[i].name, r->headers[i].value);
        fail_msg("%d, not %d", status, *(const int *)want);
    }
}

#define H        "Host: h\r\n"
#define UP       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13      "Sec-WebSocket-Version: 13\r\n"
#define GET(...) "GET /live/s.flv HTTP/1.1\r\n" H __VA_ARGS__ "\r\n"

static void test_check(void **state)
{
    (void)state;
    static const struct { int status; const char *head; } cases[] = {
        { 0, GET(UP KEY V13) },
        { 0, GET("Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n" KEY V13) }, /* Firefox */
        { 0, GET("Upgrade: foo, websocket\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n" KEY V13) },
        { 400, GET(KEY V13) },
        { 400, GET("Connection: Upgrade\r\n" KEY V13) },
        { 400, GET("Upgrade: websocket\r\n" KEY V13) },
        { 400, GET("Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY V13) },
        { 400, GET(UP V13) },
        { 400, GET(UP KEY KEY V13) },
        { 400, GET(UP V13 "Sec-WebSocket-Key:\r\n") },
        { 400, GET(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n") },
        { 400, GET(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ===\r\n") },
        { 400, GET(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n") },
        { 400, GET(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n") }, /* bits beyond the 16 bytes */
        { 400, GET(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub2=jZQ==\r\n") },
        { 400, GET(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZ_Bub25jZQ==\r\n") },
        { 400, GET(UP V13 "Sec-WebSocket-Key: dGhlIHNhbX BsZSBub25jZ==\r\n") },
        { 400, "GET / HTTP/1.0\r\n" H UP KEY V13 "\r\n" },
        { 400, "POST / HTTP/1.1\r\n" H UP KEY V13 "\r\n" },
        { 400, GET(UP KEY V13 "Content-Length: 1\r\n") },
        { 426, GET(UP KEY) },
        { 426, GET(UP KEY "Sec-WebSocket-Version: 8\r\n") },
        { 426, GET(UP KEY "Sec-WebSocket-Version: 130\r\n") },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        read_request(cases[i].head, check_status, &cases[i].status);
}

static void check_protocol(const struct http_request *r, const void *want)
{
    static const char *const known[] = { "publisher", "post", NULL };
    const char              *got = websocket_choose_protocol(r, known);
    if (want == NULL)
        assert_null(got);
    else
        assert_string_equal(got, want);
}

#define OFFER "Sec-WebSocket-Protocol: "

static void test_choose_protocol(void **state)
{
    (void)state;
    static const struct { const char *want, *head; } cases[] = {
        { NULL, GET(UP KEY V13) },
        { "publisher", GET(UP KEY V13 OFFER "publisher\r\n") },
        { "post", GET(UP KEY V13 OFFER "post\r\n") },
        { "publisher", GET(UP KEY V13 OFFER "post, publisher\r\n") }, /* our order */
        { "post", GET(UP KEY V13 OFFER "a,b ,\t,post,\r\n") },
        { "post", GET(UP KEY V13 OFFER "a\r\nsec-websocket-protocol: post\r\n") },
        { NULL, GET(UP KEY V13 OFFER "Publisher, POST\r\n") }, /* case counts: the echo must be the offer */
        { NULL, GET(UP KEY V13 OFFER "publishers, posts, pos, po st\r\n") },
        { NULL, GET(UP KEY V13 OFFER "post;q=1\r\n") },
        { NULL, GET(UP KEY V13 OFFER "\r\n") },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        read_request(cases[i].head, check_protocol, cases[i].want);
}

static void check_accept(const struct http_request *r, const void *want)
{
    uint8_t       out[256];
    struct writer w = writer_over(out, sizeof out);
    websocket_write_accept(&w, r, "publisher");
    CHECK(bytes_equal((struct bytes){ out, writer_size(&w) }, bytes_of(want)));
}

static void test_accept(void **state)
{
    (void)state;
    char *out = malloc(WEBSOCKET_ACCEPT_SIZE);
    websocket_accept_key("dGhlIHNhbXBsZSBub25jZQ==", out); /* RFC 6455, 1.3 */
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    char long_key[1000];
    memset(long_key, 'a', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    websocket_accept_key(long_key, out);
    CHECK_EQ(strlen(out), 28);
    free(out);
    read_request(GET(UP KEY V13), check_accept,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                 "Sec-WebSocket-Protocol: publisher\r\n\r\n");
}

/* What a reader said, as text: T[...] and B[...] for whole messages, P[...] and O[...] for pings
 * and pongs, C1000[...] for a close, !1002 for an error. */
struct transcript {
    char   text[4096];
    size_t size;
    char   message[2048];
    size_t message_size;
};

static void say(struct transcript *t, const char *what, const void *data, size_t size)
{
    assert_true(t->size + size + 16 < sizeof t->text);
    t->size += (size_t)sprintf(t->text + t->size, "%s[", what);
    if (size > 0)
        memcpy(t->text + t->size, data, size);
    t->size += size;
    t->size += (size_t)sprintf(t->text + t->size, "]");
}

static void hear(struct transcript *t, const struct websocket_event *e)
{
    char what[8];
    switch (e->type) {
    case WEBSOCKET_TEXT:
    case WEBSOCKET_BINARY:
        CHECK(e->data.size > 0 || e->final);
        assert_true(t->message_size + e->data.size <= sizeof t->message);
        if (e->data.size > 0)
            memcpy(t->message + t->message_size, e->data.data, e->data.size);
        t->message_size += e->data.size;
        if (e->final) {
            say(t, e->type == WEBSOCKET_TEXT ? "T" : "B", t->message, t->message_size);
            t->message_size = 0;
        }
        break;
    case WEBSOCKET_PING:  say(t, "P", e->data.data, e->data.size); break;
    case WEBSOCKET_PONG:  say(t, "O", e->data.data, e->data.size); break;
    case WEBSOCKET_CLOSE:
        sprintf(what, "C%u", e->code);
        say(t, what, e->data.data, e->data.size);
        break;
    case WEBSOCKET_NONE:  break;
    }
}

/* Give `in` to the reader, heap copied, and note what it says; false after an error. */
static bool give(struct websocket_reader *r, struct bytes in, struct transcript *t)
{
    uint8_t               *copy = copy_exact(in.data, in.size);
    struct bytes           left = { copy, in.size };
    struct websocket_event e;
    do {
        ssize_t n = websocket_read(r, left, &e);
        if (n < 0) {
            CHECK_EQ(e.type, WEBSOCKET_NONE);
            CHECK_EQ(websocket_read(r, left, &e), n);
            t->size += (size_t)sprintf(t->text + t->size, "!%u", websocket_reader_code(r));
            free(copy);
            return false;
        }
        CHECK((size_t)n <= left.size);
        left.data += n;
        left.size -= (size_t)n;
        hear(t, &e);
    } while (e.type != WEBSOCKET_NONE);
    CHECK_EQ(left.size, 0);
    free(copy);
    return true;
}

/* Whatever the input is cut into, the reader says `want`; after its first 100 bytes only some. */
static void check_transcript(const char *id, struct bytes wire, uint64_t size_max, const char *want)
{
    for (size_t cut = 0; cut <= wire.size + 1; cut += cut < 100 ? 1 : 997) {
        struct transcript       *t = calloc(1, sizeof *t);
        struct websocket_reader *r = websocket_reader_new(size_max);
        size_t                   first = cut <= wire.size ? cut : 0;
        bool                     whole = cut <= wire.size;
        if (whole && give(r, (struct bytes){ wire.data, first }, t))
            give(r, (struct bytes){ wire.data + first, wire.size - first }, t);
        for (size_t i = 0; !whole && i < wire.size; i++) /* a byte at a time */
            if (!give(r, (struct bytes){ wire.data + i, 1 }, t))
                break;
        if (!bytes_equal((struct bytes){ (uint8_t *)t->text, t->size }, bytes_of(want)))
            fail_msg("%s, cut at %zu: '%s' is not '%s'", id, cut, t->text, want);
        websocket_reader_free(r);
        free(t);
    }
}

/* The examples of RFC 6455, 5.7, as a server gets them; a server's own are in test_write. */
static void test_rfc_examples(void **state)
{
    (void)state;
    static const uint8_t hello[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
    static const uint8_t pong[] = { 0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
    static const uint8_t unmasked[] = { 0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f };
    check_transcript("text", (struct bytes){ hello, sizeof hello }, 0, "T[Hello]");
    check_transcript("pong", (struct bytes){ pong, sizeof pong }, 0, "O[Hello]");
    check_transcript("no mask", (struct bytes){ unmasked, sizeof unmasked }, 0, "!1002");
}

struct frame {
    uint8_t     first;  /* FIN, RSV, opcode */
    const char *payload;
    size_t      size;
};

static void write_masked(struct writer *w, uint8_t first, const char *payload, size_t size)
{
    static const uint8_t mask[4] = { 0x12, 0xf4, 0x00, 0xa9 };
    write_be(w, first, 1);
    if (size < 126)
        write_be(w, 0x80 | size, 1);
    else if (size < 65536)
        write_be(w, 0xfe0000 | size, 3);
    else {
        write_be(w, 0xff, 1);
        write_be(w, size, 8);
    }
    write_bytes(w, mask, 4);
    for (size_t i = 0; i < size; i++)
        write_be(w, (uint8_t)payload[i] ^ mask[i % 4], 1);
}

#define F(first, text) { first, text, sizeof text - 1 }
#define A10 "aaaaaaaaaa"
#define A123 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10 "aaa"
enum { FIN = 0x80, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* Frames in, transcript out; numbered as the Autobahn test suite numbers its cases. */
static void test_autobahn(void **state)
{
    (void)state;
    static const struct { const char *id; struct frame frames[8]; const char *want; } cases[] = {
        { "1.1.1", { F(FIN | TEXT, "") }, "T[]" },
        { "1.1.2", { F(FIN | TEXT, A123 "bb") }, "T[" A123 "bb]" },
        { "1.1.3", { F(FIN | TEXT, A123 "bbb") }, "T[" A123 "bbb]" },
        { "1.1.4", { F(FIN | TEXT, A123 "bbbb") }, "T[" A123 "bbbb]" },
        { "1.2.1", { F(FIN | BINARY, "") }, "B[]" },
        { "1.2.2", { F(FIN | BINARY, A123 "\xfe\xfe") }, "B[" A123 "\xfe\xfe]" },
        { "1.2.3", { F(FIN | BINARY, A123 "\xfe\xfe\xfe") }, "B[" A123 "\xfe\xfe\xfe]" },
        { "2.1", { F(FIN | PING, "") }, "P[]" },
        { "2.2", { F(FIN | PING, "Hello, world!") }, "P[Hello, world!]" },
        { "2.3", { F(FIN | PING, "\xff\xfe\xfd\xfc\xfb\xff") }, "P[\xff\xfe\xfd\xfc\xfb\xff]" },
        { "2.4", { F(FIN | PING, A123 "\xfe\xfe") }, "P[" A123 "\xfe\xfe]" },
        { "2.5", { F(FIN | PING, A123 "\xfe\xfe\xfe"), F(FIN | TEXT, "x") }, "!1002" },
        { "2.7", { F(FIN | PONG, "") }, "O[]" },
        { "2.8", { F(FIN | PONG, "unasked") }, "O[unasked]" },
        { "2.9", { F(FIN | PONG, "a"), F(FIN | PING, "b") }, "O[a]P[b]" },
        { "2.10", { F(FIN | PING, "1"), F(FIN | PING, "2"), F(FIN | PING, "3"), F(FIN | PING, "4") },
          "P[1]P[2]P[3]P[4]" },
        { "3.1", { F(FIN | 0x10 | TEXT, "x") }, "!1002" },
        { "3.2", { F(FIN | TEXT, "a"), F(FIN | 0x20 | TEXT, "b"), F(FIN | PING, "") }, "T[a]!1002" },
        { "3.4", { F(FIN | TEXT, "a"), F(FIN | 0x40 | TEXT, "b") }, "T[a]!1002" },
        { "3.5", { F(FIN | 0x50 | BINARY, "\xff\xff\xff\xff\xff\xff\xff\xff") }, "!1002" },
        { "3.6", { F(FIN | 0x60 | PING, "x") }, "!1002" },
        { "3.7", { F(FIN | 0x70 | CLOSE, "\x03\xe8") }, "!1002" },
        { "4.1.1", { F(FIN | 3, "") }, "!1002" },
        { "4.1.2", { F(FIN | 4, "x") }, "!1002" },
        { "4.1.3", { F(FIN | TEXT, "a"), F(FIN | 5, ""), F(FIN | PING, "") }, "T[a]!1002" },
        { "4.1.5", { F(FIN | TEXT, "a"), F(FIN | 7, "x"), F(FIN | PING, "") }, "T[a]!1002" },
        { "4.2.1", { F(FIN | 11, "") }, "!1002" },
        { "4.2.3", { F(FIN | TEXT, "a"), F(FIN | 13, "") }, "T[a]!1002" },
        { "4.2.5", { F(FIN | TEXT, "a"), F(FIN | 15, "x") }, "T[a]!1002" },
        { "5.1", { F(PING, "a"), F(FIN | 0, "b") }, "!1002" },
        { "5.2", { F(PONG, "a"), F(FIN | 0, "b") }, "!1002" },
        { "5.3", { F(TEXT, "frag1"), F(FIN | 0, "frag2") }, "T[frag1frag2]" },
        { "5.6", { F(TEXT, "a"), F(FIN | PING, "ping"), F(FIN | 0, "b") }, "P[ping]T[ab]" },
        { "5.9", { F(FIN | 0, "x"), F(FIN | TEXT, "y") }, "!1002" },
        { "5.12", { F(0, "x"), F(FIN | TEXT, "y") }, "!1002" },
        { "5.15", { F(TEXT, "a"), F(FIN | 0, "b"), F(0, "c"), F(FIN | TEXT, "d") }, "T[ab]!1002" },
        { "5.18", { F(TEXT, "a"), F(FIN | TEXT, "b") }, "!1002" },
        { "5.19", { F(TEXT, "1"), F(0, "2"), F(FIN | PING, "p"), F(0, "3"), F(0, "4"), F(FIN | PING, "q"),
                    F(FIN | 0, "5") }, "P[p]P[q]T[12345]" },
        { "6.1.1", { F(FIN | TEXT, "") }, "T[]" },
        { "6.1.2", { F(TEXT, ""), F(0, ""), F(FIN | 0, "") }, "T[]" },
        { "6.1.3", { F(TEXT, ""), F(0, "middle"), F(FIN | 0, "") }, "T[middle]" },
        { "6.2.1", { F(FIN | TEXT, "\xce\xba\xe1\xbd\xb9\xcf\x83") }, "T[\xce\xba\xe1\xbd\xb9\xcf\x83]" },
        { "6.2.3", { F(TEXT, "\xce"), F(0, "\xba\xe1"), F(0, "\xbd"), F(FIN | 0, "\xb9") },
          "T[\xce\xba\xe1\xbd\xb9]" },
        { "6.3.1", { F(FIN | TEXT, "\xce\xba\xed\xa0\x80" "edited") }, "!1007" },
        { "6.3.2", { F(TEXT, "\xce\xba\xed"), F(FIN | 0, "\xa0\x80") }, "!1007" },
        { "6.4.1", { F(TEXT, "\xce\xba"), F(0, "\xf4\x90\x80\x80"), F(FIN | 0, "e") }, "!1007" },
        { "6.5.1", { F(FIN | TEXT, "\xef\xbf\xbf\xf4\x8f\xbf\xbf") }, "T[\xef\xbf\xbf\xf4\x8f\xbf\xbf]" },
        { "6.6.1", { F(FIN | TEXT, "\xce") }, "!1007" },
        { "6.6.3", { F(TEXT, "\xce"), F(FIN | 0, "") }, "!1007" },
        { "6.8.1", { F(FIN | TEXT, "\xf8\x88\x80\x80\x80") }, "!1007" },
        { "6.11.1", { F(FIN | TEXT, "\xfe") }, "!1007" },
        { "6.14.1", { F(FIN | TEXT, "\xc0\x80") }, "!1007" },
        { "6.16.1", { F(TEXT, "a"), F(FIN | PING, "\xff"), F(FIN | 0, "b") }, "P[\xff]T[ab]" },
        { "7.1.1", { F(FIN | TEXT, "a"), F(FIN | CLOSE, "\x03\xe8") }, "T[a]C1000[]" },
        { "7.1.2", { F(FIN | CLOSE, "\x03\xe8"), F(FIN | CLOSE, "\x03\xe9") }, "C1000[]" },
        { "7.1.3", { F(FIN | CLOSE, "\x03\xe8"), F(FIN | PING, "x") }, "C1000[]" },
        { "7.1.4", { F(FIN | CLOSE, "\x03\xe8"), F(FIN | TEXT, "x"), F(FIN | 0x70 | 15, "x") }, "C1000[]" },
        { "7.1.5", { F(TEXT, "frag1"), F(FIN | CLOSE, "\x03\xe8"), F(FIN | 0, "x") }, "C1000[]" },
        { "7.3.1", { F(FIN | CLOSE, "") }, "C1005[]" },
        { "7.3.2", { F(FIN | CLOSE, "\x03") }, "!1002" },
        { "7.3.4", { F(FIN | CLOSE, "\x03\xe8Hello!") }, "C1000[Hello!]" },
        { "7.3.5", { F(FIN | CLOSE, "\x03\xe8" A123) }, "C1000[" A123 "]" },
        { "7.3.6", { F(FIN | CLOSE, "\x03\xe8" A123 "b") }, "!1002" },
        { "7.5.1", { F(FIN | CLOSE, "\x03\xe8\xce\xba\xed\xa0\x80" "e") }, "!1007" },
        { "7.5.2", { F(FIN | CLOSE, "\x03\xe8\xce") }, "!1007" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t       out[1024];
        struct writer w = writer_over(out, sizeof out);
        for (const struct frame *f = cases[i].frames; f->payload != NULL; f++)
            write_masked(&w, f->first, f->payload, f->size);
        check_transcript(cases[i].id, (struct bytes){ out, writer_size(&w) }, 0, cases[i].want);
    }
}

/* Autobahn 7.7, 7.9, 7.13: which close codes a peer may send. */
static void test_close_codes(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= 65535; code += code < 5100 ? 1 : 1009) {
        bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                     (code >= 3000 && code <= 4999);
        char          payload[2] = { (char)(code >> 8), (char)code }, want[16];
        uint8_t       out[16];
        struct writer w = writer_over(out, sizeof out);
        write_masked(&w, FIN | CLOSE, payload, 2);
        snprintf(want, sizeof want, valid ? "C%u[]" : "!1002", code);
        check_transcript("close code", (struct bytes){ out, writer_size(&w) }, 0, want);
    }
    CHECK_EQ(websocket_answer_code(WEBSOCKET_NO_CODE), 1000);
    CHECK_EQ(websocket_answer_code(1001), 1001);
}

/* Lengths that are not the shortest form, or too long for anybody (RFC 6455, 5.2). */
static void test_lengths(void **state)
{
    (void)state;
    static const struct { uint8_t wire[18]; size_t size; uint64_t size_max; const char *want; } cases[] = {
        { { 0x82, 0xfe, 0, 125, 1, 2, 3, 4, 5 }, 9, 0, "!1002" },
        { { 0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4, 5 }, 15, 0, "!1002" },
        { { 0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5 }, 15, 0, "!1002" },
        { { 0x82, 0xff, 127, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4, 5 }, 15, 1 << 20, "!1009" },
        { { 0x82, 0xff, 127, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4, 5 }, 15, 0, "" },
        { { 0x89, 0xfe, 0, 126, 1, 2, 3, 4, 5 }, 9, 0, "!1002" },
        { { 0x89, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4, 5 }, 15, 0, "!1002" },
        { { 0x82, 0x84, 0, 0, 0, 0, 'a', 'b', 'c', 'd' }, 10, 4, "B[abcd]" },
        { { 0x82, 0x84, 0, 0, 0, 0, 'a', 'b', 'c', 'd' }, 10, 3, "!1009" },
        { { 0x02, 0x82, 0, 0, 0, 0, 'a', 'b', 0x80, 0x82, 0, 0, 0, 0, 'c', 'd' }, 16, 4, "B[abcd]" },
        { { 0x02, 0x82, 0, 0, 0, 0, 'a', 'b', 0x80, 0x82, 0, 0, 0, 0, 'c', 'd' }, 16, 3, "!1009" },
        /* the limit is a message's, not a connection's */
        { { 0x82, 0x82, 0, 0, 0, 0, 'a', 'b', 0x82, 0x82, 0, 0, 0, 0, 'c', 'd' }, 16, 3, "B[ab]B[cd]" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_transcript("length", (struct bytes){ cases[i].wire, cases[i].size }, cases[i].size_max,
                         cases[i].want);
}

/* Without a limit a frame may be as long as the format allows; nothing waits for its end. */
static void test_endless(void **state)
{
    (void)state;
    struct websocket_reader *r = websocket_reader_new(0);
    static const uint8_t     huge[] = { 2, 255, 127, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 'a' };
    struct websocket_event   e;
    CHECK_EQ(websocket_read(r, (struct bytes){ huge, sizeof huge }, &e), sizeof huge);
    CHECK_EQ(e.type, WEBSOCKET_BINARY);
    CHECK(!e.final);
    websocket_reader_free(r);
    websocket_reader_free(NULL);
}

/* Autobahn 9: big messages, whole and in fragments; a reader must give each byte once, in order,
 * in pieces, whatever the sizes that arrive. */
static void test_big_messages(void **state)
{
    (void)state;
    static const size_t sizes[] = { 65535, 65536, 1 << 20, 4 << 20 };
    static const size_t steps[] = { 64, 1000, 4096, 5000, 65536, SIZE_MAX };
    static const size_t fragments[] = { 64, 65536, SIZE_MAX };
    for (size_t c = 0; c < COUNT(sizes) * COUNT(fragments) * COUNT(steps); c++) {
        size_t size = sizes[c % COUNT(sizes)], fragment = fragments[c / COUNT(sizes) % COUNT(fragments)];
        size_t step = steps[c / COUNT(sizes) / COUNT(fragments)];
        if (size > 65536 && (step < 4096 || fragment == 64))
            continue;
        char    *payload = malloc(size);
        uint8_t *wire = malloc(size * 2);
        for (size_t i = 0; i < size; i++)
            payload[i] = (char)(i * 2654435761u >> 13);
        struct writer w = writer_over(wire, size * 2);
        for (size_t at = 0; at < size;) {
            size_t n = size - at < fragment ? size - at : fragment;
            write_masked(&w, (at + n == size ? FIN : 0) | (at == 0 ? BINARY : 0), payload + at, n);
            at += n;
        }
        CHECK(!w.overrun);
        struct websocket_reader *r = websocket_reader_new(size);
        struct websocket_event   e;
        size_t                   got = 0;
        bool                     final = false;
        for (size_t at = 0; at < writer_size(&w);) {
            size_t n = writer_size(&w) - at < step ? writer_size(&w) - at : step;
            size_t end = at + n;
            do {
                ssize_t used = websocket_read(r, (struct bytes){ wire + at, end - at }, &e);
                CHECK(used >= 0);
                at += (size_t)used;
                CHECK(got + e.data.size <= size);
                if (e.data.size > 0)
                    CHECK(memcmp(e.data.data, payload + got, e.data.size) == 0);
                got += e.data.size;
                final |= e.final;
            } while (e.type != WEBSOCKET_NONE);
        }
        CHECK_EQ(got, size);
        CHECK(final);
        websocket_reader_free(r);
        free(payload);
        free(wire);
    }
}

static void test_write(void **state)
{
    (void)state;
    static const struct {
        enum websocket_opcode opcode;
        uint64_t              size;
        uint8_t               wire[10];
        size_t                wire_size;
    } cases[] = {
        { WEBSOCKET_OPCODE_TEXT, 5, { 0x81, 0x05 }, 2 },
        { WEBSOCKET_OPCODE_PING, 5, { 0x89, 0x05 }, 2 },
        { WEBSOCKET_OPCODE_BINARY, 0, { 0x82, 0 }, 2 },
        { WEBSOCKET_OPCODE_BINARY, 125, { 0x82, 125 }, 2 },
        { WEBSOCKET_OPCODE_BINARY, 126, { 0x82, 126, 0, 126 }, 4 },
        { WEBSOCKET_OPCODE_BINARY, 256, { 0x82, 0x7e, 0x01, 0x00 }, 4 },
        { WEBSOCKET_OPCODE_BINARY, 65535, { 0x82, 0x7e, 0xff, 0xff }, 4 },
        { WEBSOCKET_OPCODE_BINARY, 65536, { 0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0 }, 10 },
        { WEBSOCKET_OPCODE_BINARY, INT64_MAX, { 0x82, 127, 127, 255, 255, 255, 255, 255, 255, 255 }, 10 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t *out = malloc(WEBSOCKET_HEADER_SIZE);
        size_t   size = websocket_write_header(out, cases[i].opcode, cases[i].size);
        CHECK(bytes_equal((struct bytes){ out, size }, (struct bytes){ cases[i].wire, cases[i].wire_size }));
        free(out);
    }
    static const uint8_t hello[] = { 0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f };
    uint8_t              out[256];
    struct writer        w = writer_over(out, sizeof out);
    websocket_write_frame(&w, WEBSOCKET_OPCODE_PONG, bytes_of("Hello"));
    CHECK(bytes_equal((struct bytes){ out, writer_size(&w) }, (struct bytes){ hello, sizeof hello }));
}

static void test_write_close(void **state)
{
    (void)state;
    char reason[200];
    memset(reason, 'a', sizeof reason);
    memcpy(reason + 120, "\xe7\x9b\xb4\xe6\x92\xad", 7); /* byte 123 is where the second begins */
    static const uint8_t plain[] = { 0x88, 2, 0x03, 0xe8 }, none[] = { 0x88, 0 };
    static const uint8_t bye[] = { 0x88, 5, 0x03, 0xe9, 'b', 'y', 'e' };
    uint8_t              out[256];
    struct writer        w = writer_over(out, sizeof out);
    websocket_write_close(&w, WEBSOCKET_NORMAL, NULL);
    websocket_write_close(&w, WEBSOCKET_NO_CODE, "unused");
    websocket_write_close(&w, WEBSOCKET_GOING_AWAY, "bye");
    struct reader r = reader_over((struct bytes){ out, writer_size(&w) });
    CHECK(bytes_equal(read_bytes(&r, sizeof plain), (struct bytes){ plain, sizeof plain }));
    CHECK(bytes_equal(read_bytes(&r, sizeof none), (struct bytes){ none, sizeof none }));
    CHECK(bytes_equal(read_bytes(&r, sizeof bye), (struct bytes){ bye, sizeof bye }));
    CHECK_EQ(reader_left(&r), 0);
    for (size_t shift = 0; shift < 4; shift++) {
        w = writer_over(out, sizeof out);
        websocket_write_close(&w, WEBSOCKET_POLICY, reason + shift);
        CHECK_EQ(writer_size(&w), 4 + (shift < 3 ? 123 - shift : 123));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),          cmocka_unit_test(test_accept),
        cmocka_unit_test(test_choose_protocol),
        cmocka_unit_test(test_rfc_examples),   cmocka_unit_test(test_autobahn),
        cmocka_unit_test(test_close_codes),    cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_endless), cmocka_unit_test(test_big_messages),
        cmocka_unit_test(test_write),          cmocka_unit_test(test_write_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
