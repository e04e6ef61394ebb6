#include "check.h"

#include "base/error.h"
#include "protocol/rtmp_message.h"

static struct writer over(uint8_t *out, size_t size)
{
    memset(out, 0xee, size);
    return writer_over(out, size);
}

static void check_written(const struct writer *w, const char *want, size_t size)
{
    CHECK(!w->overrun);
    CHECK_EQ(writer_size(w), size);
    assert_memory_equal(w->start, want, size);
}

/* RTMP 1.0, 5.4 and 7.1.7: every field of every control message. */
static void test_control_read(void **state)
{
    (void)state;
    static const struct {
        uint8_t             type;
        size_t              size;
        uint8_t             payload[12];
        struct rtmp_control want;
    } cases[] = {
        { 1, 4, { 0, 0, 0x10, 0 }, { .value = 4096 } },
        { 1, 4, { 0x7f, 0xff, 0xff, 0xff }, { .value = 0x7fffffff } },
        { 2, 4, { 0, 1, 0, 2 }, { .value = 0x10002 } },
        { 3, 4, { 0xff, 0xff, 0xff, 0xff }, { .value = 0xffffffff } },
        { 5, 4, { 0x00, 0x4c, 0x4b, 0x40 }, { .value = 5000000 } },
        { 6, 5, { 0x00, 0x4c, 0x4b, 0x40, 2 }, { .value = 5000000, .limit = RTMP_LIMIT_DYNAMIC } },
        { 4, 6, { 0, 0, 0, 0, 0, 1 }, { .event = RTMP_STREAM_BEGIN, .value = 1 } },
        { 4, 6, { 0, 1, 0, 0, 0, 1 }, { .event = RTMP_STREAM_EOF, .value = 1 } },
        { 4, 6, { 0, 2, 0, 0, 0, 1 }, { .event = RTMP_STREAM_DRY, .value = 1 } },
        /* as rtmpdump sends it: 300 ms on stream 0 */
        { 4, 10, { 0, 3, 0, 0, 0, 0, 0, 0, 1, 0x2c }, { .event = RTMP_SET_BUFFER_LENGTH, .buffer_ms = 300 } },
        { 4, 6, { 0, 4, 0, 0, 0, 1 }, { .event = RTMP_STREAM_IS_RECORDED, .value = 1 } },
        { 4, 6, { 0, 6, 1, 2, 3, 4 }, { .event = RTMP_PING_REQUEST, .value = 0x01020304 } },
        { 4, 6, { 0, 7, 1, 2, 3, 4 }, { .event = RTMP_PING_RESPONSE, .value = 0x01020304 } },
        { 4, 2, { 0, 0x1a }, { .event = 0x1a } }, /* SWF verification: known to exist, not to us */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t size = 0; size <= cases[i].size + 1; size++) { /* one byte more is no harm */
            uint8_t            *payload = copy_exact(cases[i].payload, size);
            struct rtmp_control got = { .type = 99 };
            bool                whole = size >= cases[i].size;
            CHECK_EQ(rtmp_control_read(cases[i].type, (struct bytes){ payload, size }, &got),
                     whole ? 0 : ERR_PROTOCOL);
            CHECK_EQ(got.type, whole ? cases[i].type : 99);
            CHECK_EQ(got.value, whole ? cases[i].want.value : 0);
            CHECK_EQ(got.limit, whole ? cases[i].want.limit : 0);
            CHECK_EQ(got.event, whole ? cases[i].want.event : 0);
            CHECK_EQ(got.buffer_ms, whole ? cases[i].want.buffer_ms : 0);
            free(payload);
        }
    }
}

static void test_control_refusals(void **state)
{
    (void)state;
    struct rtmp_control control;
    struct bytes        zero = { (const uint8_t[4]){ 0 }, 4 }, top = { (const uint8_t[4]){ 0x80 }, 4 };
    CHECK_EQ(rtmp_control_read(RTMP_SET_CHUNK_SIZE, zero, &control), ERR_PROTOCOL);
    CHECK_EQ(rtmp_control_read(RTMP_SET_CHUNK_SIZE, top, &control), ERR_PROTOCOL);
    for (int type = 0; type < 256; type++) {
        if (type < 1 || type > 6)
            CHECK_EQ(rtmp_control_read((uint8_t)type, zero, &control), ERR_UNSUPPORTED);
    }
}

static void test_control_write(void **state)
{
    (void)state;
    uint8_t       out[64];
    struct writer w = over(out, sizeof out);
    rtmp_write_window_ack_size(&w, 5000000);
    rtmp_write_set_peer_bandwidth(&w, 5000000, RTMP_LIMIT_DYNAMIC);
    rtmp_write_set_chunk_size(&w, 60000);
    check_written(&w,
                  "\x02\0\0\0\0\0\4\5\0\0\0\0\x00\x4c\x4b\x40"
                  "\x02\0\0\0\0\0\5\6\0\0\0\0\x00\x4c\x4b\x40\x02"
                  "\x02\0\0\0\0\0\4\1\0\0\0\0\x00\x00\xea\x60", 49);
    w = over(out, sizeof out);
    rtmp_write_acknowledgement(&w, 0xfedcba98);
    rtmp_write_user_control(&w, RTMP_STREAM_BEGIN, 1);
    rtmp_write_user_control(&w, RTMP_PING_REQUEST, 0x01020304);
    check_written(&w,
                  "\x02\0\0\0\0\0\4\3\0\0\0\0\xfe\xdc\xba\x98"
                  "\x02\0\0\0\0\0\6\4\0\0\0\0\0\0\0\0\0\1"
                  "\x02\0\0\0\0\0\6\4\0\0\0\0\0\6\1\2\3\4", 52);
}

/* The specification's example 2 (5.3.2.2), as we write it: 140, 129 and 52 bytes. */
static void test_message_in_chunks(void **state)
{
    (void)state;
    uint8_t       out[512], body[307];
    struct writer w = over(out, sizeof out);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 5);
    rtmp_write_message(&w, 4, RTMP_VIDEO, 12346, 1000, (struct bytes){ body, sizeof body }, 128);
    CHECK_EQ(writer_size(&w), 140 + 129 + 52);
    CHECK_EQ(rtmp_message_wire_size(sizeof body, 1000, 128), 140 + 129 + 52);
    assert_memory_equal(out, "\x04\x00\x03\xe8\x00\x01\x33\x09\x3a\x30\x00\x00", 12);
    assert_memory_equal(out + 12, body, 128);
    CHECK_EQ(out[140], 0xc4);
    assert_memory_equal(out + 141, body + 128, 128);
    CHECK_EQ(out[269], 0xc4);
    assert_memory_equal(out + 270, body + 256, 51);
}

static void test_extended_timestamp(void **state)
{
    (void)state;
    uint8_t       out[64];
    struct writer w = over(out, sizeof out);
    struct bytes  body = { (const uint8_t *)"abcde", 5 };
    rtmp_write_message(&w, 5, RTMP_VIDEO, 1, 0xfffffe, body, 5);
    check_written(&w, "\x05\xff\xff\xfe\0\0\5\x09\1\0\0\0abcde", 17);
    w = over(out, sizeof out);
    rtmp_write_message(&w, 5, RTMP_VIDEO, 1, 0xffffff, body, 3);
    check_written(&w,
                  "\x05\xff\xff\xff\0\0\5\x09\1\0\0\0\x00\xff\xff\xff" "abc"
                  "\xc5\x00\xff\xff\xff" "de", 26);
    CHECK_EQ(rtmp_message_wire_size(5, 0xffffff, 3), 26);
}

static void test_sizes_at_the_edge(void **state)
{
    (void)state;
    uint8_t body[300] = { 0 };
    for (size_t size = 0; size <= sizeof body; size++) {
        uint8_t       out[1024];
        size_t        want = rtmp_message_wire_size(size, 0x1000000, 100);
        struct writer w = writer_over(out, want);
        rtmp_write_message(&w, 3, RTMP_COMMAND_AMF0, 0, 0x1000000, (struct bytes){ body, size }, 100);
        CHECK(!w.overrun);
        CHECK_EQ(writer_size(&w), want);
        w = writer_over(out, want - 1);
        rtmp_write_message(&w, 3, RTMP_COMMAND_AMF0, 0, 0x1000000, (struct bytes){ body, size }, 100);
        CHECK(w.overrun);
    }
}

/* A message's length has 24 bits: one byte more cannot be said. */
static void test_longest_message(void **state)
{
    (void)state;
    size_t        size = 0x1000000;
    uint8_t      *body = calloc(1, size), *out = malloc(size + 64);
    struct writer w = writer_over(out, size + 64);
    rtmp_write_message(&w, 3, RTMP_VIDEO, 1, 0, (struct bytes){ body, size }, 0xffffff);
    CHECK(w.overrun);
    w = writer_over(out, size + 64);
    rtmp_write_message(&w, 3, RTMP_VIDEO, 1, 0, (struct bytes){ body, size - 1 }, 0xffffff);
    CHECK(!w.overrun);
    CHECK_EQ(writer_size(&w), 12 + size - 1);
    free(body);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_read),      cmocka_unit_test(test_control_refusals),
        cmocka_unit_test(test_control_write),     cmocka_unit_test(test_message_in_chunks),
        cmocka_unit_test(test_extended_timestamp), cmocka_unit_test(test_sizes_at_the_edge),
        cmocka_unit_test(test_longest_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
