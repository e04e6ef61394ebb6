#include "info.h"

#include "media/av1.h"

/* AV1CodecConfigurationRecords; what is said of each comes from ffprobe. */
static const struct info_sample samples[] = {
    { "libaom",
      "81010c000a0b0000000cc4ff6736be4010", 0,
      { .codec_string = "av01.0.01M.08", .profile = "Main", .level = "2.1", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 8 } },
    { "libaom of 10 bits, HDR",
      "81054c000a0e0000002d4cffb3cdaf9509100904", 0,
      { .codec_string = "av01.0.05M.10", .profile = "Main", .level = "3.1", .tier = "Main",
        .width = 1280, .height = 720, .bit_depth = 10 } },
    { "libaom of 12 bits",
      "81406c000a0b400000043cffbcdaf96308", 0,
      { .codec_string = "av01.2.00M.12", .profile = "Professional", .level = "2.0", .tier = "Main",
        .width = 320, .height = 240, .bit_depth = 12 } },
    { "libaom 4:2:2",
      "814008000a0a400000043cffbcdaf901", 0,
      { .codec_string = "av01.2.00M.08", .profile = "Professional", .level = "2.0", .tier = "Main",
        .width = 320, .height = 240, .bit_depth = 8 } },
    { "libaom 4:4:4",
      "812000000a0a200000043cffbcdaf902", 0,
      { .codec_string = "av01.1.00M.08", .profile = "High", .level = "2.0", .tier = "Main",
        .width = 320, .height = 240, .bit_depth = 8 } },
    { "libaom RGB",
      "812000000a0d200000043cffbcdaf92021a004", 0,
      { .codec_string = "av01.1.00M.08", .profile = "High", .level = "2.0", .tier = "Main",
        .width = 320, .height = 240, .bit_depth = 8 } },
    { "libaom monochrome",
      "81001c000a0a000000043cffbcdaf92a", 0,
      { .codec_string = "av01.0.00M.08", .profile = "Main", .level = "2.0", .tier = "Main",
        .width = 320, .height = 240, .bit_depth = 8 } },
    { "SVT-AV1",
      "81080c000a0b00000042abbfc3700be001", 0,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .bit_depth = 8 } },
    { "SVT-AV1 2160p60 of 10 bits",
      "810d4c000a0c0000006aefbfe1bc02f84040", 0,
      { .codec_string = "av01.0.13M.10", .profile = "Main", .level = "5.1", .tier = "Main",
        .width = 3840, .height = 2160, .bit_depth = 10 } },
    { "rav1e",
      "811f0c000a0e000000fa6355ef8842a204040428", 0,
      { .codec_string = "av01.0.31M.08", .profile = "Main", .level = "max", .tier = "Main",
        .width = 854, .height = 480, .bit_depth = 8 } },
    { "SVT-AV1, timing by FFmpeg",
      "81080c000a140400000fa40001d4c30000085577f86e017c0020", 0,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .frame_rate_num = 30000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "libaom, 1800 ticks a picture by FFmpeg",
      "81010c000a16040000000400057e4200708000001989fece6d7c8020", 0,
      { .codec_string = "av01.0.01M.08", .profile = "Main", .level = "2.1", .tier = "Main",
        .width = 640, .height = 360, .frame_rate_num = 50, .frame_rate_den = 1, .bit_depth = 8 } },
};

/* Keyframes of the same encoders, as long as it takes, and frames put together by hand. */
static const struct info_sample frames[] = {
    { "libaom",
      "0a0b0000000cc4ff6736be401032a656100085", 13,
      { .codec_string = "av01.0.01M.08", .profile = "Main", .level = "2.1", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 8 } },
    { "SVT-AV1",
      "0a0b00000042abbfc373efe401328db8021000", 13,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .bit_depth = 8 } },
    { "SVT-AV1, timing by FFmpeg",
      "0a140400000fa40001d4c30000085577f86e7dfc8020328db8021000", 22,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .frame_rate_num = 30000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "rav1e",
      "0a0e000000fa6355ef8842a2040404283288ae011002", 16,
      { .codec_string = "av01.0.31M.08", .profile = "Main", .level = "max", .tier = "Main",
        .width = 854, .height = 480, .bit_depth = 8 } },
    { "temporal delimiter, metadata, then it",
      "12002a0204000a0b00000042627fb3807f0048", 0,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 8 } },
    { "with an extension",
      "0e480b00000042627fb3807f0048", 0,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 8 } },
    { "two of them",
      "0a0b00000042627fb3807f00480a0b000000421e7fde01fc0120", 13,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 8 } },
    { "a size of eight bytes",
      "0a8b8080808080800000000042627fb3807f0048", 0,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 8 } },
};

/* Sequence headers written by hand, which FFmpeg's parser reads the same way. */
static const struct info_sample headers[] = {
    { "every option of the header",
      "0a240400000fa40003a982a9000003e84a611016fff802b88197ff802bd577f86f5403ae0090", 0,
      { .codec_string = "av01.0.13H.08", .profile = "Main", .level = "5.1", .tier = "High",
        .width = 1920, .height = 1080, .frame_rate_num = 30000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "high tier",
      "0a140400000fa40003a983000009d4f7fc7c03980240", 0,
      { .codec_string = "av01.0.09H.08", .profile = "Main", .level = "4.1", .tier = "High",
        .width = 1920, .height = 800, .frame_rate_num = 60000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "pictures of unequal time",
      "0a13040000000400057e40000010989fece01fc012", 0,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 8 } },
    { "more ticks than there are",
      "0a1707fffffffffffffffe00000000000010989fece01fc012", 0,
      { .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 8 } },
    { "still picture",
      "0a0818377ffffffc0048", 0,
      { .codec_string = "av01.0.00M.08", .profile = "Main", .level = "2.0", .tier = "Main",
        .width = 16384, .height = 16384, .bit_depth = 8 } },
    { "4:4:4 of 12 bits",
      "0a084000004000005181", 0,
      { .codec_string = "av01.2.08M.12", .profile = "Professional", .level = "4.0", .tier = "Main",
        .width = 1, .height = 1, .bit_depth = 12 } },
    { "4:2:0 of 12 bits",
      "0a0e40000042627fb3807f0d09100961", 0,
      { .codec_string = "av01.2.08M.12", .profile = "Professional", .level = "4.0", .tier = "Main",
        .width = 640, .height = 360, .bit_depth = 12 } },
    { "level without a name",
      "0a0b000000da627fb3807f0048", 0,
      { .codec_string = "av01.0.27M.08", .profile = "Main", .tier = "Main", .width = 640, .height = 360,
        .bit_depth = 8 } },
};

/* Four bytes are a record without a sequence header, which does not know the size. */
static void test_records_cut_anywhere(void **state)
{
    (void)state;
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t size = from_hex(samples[i].hex, wire);
        for (size_t cut = 0; cut <= size; cut++) {
            struct track_info got, want = samples[i].want;
            int               result = read_cut(av1_read_config, wire, cut, AVCODEC_AV1, &got);
            CHECK_EQ(result, cut == 4 || cut == size ? 0 : ERR_PROTOCOL);
            if (cut < size)
                want.width = want.height = want.frame_rate_num = want.frame_rate_den = 0;
            if (result == 0)
                check_info(samples[i].name, cut, &got, &want);
        }
    }
}

/* An empty frame has no header, but no fault either. */
static void check_frames(const struct info_sample *list, size_t count)
{
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t size = from_hex(list[i].hex, wire);
        size_t least = list[i].least > 0 ? list[i].least : size;
        for (size_t cut = 1; cut <= size; cut++) {
            struct track_info got;
            int               result = read_cut(av1_read_frame, wire, cut, AVCODEC_AV1, &got);
            bool              delimiter = result == 0 && cut < least;
            if (delimiter)
                CHECK_EQ(got.width, 0);
            else
                CHECK_EQ(result, cut < least ? ERR_PROTOCOL : 0);
            if (cut >= least)
                check_info(list[i].name, cut, &got, &list[i].want);
        }
    }
}

static void test_frames_cut_anywhere(void **state)
{
    (void)state;
    check_frames(frames, COUNT(frames));
    check_frames(headers, COUNT(headers));
}

/* Only the last OBU may do without a size. */
static void test_frame_without_size(void **state)
{
    (void)state;
    static uint8_t    wire[HEX_MAX];
    struct track_info got;
    size_t size = from_hex("08040000000400057e40000010989fece01fc012", wire);
    CHECK_EQ(read_cut(av1_read_frame, wire, size, AVCODEC_AV1, &got), 0);
    check_info("without size", size, &got, &headers[2].want);
}

static void test_frame_without_header(void **state)
{
    (void)state;
    static const char *const hex[] = { "", "1200", "12003203000000", "30000000", "1a0100" };
    static uint8_t           wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(hex); i++) {
        struct track_info got, none = { .codec = AVCODEC_AV1 };
        CHECK_EQ(read_cut(av1_read_frame, wire, from_hex(hex[i], wire), AVCODEC_AV1, &got), 0);
        assert_memory_equal(&got, &none, sizeof none);
    }
}

/* MPEG2TSSequenceStart of Enhanced RTMP has the record in a descriptor. */
static void test_descriptor(void **state)
{
    (void)state;
    static const struct info_sample sample = {
        "descriptor", "800481080c00", 0,
        { .codec = AVCODEC_AV1, .codec_string = "av01.0.08M.08", .profile = "Main", .level = "4.0",
          .tier = "Main", .bit_depth = 8 },
    };
    check_samples(av1_read_config, &sample, 1);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const frames_refused[] = {
        "8a0b00000042627fb3807f0048", /* forbidden bit */
        "0a0b60000042627fb3807f0020", /* profile 3 */
        "0a0c00000043a200059c03f80240", /* 16385 wide */
        "0a0c000000427e7fffff00fe0090", /* 65536 high */
        "0a80808080808080800000000042627fb3807f0048", /* a size of nine bytes */
        "0a808080801000000042627fb3807f0048", /* a size of 33 bits */
        "0a7f00000042627fb3807f0048", /* longer than the frame */
        "327f00", /* an OBU in front that is too long */
        "0a00", /* an empty header */
        "0a0600000042627f", /* header cut short, 1 of 2 lines */
    };
    static const char *const records_refused[] = {
        "01000c000a", /* no marker */
        "82080c00", /* version 2 */
        "81680000", /* profile 3 */
        "81080c", /* three bytes */
        "81080c000a7f", /* broken OBU */
        "800481080c", /* TS descriptor, cut */
    };
    check_refused(av1_read_frame, AVCODEC_AV1, frames_refused, COUNT(frames_refused));
    check_refused(av1_read_config, AVCODEC_AV1, records_refused, COUNT(records_refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_cut_anywhere),
        cmocka_unit_test(test_frames_cut_anywhere),
        cmocka_unit_test(test_frame_without_size),
        cmocka_unit_test(test_frame_without_header),
        cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
