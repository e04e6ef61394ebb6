#include "rtmp_feed.h"

/* 5.3.1.2.4: "the timestamp delta for this Type 3 chunk is the same as the timestamp of the Type
 * 0 chunk".  ffmpeg and GStreamer rely on it when a second message follows at twice the time. */
static void test_type_3_after_type_0(void **state)
{
    (void)state;
    static const uint8_t wire[] = {
        0x04, 0, 0, 23, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0xc4, 0xaa,
        0xc4, 0xaa,
    };
    static const struct expected want[] = { { 4, 1, 23, 8, 1 }, { 4, 1, 46, 8, 1 }, { 4, 1, 69, 8, 1 } };
    CHECK_WIRE(wire, want);
}

/* Time wraps at 2^32, and GStreamer goes back in time by a delta of nearly as much. */
static void test_time_wraps(void **state)
{
    (void)state;
    static const uint8_t wire[] = {
        0x04, 0xff, 0xff, 0xff, 0, 0, 1, 8, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xf0, 0xaa,
        0x84, 0, 0, 0x20, 0xaa,
        0x84, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xaa,
        0x04, 0xff, 0xff, 0xff, 0, 0, 1, 8, 1, 0, 0, 0, 0x00, 0xff, 0xff, 0xff, 0xaa,
        0x04, 0xff, 0xff, 0xfe, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
    };
    static const struct expected want[] = {
        { 4, 1, 0xfffffff0, 8, 1 }, { 4, 1, 0x10, 8, 1 },     { 4, 1, 0x0e, 8, 1 },
        { 4, 1, 0xffffff, 8, 1 },   { 4, 1, 0xfffffe, 8, 1 },
    };
    CHECK_WIRE(wire, want);
}

/* Captured: rtmpdump's first control messages, its type 3 chunk that starts a message, and what
 * ffmpeg sends when its first frame is at 16779977 ms: a delta in an extended timestamp. */
static void test_captured_pieces(void **state)
{
    (void)state;
    static const uint8_t rtmpdump[] = {
        0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4c, 0x4b, 0x40,
        0x42, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x04, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x01, 0x2c, 0xc2, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x02, 0x25, 0x51, 0x00,
    };
    static const struct expected rtmpdump_said[] = {
        { 2, 0, 0, 5, 4 }, { 2, 0, 0, 4, 10 }, { 2, 0, 0, 4, 10 } };
    CHECK_WIRE(rtmpdump, rtmpdump_said);

    uint8_t ffmpeg[12 + 7 + 12 + 155 + 8 + 2] = {
        0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07, 0x08, 0x01, 0x00, 0x00, 0x00,
        0xaf, 0x00, 0x12, 0x08, 0x56, 0xe5, 0x00, /* AudioSpecificConfig */
        0x44, 0xff, 0xff, 0xff, 0x00, 0x00, 0x9b, 0x08, 0x01, 0x00, 0x0a, 0xc9,
    };
    memset(ffmpeg + 31, 0x21, 155);
    struct writer w = writer_over(ffmpeg + 31 + 155, 10);
    write_bytes(&w, "\x44\x00\x00\x17\x00\x00\x02\x08\xaf\x01", 10);
    static const struct expected ffmpeg_said[] = {
        { 4, 1, 0, 8, 7 }, { 4, 1, 16779977, 8, 155 }, { 4, 1, 16780000, 8, 2 } };
    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
    struct outcome            o = { 0 };
    CHECK_EQ(rtmp_chunk_reader_set_chunk_size(c, 60000), 0);
    feed(c, ffmpeg, sizeof ffmpeg, 0, 1, &o);
    check_messages(&o, ffmpeg_said, COUNT(ffmpeg_said));
    outcome_free(&o);
    rtmp_chunk_reader_free(c);
}

/* A message of `length` at 0x01020304, in chunks of 128, with or without the extended timestamp
 * in its type 3 chunks; `tail` is the payload of the last chunk. */
static size_t make_extended(uint8_t *wire, uint8_t length, bool repeat, const char *tail)
{
    struct writer w = writer_over(wire, 512);
    write_bytes(&w, "\x06\xff\xff\xff\x00\x00", 6);
    write_be(&w, length, 1);
    write_bytes(&w, "\x09\x01\x00\x00\x00\x01\x02\x03\x04", 9);
    for (int i = 0; i < 128; i++)
        write_be(&w, 0x77, 1);
    write_be(&w, 0xc6, 1);
    if (repeat)
        write_be(&w, 0x01020304, 4);
    write_bytes(&w, tail, length - 128u);
    return writer_size(&w);
}

static void check_extended(uint8_t length, bool repeat, const char *tail)
{
    uint8_t               wire[512];
    size_t                size = make_extended(wire, length, repeat, tail);
    const struct expected want = { 6, 1, 0x01020304, 9, length };
    check_wire(wire, size, &want, 1);

    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
    struct outcome            o = { 0 };
    feed(c, wire, size, 0, 1, &o);
    assert_memory_equal(avpacket_body(o.messages[0].packet) + 128, tail, length - 128u);
    outcome_free(&o);
    rtmp_chunk_reader_free(c);
}

/* The habit is learnt from the bytes, whole or cut; what is left of a message may be shorter than
 * the timestamp.  (Where both lie in one byte less than the timestamp: the test below.) */
static void test_extended_repeated_or_omitted(void **state)
{
    (void)state;
    check_extended(138, true, "0123456789");
    check_extended(138, false, "0123456789");
    check_extended(138, false, "\1\2\3xxxxxxx"); /* begins as the timestamp does */
    for (uint8_t left = 1; left < 4; left++) {
        check_extended(128 + left, true, "\1\2\3");
        check_extended(128 + left, true, "abc");
        check_extended(128 + left, false, "abc"); /* decided at its first byte: nothing need follow */
    }
    check_extended(131, false, "\1\2x");
}

/* Fewer than four bytes of payload that look like the timestamp: wait, for the next byte of the
 * connection tells; and when the habit is known, do not even do that. */
static void test_extended_in_doubt(void **state)
{
    (void)state;
    uint8_t wire[1024];
    size_t  size = make_extended(wire, 130, false, "\1\2");
    size_t  first = size;
    memcpy(wire + size, "\x04\0\0\0\0\0\1\x08\1\0\0\0\xaa", 13); /* the next message, elsewhere */
    size += 13;

    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
    struct outcome            o = { 0 };
    feed(c, wire, first, 0, 1, &o);
    CHECK_EQ(o.count, 0);
    feed(c, wire, first + 1, first + 1, 1, &o);
    CHECK_EQ(o.count, 1);
    size += make_extended(wire + size, 130, false, "\1\2");
    feed(c, wire, size, first + 1, 1, &o);
    static const struct expected want[] = {
        { 6, 1, 0x01020304, 9, 130 }, { 4, 1, 0, 8, 1 }, { 6, 1, 0x01020304, 9, 130 } };
    check_messages(&o, want, COUNT(want));
    CHECK_EQ(o.consumed, size);
    outcome_free(&o);
    rtmp_chunk_reader_free(c);
}

/* A type 3 chunk that starts a message carries the delta in full again.  ffmpeg compares only the
 * 24-bit fields, so it may even be another one. */
static void test_extended_starts_message(void **state)
{
    (void)state;
    static const uint8_t wire[] = {
        0x04, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0x84, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00, 0x00, 0xaa,
        0xc4, 0x01, 0x00, 0x00, 0x00, 0xaa,
        0xc4, 0x02, 0x00, 0x00, 0x05, 0xaa,
    };
    static const struct expected want[] = {
        { 4, 1, 0, 8, 1 }, { 4, 1, 0x01000000, 8, 1 },
        { 4, 1, 0x02000000, 8, 1 }, { 4, 1, 0x04000005, 8, 1 } };
    CHECK_WIRE(wire, want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_type_3_after_type_0),
        cmocka_unit_test(test_time_wraps),
        cmocka_unit_test(test_captured_pieces),
        cmocka_unit_test(test_extended_repeated_or_omitted),
        cmocka_unit_test(test_extended_in_doubt),
        cmocka_unit_test(test_extended_starts_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
