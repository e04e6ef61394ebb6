#include "check.h"

#include "base/error.h"
#include "protocol/rtmp_data.h"
#include "protocol/rtmp_message.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

#define SET_DATA_FRAME "\2\0\x0d@setDataFrame"
#define ON_META_DATA   "\2\0\x0aonMetaData"
#define VALUES         "\x08\0\0\0\0\0\0\x09"

static void test_strip(void **state)
{
    (void)state;
    static const struct {
        const char         *body;
        size_t              size;
        bool                amf3;
        enum rtmp_data_kind kind;
        const char         *left;
        size_t              left_size;
    } cases[] = {
        { TEXT(SET_DATA_FRAME ON_META_DATA VALUES), false, RTMP_DATA_METADATA, TEXT(ON_META_DATA VALUES) },
        { TEXT(ON_META_DATA VALUES), false, RTMP_DATA_METADATA, TEXT(ON_META_DATA VALUES) },
        { TEXT("\0" SET_DATA_FRAME ON_META_DATA VALUES), true, RTMP_DATA_METADATA,
          TEXT(ON_META_DATA VALUES) },
        { TEXT(SET_DATA_FRAME ON_META_DATA VALUES), true, RTMP_DATA_METADATA, TEXT(ON_META_DATA VALUES) },
        { TEXT("\2\0\x0f@clearDataFrame" ON_META_DATA), false, RTMP_DATA_CLEAR, TEXT(ON_META_DATA) },
        { TEXT("\2\0\x0aonTextData" VALUES), false, RTMP_DATA_OTHER, TEXT("\2\0\x0aonTextData" VALUES) },
        { TEXT(SET_DATA_FRAME "\2\0\x0aonCuePoint" VALUES), false, RTMP_DATA_OTHER,
          TEXT("\2\0\x0aonCuePoint" VALUES) },
        { TEXT(SET_DATA_FRAME), false, RTMP_DATA_OTHER, TEXT("") },
        { TEXT("\0\2"), false, RTMP_DATA_OTHER, TEXT("\0\2") },
        { TEXT(""), false, RTMP_DATA_OTHER, TEXT("") },
        { TEXT("\0"), true, RTMP_DATA_OTHER, TEXT("") },
        { TEXT(""), true, RTMP_DATA_OTHER, TEXT("") },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t            *copy = copy_exact(cases[i].body, cases[i].size);
        enum rtmp_data_kind kind;
        struct bytes        body = { copy, cases[i].size };
        struct bytes        left = rtmp_data_strip(body, cases[i].amf3, &kind);
        CHECK_EQ(kind, cases[i].kind);
        CHECK_EQ(left.size, cases[i].left_size);
        assert_memory_equal(left.data, cases[i].left, left.size);
        free(copy);
    }
}

/* Cut anywhere: never read beyond, and what is whole is still seen. */
static void test_strip_cut(void **state)
{
    (void)state;
    static const char whole[] = SET_DATA_FRAME ON_META_DATA;
    for (size_t cut = 0; cut < sizeof whole; cut++) {
        uint8_t            *copy = copy_exact(whole, cut);
        enum rtmp_data_kind kind;
        struct bytes        left = rtmp_data_strip((struct bytes){ copy, cut }, false, &kind);
        CHECK_EQ(left.size, cut < 16 ? cut : cut - 16);
        CHECK_EQ(kind, cut == sizeof whole - 1 ? RTMP_DATA_METADATA : RTMP_DATA_OTHER);
        free(copy);
    }
}

static struct rtmp_message make_aggregate(const void *body, size_t size)
{
    struct avpacket *packet = avpacket_new(RTMP_AGGREGATE, (uint32_t)size);
    memcpy(avpacket_body(packet), body, size);
    packet->size = (uint32_t)size;
    return (struct rtmp_message){ .csid = 6, .msid = 1, .time_ms = 100000, .type = RTMP_AGGREGATE,
                                  .packet = packet };
}

/* 7.1.6: an audio message at 5000, a video message 40 ms later, a data message before both by the
 * sender's clock. */
static const char three[] =
    "\x08" "\0\0\2" "\0\x13\x88\0" "\0\0\0" "\xaf\1" "\0\0\0\x0d"
    "\x09" "\0\0\3" "\0\x13\xb0\0" "\0\0\0" "\x17\1\2" "\0\0\0\x0e"
    "\x12" "\0\0\0" "\0\x13\x87\0" "\0\0\0" "\0\0\0\x0b";

static void test_aggregate(void **state)
{
    (void)state;
    static const struct {
        uint8_t  type;
        uint32_t time_ms, size;
    } want[] = { { 8, 100000, 2 }, { 9, 100040, 3 }, { 18, 99999, 0 } };
    struct rtmp_message   aggregate = make_aggregate(TEXT(three)), m;
    struct rtmp_aggregate walk = rtmp_aggregate_over(&aggregate);
    for (size_t i = 0; i < COUNT(want); i++) {
        CHECK_EQ(rtmp_aggregate_next(&walk, &m), 1);
        CHECK_EQ(m.type, want[i].type);
        CHECK_EQ(m.time_ms, want[i].time_ms);
        CHECK_EQ(m.csid, 6);
        CHECK_EQ(m.msid, 1);
        CHECK_EQ(m.packet->type, want[i].type);
        CHECK_EQ(m.packet->size, want[i].size);
        if (i == 1)
            assert_memory_equal(avpacket_body(m.packet), "\x17\1\2", 3);
        avpacket_unref(&m.packet);
    }
    CHECK_EQ(rtmp_aggregate_next(&walk, &m), 0);
    assert_null(m.packet);
    avpacket_unref(&aggregate.packet);
}

/* The time of a message inside has its high byte last, as in FLV. */
static void test_aggregate_time(void **state)
{
    (void)state;
    static const char     body[] = "\x08" "\0\0\0" "\xff\xff\xff\x01" "\0\0\0" "\0\0\0\x0b"
                                   "\x08" "\0\0\0" "\0\0\1\x02" "\0\0\0" "\0\0\0\x0b";
    struct rtmp_message   aggregate = make_aggregate(TEXT(body)), m;
    struct rtmp_aggregate walk = rtmp_aggregate_over(&aggregate);
    CHECK_EQ(rtmp_aggregate_next(&walk, &m), 1);
    avpacket_unref(&m.packet);
    CHECK_EQ(rtmp_aggregate_next(&walk, &m), 1);
    CHECK_EQ(m.time_ms, 100002);
    avpacket_unref(&m.packet);
    avpacket_unref(&aggregate.packet);
}

static void test_aggregate_cut(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < sizeof three - 1; cut++) {
        struct rtmp_message   aggregate = make_aggregate(three, cut), m;
        struct rtmp_aggregate walk = rtmp_aggregate_over(&aggregate);
        int                   result, count = 0;
        while ((result = rtmp_aggregate_next(&walk, &m)) == 1) {
            count++;
            avpacket_unref(&m.packet);
        }
        bool whole = cut == 17 || cut == 35; /* at the end of a message inside */
        CHECK_EQ(result, whole ? 0 : ERR_PROTOCOL);
        CHECK_EQ(count, cut < 17 ? 0 : cut < 35 ? 1 : 2);
        assert_null(m.packet);
        avpacket_unref(&aggregate.packet);
    }
}

static void test_aggregate_refusals(void **state)
{
    (void)state;
    for (int type = 0; type < 256; type++) {
        char body[15] = { (char)type };
        bool known = type == 8 || type == 9 || type == 15 || type == 18;
        struct rtmp_message   aggregate = make_aggregate(body, sizeof body), m;
        struct rtmp_aggregate walk = rtmp_aggregate_over(&aggregate);
        CHECK_EQ(rtmp_aggregate_next(&walk, &m), known ? 1 : ERR_PROTOCOL);
        avpacket_unref(&m.packet);
        avpacket_unref(&aggregate.packet);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strip),          cmocka_unit_test(test_strip_cut),
        cmocka_unit_test(test_aggregate),      cmocka_unit_test(test_aggregate_time),
        cmocka_unit_test(test_aggregate_cut),  cmocka_unit_test(test_aggregate_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
