#include "amf_text.h"

#include "base/error.h"

#include <math.h>

static void check(struct bytes in, const char *want)
{
    check_amf(in, false, want);
}

/* AMF0 (2007), 2.2 to 2.18. */
static void test_every_marker(void **state)
{
    (void)state;
    check(BYTES("\0\x3f\xf0\0\0\0\0\0\0"), "1");
    check(BYTES("\0\xc0\x28\x80\0\0\0\0\0"), "-12.25");
    check(BYTES("\0\x40\x69\0\0\0\0\0\0"), "200");
    check(BYTES("\x01\0\x01\x01\x01\xff"), "false true true");
    check(BYTES("\x02\0\0\x02\0\x04live"), "\"\" \"live\"");
    check(BYTES("\x03\0\x01" "a\x05\0\x02" "bc\x02\0\x01" "d\0\0\x09"), "{a:null bc:\"d\"}");
    check(BYTES("\x05\x06\x0d"), "null undefined undefined");
    check(BYTES("\x07\0\x01"), "other");
    check(BYTES("\x08\0\0\0\x01\0\x01" "a\x05\0\0\x09"), "ecma1{a:null}");
    check(BYTES("\x0a\0\0\0\x02\x05\x02\0\x01x\x0a\0\0\0\0"), "[null \"x\"] []");
    check(BYTES("\x0b\x42\x6d\x1a\x94\xa2\0\0\0\0\0"), "date(1000000000000)");
    check(BYTES("\x0b\xc0\x14\0\0\0\0\0\0\xff\xc4"), "date(-5)");
    check(BYTES("\x0c\0\0\0\x03" "abc"), "\"abc\"");
    check(BYTES("\x0f\0\0\0\x04<a/>"), "\"<a/>\"");
    check(BYTES("\x10\0\x03pkg\0\x01" "a\x05\0\0\x09"), "pkg{a:null}");
    check(BYTES("\x11\x04\x05\x05"), "5 null");
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct { const char *wire; double value; } cases[] = {
        { "\0\0\0\0\0\0\0\0\0",                0      },
        { "\0\x3f\xb9\x99\x99\x99\x99\x99\x9a", 0.1   },
        { "\0\x7f\xef\xff\xff\xff\xff\xff\xff", 1.7976931348623157e308 },
        { "\0\x7f\xf0\0\0\0\0\0\0",            INFINITY },
        { "\0\0\0\0\0\0\0\0\x01",              5e-324 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct amf_reader r = amf_reader_over((struct bytes){ (const uint8_t *)cases[i].wire, 9 });
        struct amf_value  v;
        uint8_t           out[9];
        struct writer     w = writer_over(out, sizeof out);
        CHECK(amf_read(&r, &v) && v.number == cases[i].value);
        amf_write_number(&w, cases[i].value);
        CHECK(!w.overrun && writer_size(&w) == 9);
        assert_memory_equal(out, cases[i].wire, 9);
    }
    struct amf_reader r = amf_reader_over(BYTES("\0\x7f\xf8\0\0\0\0\0\0"));
    struct amf_value  v;
    CHECK(amf_read(&r, &v) && isnan(v.number));
}

static void test_refusals(void **state)
{
    (void)state;
    check(BYTES("\x04"), "!-1");                                /* movieclip */
    check(BYTES("\x05\x0e"), "null!-1");                        /* recordset */
    check(BYTES("\x09"), "!-1");                                /* an end of nothing */
    check(BYTES("\x12"), "!-1");
    check(BYTES("\xff"), "!-1");
    check(BYTES("\x02\xff\xff" "abc"), "!-1");
    check(BYTES("\x0c\xff\xff\xff\xff" "abc"), "!-1");
    check(BYTES("\x0a\xff\xff\xff\xff\x05"), "[null!-1");
    check(BYTES("\x03\0\x01" "a\x09"), "{!-1");                 /* the end mark as a value */
    check(BYTES("\x11\x12"), "!-1");
}

/* Both have been seen: the count is not to be believed. */
static void test_wrong_ecma_counts(void **state)
{
    (void)state;
    check(BYTES("\x08\0\0\0\0\0\x01" "a\x01\x01\0\x01" "b\x01\0\0\0\x09\x05"), "ecma0{a:true b:false} null");
    check(BYTES("\x08\xff\xff\xff\xff\0\x01" "a\x01\x01\0\0\x09\x05"), "ecma4294967295{a:true} null");
    check(BYTES("\x08\0\0\0\x09\0\0\x09"), "ecma9{}");
}

static void test_ecma_array_without_end(void **state)
{
    (void)state;
    struct amf_text t;
    static const char wire[] = "\x02\0\x0aonMetaData\x08\0\0\0\x02\0\x01" "a\x01\x01\0\x01" "b\x05";
    assert_string_equal(amf_text(&t, BYTES(wire), false), "\"onMetaData\" ecma2{a:true b:null}");
    static const char inner[] = "\x08\0\0\0\x01\0\x01" "a\x08\0\0\0\0";
    assert_string_equal(amf_text(&t, BYTES(inner), false), "ecma1{a:ecma0{}}");
    /* Only between two members, and only an ECMA array. */
    assert_string_equal(amf_text(&t, BYTES("\x08\0\0\0\x01\0"), false), "ecma1{!-1");
    assert_string_equal(amf_text(&t, BYTES("\x08\0\0\0\x01\0\0"), false), "ecma1{!-1");
    assert_string_equal(amf_text(&t, BYTES("\x08\0\0\0\x01\0\x01" "a"), false), "ecma1{!-1");
    assert_string_equal(amf_text(&t, BYTES("\x03\0\x01" "a\x05"), false), "{a:null!-1");
    assert_string_equal(amf_text(&t, BYTES("\x03\0\x01" "a\x08\0\0\0\0"), false), "{a:ecma0{}!-1");
}

static void test_empty_key(void **state)
{
    (void)state;
    check(BYTES("\x03\0\0\x05\0\x01" "a\x05\0\0\x09"), "{null a:null}");
}

static void test_nesting(void **state)
{
    (void)state;
    check(BYTES("\x03\0\x01" "a\x0a\0\0\0\x02\x08\0\0\0\0\0\x01" "b\x05\0\0\x09\x03\0\0\x09"
                "\0\x01" "c\x05\0\0\x09"), "{a:[ecma0{b:null} {}] c:null}");
    struct amf_text t;
    char            wire[5 * (AMF_DEPTH_MAX + 1) + 1];
    for (int i = 0; i <= AMF_DEPTH_MAX; i++)
        memcpy(wire + 5 * i, "\x0a\0\0\0\x01", 5);
    wire[5 * AMF_DEPTH_MAX] = 0x05;
    struct bytes in = { (uint8_t *)wire, 5 * AMF_DEPTH_MAX + 1 };
    assert_string_equal(amf_text(&t, in, false), "[[[[[[[[[[[[[[[[null]]]]]]]]]]]]]]]]");
    wire[5 * AMF_DEPTH_MAX] = 0x0a;
    wire[5 * (AMF_DEPTH_MAX + 1)] = 0x05;
    in.size = sizeof wire;
    assert_string_equal(amf_text(&t, in, false), "[[[[[[[[[[[[[[[[!-2");
}

/* What librtmp sends to connect, as ffmpeg and OBS do; the session reads it flat or member by member. */
static const char connect[] =
    "\x02\0\x07" "connect\0\x3f\xf0\0\0\0\0\0\0\x03"
    "\0\x03" "app\x02\0\x04live\0\x08" "flashVer\x02\0\x1f" "FMLE/3.0 (compatible; FMSc/1.0)"
    "\0\x05tcUrl\x02\0\x1crtmp://127.0.0.1:1935/a/live\0\x04type\x02\0\x0anonprivate\0\0\x09";

static void test_connect(void **state)
{
    (void)state;
    check(BYTES(connect), "\"connect\" 1 {app:\"live\" flashVer:\"FMLE/3.0 (compatible; FMSc/1.0)\" "
                          "tcUrl:\"rtmp://127.0.0.1:1935/a/live\" type:\"nonprivate\"}");
    struct amf_reader r = amf_reader_over(BYTES(connect));
    struct amf_value  v;
    CHECK(amf_read_flat(&r, &v) && bytes_equal(v.string, bytes_of("connect")));
    CHECK(amf_read_flat(&r, &v) && v.number == 1);
    struct amf_reader look = r;
    CHECK(amf_read_flat(&look, &v) && v.type == AMF_OBJECT);
    CHECK(!amf_read(&look, &v) && look.error == 0);
    CHECK(amf_read(&r, &v) && v.type == AMF_OBJECT && r.depth == 1);
    CHECK(amf_read(&r, &v) && bytes_equal(v.key, bytes_of("app")));
    amf_leave(&r);
    CHECK(r.depth == 0 && !amf_read(&r, &v) && r.error == 0);
    amf_leave(&r);                      /* nothing is open: nothing happens */
    CHECK(r.error == 0);
}

static void test_leave_and_flat(void **state)
{
    (void)state;
    static const char wire[] = "\x03\0\x01" "a\x03\0\x01" "b\x0a\0\0\0\x01\x05\0\0\x09\0\x01" "c\x05\0\0\x09\x06";
    struct amf_reader r = amf_reader_over(BYTES(wire));
    struct amf_value  v;
    CHECK(amf_read(&r, &v) && amf_read(&r, &v) && v.type == AMF_OBJECT && r.depth == 2);
    amf_leave(&r);
    CHECK(r.depth == 1 && amf_read(&r, &v) && bytes_equal(v.key, bytes_of("c")));
    CHECK(amf_read_flat(&r, &v) && v.type == AMF_END && r.depth == 0);  /* an end is no value to skip */
    CHECK(amf_read(&r, &v) && v.type == AMF_UNDEFINED);
    r = amf_reader_over(BYTES(wire));
    CHECK(amf_read(&r, &v) && amf_read_flat(&r, &v) && v.type == AMF_OBJECT && r.depth == 1);
    CHECK(amf_read(&r, &v) && v.type == AMF_NULL);
    r = amf_reader_over(BYTES("\x03\0\x01" "a\x04"));
    CHECK(!amf_read_flat(&r, &v) && r.error == ERR_PROTOCOL);
    CHECK(!amf_read_flat(&r, &v) && r.error == ERR_PROTOCOL);
}

/* onMetaData as FFmpeg 5.1 wrote it into tests/data. */
static void test_metadata_of_ffmpeg(void **state)
{
    (void)state;
    uint8_t in[24 + 255];
    FILE   *file = fopen(SOURCE_DIR "/tests/data/flv/avc_aac.flv", "rb");
    assert_non_null(file);
    CHECK_EQ(fread(in, 1, sizeof in, file), sizeof in);
    fclose(file);
    check((struct bytes){ in + 24, 255 },
          "\"onMetaData\" ecma11{width:64 height:48 videodatarate:0 framerate:10 videocodecid:7 "
          "audiodatarate:23.4375 audiosamplerate:22050 audiosamplesize:16 stereo:false audiocodecid:10 "
          "encoder:\"Lavf59.27.100\"}");
}

static void test_writing(void **state)
{
    (void)state;
    static const char want[] =
        "\x02\0\x08onStatus\0\0\0\0\0\0\0\0\0\x05\x06\x03\0\x05level\x02\0\x06status\0\x01x\x01\x01\0\0\x09"
        "\x08\0\0\0\x01\0\x01y\x01\0\0\0\x09\x0a\0\0\0\x01\x02\0\0";
    uint8_t out[sizeof want - 1];
    for (size_t room = 0; room <= sizeof out; room++) {
        struct writer w = writer_over(out, room);
        amf_write_string(&w, "onStatus");
        amf_write_number(&w, 0);
        amf_write_null(&w);
        amf_write_undefined(&w);
        amf_write_object_start(&w);
        amf_write_key(&w, "level");
        amf_write_string(&w, "status");
        amf_write_key(&w, "x");
        amf_write_boolean(&w, true);
        amf_write_object_end(&w);
        amf_write_ecma_array_start(&w, 1);
        amf_write_key(&w, "y");
        amf_write_boolean(&w, false);
        amf_write_object_end(&w);
        amf_write_strict_array_start(&w, 1);
        amf_write_string_of(&w, (struct bytes){ NULL, 0 });
        CHECK_EQ(w.overrun, room < sizeof out);
    }
    assert_memory_equal(out, want, sizeof out);
}

static void test_long_strings(void **state)
{
    (void)state;
    static uint8_t text[65536], out[65536 + 5];
    memset(text, 'x', sizeof text);
    struct writer w = writer_over(out, sizeof out);
    amf_write_string_of(&w, (struct bytes){ text, 65535 });
    CHECK_EQ(writer_size(&w), 65538);
    assert_memory_equal(out, "\x02\xff\xffx", 4);
    w = writer_over(out, sizeof out);
    amf_write_string_of(&w, (struct bytes){ text, 65536 });
    CHECK_EQ(writer_size(&w), 65541);
    assert_memory_equal(out, "\x0c\0\x01\0\0x", 6);
    struct amf_reader r = amf_reader_over((struct bytes){ out, 65541 });
    struct amf_value  v;
    CHECK(amf_read(&r, &v) && v.type == AMF_STRING && v.string.size == 65536);
    w = writer_over(out, sizeof out);
    amf_write_key_of(&w, (struct bytes){ text, 65536 });
    CHECK(w.overrun && writer_size(&w) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_marker),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_wrong_ecma_counts),
        cmocka_unit_test(test_ecma_array_without_end),
        cmocka_unit_test(test_empty_key),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_leave_and_flat),
        cmocka_unit_test(test_metadata_of_ffmpeg),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_long_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
