#include "info.h"

#include "media/ac3.h"

/* The first bytes of sync frames. */
static const struct info_sample samples[] = {
    { "FFmpeg mono", "0b774de04c402f842be109f6", 7,
      { .codec_string = "ac-3", .sample_rate_hz = 44100, .channels = 1 } },
    { "FFmpeg stereo", "0b7725c2144043e106f46370", 7,
      { .codec_string = "ac-3", .sample_rate_hz = 48000, .channels = 2 } },
    { "FFmpeg 2.1", "0b775e72544047e106f575f0", 7,
      { .codec_string = "ac-3", .sample_rate_hz = 44100, .channels = 3 } },
    { "FFmpeg 3.0", "0b77d2269a406be103affcf3", 7,
      { .codec_string = "ac-3", .sample_rate_hz = 32000, .channels = 3 } },
    { "FFmpeg 4.0", "0b7751ff1c40aaf8407bfbc7", 7,
      { .codec_string = "ac-3", .sample_rate_hz = 48000, .channels = 4 } },
    { "FFmpeg 5.0", "0b77a42a1e40eaf8403eff99", 7,
      { .codec_string = "ac-3", .sample_rate_hz = 48000, .channels = 5 } },
    { "FFmpeg 5.1", "0b7734671e40ebf8403eff99", 7,
      { .codec_string = "ac-3", .sample_rate_hz = 48000, .channels = 6 } },
    { "half rate", "0b77000000484000", 7,
      { .codec_string = "ac-3", .sample_rate_hz = 24000, .channels = 2 } },
    { "FFmpeg E-AC-3 mono", "0b77011fb287c00021074878", 6,
      { .codec_string = "ec-3", .sample_rate_hz = 32000, .channels = 1 } },
    { "FFmpeg E-AC-3 stereo", "0b77017f3487c00020a42108", 6,
      { .codec_string = "ec-3", .sample_rate_hz = 48000, .channels = 2 } },
    { "FFmpeg E-AC-3 5.0", "0b7703ce7e87c00020a42108", 6,
      { .codec_string = "ec-3", .sample_rate_hz = 44100, .channels = 5 } },
    { "FFmpeg E-AC-3 5.1", "0b77037f3f87c00020f42108", 6,
      { .codec_string = "ec-3", .sample_rate_hz = 48000, .channels = 6 } },
    { "E-AC-3 of half rate", "0b770005d487c00000000000", 6,
      { .codec_string = "ec-3", .sample_rate_hz = 22050, .channels = 2 } },
    { "E-AC-3, another programme behind it", "0b7700053f87c000000000000b7708053f87c00000000000", 6,
      { .codec_string = "ec-3", .sample_rate_hz = 48000, .channels = 6 } },
};

static void test_cut_anywhere(void **state)
{
    (void)state;
    check_samples(ac3_read_frame, samples, COUNT(samples));
}

/* Dependent substreams: a channel map, none, and one behind two mono programmes' worth of levels.  While
 * they are not there, the channels are those of the first frame. */
static void test_dependent_substreams(void **state)
{
    (void)state;
    static const struct { const char *hex; size_t least; uint32_t before, channels; } cases[] = {
        { "0b7700053f87c000000000000b7740073c87eb51a000000000000000", 22, 6, 8 },
        { "0b7700053f87c000000000000b7740073887c0000000000000000000", 19, 6, 7 },
        { "0b7700053487c000000000000b7740073087dfad4018000000000000", 23, 2, 6 },
    };
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = from_hex(cases[i].hex, wire);
        for (size_t cut = 6; cut <= size; cut++) {
            struct track_info got;
            CHECK_EQ(read_cut(ac3_read_frame, wire, cut, AVCODEC_EAC3, &got), 0);
            CHECK_EQ(got.channels, cut < cases[i].least ? cases[i].before : cases[i].channels);
        }
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "0b7825c2144043e1", /* no sync word */
        "0b7725c2d44043e1", /* reserved rate */
        "0b7725c2148843e1", /* version 17 */
        "0b7740073c87eb51a000000000000000", /* dependent substream first */
        "0b770005f487c00000000000", /* E-AC-3 of a reserved rate */
    };
    check_refused(ac3_read_frame, AVCODEC_AC3, refused, COUNT(refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_dependent_substreams),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
