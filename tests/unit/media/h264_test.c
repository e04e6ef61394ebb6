#include "info.h"

#include "media/h264.h"

/* AVCDecoderConfigurationRecords; what is said of each comes from ffprobe. */
static const struct info_sample samples[] = {
    { "x264 baseline",
      "0142c00dffe100166742c00dda0507ec0440000003004000000783c50aa801000468ce0fc8", 0,
      { .codec_string = "avc1.42c00d", .profile = "Constrained Baseline", .level = "1.3", .width = 320,
        .height = 240, .frame_rate_num = 15, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 main, interlaced",
      "014d401effe10018674d401eeca05a126c0440000003004000000c87c50a658001000568fba3cb20", 0,
      { .codec_string = "avc1.4d401e", .profile = "Main", .level = "3.0", .width = 720, .height = 576,
        .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 high, 1080 of 1088 lines",
      "01640028ffe1001967640028acd940780227e5c04400000fa40003a9803c60c65801000668ebe3cb22c0fdf8f800", 42,
      { .codec_string = "avc1.640028", .profile = "High", .level = "4.0", .width = 1920, .height = 1080,
        .frame_rate_num = 30000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "x264 high 10",
      "016e0020ffe1001a676e0020a6cd9405005bb011000003000100000300640f18319601000668ebe3cb22c0fdfafa00", 43,
      { .codec_string = "avc1.6e0020", .profile = "High 10", .level = "3.2", .width = 1280,
        .height = 720, .frame_rate_num = 50, .frame_rate_den = 1, .bit_depth = 10 } },
    { "x264 high 4:2:2, interlaced",
      "017a0028ffe1001a677a0028b6cd94078044fcb8088000000300800000190f8b16cb01000668fba3cb22c0fefafa00", 43,
      { .codec_string = "avc1.7a0028", .profile = "High 4:2:2", .level = "4.0", .width = 1920,
        .height = 1080, .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 10 } },
    { "x264 high 4:4:4",
      "01f4001effe1001b67f4001e919b281405ff1380880000030008000003018078b16cb001000668ebe3c44844fff8f800", 44,
      { .codec_string = "avc1.f4001e", .profile = "High 4:4:4 Predictive", .level = "3.0", .width = 640,
        .height = 360, .frame_rate_num = 24, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 monochrome",
      "0164000affe100196764000af3650b13b016c80000030010000003019078912cb001000668ebe3cb22c0fcf8f800", 42,
      { .codec_string = "avc1.64000a", .profile = "High", .level = "1.0", .width = 176, .height = 144,
        .frame_rate_num = 25, .frame_rate_den = 2, .bit_depth = 8 } },
    { "x264 lossless",
      "01f4001effe1001967f4001eaeb405017fcb8088000003000800000301e078b17501000568ce01af20fdf8f800", 41,
      { .codec_string = "avc1.f4001e", .profile = "High 4:4:4 Predictive", .level = "3.0", .width = 640,
        .height = 360, .frame_rate_num = 30, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 scaling lists by default",
      "01640020ffe1001967640020acd9405005bb0110000003001000000780f183196001000768ebe3cb3002c0fdf8f800", 43,
      { .codec_string = "avc1.640020", .profile = "High", .level = "3.2", .width = 1280, .height = 720,
        .frame_rate_num = 60, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 2160p60",
      "0142c034ffe1001c6742c034da00f0010fb016a0202028000003000800000303c078c19501000468ce0fc8", 0,
      { .codec_string = "avc1.42c034", .profile = "Constrained Baseline", .level = "5.2", .width = 3840,
        .height = 2160, .frame_rate_num = 60, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 level 1b",
      "0142d00bffe100176742d00bda0b13b0110000030001000003001e0f1226a001000468ce0fc8", 0,
      { .codec_string = "avc1.42d00b", .profile = "Constrained Baseline", .level = "1b", .width = 176,
        .height = 144, .frame_rate_num = 15, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 with HRD, wide pixels",
      "0164001effe100296764001eacd940d83de6fff05000501100000300010000030032604000f424001e84e4c30078b16cb001"
      "000568ebecb22cfdf8f800", 57,
      { .codec_string = "avc1.64001e", .profile = "High", .level = "3.0", .width = 854, .height = 480,
        .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 intra only",
      "016e101effe10017676e101ea6cb81405ff2e022000003000200000300640801000568ee0f2c8bfdfafa00", 39,
      { .codec_string = "avc1.6e101e", .profile = "High 10 Intra", .level = "3.0", .width = 640,
        .height = 360, .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 10 } },
    { "x264 portrait",
      "01640028ffe1001b67640028acd9404403c797c044000003000400000300f03c60c65801000668ebe3cb22c0fdf8f800", 44,
      { .codec_string = "avc1.640028", .profile = "High", .level = "4.0", .width = 1080, .height = 1920,
        .frame_rate_num = 30, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264 smallest",
      "0164000affe100196764000aacd95f8888c044000003000400000300083c48965801000668ebe3cb22c0fdf8f800", 42,
      { .codec_string = "avc1.64000a", .profile = "High", .level = "1.0", .width = 2, .height = 2,
        .frame_rate_num = 1, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x264, ticks of 1 ms",
      "0164001effe100196764001eacd940a02ff970110000030001000007d00f162d9601000668ebe3cb22c0fdf8f800", 42,
      { .codec_string = "avc1.64001e", .profile = "High", .level = "3.0", .width = 640, .height = 360,
        .bit_depth = 8 } },
    { "OpenH264 baseline",
      "0142c01effe1000e6742c01e8c8d40501ed00f08846a01000468ce3c80", 0,
      { .codec_string = "avc1.42c01e", .profile = "Constrained Baseline", .level = "3.0", .width = 640,
        .height = 480, .bit_depth = 8 } },
    { "OpenH264 high, odd size",
      "01640c28ffe1001167640c28ac191a80780227a9a01e1108d401000468ce3c80", 0,
      { .codec_string = "avc1.640c28", .profile = "Constrained High", .level = "4.0", .width = 1918,
        .height = 1078, .bit_depth = 8 } },
};

/* Sequence parameter sets: of cameras and of graphics cards, and written by hand for what those do not
 * use; of the latter FFmpeg's parser says the same. */
static const struct info_sample sets[] = {
    { "camera, 15 fps",
      "6764000cac3b50b04b420000030002000003003d08", 0,
      { .codec_string = "avc1.64000c", .profile = "High", .level = "1.2", .width = 352, .height = 288,
        .frame_rate_num = 15, .frame_rate_den = 1, .bit_depth = 8 } },
    { "Hikvision, 1800 ticks of 90000",
      "67640020ac172a01401e68400001c2000057e421", 0,
      { .codec_string = "avc1.640020", .profile = "High", .level = "3.2", .width = 1280, .height = 960,
        .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 8 } },
    { "Hikvision with two HRDs",
      "674d00299a6403c0113f2e02dc04040500000303e80000c350e86000bab40002eac4bbcb8d0c00175680005d58977970a0", 0,
      { .codec_string = "avc1.4d0029", .profile = "Main", .level = "4.1", .width = 1920, .height = 1080,
        .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 8 } },
    { "NVENC with HRD",
      "6764002aac2cac0780227e5c05a808080a000007d00003a981c000004c4b00002625adde5c14", 0,
      { .codec_string = "avc1.64002a", .profile = "High", .level = "4.2", .width = 1920, .height = 1080,
        .frame_rate_num = 60, .frame_rate_den = 1, .bit_depth = 8 } },
    { "fields, 4 lines a crop unit",
      "67640029ac133140780447de03ea020203e0000003002000000652", 0,
      { .codec_string = "avc1.640029", .profile = "High", .level = "4.1", .width = 1920, .height = 1080,
        .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 8 } },
    { "camera with scaling lists of its own",
      "67640032ad84010c20086100430802184010c200843b5014005ad370101014000003000400000300a210", 0,
      { .codec_string = "avc1.640032", .profile = "High", .level = "5.0", .width = 2560, .height = 1440,
        .frame_rate_num = 20, .frame_rate_den = 1, .bit_depth = 8 } },
    { "separate planes, order type 1",
      "67f4001f93855390842a60a843c211fff80140010db808080d2800001f480005dc0020", 0,
      { .codec_string = "avc1.f4001f", .profile = "High 4:4:4 Predictive", .level = "3.1", .width = 321,
        .height = 242, .frame_rate_num = 24000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "monochrome fields",
      "677a001fdb0ad816849d322ffc00a00086dc0404069400000fa40002ee0010", 0,
      { .codec_string = "avc1.7a001f", .profile = "High 4:2:2", .level = "3.1", .width = 717,
        .height = 568, .frame_rate_num = 24000, .frame_rate_den = 1001, .bit_depth = 10 } },
    { "4:2:2 fields",
      "677a001fb6c2db02d093a645ff80140010db808080d2800001f480005dc002", 0,
      { .codec_string = "avc1.7a001f", .profile = "High 4:2:2", .level = "3.1", .width = 714,
        .height = 568, .frame_rate_num = 24000, .frame_rate_den = 1001, .bit_depth = 10 } },
    { "4:2:0 fields",
      "6764001fac2db02d093a645ff80140010db808080d2800001f480005dc0020", 0,
      { .codec_string = "avc1.64001f", .profile = "High", .level = "3.1", .width = 714, .height = 560,
        .frame_rate_num = 24000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "scaling lists of all kinds",
      "6764001fada492492492492117fff84521084210842101ccc6318c6318c6318c6318c6318c6318c6318c6318c6318c6318c6"
      "318c6318c6318c6318c6318c6318b6c0a03dbff00280021b7010101a5000003e90000bb80040", 0,
      { .codec_string = "avc1.64001f", .profile = "High", .level = "3.1", .width = 640, .height = 480,
        .frame_rate_num = 24000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "VUI cut short",
      "674d001f96d81407b7fe005000436e0202034a", 0,
      { .codec_string = "avc1.4d001f", .profile = "Main", .level = "3.1", .width = 640, .height = 480,
        .bit_depth = 8 } },
};

static void test_records_cut_anywhere(void **state)
{
    (void)state;
    check_samples(h264_read_config, samples, COUNT(samples));
}

static void test_sets(void **state)
{
    (void)state;
    check_whole(h264_read_sps, sets, COUNT(sets));
    check_sets_cut_anywhere(h264_read_sps, sets, COUNT(sets));
}

static void test_record_without_sets(void **state)
{
    (void)state;
    static const struct info_sample none[] = {
        { "no SPS",          "014d401fffe000", 0,
          { .codec_string = "avc1.4d401f", .profile = "Main", .level = "3.1" } },
        { "only a PPS",      "014d401fffe001000468ce3880", 0,
          { .codec_string = "avc1.4d401f", .profile = "Main", .level = "3.1" } },
        { "a subset SPS",    "0142c00bffe100046f42c00b00", 0,
          { .codec_string = "avc1.42c00b", .profile = "Constrained Baseline", .level = "1.1" } },
        { "level 9",         "01580009ffe000", 0,
          { .codec_string = "avc1.580009", .profile = "Extended", .level = "1b" } },
        { "unknown profile", "01ff0033ffe000", 0, { .codec_string = "avc1.ff0033", .level = "5.1" } },
    };
    check_samples(h264_read_config, none, COUNT(none));
}

static void test_limits(void **state)
{
    (void)state;
    static const struct info_sample ok[] = {
        { "the largest", "674d001ff4002000010032", 0,
          { .codec_string = "avc1.4d001f", .profile = "Main", .level = "3.1", .width = 16384,
            .height = 16384, .bit_depth = 8 } },
        { "the longest cycle",
          "674d001fd300807fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff40501ec8", 0,
          { .codec_string = "avc1.4d001f", .profile = "Main", .level = "3.1", .width = 640,
            .height = 480, .bit_depth = 8 } },
    };
    check_whole(h264_read_sps, ok, COUNT(ok));
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const sets_refused[] = {
        "684d001ff40501ec80", /* not an SPS */
        "e74d001ff40501ec80", /* forbidden bit */
        "674d001f043d01407b20", /* id 32 */
        "6764001f973a0280f640", /* chroma format 4 */
        "6764001fa113a0280f64", /* 15 bits */
        "6764001fa883a0280f64", /* chroma of 15 bits */
        "674d001f8ed01407b2", /* frame number of 17 bits */
        "674d001fc880a03d90", /* order type 3 */
        "674d001fe3901407b2", /* order of 17 bits */
        "674d001fd30080ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa0280f64",
          /* a cycle of 256 */
        "674d001ff40020087b20", /* 16400 wide */
        "674d001ff405000401c8", /* 16400 high */
        "674d001ff40000030001fffffffc1ec8", /* as wide as can be said */
        "674d001ff40501ee0284050e80", /* cropped to nothing */
        "674d001ff40501efc0000003007fffffffa0", /* cropped to less */
        "674d001f0000030000ffffffffc0", /* an id of 65 bits */
    };
    static const char *const records_refused[] = {
        "004d001fffe10009674d001ff40501ec8001000468ce3880", /* version 0 */
        "024d001fffe10009674d001ff40501ec8001000468ce3880", /* version 2 */
        "0000000167640028", /* no record but a byte stream */
        "014d001fffe1000a674d001f043d01407b2001000468ce3880", /* a broken set */
    };
    check_refused(h264_read_sps, 0, sets_refused, COUNT(sets_refused));
    check_refused(h264_read_config, 0, records_refused, COUNT(records_refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_cut_anywhere),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_record_without_sets),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
