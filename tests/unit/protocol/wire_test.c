#include "check.h"

#include "media/avcodec.h"
#include "protocol/wire.h"

enum { IOV_ROOM = 64 };

static struct avpacket *packet(uint8_t type, int64_t dts_ms, uint32_t size, uint32_t chunk_size)
{
    struct avpacket *p = avpacket_new(type, size);
    assert_non_null(p);
    p->dts_ms = dts_ms;
    p->size = size;
    for (uint32_t i = 0; i < size; i++)
        avpacket_body(p)[i] = (uint8_t)('a' + i % 26);
    wire_frame(p, chunk_size);
    return p;
}

static size_t join(const struct iovec *iov, unsigned count, uint8_t *out)
{
    size_t size = 0;
    for (unsigned i = 0; i < count; i++) {
        CHECK(iov[i].iov_len > 0);
        memcpy(out + size, iov[i].iov_base, iov[i].iov_len);
        size += iov[i].iov_len;
    }
    return size;
}

/* The packet's bytes from `offset` on, gathered with `room` iovecs a call. */
static size_t gather(const struct avpacket *p, enum wire_form form, size_t offset, unsigned room, uint8_t *out)
{
    size_t total = 0;
    for (;;) {
        struct iovec iov[IOV_ROOM];
        size_t       covered = 1000;    /* is added to */
        unsigned     used = wire_iov(p, form, offset + total, iov, room, &covered);
        CHECK(used <= room);
        size_t size = join(iov, used, out + total);
        CHECK_EQ(covered, 1000 + size);
        if (used == 0)
            return total;
        total += size;
    }
}

static void check_wire(const struct avpacket *p, enum wire_form form, const void *want, size_t size)
{
    uint8_t out[4096];
    CHECK_EQ(wire_size(p, form), size);
    CHECK_EQ(gather(p, form, 0, IOV_ROOM, out), size);
    assert_memory_equal(out, want, size);
}
#define CHECK_WIRE(p, form, text) check_wire(p, form, text, sizeof text - 1)

static void test_flv_bytes(void **state)
{
    (void)state;
    struct avpacket *p = packet(AV_VIDEO, 0x01020304, 5, 128);
    CHECK_WIRE(p, WIRE_FLV, "\x09\0\0\x05\x02\x03\x04\x01\0\0\0" "abcde" "\0\0\0\x10");
    struct bytes run = wire_flv_bytes(p);
    CHECK_EQ(run.size, 20);
    avpacket_unref(&p);
    p = packet(AV_AUDIO, -1, 0, 128);
    CHECK_WIRE(p, WIRE_FLV, "\x08\0\0\0\xff\xff\xff\xff\0\0\0" "\0\0\0\x0b");
    avpacket_unref(&p);
    p = packet(AV_DATA, 0x5012345678, 1, 128);      /* past 32 bits: their low ones */
    CHECK_WIRE(p, WIRE_FLV, "\x12\0\0\x01\x34\x56\x78\x12\0\0\0" "a" "\0\0\0\x0c");
    avpacket_unref(&p);
}

static void test_websocket_headers(void **state)
{
    (void)state;
    static const struct { uint32_t body; const char *header; size_t size; } cases[] = {
        { 0,      "\x82\x0f",                                2  },
        { 110,    "\x82\x7d",                                2  },
        { 111,    "\x82\x7e\0\x7e",                          4  },
        { 65520,  "\x82\x7e\xff\xff",                        4  },
        { 65521,  "\x82\x7f\0\0\0\0\0\x01\0\0",              10 },
        { 200000, "\x82\x7f\0\0\0\0\0\x03\x0d\x4f",          10 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct avpacket *p = packet(AV_VIDEO, 40, cases[i].body, 128);
        struct iovec     iov;
        size_t           covered = 0;
        CHECK_EQ(wire_iov(p, WIRE_WS, 0, &iov, 1, &covered), 1);
        CHECK_EQ(iov.iov_len, cases[i].size + 11 + cases[i].body + 4);
        CHECK_EQ(wire_size(p, WIRE_WS), iov.iov_len);
        assert_memory_equal(iov.iov_base, cases[i].header, cases[i].size);
        assert_ptr_equal((uint8_t *)iov.iov_base + cases[i].size, wire_flv_bytes(p).data);
        avpacket_unref(&p);
    }
}

/* RTMP 1.0, 5.3.1.1 and 5.3.1.2.1: csid, timestamp, length, type, stream id (little-endian). */
static void test_rtmp_one_chunk(void **state)
{
    (void)state;
    struct avpacket *p = packet(AV_AUDIO, 1000, 5, 128);
    CHECK_WIRE(p, WIRE_RTMP, "\x04\0\x03\xe8\0\0\x05\x08\x01\0\0\0" "abcde");
    avpacket_unref(&p);
    p = packet(AV_VIDEO, 0xfffffe, 2, 2);
    CHECK_WIRE(p, WIRE_RTMP, "\x05\xff\xff\xfe\0\0\x02\x09\x01\0\0\0" "ab");
    avpacket_unref(&p);
    p = packet(AV_DATA, 0, 0, 128);
    CHECK_WIRE(p, WIRE_RTMP, "\x06\0\0\0\0\0\0\x12\x01\0\0\0");
    avpacket_unref(&p);
}

static void test_rtmp_chunks(void **state)
{
    (void)state;
    struct avpacket *p = packet(AV_VIDEO, 1, 7, 3);
    CHECK_WIRE(p, WIRE_RTMP, "\x05\0\0\x01\0\0\x07\x09\x01\0\0\0" "abc" "\xc5" "def" "\xc5" "g");
    avpacket_unref(&p);
    p = packet(AV_AUDIO, 1, 6, 3);                  /* ends with a full chunk */
    CHECK_WIRE(p, WIRE_RTMP, "\x04\0\0\x01\0\0\x06\x08\x01\0\0\0" "abc" "\xc4" "def");
    avpacket_unref(&p);
    p = packet(AV_AUDIO, 1, 3, 1);
    CHECK_WIRE(p, WIRE_RTMP, "\x04\0\0\x01\0\0\x03\x08\x01\0\0\0" "a\xc4" "b\xc4" "c");
    avpacket_unref(&p);
}

/* 5.3.1.3: the extended timestamp, again after every type-3 basic header. */
static void test_rtmp_extended_timestamp(void **state)
{
    (void)state;
    struct avpacket *p = packet(AV_VIDEO, 0xffffff, 1, 128);
    CHECK_WIRE(p, WIRE_RTMP, "\x05\xff\xff\xff\0\0\x01\x09\x01\0\0\0\0\xff\xff\xff" "a");
    avpacket_unref(&p);
    p = packet(AV_DATA, 0xfedcba98, 5, 2);
    CHECK_WIRE(p, WIRE_RTMP, "\x06\xff\xff\xff\0\0\x05\x12\x01\0\0\0\xfe\xdc\xba\x98" "ab"
                             "\xc6\xfe\xdc\xba\x98" "cd" "\xc6\xfe\xdc\xba\x98" "e");
    avpacket_unref(&p);
}

static void test_rtmp_header_with_another_msid(void **state)
{
    (void)state;
    uint8_t          out[AVPACKET_RTMP_SIZE];
    struct avpacket *p = packet(AV_AUDIO, 1000, 5, 128);
    CHECK_EQ(wire_rtmp_header(p, 0x01020304, out), 12);
    assert_memory_equal(out, "\x04\0\x03\xe8\0\0\x05\x08\x04\x03\x02\x01", 12);
    avpacket_unref(&p);
    p = packet(AV_VIDEO, 0x12345678, 5, 128);
    CHECK_EQ(wire_rtmp_header(p, 2, out), 16);
    assert_memory_equal(out, "\x05\xff\xff\xff\0\0\x05\x09\x02\0\0\0\x12\x34\x56\x78", 16);
    /* As a viewer uses it: the first iovec is what is left of the header. */
    struct iovec iov[2];
    size_t       covered = 0;
    CHECK_EQ(wire_iov(p, WIRE_RTMP, 3, iov, 2, &covered), 2);
    CHECK_EQ(iov[0].iov_len, 13);
    avpacket_unref(&p);
}

/* Every form from every offset, with every number of iovecs a call: always the tail of the whole. */
static void test_every_offset(void **state)
{
    (void)state;
    static const struct { uint32_t size, chunk_size; int64_t dts_ms; } cases[] = {
        { 0, 1, 0 },    { 0, 4, 0x1000000 }, { 1, 1, 0 },   { 9, 1, 0x1000000 }, { 10, 3, 0 },
        { 10, 10, 0 },  { 11, 10, 0xffffff }, { 20, 10, 0xffffff }, { 21, 10, 0 }, { 200, 60, 0xffffff },
        { 150, 4096, 5 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct avpacket *p = packet(AV_VIDEO, cases[i].dts_ms, cases[i].size, cases[i].chunk_size);
        for (enum wire_form form = WIRE_FLV; form <= WIRE_RTMP; form++) {
            uint8_t whole[1024], tail[1024];
            size_t  size = gather(p, form, 0, IOV_ROOM, whole);
            CHECK_EQ(size, wire_size(p, form));
            for (unsigned room = 1; room <= 5; room++) {
                for (size_t offset = 0; offset <= size + 2; offset++) {
                    size_t left = offset < size ? size - offset : 0;
                    CHECK_EQ(gather(p, form, offset, room, tail), left);
                    assert_memory_equal(tail, whole + size - left, left);
                }
            }
            struct iovec none;
            size_t       covered = 7;
            CHECK_EQ(wire_iov(p, form, 0, &none, 0, &covered), 0);
            CHECK_EQ(wire_iov(p, form, SIZE_MAX, &none, 1, &covered), 0);
            CHECK_EQ(covered, 7);
        }
        avpacket_unref(&p);
    }
}

/* A viewer's cost is counted in iovecs: one for FLV and WebSocket, two for RTMP and each chunk more. */
static void test_iovec_counts(void **state)
{
    (void)state;
    struct avpacket *p = packet(AV_VIDEO, 0, 1000, 1000);
    struct iovec     iov[IOV_ROOM];
    size_t           covered = 0;
    CHECK_EQ(wire_iov(p, WIRE_FLV, 0, iov, IOV_ROOM, &covered), 1);
    CHECK_EQ(wire_iov(p, WIRE_WS, 0, iov, IOV_ROOM, &covered), 1);
    CHECK_EQ(wire_iov(p, WIRE_RTMP, 0, iov, IOV_ROOM, &covered), 2);
    CHECK_EQ(wire_iov(p, WIRE_RTMP, 12, iov, IOV_ROOM, &covered), 1);
    avpacket_unref(&p);
    p = packet(AV_VIDEO, 0, 1000, 300);
    CHECK_EQ(wire_iov(p, WIRE_RTMP, 0, iov, IOV_ROOM, &covered), 8);
    avpacket_unref(&p);
}

static void test_largest_body(void **state)
{
    (void)state;
    struct avpacket *p = packet(AV_VIDEO, 0, WIRE_BODY_MAX, WIRE_BODY_MAX);
    assert_memory_equal(wire_flv_bytes(p).data + 1, "\xff\xff\xff", 3);
    assert_memory_equal(avpacket_body(p) + WIRE_BODY_MAX, "\x01\0\0\x0a", 4);
    CHECK_EQ(wire_size(p, WIRE_RTMP), 12 + WIRE_BODY_MAX);
    wire_frame(p, 1);
    CHECK_EQ(wire_size(p, WIRE_RTMP), 12 + 2 * (size_t)WIRE_BODY_MAX - 1);
    avpacket_unref(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flv_bytes),
        cmocka_unit_test(test_websocket_headers),
        cmocka_unit_test(test_rtmp_one_chunk),
        cmocka_unit_test(test_rtmp_chunks),
        cmocka_unit_test(test_rtmp_extended_timestamp),
        cmocka_unit_test(test_rtmp_header_with_another_msid),
        cmocka_unit_test(test_every_offset),
        cmocka_unit_test(test_iovec_counts),
        cmocka_unit_test(test_largest_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
