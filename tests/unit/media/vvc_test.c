#include "info.h"

#include "media/vvc.h"

/* VvcDecoderConfigurationRecords: one of an encoder, the others written by hand. */
static const struct info_sample samples[] = {
    { "an encoder's",
      "ff00111f010269000002d005000000028f0001002a0079000b0269000003001688014048802b49ff451918e00c42555aabd5"
      "eb33255a12e472d4565a323040900001000c008100000b4400a022241820", 0,
      { .codec_string = "vvc1.1.L105", .profile = "Main 10", .level = "6.3", .tier = "Main",
        .width = 720, .height = 1280, .bit_depth = 8 } },
    { "no sets, 50 frames a second", "ff00115f010333800007800438320000", 0,
      { .codec_string = "vvc1.1.H51.CQA", .profile = "Main 10", .level = "3.1", .tier = "High",
        .width = 1920, .height = 1080, .bit_depth = 10, .frame_rate_num = 50, .frame_rate_den = 1 } },
    { "five sub-layers, sub-profiles", "ff00531f052253c0aabb0100b0203033020102030405060708078004381df800", 0,
      { .codec_string = "vvc1.17.L83.CYCVLWAI", .profile = "Multilayer Main 10", .level = "5.1",
        .tier = "Main", .width = 1920, .height = 1080, .bit_depth = 8, .frame_rate_num = 959,
        .frame_rate_den = 32 } },
    { "most constraints", "ff00115f0cfeffffffffffffffffffffffffff0007800438000000", 0,
      { .codec_string = "vvc1.127.L255.C7777777777777777777Q", .level = "15.5", .tier = "Main",
        .width = 1920, .height = 1080, .bit_depth = 10 } },
    { "cropped by the set",
      "ff00115f0102338000078004400000038d00030069008c00030061008f000200250079004b0253bfffffffffffffffffc140"
      "803002deadbeefdeadbeef60078100220d394020000f0079000b02538000000f0200441004", 0,
      { .codec_string = "vvc1.1.L51.CQA", .profile = "Main 10", .level = "3.1", .tier = "Main",
        .width = 1914, .height = 1080, .bit_depth = 10 } },
    { "only sets", "fe018f0001000c0079001a000f0200441ad004", 0,
      { .codec_string = "vvc1", .width = 1919, .height = 1087 } },
    { "nothing", "fe00", 0, { .codec_string = "vvc1" } },
};

static void test_cut_anywhere(void **state)
{
    (void)state;
    check_samples(vvc_read_config, samples, COUNT(samples));
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "00000000ff00111f010269000002d005000000028f0001002a0079000b026900000300"
        "1688014048802b49ff451918e00c42555aabd5eb33255a12e472d4565a323040900001"
        "000c008100000b4400a022241820", /* MP4's version in front */
        "ff00115f0d0233ffffffffffffffffffffffffff0007800438000000", /* 13 bytes of constraints */
        "ff00115f010233800040010438000000", /* 16385 wide */
        "ff00115f010233800007800000000000", /* no height */
        "fe018f0001000f0081000b02538000000f0200441004", /* set of another type */
        "fe018f000100140079000b02538000000f02004418078403c38040", /* set cropped to nothing */
        "fe018f000100100079000b02538000000f020004002004", /* set 16385 high */
        "fe018f0001000a0079000b02538000000f", /* set cut short */
    };
    check_refused(vvc_read_config, AVCODEC_VVC, refused, COUNT(refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
