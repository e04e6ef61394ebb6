#include "check.h"

#include "base/error.h"
#include "protocol/rtmp_command.h"

/* A literal without its end mark. */
#define TEXT(literal) (literal), sizeof(literal) - 1

/* AMF0 numbers, as they lie on the wire. */
#define ZERO "\0\0\0\0\0\0\0\0\0"
#define ONE  "\0\x3f\xf0\0\0\0\0\0\0"
#define TWO  "\0\x40\0\0\0\0\0\0\0"
#define FOUR "\0\x40\x10\0\0\0\0\0\0"

#define END  "\0\0\x09"

static int read_copy(const char *payload, size_t size, bool amf3, struct rtmp_command *out, uint8_t **copy)
{
    *copy = copy_exact(payload, size);
    return rtmp_command_read((struct bytes){ *copy, size }, amf3, out);
}

static void check_command(const char *payload, size_t size, bool amf3, const char *name, double transaction,
                          const char *argument)
{
    struct rtmp_command command;
    struct amf_value    value;
    uint8_t            *copy;
    CHECK_EQ(read_copy(payload, size, amf3, &command, &copy), 0);
    CHECK(bytes_equal(command.name, bytes_of(name)));
    CHECK(command.transaction == transaction);
    CHECK(amf_read(&command.arguments, &value)); /* the command object */
    CHECK_EQ(value.type, AMF_NULL);
    CHECK(amf_read(&command.arguments, &value));
    CHECK_EQ(value.type, AMF_STRING);
    CHECK(bytes_equal(value.string, bytes_of(argument)));
    free(copy);
}

/* As ffmpeg and GStreamer send releaseStream (the latter without asking for an answer), and the
 * first of them as type 17, with its format byte and without. */
static void test_read(void **state)
{
    (void)state;
    check_command(TEXT("\2\0\x0dreleaseStream" TWO "\5\2\0\4test"), false, "releaseStream", 2, "test");
    check_command(TEXT("\2\0\x0dreleaseStream" ZERO "\5\2\0\4test"), false, "releaseStream", 0, "test");
    check_command(TEXT("\0\2\0\x0dreleaseStream" TWO "\5\2\0\4test"), true, "releaseStream", 2, "test");
    check_command(TEXT("\2\0\x0dreleaseStream" TWO "\5\2\0\4test"), true, "releaseStream", 2, "test");
}

/* The object of rtmpdump's connect, up to a few of its members. */
static void test_read_connect(void **state)
{
    (void)state;
    struct rtmp_command command;
    struct amf_value    value;
    uint8_t            *copy;
    CHECK_EQ(read_copy(TEXT("\2\0\7connect" ONE "\3\0\3app\2\0\4live\0\4fpad\1\0\0\x0c" "capabilities"
                            "\0\x40\x2e\0\0\0\0\0\0" END), false, &command, &copy), 0);
    CHECK(bytes_equal(command.name, bytes_of("connect")));
    CHECK(amf_read(&command.arguments, &value));
    CHECK_EQ(value.type, AMF_OBJECT);
    CHECK(amf_read(&command.arguments, &value));
    CHECK(bytes_equal(value.key, bytes_of("app")));
    CHECK(bytes_equal(value.string, bytes_of("live")));
    CHECK(amf_read(&command.arguments, &value));
    CHECK(!value.boolean);
    CHECK(amf_read(&command.arguments, &value));
    CHECK(value.number == 15);
    free(copy);
}

static void test_read_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *payload;
        size_t      size;
        bool        amf3;
    } cases[] = {
        { TEXT(ONE ONE), false },                      /* the name is a number */
        { TEXT("\2\0\7connect\2\0\1" "1"), false },    /* the transaction is a string */
        { TEXT("\2\0\7connect\5"), false },            /* or null */
        { TEXT("\3\0\0\x09" ONE), false },             /* the name is an object */
        { TEXT("\0\2\0\7connect" ONE), false },        /* a format byte in AMF0: a number cut short */
        { TEXT("\1\2\0\7connect" ONE), true },         /* an unknown format */
        { TEXT("\0\0\2\0\7connect" ONE), true },
        { TEXT("\0"), true },
        { TEXT("\xff\xff\xff\xff"), false },
    };
    struct rtmp_command command;
    uint8_t            *copy;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(read_copy(cases[i].payload, cases[i].size, cases[i].amf3, &command, &copy), ERR_PROTOCOL);
        free(copy);
    }
    for (size_t cut = 0; cut < sizeof "\2\0\7connect" ONE - 1; cut++) {
        CHECK_EQ(read_copy("\2\0\7connect" ONE, cut, false, &command, &copy), ERR_PROTOCOL);
        free(copy);
    }
}

static void check_written(const struct writer *w, const char *want, size_t size)
{
    CHECK(!w->overrun);
    CHECK_EQ(writer_size(w), size);
    assert_memory_equal(w->start, want, size);
}

/* What Flash Media Server 3 is known to say, and objectEncoding. */
static void test_connect_result(void **state)
{
    (void)state;
    uint8_t       out[512];
    struct writer w = writer_over(out, sizeof out);
    rtmp_write_connect_result(&w, &(struct rtmp_connect_result){ .transaction = 1 }, 60000);
    check_written(&w, TEXT("\x03\0\0\0\0\0\xbe\x14\0\0\0\0"
                           "\2\0\7_result" ONE
                           "\3" "\0\6fmsVer" "\2\0\x0d" "FMS/3,0,1,123"
                                "\0\x0c" "capabilities" "\0\x40\x3f\0\0\0\0\0\0" END
                           "\3" "\0\5level" "\2\0\6status"
                                "\0\4code" "\2\0\x1dNetConnection.Connect.Success"
                                "\0\x0b" "description" "\2\0\x15" "Connection succeeded."
                                "\0\x0eobjectEncoding" ZERO END));
    CHECK_EQ(12 + 0xbe, writer_size(&w));
}

/* Enhanced RTMP v2: capsEx, and maps that say that every codec is passed on. */
static void test_connect_result_enhanced(void **state)
{
    (void)state;
    static const struct rtmp_connect_result result = { .transaction = 1, .caps_ex = RTMP_CAPS_MOD_EX };
    uint8_t       out[1024];
    struct writer w = writer_over(out, sizeof out);
    rtmp_write_connect_result(&w, &result, 60000);
#define CAPABILITIES "\0\6capsEx" FOUR \
                     "\0\x12videoFourCcInfoMap" "\3\0\1*" FOUR END \
                     "\0\x12" "audioFourCcInfoMap" "\3\0\1*" FOUR END \
                     "\0\x0a" "fourCcList" "\x0a\0\0\0\1\2\0\1*"
    static const char properties[] = "capabilities" "\0\x40\x3f\0\0\0\0\0\0" CAPABILITIES
                                     END "\3\0\5level";
    static const char information[] = "\0\x0eobjectEncoding" ZERO CAPABILITIES END;
    CHECK(!w.overrun);
    assert_non_null(memmem(out, writer_size(&w), properties, sizeof properties - 1));
    CHECK(memcmp(w.at - (sizeof information - 1), information, sizeof information - 1) == 0);
}

static void test_results(void **state)
{
    (void)state;
    uint8_t       out[256];
    struct writer w = writer_over(out, sizeof out);
    rtmp_write_create_stream_result(&w, 4, 1, 128);
    check_written(&w, TEXT("\x03\0\0\0\0\0\x1d\x14\0\0\0\0" "\2\0\7_result" FOUR "\5" ONE));
    w = writer_over(out, sizeof out);
    rtmp_write_null_result(&w, 2, 128);
    check_written(&w, TEXT("\x03\0\0\0\0\0\x15\x14\0\0\0\0" "\2\0\7_result" TWO "\5\5"));
    w = writer_over(out, sizeof out);
    rtmp_write_number_result(&w, 4, 0, 128);
    check_written(&w, TEXT("\x03\0\0\0\0\0\x1d\x14\0\0\0\0" "\2\0\7_result" FOUR "\5" ZERO));
    w = writer_over(out, sizeof out);
    rtmp_write_bw_done(&w, 128);
    check_written(&w, TEXT("\x03\0\0\0\0\0\x15\x14\0\0\0\0" "\2\0\x08onBWDone" ZERO "\5"));
    w = writer_over(out, sizeof out);
    rtmp_write_sample_access(&w, 1, false, true, 128);
    check_written(&w, TEXT("\x06\0\0\0\0\0\x18\x12\1\0\0\0" "\2\0\x11|RtmpSampleAccess" "\1\0" "\1\1"));
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct rtmp_status status = { "error", "NetStream.Publish.BadName", "busy" };
    uint8_t                         out[256];
    struct writer                   w = writer_over(out, sizeof out);
    rtmp_write_status(&w, 1, &status, 128);
    check_written(&w, TEXT("\x03\0\0\0\0\0\x5e\x14\1\0\0\0" "\2\0\x08onStatus" ZERO "\5"
                           "\3" "\0\5level" "\2\0\5error"
                                "\0\4code" "\2\0\x19NetStream.Publish.BadName"
                                "\0\x0b" "description" "\2\0\4busy" END));
    w = writer_over(out, sizeof out);
    rtmp_write_error(&w, 4, &status, 128);
    check_written(&w, TEXT("\x03\0\0\0\0\0\x5c\x14\0\0\0\0" "\2\0\6_error" FOUR "\5"
                           "\3" "\0\5level" "\2\0\5error"
                                "\0\4code" "\2\0\x19NetStream.Publish.BadName"
                                "\0\x0b" "description" "\2\0\4busy" END));
    w = writer_over(out, sizeof out);
    rtmp_write_fc_status(&w, "onFCPublish", &status, 90); /* and cut into chunks */
    CHECK_EQ(writer_size(&w), 12 + 0x61 + 1);
    assert_memory_equal(out, "\x03\0\0\0\0\0\x61\x14\0\0\0\0\2\0\x0bonFCPublish" ZERO "\5\3", 37);
    CHECK_EQ(out[102], 0xc3);
}

/* No room in the writer, or a text too long for a reply: nothing half written is sent unseen. */
static void test_overrun(void **state)
{
    (void)state;
    static char   text[RTMP_REPLY_SIZE_MAX + 1];
    uint8_t      *out = malloc(2 * RTMP_REPLY_SIZE_MAX);
    struct writer w = writer_over(out, 2 * RTMP_REPLY_SIZE_MAX);
    memset(text, 'x', sizeof text - 1);
    rtmp_write_status(&w, 1, &(struct rtmp_status){ "status", "code", text }, 128);
    CHECK(w.overrun);
    CHECK_EQ(writer_size(&w), 0);
    w = writer_over(out, 20);
    rtmp_write_null_result(&w, 2, 128);
    CHECK(w.overrun);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),           cmocka_unit_test(test_read_connect),
        cmocka_unit_test(test_read_refusals),  cmocka_unit_test(test_connect_result),
        cmocka_unit_test(test_connect_result_enhanced), cmocka_unit_test(test_results),
        cmocka_unit_test(test_statuses),       cmocka_unit_test(test_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
