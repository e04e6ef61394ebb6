#include "bench/rtmp_client.h"

#include "base/error.h"
#include "bench/target.h"
#include "check.h"

enum { HANDSHAKE = 1536 };

static char app[] = "live", name[] = "a?x=1", tc_url[] = "rtmp://h/live";
static const struct target target = { .protocol = PROTOCOL_RTMP, .app = app, .name = name, .tc_url = tc_url };

/* What nginx-rtmp answers, shortened: the bytes of each message after the handshake. */
static const uint8_t dialogue[] = {
    /* window acknowledgement size 2000, set chunk size 256 */
    0x02, 0, 0, 0, 0, 0, 4, 5, 0, 0, 0, 0, 0, 0, 0x07, 0xd0,
    0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 1, 0,
    /* _result 1, null, null */
    0x03, 0, 0, 0, 0, 0, 21, 20, 0, 0, 0, 0, 2, 0, 7, '_', 'r', 'e', 's', 'u', 'l', 't',
    0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 5, 5,
    /* _result 2, null, 5 */
    0x03, 0, 0, 0, 0, 0, 29, 20, 0, 0, 0, 0, 2, 0, 7, '_', 'r', 'e', 's', 'u', 'l', 't',
    0, 0x40, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0x40, 0x14, 0, 0, 0, 0, 0, 0,
    /* ping request 7 */
    0x02, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 7,
    /* a video message */
    0x06, 0, 0, 9, 0, 0, 3, 9, 5, 0, 0, 0, 0x27, 1, 2,
};

static void put_handshake(struct writer *w)
{
    write_be(w, 3, 1);
    for (unsigned i = 0; i < 2 * HANDSHAKE; i++)
        write_be(w, i % 251, 1);
}

static void put_status(struct writer *w, const char *level, const char *code)
{
    uint8_t       body[200];
    struct writer b = writer_over(body, sizeof body);
    write_bytes(&b, "\x02\0\x08onStatus\0\0\0\0\0\0\0\0\0\x05\x03\0\x05level\x02\0", 31);
    write_be(&b, strlen(level), 1);
    write_bytes(&b, level, strlen(level));
    write_bytes(&b, "\0\x04" "code\x02\0", 8);
    write_be(&b, strlen(code), 1);
    write_bytes(&b, code, strlen(code));
    write_bytes(&b, "\0\0\x09", 3);
    write_bytes(w, "\x05\0\0\0", 4);
    write_be(w, writer_size(&b), 3);
    write_bytes(w, "\x14\x05\0\0\0", 5);
    write_bytes(w, body, writer_size(&b));
}

static void count_message(void *arg, const struct skim_message *m)
{
    CHECK_EQ(m->type, 9);
    CHECK_EQ(m->time_ms, 9);
    ++*(unsigned *)arg;
}

static bool contains(const struct writer *out, const char *text, size_t size)
{
    return memmem(out->start, writer_size(out), text, size) != NULL;
}

/* The whole dialogue of a viewer, cut anywhere. */
static void test_play(void **state)
{
    (void)state;
    static uint8_t wire[1 + 2 * HANDSHAKE + 1000], reply[8 * 1024];
    struct writer  w = writer_over(wire, sizeof wire);
    put_handshake(&w);
    write_bytes(&w, dialogue, sizeof dialogue);
    put_status(&w, "status", "NetStream.Play.Start");
    size_t size = writer_size(&w);
    for (size_t cut = 0; cut <= size; cut += cut > 5 && cut < 1530 ? 61 : 1) {
        struct writer      out = writer_over(reply, sizeof reply);
        struct rtmp_client c;
        unsigned           messages = 0;
        uint8_t           *a = copy_exact(wire, cut), *b = copy_exact(wire + cut, size - cut);
        rtmp_client_init(&c, &target, false, &out);
        CHECK_EQ(writer_size(&out), 1 + HANDSHAKE);
        CHECK_EQ(rtmp_client_read(&c, (struct bytes){ a, cut }, &out, count_message, &messages), 0);
        CHECK_EQ(rtmp_client_read(&c, (struct bytes){ b, size - cut }, &out, count_message, &messages), 0);
        CHECK_EQ(c.state, RTMP_CLIENT_RUNNING);
        CHECK_EQ(messages, 1);
        assert_memory_equal(reply + 1 + HANDSHAKE, wire + 1, HANDSHAKE); /* C2 is S1 */
        CHECK(contains(&out, "\0\3app\2\0\4live", 12));
        CHECK(contains(&out, "\2\0\5a?x=1", 8));
        CHECK(contains(&out, "\0\7\0\0\0\7", 6));   /* pong */
        CHECK(!out.overrun && c.s1 == NULL);
        rtmp_client_clear(&c);
        free(a);
        free(b);
    }
}

static int read_after_stream(const char *level, const char *code, bool publishes, struct rtmp_client *c)
{
    static uint8_t wire[1 + 2 * HANDSHAKE + 1000], reply[8 * 1024];
    struct writer  w = writer_over(wire, sizeof wire), out = writer_over(reply, sizeof reply);
    unsigned       messages = 0;
    put_handshake(&w);
    write_bytes(&w, dialogue, sizeof dialogue);
    put_status(&w, level, code);
    rtmp_client_init(c, &target, publishes, &out);
    int error = rtmp_client_read(c, (struct bytes){ wire, writer_size(&w) }, &out, count_message, &messages);
    rtmp_client_clear(c);
    return error;
}

static void test_statuses(void **state)
{
    (void)state;
    struct rtmp_client c;
    CHECK_EQ(read_after_stream("error", "NetStream.Play.StreamNotFound", false, &c), ERR_REFUSED);
    assert_string_equal(c.why, "NetStream.Play.StreamNotFound");
    CHECK_EQ(read_after_stream("status", "NetStream.Play.UnpublishNotify", false, &c), ERR_CLOSED);
    CHECK_EQ(read_after_stream("status", "NetStream.Play.Reset", false, &c), 0);
    CHECK_EQ(c.state, RTMP_CLIENT_STARTING);
    CHECK_EQ(read_after_stream("status", "NetStream.Publish.Start", true, &c), 0);
    CHECK_EQ(c.state, RTMP_CLIENT_RUNNING);
    CHECK_EQ(read_after_stream("error", "NetStream.Publish.BadName", true, &c), ERR_REFUSED);
}

static void test_no_rtmp_server(void **state)
{
    (void)state;
    uint8_t            reply[4096];
    struct writer      out = writer_over(reply, sizeof reply);
    struct rtmp_client c;
    rtmp_client_init(&c, &target, false, &out);
    struct bytes in = bytes_of("HTTP/1.1 400 Bad Request");
    CHECK_EQ(rtmp_client_read(&c, in, &out, count_message, NULL), ERR_PROTOCOL);
    assert_string_equal(c.why, "no RTMP server");
    rtmp_client_clear(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_play),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_no_rtmp_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
