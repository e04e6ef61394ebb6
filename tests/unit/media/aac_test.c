#include "info.h"

#include "media/aac.h"

/* AudioSpecificConfigs; what is said of each comes from ffprobe. */
static const struct info_sample samples[] = {
    { "FFmpeg stereo", "121056e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 44100, .channels = 2 } },
    { "FFmpeg mono", "118856e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 1 } },
    { "FFmpeg 3.0", "129856e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 32000, .channels = 3 } },
    { "FFmpeg 4.0", "11a056e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 4 } },
    { "FFmpeg 5.0", "11a856e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 5 } },
    { "FFmpeg 5.1", "11b056e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 6 } },
    { "FFmpeg 7.1", "11b856e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 8 } },
    { "FFmpeg 96 kHz", "101056e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 96000, .channels = 2 } },
    { "FFmpeg 7.35 kHz", "160856e500", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 7350, .channels = 1 } },
    { "FFmpeg main", "099056e500", 2,
      { .codec_string = "mp4a.40.1", .profile = "Main", .sample_rate_hz = 48000, .channels = 2 } },
    { "FFmpeg LTP", "239056e500", 2,
      { .codec_string = "mp4a.40.4", .profile = "LTP", .sample_rate_hz = 22050, .channels = 2 } },
    { "FFmpeg 2.1, named channels", "12000504010020000d4c61766335392e33372e31303056e500", 22,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 44100, .channels = 3 } },
    { "FFmpeg 6.1, named channels", "118004c848002000c4400d4c61766335392e33372e31303056e500", 24,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 7 } },
    { "FFmpeg quad, named channels", "118004c4040021100d4c61766335392e33372e31303056e500", 22,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 4 } },
    { "VisualOn", "1190", 2,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 2 } },
    { "FDK LC", "1210", 0,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 44100, .channels = 2 } },
    { "FDK LD", "b99100", 0,
      { .codec_string = "mp4a.40.23", .profile = "LD", .sample_rate_hz = 48000, .channels = 2 } },
    { "FDK ELD", "f8e64000", 3,
      { .codec_string = "mp4a.40.39", .profile = "ELD", .sample_rate_hz = 48000, .channels = 2 } },
    { "FDK 7.1, named channels", "118004c809000108c80000", 0,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 8 } },
    { "HE-AAC in front", "2b920800", 4,
      { .codec_string = "mp4a.40.5", .profile = "HE-AAC", .sample_rate_hz = 44100, .channels = 2 } },
    { "HE-AACv2 in front", "eb098800", 4,
      { .codec_string = "mp4a.40.29", .profile = "HE-AACv2", .sample_rate_hz = 48000, .channels = 2 } },
    { "HE-AACv2 of 32 kHz", "eb8a0800", 4,
      { .codec_string = "mp4a.40.29", .profile = "HE-AACv2", .sample_rate_hz = 44100, .channels = 2 } },
};

/* Written by hand for what those encoders do not use. */
static const struct info_sample by_hand[] = {
    { "rate of its own", "1780560c10", 0,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 44056, .channels = 2 } },
    { "SBR to a rate of its own", "2f802b061780560c0800", 0,
      { .codec_string = "mp4a.40.5", .profile = "HE-AAC", .sample_rate_hz = 44056, .channels = 2 } },
    { "every field of named channels", "118004c8052339682110000003616263", 0,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 6 } },
    { "error resilient, with delay", "8992026f80", 0,
      { .codec_string = "mp4a.40.17", .profile = "ER LC", .sample_rate_hz = 48000, .channels = 2 } },
    { "BSAC", "b191123400", 0, { .codec_string = "mp4a.40.22", .sample_rate_hz = 48000, .channels = 2 } },
    { "BSAC and SBR", "2b11d880", 0,
      { .codec_string = "mp4a.40.5", .profile = "HE-AAC", .sample_rate_hz = 48000, .channels = 2 } },
    { "SSR", "1990", 0,
      { .codec_string = "mp4a.40.3", .profile = "SSR", .sample_rate_hz = 48000, .channels = 2 } },
    { "xHE-AAC", "f94642468a", 3,
      { .codec_string = "mp4a.40.42", .profile = "xHE-AAC", .sample_rate_hz = 48000, .channels = 2 } },
    { "6.1", "11d8", 0,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 7 } },
    { "7.1 back", "11e0", 0,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 8 } },
    { "22.2", "11e8", 0,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 24 } },
    { "7.1 top", "11f0", 0,
      { .codec_string = "mp4a.40.2", .profile = "LC", .sample_rate_hz = 48000, .channels = 8 } },
    { "scalable", "319020", 0, { .codec_string = "mp4a.40.6", .sample_rate_hz = 48000, .channels = 2 } },
};

static void test_cut_anywhere(void **state)
{
    (void)state;
    check_samples(aac_read_config, samples, COUNT(samples));
    check_samples(aac_read_config, by_hand, COUNT(by_hand));
}

/* What is appended for decoders that know it: cut short, or not of the kind expected, it leaves plain
 * LC. */
static void test_appendix(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *codec_string, *profile;
        uint32_t    rate_hz, channels;
    } cases[] = {
        { "139056e5a0", "mp4a.40.5", "HE-AAC", 44100, 2 },
        { "130856e59d4880", "mp4a.40.29", "HE-AACv2", 48000, 2 },
        { "131056e59d4800", "mp4a.40.5", "HE-AAC", 48000, 2 },
        { "139056e500",     "mp4a.40.2",  "LC",       22050, 2 }, /* no SBR, said */
        { "139056e5",       "mp4a.40.2",  "LC",       22050, 2 },
        { "139056",         "mp4a.40.2",  "LC",       22050, 2 },
        { "139056e5f8",     "mp4a.40.2",  "LC",       22050, 2 }, /* rate cut off */
        { "139057e5a0",     "mp4a.40.2",  "LC",       22050, 2 }, /* another sync word */
        { "139056f6a0",     "mp4a.40.2",  "LC",       22050, 2 }, /* another extension, BSAC's */
        { "139056e580",     "mp4a.40.5",  "HE-AAC",   96000, 2 }, /* no other bit is left */
        { "1390ffffffffff", "mp4a.40.2",  "LC",       22050, 2 }, /* padding */
        { "130856e59d",     "mp4a.40.5",  "HE-AAC",   48000, 1 }, /* PS cut off */
        { "130856e59d5880", "mp4a.40.5",  "HE-AAC",   48000, 1 }, /* another sync word */
    };
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info got, want = { .sample_rate_hz = cases[i].rate_hz, .channels = cases[i].channels };
        strcpy(want.codec_string, cases[i].codec_string);
        strcpy(want.profile, cases[i].profile);
        CHECK_EQ(read_cut(aac_read_config, wire, from_hex(cases[i].hex, wire), AVCODEC_AAC, &got), 0);
        check_info(cases[i].hex, 0, &got, &want);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "1690", /* reserved rate */
        "1710", /* reserved rate */
        "1780000010", /* a rate of 0 */
        "17ffffff90", /* of 16777215 Hz */
        "1240", /* reserved channels */
        "12f8", /* reserved channels */
        "2b968800", /* SBR with a reserved rate */
        "139056e5ec", /* appended SBR with a reserved rate */
        "118004c00000000000000000", /* no channel in what names them */
    };
    check_refused(aac_read_config, AVCODEC_AAC, refused, COUNT(refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_appendix),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
