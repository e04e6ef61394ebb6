#include "rtmp_feed.h"

#include <stdio.h>

/* RTMP 1.0, 5.3.2.1: four audio messages of 32 bytes, 20 ms apart, in chunks of type 0, 2, 3, 3
 * and 44, 36, 33 and 33 bytes. */
static void test_specification_example_1(void **state)
{
    (void)state;
    uint8_t       wire[44 + 36 + 33 + 33], body[32];
    struct writer w = writer_over(wire, sizeof wire);
    memset(body, 0xa5, sizeof body);
    write_bytes(&w, "\x03\x00\x03\xe8\x00\x00\x20\x08\x39\x30\x00\x00", 12); /* 12345, low byte first */
    write_bytes(&w, body, 32);
    write_bytes(&w, "\x83\x00\x00\x14", 4);
    write_bytes(&w, body, 32);
    write_bytes(&w, "\xc3", 1);
    write_bytes(&w, body, 32);
    write_bytes(&w, "\xc3", 1);
    write_bytes(&w, body, 32);
    CHECK_EQ(writer_size(&w), sizeof wire);
    static const struct expected want[] = {
        { 3, 12345, 1000, 8, 32 },
        { 3, 12345, 1020, 8, 32 },
        { 3, 12345, 1040, 8, 32 },
        { 3, 12345, 1060, 8, 32 },
    };
    CHECK_WIRE(wire, want);
}

/* 5.3.2.2: one video message of 307 bytes in chunks of 140, 129 and 52 bytes. */
static void test_specification_example_2(void **state)
{
    (void)state;
    uint8_t       wire[140 + 129 + 52], body[307];
    struct writer w = writer_over(wire, sizeof wire);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 7);
    write_bytes(&w, "\x04\x00\x03\xe8\x00\x01\x33\x09\x3a\x30\x00\x00", 12);
    write_bytes(&w, body, 128);
    write_bytes(&w, "\xc4", 1);
    write_bytes(&w, body + 128, 128);
    write_bytes(&w, "\xc4", 1);
    write_bytes(&w, body + 256, 51);
    CHECK_EQ(writer_size(&w), sizeof wire);
    static const struct expected want[] = { { 4, 12346, 1000, 9, 307 } };
    CHECK_WIRE(wire, want);

    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
    struct outcome            o = { 0 };
    feed(c, wire, sizeof wire, 0, 100, &o);
    CHECK_EQ(o.count, 1);
    assert_memory_equal(avpacket_body(o.messages[0].packet), body, sizeof body);
    outcome_free(&o);
    rtmp_chunk_reader_free(c);
}

/* 5.3.1.1: one, two and three bytes; in the last the low byte comes first. */
static void test_basic_headers(void **state)
{
    (void)state;
    static const uint8_t wire[] = {
        0x02,             0, 0, 1, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0x3f,             0, 0, 2, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0x00, 0x00,       0, 0, 3, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0x00, 0xff,       0, 0, 4, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0x01, 0x02, 0x01, 0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0x01, 0xff, 0xff, 0, 0, 6, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0xc1, 0x02, 0x01, 0xaa, /* and back to the fifth */
        0x81, 0x00, 0x00, 0, 0, 10, 0xaa, /* the third again, in three bytes */
    };
    static const struct expected want[] = {
        { 2, 1, 1, 8, 1 },   { 63, 1, 2, 8, 1 },    { 64, 1, 3, 8, 1 },  { 319, 1, 4, 8, 1 },
        { 322, 1, 5, 8, 1 }, { 65599, 1, 6, 8, 1 }, { 322, 1, 10, 8, 1 }, { 64, 1, 13, 8, 1 },
    };
    CHECK_WIRE(wire, want);
}

/* Type 1 takes the message stream, type 2 the length and type as well, from what came before. */
static void test_inheritance(void **state)
{
    (void)state;
    static const uint8_t wire[] = {
        0x04, 0, 0, 100, 0, 0, 2, 9, 7, 0, 0, 0, 0xaa, 0xab,
        0x44, 0, 0, 40,  0, 0, 1, 8, 0xaa,
        0x84, 0, 0, 5,   0xaa,
        0xc4, 0xaa,
        0x04, 0, 0, 50,  0, 0, 1, 8, 9, 0, 0, 0, 0xaa, /* back in time, as type 0 may */
    };
    static const struct expected want[] = {
        { 4, 7, 100, 9, 2 }, { 4, 7, 140, 8, 1 }, { 4, 7, 145, 8, 1 },
        { 4, 7, 150, 8, 1 }, { 4, 9, 50, 8, 1 },
    };
    CHECK_WIRE(wire, want);
}

/* librtmp opens a chunk stream with a type 1 chunk: rtmpdump -> Window Acknowledgement Size with
 * type 0, Set Buffer Length with type 1; an older one begins with the latter. */
static void test_type_1_first(void **state)
{
    (void)state;
    static const uint8_t wire[] = { 0x42, 0, 0, 0, 0, 0, 10, 4, 0, 3, 0, 0, 0, 0, 0, 0, 1, 0x2c };
    static const struct expected want[] = { { 2, 0, 0, 4, 10 } };
    CHECK_WIRE(wire, want);
}

/* Chunks of two messages in turn, and a control message between them that halves the chunk size. */
static void test_interleaved(void **state)
{
    (void)state;
    uint8_t       wire[512], body[200];
    struct writer w = writer_over(wire, sizeof wire);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)i;
    write_bytes(&w, "\x06\0\0\1\0\0\xc8\x09\1\0\0\0", 12);
    write_bytes(&w, body, 128);
    write_bytes(&w, "\x04\0\0\2\0\0\xc8\x08\1\0\0\0", 12);
    write_bytes(&w, body, 128);
    write_bytes(&w, "\x02\0\0\0\0\0\4\x01\0\0\0\0\0\0\0\x40", 16);
    write_bytes(&w, "\xc6", 1);
    write_bytes(&w, body + 128, 64);
    write_bytes(&w, "\xc4", 1);
    write_bytes(&w, body + 128, 64);
    write_bytes(&w, "\xc4", 1);
    write_bytes(&w, body + 192, 8);
    write_bytes(&w, "\xc6", 1);
    write_bytes(&w, body + 192, 8);
    static const struct expected want[] = { { 2, 0, 0, 1, 4 }, { 4, 1, 2, 8, 200 }, { 6, 1, 1, 9, 200 } };
    check_wire(wire, writer_size(&w), want, COUNT(want));

    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
    struct outcome            o = { 0 };
    feed(c, wire, writer_size(&w), 0, 7, &o);
    for (size_t i = 1; i < 3; i++)
        assert_memory_equal(avpacket_body(o.messages[i].packet), body, sizeof body);
    outcome_free(&o);
    rtmp_chunk_reader_free(c);
}

static void test_empty_messages(void **state)
{
    (void)state;
    static const uint8_t wire[] = {
        0x05, 0, 0, 7, 0, 0, 0, 9, 1, 0, 0, 0,
        0xc5,
        0x85, 0, 0, 1,
        0x45, 0, 0, 1, 0, 0, 1, 9, 0xaa,
    };
    static const struct expected want[] = {
        { 5, 1, 7, 9, 0 }, { 5, 1, 14, 9, 0 }, { 5, 1, 15, 9, 0 }, { 5, 1, 16, 9, 1 } };
    CHECK_WIRE(wire, want);
}

static void test_chunk_sizes(void **state)
{
    (void)state;
    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
    CHECK_EQ(rtmp_chunk_reader_set_chunk_size(c, 1), 0);
    CHECK_EQ(rtmp_chunk_reader_set_chunk_size(c, 0x7fffffff), 0);
    CHECK_EQ(rtmp_chunk_reader_set_chunk_size(c, 0), ERR_PROTOCOL);
    CHECK_EQ(rtmp_chunk_reader_set_chunk_size(c, 0x80000000), ERR_PROTOCOL);
    assert_string_equal(rtmp_chunk_reader_why(c), "chunk size not in 1 to 0x7fffffff");
    rtmp_chunk_reader_free(c);

    static const uint8_t one_byte[] = {
        0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1,
        0x05, 0, 0, 7, 0, 0, 3, 9, 1, 0, 0, 0, 0xaa, 0xc5, 0xab, 0xc5, 0xac,
    };
    static const struct expected want[] = { { 2, 0, 0, 1, 4 }, { 5, 1, 7, 9, 3 } };
    CHECK_WIRE(one_byte, want);
}

/* 5.4.2: the rest of the message never comes; the chunk stream goes on with a new one. */
static void test_abort(void **state)
{
    (void)state;
    uint8_t       wire[12 + 128 + 16 + 1 + 128 + 1 + 72];
    struct writer w = writer_over(wire, sizeof wire);
    uint8_t       body[200] = { 0 };
    write_bytes(&w, "\x06\0\0\5\0\0\xc8\x09\1\0\0\0", 12);
    write_bytes(&w, body, 128);
    write_bytes(&w, "\x02\0\0\0\0\0\4\x02\0\0\0\0\0\0\0\6", 16);
    write_bytes(&w, "\xc6", 1);
    write_bytes(&w, body, 128);
    write_bytes(&w, "\xc6", 1);
    write_bytes(&w, body, 72);
    static const struct expected want[] = { { 2, 0, 0, 2, 4 }, { 6, 1, 10, 9, 200 } };
    CHECK_WIRE(wire, want);

    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
    struct outcome            o = { 0 };
    feed(c, wire, 12 + 128, 12 + 128, 1, &o);
    CHECK_EQ(rtmp_chunk_reader_buffered(c), 128);
    rtmp_chunk_reader_abort(c, 6);
    CHECK_EQ(rtmp_chunk_reader_buffered(c), 0);
    rtmp_chunk_reader_abort(c, 6); /* nothing there: no harm */
    rtmp_chunk_reader_abort(c, 65599);
    outcome_free(&o);
    rtmp_chunk_reader_free(c);
}

static void check_refused_by(const struct rtmp_chunk_limits *limits, const uint8_t *wire, size_t size,
                             int error, const char *why)
{
    for (size_t step = 1; step <= size; step += size - 1) {
        struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(limits);
        struct outcome            o = { 0 };
        feed(c, wire, size, 0, step, &o);
        CHECK_EQ(o.error, error);
        assert_string_equal(rtmp_chunk_reader_why(c), why);
        outcome_free(&o);
        rtmp_chunk_reader_free(c);
        if (size == 1)
            break;
    }
}

#define CHECK_REFUSED(wire, error, why)            check_refused_by(&roomy, wire, sizeof wire, error, why)
#define CHECK_REFUSED_BY(limits, wire, error, why) check_refused_by(limits, wire, sizeof wire, error, why)

static void test_refusals(void **state)
{
    (void)state;
    static const uint8_t type_2_first[] = { 0x84, 0, 0, 0 }, type_3_first[] = { 0xc4 };
    CHECK_REFUSED(type_2_first, ERR_PROTOCOL, "chunk stream begins with a type 2 or 3 chunk");
    CHECK_REFUSED(type_3_first, ERR_PROTOCOL, "chunk stream begins with a type 2 or 3 chunk");

    uint8_t inside[12 + 128 + 12] = { 0x06, 0, 0, 5, 0, 0, 200, 9, 1, 0, 0, 0 };
    for (int format = 0; format < 3; format++) {
        inside[12 + 128] = (uint8_t)(format << 6 | 6);
        CHECK_REFUSED(inside, ERR_PROTOCOL, "message header inside an unfinished message");
    }
    static const uint8_t no_chunk_size[] = { 0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
    CHECK_REFUSED(no_chunk_size, ERR_PROTOCOL, "");
}

static void test_limits(void **state)
{
    (void)state;
    struct rtmp_chunk_limits limits = roomy;
    limits.message_size_max = 5;
    static const uint8_t six[] = { 0x04, 0, 0, 0, 0, 0, 6, 8, 1, 0, 0, 0 };
    CHECK_REFUSED_BY(&limits, six, ERR_TOO_BIG, "message longer than the limit");

    limits = roomy;
    limits.chunk_streams_max = 2;
    static const uint8_t three[] = {
        0x04, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0x05, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
        0x06, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, 0xaa,
    };
    CHECK_REFUSED_BY(&limits, three, ERR_TOO_BIG, "too many chunk streams");

    limits = roomy;
    limits.buffered_size_max = 300; /* two unfinished messages of 200 */
    uint8_t two[2 * (12 + 128)] = { 0x04, 0, 0, 0, 0, 0, 200, 9, 1, 0, 0, 0 };
    memcpy(two + 12 + 128, two, 12);
    two[12 + 128] = 0x05;
    CHECK_REFUSED_BY(&limits, two, ERR_TOO_BIG, "too many bytes in unfinished messages");
}

/* What was refused before authorisation is read after it. */
static void test_limits_change(void **state)
{
    (void)state;
    struct rtmp_chunk_limits limits = roomy;
    limits.message_size_max = 2;
    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&limits);
    static const uint8_t      small[] = { 0x04, 0, 0, 0, 0, 0, 2, 8, 1, 0, 0, 0, 1, 2 };
    static const uint8_t      large[] = { 0x44, 0, 0, 0, 0, 0, 3, 8, 1, 2, 3 };
    struct outcome            before = { 0 }, after = { 0 };
    feed(c, small, sizeof small, sizeof small, 1, &before);
    CHECK_EQ(before.count, 1);
    rtmp_chunk_reader_set_limits(c, &roomy);
    feed(c, large, sizeof large, sizeof large, 1, &after);
    CHECK_EQ(after.count, 1);
    outcome_free(&before);
    outcome_free(&after);
    rtmp_chunk_reader_free(c);
}

/* 16 MiB announced: nothing is allocated for it but what arrives, doubled. */
static void test_memory_follows_bytes(void **state)
{
    (void)state;
    struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
    CHECK_EQ(rtmp_chunk_reader_set_chunk_size(c, RTMP_CHUNK_SIZE_MAX), 0);
    static const uint8_t header[] = { 0x04, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0 };
    struct rtmp_message  m;
    CHECK_EQ(rtmp_chunk_read(c, (struct bytes){ header, sizeof header }, &m), sizeof header);
    assert_null(m.packet);
    CHECK_EQ(rtmp_chunk_reader_buffered(c), 0);

    uint8_t *some = calloc(1, 20000);
    size_t   sent = 0;
    while (sent + 20000 < RTMP_CHUNK_SIZE_MAX) {
        size_t size = sent == 0 ? 1 : 20000;
        CHECK_EQ(rtmp_chunk_read(c, (struct bytes){ some, size }, &m), size);
        assert_null(m.packet);
        sent += size;
        size_t buffered = rtmp_chunk_reader_buffered(c);
        CHECK(buffered >= sent && buffered <= (sent < 8192 ? 16384 : 2 * sent));
        CHECK(buffered <= RTMP_CHUNK_SIZE_MAX);
    }
    CHECK_EQ(rtmp_chunk_read(c, (struct bytes){ some, 20000 }, &m), RTMP_CHUNK_SIZE_MAX - sent);
    CHECK_EQ(m.packet->size, RTMP_CHUNK_SIZE_MAX);
    CHECK_EQ(m.packet->capacity, RTMP_CHUNK_SIZE_MAX);
    CHECK_EQ(rtmp_chunk_reader_buffered(c), 0);
    avpacket_unref(&m.packet);
    free(some);
    rtmp_chunk_reader_free(c);
    rtmp_chunk_reader_free(NULL);
}

/* All that real clients said after the handshake, up to their first frames. */
static void test_captured_clients(void **state)
{
    (void)state;
    static const struct {
        const char     *name;
        struct expected said[16];
        size_t          count;
    } cases[] = {
        { "ffmpeg",
          { { 3, 0, 0, 20, 140 }, { 2, 0, 0, 1, 4 }, { 3, 0, 0, 20, 33 }, { 3, 0, 0, 20, 29 },
            { 3, 0, 0, 20, 25 }, { 8, 1, 0, 20, 34 }, { 4, 1, 0, 18, 309 }, { 6, 1, 0, 9, 50 },
            { 4, 1, 0, 8, 7 }, { 4, 1, 0, 8, 155 }, { 6, 1, 23, 9, 5374 } },
          11 },
        { "ffmpeg-extended",
          { { 3, 0, 0, 20, 140 }, { 2, 0, 0, 1, 4 }, { 3, 0, 0, 20, 33 }, { 3, 0, 0, 20, 29 },
            { 3, 0, 0, 20, 25 }, { 8, 1, 0, 20, 34 }, { 4, 1, 0, 18, 309 }, { 6, 1, 0, 9, 49 },
            { 4, 1, 0, 8, 7 }, { 4, 1, 16779977, 8, 155 } },
          10 },
        { "gstreamer",
          { { 3, 0, 0, 20, 118 }, { 2, 0, 0, 5, 4 }, { 3, 0, 0, 20, 33 }, { 3, 0, 0, 20, 29 },
            { 3, 0, 0, 20, 25 }, { 3, 1, 0, 20, 34 }, { 2, 0, 0, 1, 4 }, { 4, 1, 0, 18, 355 },
            { 6, 1, 0, 9, 46 }, { 5, 1, 0, 8, 7 }, { 5, 1, 0, 8, 155 }, { 4, 1, 0, 18, 355 } },
          12 },
        { "rtmpdump",
          { { 3, 0, 0, 20, 198 }, { 2, 0, 0, 5, 4 }, { 2, 0, 0, 4, 10 }, { 3, 0, 0, 20, 25 },
            { 3, 0, 0, 20, 31 }, { 8, 1, 0, 20, 33 }, { 2, 0, 0, 4, 10 } },
          7 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static uint8_t wire[8192];
        char           path[512];
        snprintf(path, sizeof path, "%s/tests/fuzz/corpus/rtmp_chunk/%s", SOURCE_DIR, cases[i].name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t size = fread(wire, 1, sizeof wire, file);
        fclose(file);
        CHECK(size > 0 && size < sizeof wire);
        for (size_t step = 1; step < 300; step += 13) {
            struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
            struct outcome            o = { 0 };
            feed(c, wire, size, 0, step, &o);
            check_messages(&o, cases[i].said, cases[i].count);
            CHECK_EQ(o.consumed, size);
            outcome_free(&o);
            rtmp_chunk_reader_free(c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specification_example_1),
        cmocka_unit_test(test_specification_example_2),
        cmocka_unit_test(test_basic_headers),
        cmocka_unit_test(test_inheritance),
        cmocka_unit_test(test_type_1_first),
        cmocka_unit_test(test_interleaved),
        cmocka_unit_test(test_empty_messages),
        cmocka_unit_test(test_chunk_sizes),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limits_change),
        cmocka_unit_test(test_memory_follows_bytes),
        cmocka_unit_test(test_captured_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
