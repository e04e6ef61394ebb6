#include "info.h"

#include "media/legacy.h"

/* The first bytes of keyframes. */
static const struct info_sample samples[] = {
    { "FFmpeg CIF", "00008401121e73e80c0070f8", 5,
      { .codec = AVCODEC_H263, .width = 352, .height = 288 } },
    { "FFmpeg, sides of 8 bits", "00008400644b121e73e80c00", 7,
      { .codec = AVCODEC_H263, .width = 200, .height = 150 } },
    { "FFmpeg, sides of 16 bits", "00008400814000b4121e73e8", 9,
      { .codec = AVCODEC_H263, .width = 640, .height = 360 } },
    { "FFmpeg screen video", "3190312c002678daedc2c109", 4,
      { .codec = AVCODEC_SCREEN, .width = 400, .height = 300 } },
    { "FFmpeg screen video 2", "3280316000001c1078daedc1", 4,
      { .codec = AVCODEC_SCREEN2, .width = 640, .height = 352 } },
    { "size 3", "0000800180", 0, { .codec = AVCODEC_H263, .width = 176, .height = 144 } },
    { "size 4", "0000800200", 0, { .codec = AVCODEC_H263, .width = 128, .height = 96 } },
    { "size 5", "0000800280", 0, { .codec = AVCODEC_H263, .width = 320, .height = 240 } },
    { "size 6", "0000800300", 0, { .codec = AVCODEC_H263, .width = 160, .height = 120 } },
    { "VP6, partitions", "8c194600101e28", 0, { .codec = AVCODEC_VP6, .width = 632, .height = 468 } },
    { "VP6, simple profile", "00184000101e28", 0, { .codec = AVCODEC_VP6, .width = 640, .height = 480 } },
    { "VP6, advanced profile", "0818461e28", 0, { .codec = AVCODEC_VP6, .width = 640, .height = 472 } },
    { "VP6 with alpha", "1000123418461e28", 0, { .codec = AVCODEC_VP6A, .width = 639, .height = 480 } },
};

static void test_keyframes_cut_anywhere(void **state)
{
    (void)state;
    check_samples(legacy_read_keyframe, samples, COUNT(samples));
}

static void test_what_says_nothing(void **state)
{
    (void)state;
    static const struct { uint32_t codec; const char *hex; } cases[] = {
        { AVCODEC_VP6, "0098" }, { AVCODEC_VP6A, "0000000098" }, { AVCODEC_JPEG, "" }, { AVCODEC_H264, "00" },
    };
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info got, none = { .codec = cases[i].codec };
        CHECK_EQ(read_cut(legacy_read_keyframe, wire, from_hex(cases[i].hex, wire), cases[i].codec, &got), 0);
        assert_memory_equal(&got, &none, sizeof none);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const h263[] = { "00010401121e", "00008403801e", "000084000000" };
    static const char *const screen[] = { "30003000", "31903000" };
    static const char *const vp6[] = { "0818460028", "0818461e00" };
    check_refused(legacy_read_keyframe, AVCODEC_H263, h263, COUNT(h263));
    check_refused(legacy_read_keyframe, AVCODEC_SCREEN, screen, COUNT(screen));
    check_refused(legacy_read_keyframe, AVCODEC_VP6, vp6, COUNT(vp6));
}

/* FLV 10.1, E.4.2.1. */
static void test_sound(void **state)
{
    (void)state;
    static const struct { uint32_t codec; uint8_t sound; uint32_t rate_hz, channels, bit_depth; } cases[] = {
        { AVCODEC_PCM,           0x0f, 44100, 2, 16 },
        { AVCODEC_PCM_LE,        0x38, 22050, 1, 8  },
        { AVCODEC_PCM_LE,        0x32, 5512,  1, 16 },
        { AVCODEC_ADPCM,         0x17, 11025, 2, 0  },
        { AVCODEC_MP3,           0x2f, 44100, 2, 0  },
        { AVCODEC_MP3,           0xe2, 8000,  1, 0  },
        { AVCODEC_NELLYMOSER16K, 0x42, 16000, 1, 0  },
        { AVCODEC_NELLYMOSER8K,  0x5f, 8000,  1, 0  },
        { AVCODEC_NELLYMOSER,    0x6a, 22050, 1, 0  },
        { AVCODEC_G711A,         0x7e, 8000,  1, 0  },
        { AVCODEC_G711U,         0x83, 8000,  2, 0  },
        { AVCODEC_SPEEX,         0xb6, 16000, 1, 0  },
        { AVCODEC_SPEEX,         0xbf, 16000, 1, 0  },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info got = { .codec = cases[i].codec };
        legacy_read_sound(cases[i].sound, &got);
        CHECK_EQ(got.sample_rate_hz, cases[i].rate_hz);
        CHECK_EQ(got.channels, cases[i].channels);
        CHECK_EQ(got.bit_depth, cases[i].bit_depth);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyframes_cut_anywhere),
        cmocka_unit_test(test_what_says_nothing),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
