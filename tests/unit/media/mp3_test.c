#include "info.h"

#include "media/mp3.h"

/* The first bytes of frames. */
static const struct info_sample samples[] = {
    { "LAME 44.1 kHz", "fffb90640000034d", 4,
      { .codec_string = "mp4a.6B", .profile = "MPEG-1 Layer III", .sample_rate_hz = 44100, .channels = 2 } },
    { "LAME 48 kHz mono", "fffb54c400000934", 4,
      { .codec_string = "mp4a.6B", .profile = "MPEG-1 Layer III", .sample_rate_hz = 48000, .channels = 1 } },
    { "LAME 32 kHz", "fffb786400000363", 4,
      { .codec_string = "mp4a.6B", .profile = "MPEG-1 Layer III", .sample_rate_hz = 32000, .channels = 2 } },
    { "LAME 22.05 kHz", "fff38064000dc435", 4,
      { .codec_string = "mp4a.69", .profile = "MPEG-2 Layer III", .sample_rate_hz = 22050, .channels = 2 } },
    { "LAME 11.025 kHz mono",
      "ffe320c40014305a", 4,
      { .codec_string = "mp4a.69", .profile = "MPEG-2.5 Layer III", .sample_rate_hz = 11025,
        .channels = 1 } },
    { "LAME 8 kHz mono", "ffe318c4000b086e", 4,
      { .codec_string = "mp4a.69", .profile = "MPEG-2.5 Layer III", .sample_rate_hz = 8000, .channels = 1 } },
    { "FFmpeg layer II", "fffde40488666677", 4,
      { .codec_string = "mp4a.6B", .profile = "MPEG-1 Layer II", .sample_rate_hz = 48000, .channels = 2 } },
    { "layer I, two channels", "fffe4484", 0,
      { .codec_string = "mp4a.6B", .profile = "MPEG-1 Layer I", .sample_rate_hz = 48000, .channels = 2 } },
    { "free format", "fffb0064", 0,
      { .codec_string = "mp4a.6B", .profile = "MPEG-1 Layer III", .sample_rate_hz = 44100, .channels = 2 } },
};

static void test_cut_anywhere(void **state)
{
    (void)state;
    check_samples(mp3_read_frame, samples, COUNT(samples));
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "ffdb9064", /* no sync word */
        "ffeb9064", /* reserved version */
        "fff99064", /* reserved layer */
        "fffbf064", /* forbidden bit rate */
        "fffb9c64", /* reserved rate */
        "49443304000000", /* an ID3 tag */
    };
    check_refused(mp3_read_frame, AVCODEC_MP3, refused, COUNT(refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
