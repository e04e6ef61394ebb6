#include "info.h"

#include "media/opus.h"

/* Identification headers of libopus. */
static const struct info_sample samples[] = {
    { "mono", "4f707573486561640101380180bb0000000000", 0,
      { .codec_string = "opus", .sample_rate_hz = 48000, .channels = 1 } },
    { "stereo", "4f707573486561640102380180bb0000000000", 0,
      { .codec_string = "opus", .sample_rate_hz = 48000, .channels = 2 } },
    { "5.1", "4f707573486561640106380180bb00000000010402000401020305", 0,
      { .codec_string = "opus", .sample_rate_hz = 48000, .channels = 6 } },
    { "7.1", "4f707573486561640108380180bb000000000105030006010203040507", 0,
      { .codec_string = "opus", .sample_rate_hz = 48000, .channels = 8 } },
    { "family 255", "4f707573486561640103380180bb00000000ff0300000102", 0,
      { .codec_string = "opus", .sample_rate_hz = 48000, .channels = 3 } },
    { "telephone, minor version 15", "4f707573486561640f010000401f0000000000", 0,
      { .codec_string = "opus", .sample_rate_hz = 48000, .channels = 1 } },
    { "more behind it", "4f707573486561640102380180bb0000000000ffff", 19,
      { .codec_string = "opus", .sample_rate_hz = 48000, .channels = 2 } },
};

static void test_cut_anywhere(void **state)
{
    (void)state;
    check_samples(opus_read_config, samples, COUNT(samples));
}

/* The largest table: 255 channels. */
static void test_channel_mapping(void **state)
{
    (void)state;
    static uint8_t    wire[HEX_MAX];
    struct track_info got;
    from_hex("4f7075734865616401ff380180bb0000000000ff807f", wire);
    wire[18] = 255;
    wire[19] = 128;
    wire[20] = 127;
    memset(wire + 21, 0, 255);
    CHECK_EQ(read_cut(opus_read_config, wire, 21 + 255, AVCODEC_OPUS, &got), 0);
    CHECK_EQ(got.channels, 255);
    CHECK_EQ(read_cut(opus_read_config, wire, 21 + 254, AVCODEC_OPUS, &got), ERR_PROTOCOL);
    wire[19] = 129;
    CHECK_EQ(read_cut(opus_read_config, wire, 21 + 255, AVCODEC_OPUS, &got), ERR_PROTOCOL);
}

/* The first bytes of packets by libopus: mono, stereo, and hybrid stereo. */
static void test_frames(void **state)
{
    (void)state;
    static const struct { const char *hex; uint32_t channels; } cases[] = {
        { "f8ca71", 1 }, { "fcca71", 2 }, { "7c", 2 }, { "00", 1 },
    };
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info got;
        CHECK_EQ(read_cut(opus_read_frame, wire, from_hex(cases[i].hex, wire), AVCODEC_OPUS, &got), 0);
        CHECK_EQ(got.channels, cases[i].channels);
        CHECK_EQ(got.sample_rate_hz, 48000);
        assert_string_equal(got.codec_string, "opus");
    }
    struct track_info known = { .channels = 6 };
    CHECK_EQ(opus_read_frame((struct bytes){ wire, 1 }, &known), 0);
    CHECK_EQ(known.channels, 6);
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "4f707573546167730102380180bb0000000000", /* comments */
        "4f707573486561641002380180bb0000000000", /* major version 1 */
        "4f707573486561640100380180bb0000000000", /* no channels */
        "4f707573486561640103380180bb0000000000", /* three channels without a table */
        "4f707573486561640102380180bb000000000100000001", /* no streams */
        "4f707573486561640102380180bb000000000101020001", /* more stereo streams than streams */
    };
    check_refused(opus_read_config, AVCODEC_OPUS, refused, COUNT(refused));
    static const char *const nothing[] = { "" };
    check_refused(opus_read_frame, AVCODEC_OPUS, nothing, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_channel_mapping),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
