#include "info.h"

#include "media/flac.h"

static const struct info_sample samples[] = {
    { "FFmpeg", "120012000013ed0018d00ac4437000002274eb9916a77d1d85ee43269de9f11a0c92", 0,
      { .codec_string = "fLaC", .sample_rate_hz = 44100, .channels = 2, .bit_depth = 24 } },
    { "FFmpeg", "2000200000432700fb6917700b7000004b00371b3f42f02611f3fdfd870d6e5c60ca", 0,
      { .codec_string = "fLaC", .sample_rate_hz = 96000, .channels = 6, .bit_depth = 24 } },
    { "FFmpeg", "024002400002b200039601f4017000000640e3335d330240f49c83f0dcd8651158e2", 0,
      { .codec_string = "fLaC", .sample_rate_hz = 8000, .channels = 1, .bit_depth = 24 } },
    { "FFmpeg", "40004000007a90024a5b2ee00f7000009600f1b97bb734dc65464a2ba8ed4921c0c0", 0,
      { .codec_string = "fLaC", .sample_rate_hz = 192000, .channels = 8, .bit_depth = 24 } },
    { "native stream",
      "664c614380000022120012000013ed0018d00ac4437000002274eb9916a77d1d85ee43269de9f11a0c92", 0,
      { .codec_string = "fLaC", .sample_rate_hz = 44100, .channels = 2, .bit_depth = 24 } },
    { "with a block header, and a block behind it",
      "00000022120012000013ed0018d00ac4437000002274eb9916a77d1d85ee43269de9f11a0c9281000004", 38,
      { .codec_string = "fLaC", .sample_rate_hz = 44100, .channels = 2, .bit_depth = 24 } },
    { "the most that it says", "100010000000000000009fff6ff00000000000000000000000000000000000000000", 0,
      { .codec_string = "fLaC", .sample_rate_hz = 655350, .channels = 8, .bit_depth = 32 } },
};

static void test_cut_anywhere(void **state)
{
    (void)state;
    check_samples(flac_read_config, samples, COUNT(samples));
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "10001000000000000000000002f00000000000000000000000000000000000000000", /* a rate of 0 */
        "10001000000000000000fffff2f00000000000000000000000000000000000000000", /* of 1048575 Hz */
        "100010000000000000000bb802200000000000000000000000000000000000000000", /* samples of 3 bits */
        ("664c614384000022000000000000000000000000000000000000000000000000000000"
         "00000000000000"), /* signature, then comments */
    };
    check_refused(flac_read_config, AVCODEC_FLAC, refused, COUNT(refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
