#include "info.h"

#include "media/vpx.h"

static const struct info_sample records[] = {
    { "FFmpeg profile 0", "01000000001f820202020000", 0,
      { .codec = AVCODEC_VP9, .codec_string = "vp09.00.31.08", .profile = "Profile 0", .level = "3.1",
        .bit_depth = 8 } },
    { "FFmpeg profile 1", "010000000115860202020000", 0,
      { .codec = AVCODEC_VP9, .codec_string = "vp09.01.21.08", .profile = "Profile 1", .level = "2.1",
        .bit_depth = 8 } },
    { "FFmpeg RGB", "010000000115870202000000", 0,
      { .codec = AVCODEC_VP9, .codec_string = "vp09.01.21.08", .profile = "Profile 1", .level = "2.1",
        .bit_depth = 8 } },
    { "FFmpeg profile 2", "010000000228a20202020000", 0,
      { .codec = AVCODEC_VP9, .codec_string = "vp09.02.40.10", .profile = "Profile 2", .level = "4.0",
        .bit_depth = 10 } },
    { "FFmpeg profile 3", "01000000031ec40202020000", 0,
      { .codec = AVCODEC_VP9, .codec_string = "vp09.03.30.12", .profile = "Profile 3", .level = "3.0",
        .bit_depth = 12 } },
    { "without version and flags", "001f820202020000", 0,
      { .codec = AVCODEC_VP9, .codec_string = "vp09.00.31.08", .profile = "Profile 0", .level = "3.1",
        .bit_depth = 8 } },
    { "VP8", "01000000000a800202020000", 0,
      { .codec = AVCODEC_VP8, .codec_string = "vp08.00.10.08", .profile = "Profile 0", .level = "1.0",
        .bit_depth = 8 } },
    { "no level", "0000a00202020000", 0,
      { .codec = AVCODEC_VP9, .codec_string = "vp09", .profile = "Profile 0", .bit_depth = 10 } },
    { "initialization data", "020aa00202020003010203", 0,
      { .codec = AVCODEC_VP9, .codec_string = "vp09.02.10.10", .profile = "Profile 2", .level = "1.0",
        .bit_depth = 10 } },
};

/* The first bytes of keyframes. */
static const struct info_sample vp9_frames[] = {
    { "libvpx profile 0", "82498342004ff02cf60638241c18", 9,
      { .codec_string = "vp09", .profile = "Profile 0", .bit_depth = 8, .width = 1280, .height = 720 } },
    { "libvpx profile 1", "a24983420004fe02cec0c7048383", 9,
      { .codec_string = "vp09", .profile = "Profile 1", .bit_depth = 8, .width = 640, .height = 360 } },
    { "libvpx RGB", "a2498342e027f016760638241c18", 9,
      { .codec_string = "vp09", .profile = "Profile 1", .bit_depth = 8, .width = 640, .height = 360 } },
    { "libvpx profile 2", "92498342003bf821bb031c120e0c", 9,
      { .codec_string = "vp09", .profile = "Profile 2", .bit_depth = 10, .width = 1920, .height = 1080 } },
    { "libvpx profile 3", "b124c1a14201aa80efb031c120e0", 10,
      { .codec_string = "vp09", .profile = "Profile 3", .bit_depth = 12, .width = 854, .height = 480 } },
};
static const struct info_sample vp8_frames[] = {
    { "libvpx", "10ae009d012a800268010087", 10,
      { .codec = AVCODEC_VP8, .codec_string = "vp08", .profile = "Profile 0", .bit_depth = 8, .width = 640,
        .height = 360 } },
    { "libvpx profile 3", "d684029d012a800738041007", 10,
      { .codec = AVCODEC_VP8, .codec_string = "vp08", .profile = "Profile 3", .bit_depth = 8, .width = 1920,
        .height = 1080 } },
    { "scaled for display, hidden", "00ae009d012a80c26881", 0,
      { .codec = AVCODEC_VP8, .codec_string = "vp08", .profile = "Profile 0", .bit_depth = 8, .width = 640,
        .height = 360 } },
};

/* An empty record says nothing, but is none the worse for it. */
static void test_records_cut_anywhere(void **state)
{
    (void)state;
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(records); i++) {
        size_t size = from_hex(records[i].hex, wire);
        for (size_t cut = 1; cut <= size; cut++) {
            struct track_info got;
            int               result = read_cut(vpx_read_config, wire, cut, records[i].want.codec, &got);
            CHECK_EQ(result, cut < size ? ERR_PROTOCOL : 0);
            if (result == 0)
                check_info(records[i].name, cut, &got, &records[i].want);
        }
    }
    struct track_info known = { .codec = AVCODEC_VP8, .width = 640, .codec_string = "vp08" }, before = known;
    CHECK_EQ(vpx_read_config((struct bytes){ wire, 0 }, &known), 0);
    assert_memory_equal(&known, &before, sizeof known);
}

static void test_keyframes_cut_anywhere(void **state)
{
    (void)state;
    check_samples(vpx_read_vp9_frame, vp9_frames, COUNT(vp9_frames));
    check_samples(vpx_read_vp8_frame, vp8_frames, COUNT(vp8_frames));
}

/* A keyframe does not know the level, and leaves the name that the record made. */
static void test_keyframe_after_record(void **state)
{
    (void)state;
    static uint8_t    wire[HEX_MAX];
    struct track_info got = { .codec = AVCODEC_VP9 };
    size_t            size = from_hex(records[0].hex, wire);
    CHECK_EQ(vpx_read_config((struct bytes){ wire, size }, &got), 0);
    size = from_hex(vp9_frames[0].hex, wire);
    CHECK_EQ(vpx_read_vp9_frame((struct bytes){ wire, size }, &got), 0);
    assert_string_equal(got.codec_string, "vp09.00.31.08");
    assert_string_equal(got.level, "3.1");
    CHECK_EQ(got.width, 1280);
    CHECK_EQ(got.height, 720);
}

static void test_other_frames_say_nothing(void **state)
{
    (void)state;
    static const struct { info_reader *read; const char *hex; } cases[] = {
        { vpx_read_vp9_frame, "860000" },               /* inter */
        { vpx_read_vp9_frame, "88" },                   /* shows one that is there already */
        { vpx_read_vp9_frame, "b600" },                 /* inter, of profile 3 */
        { vpx_read_vp8_frame, "11ae00000000000000000000" },
    };
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info got, none = { 0 };
        CHECK_EQ(read_cut(cases[i].read, wire, from_hex(cases[i].hex, wire), 0, &got), 0);
        assert_memory_equal(&got, &none, sizeof none);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const records_refused[] = {
        "041f820202020000", /* profile 4 */
        "0064820202020000", /* level 100 */
        "001f920202020000", /* 9 bits */
        "02000000001f820202020000", /* version 2 */
        "001f820202020001", /* data cut short */
    };
    static const char *const vp9_refused[] = {
        "42498342004ff02cf6063824", /* another frame marker */
        "82498343004ff02cf6063824", /* another sync code */
        "824983420400002cf6063824", /* 16385 wide */
    };
    static const char *const vp8_refused[] = {
        "10ae009d012b80026801", /* another start code */
        "10ae009d012a00c06801", /* no width */
    };
    check_refused(vpx_read_config, AVCODEC_VP9, records_refused, COUNT(records_refused));
    check_refused(vpx_read_vp9_frame, AVCODEC_VP9, vp9_refused, COUNT(vp9_refused));
    check_refused(vpx_read_vp8_frame, AVCODEC_VP8, vp8_refused, COUNT(vp8_refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_cut_anywhere),
        cmocka_unit_test(test_keyframes_cut_anywhere),
        cmocka_unit_test(test_keyframe_after_record),
        cmocka_unit_test(test_other_frames_say_nothing),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
