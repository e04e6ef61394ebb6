#include "info.h"

#include "media/hevc.h"

/* HEVCDecoderConfigurationRecords; what is said of each comes from ffprobe. */
static const struct info_sample samples[] = {
    { "x265 main",
      "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d95"
      "9409a10001002b42010101600000030090000003000003005da00280802d16595952930bc05a020000030002000003003210"
      "a2000100064401c073c189", 0,
      { .codec_string = "hvc1.1.6.L93.90", .profile = "Main", .level = "3.1", .tier = "Main",
        .width = 1280, .height = 720, .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 main 10, HDR",
      "01022000000090000000000078f000fcfdfafa00000f04a00001001840010c01ffff02200000030090000003000003007895"
      "9409a10001002e420101022000000300900000030000030078a003c0801107cad965654a4c2f016a1220120800001f480003"
      "a98040a2000100064401c073c189270001000a4e019004000003000080", 0,
      { .codec_string = "hvc1.2.4.L120.90", .profile = "Main 10", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .frame_rate_num = 30000, .frame_rate_den = 1001, .bit_depth = 10 } },
    { "x265, 854 of 856 columns",
      "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d95"
      "9409a10001002a42010101600000030090000003000003005da006c201e1cde595952930bc05a020000003002000000641a2"
      "000100064401c073c189", 0,
      { .codec_string = "hvc1.1.6.L93.90", .profile = "Main", .level = "3.1", .tier = "Main",
        .width = 854, .height = 480, .frame_rate_num = 50, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 4:4:4",
      "0104080000009e08000000003ff000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300003f9594"
      "09a10001002b4201010408000003009e0800000300003f9000a0402e3e272caca94985e02d010000030001000003001808a2"
      "000100084401c07318301890", 0,
      { .codec_string = "hvc1.4.10.L63.9E.8", .profile = "Range Extensions", .level = "2.1",
        .tier = "Main", .width = 640, .height = 360, .frame_rate_num = 24, .frame_rate_den = 1,
        .bit_depth = 8 } },
    { "x265 4:2:2 of 10 bits",
      "0104080000009d080000000078f000fcfefafa00000f03a00001001740010c01ffff0408000003009d080000030000789594"
      "09a1000100294201010408000003009d08000003000078b00280802d136595952930bc05a020000003002000000781a20001"
      "00064401c073c189", 0,
      { .codec_string = "hvc1.4.10.L120.9D.8", .profile = "Range Extensions", .level = "4.0",
        .tier = "Main", .width = 1280, .height = 720, .frame_rate_num = 60, .frame_rate_den = 1,
        .bit_depth = 10 } },
    { "x265 of 12 bits",
      "0104080000009988000000003ff000fcfdfcfc00000f03a00001001740010c01ffff040800000300998800000300003f9594"
      "09a10001002b420101040800000300998800000300003fa005020171f294a595952930bc05a02000000300200000030321a2"
      "000100064401c073c189", 0,
      { .codec_string = "hvc1.4.10.L63.99.88", .profile = "Range Extensions", .level = "2.1",
        .tier = "Main", .width = 640, .height = 360, .frame_rate_num = 25, .frame_rate_den = 1,
        .bit_depth = 12 } },
    { "x265 monochrome",
      "0104080000009fc8000000003cf000fcfcf8f800000f03a00001001740010c01ffff0408000003009fc800000300003c9594"
      "09a1000100294201010408000003009fc800000300003cc028203c5965654a4c2f016c08000003000800000300f040a20001"
      "00064401c073c189", 0,
      { .codec_string = "hvc1.4.10.L60.9F.C8", .profile = "Range Extensions", .level = "2.0",
        .tier = "Main", .width = 320, .height = 240, .frame_rate_num = 30, .frame_rate_den = 1,
        .bit_depth = 8 } },
    { "x265 scaling lists by default",
      "0101600000009000000000003ff000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003f95"
      "9409a10001002c42010101600000030090000003000003003fa005020171f2e5959529385e02d010000003001000000301e0"
      "80a2000100064401c073c189", 0,
      { .codec_string = "hvc1.1.6.L63.90", .profile = "Main", .level = "2.1", .tier = "Main",
        .width = 640, .height = 360, .frame_rate_num = 30, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 high tier, 2160p60",
      "01216000000090000000000099f000fcfdf8f800000f03a00001001840010c01ffff21600000030090000003000003009995"
      "9409a10001002c420101216000000300900000030000030099a001e020021c5965654a4c2f016808000003000800000301e0"
      "40a2000100064401c073c189", 0,
      { .codec_string = "hvc1.1.6.H153.90", .profile = "Main", .level = "5.1", .tier = "High",
        .width = 3840, .height = 2160, .frame_rate_num = 60, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 4320p60",
      "010220000000900000000000b7f000fcfdfafa00000f03a00001001840010c01ffff0220000003009000000300000300b795"
      "9409a10001002d4201010220000003009000000300000300b7a000f008004384d965654a4c2f016808000003000800000301"
      "e040a2000100064401c073c189", 0,
      { .codec_string = "hvc1.2.4.L183.90", .profile = "Main 10", .level = "6.1", .tier = "Main",
        .width = 7680, .height = 4320, .frame_rate_num = 60, .frame_rate_den = 1, .bit_depth = 10 } },
    { "x265 interlaced",
      "0101600000004000000000005af000fcfdf8f800000f04a00001001840010c01ffff01600000030040000003000003005a95"
      "9409a10001002b42010101600000030040000003000003005aa005a200905965654a4c2f016868000003000800000300c840"
      "a2000100064401c073c18927000100064e0181010f80", 0,
      { .codec_string = "hvc1.1.6.L90.40", .profile = "Main", .level = "3.0", .tier = "Main",
        .width = 720, .height = 576, .frame_rate_num = 25, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 display window, overscan",
      "0101600000009000000000005af000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005a95"
      "9409a10001002f42010101600000030090000003000003005aa0050201e16595952930bc1392d88912244c00000300040000"
      "03007820a2000100064401c073c189", 0,
      { .codec_string = "hvc1.1.6.L90.90", .profile = "Main", .level = "3.0", .tier = "Main",
        .width = 640, .height = 480, .frame_rate_num = 30, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 three temporal layers",
      "0101600000009000000000005af000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005a95"
      "9409a10001002a42010101600000030090000003000003005aa0050201e16595952930bc05a020000003002000000303c1a2"
      "000100064401c073c189", 0,
      { .codec_string = "hvc1.1.6.L90.90", .profile = "Main", .level = "3.0", .tier = "Main",
        .width = 640, .height = 480, .frame_rate_num = 30, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 HRD",
      "0101600000009000000000005af000fcfdf8f800000f04a00001001840010c01ffff01600000030090000003000003005a95"
      "9409a10001003542010101600000030090000003000003005aa0050201e16595952930bc05a020000003002000000303cc02"
      "92cdc001e848003d0990a2000100064401c073c18927000100064e0181010f80", 0,
      { .codec_string = "hvc1.1.6.L90.90", .profile = "Main", .level = "3.0", .tier = "Main",
        .width = 640, .height = 480, .frame_rate_num = 30, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 asymmetric partitions",
      "0101600000009000000000005af000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005a95"
      "9409a10001002b42010101600000030090000003000003005aa0050201e1659595292d2f016808000003000800000300f040"
      "a2000100064401c073c189", 0,
      { .codec_string = "hvc1.1.6.L90.90", .profile = "Main", .level = "3.0", .tier = "Main",
        .width = 640, .height = 480, .frame_rate_num = 30, .frame_rate_den = 1, .bit_depth = 8 } },
    { "x265 scaling lists of its own",
      "0101600000009000000000003ff000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003f95"
      "9409a1000100b942010101600000030090000003000003003fa005020171f2e59595293e12fff4d429ffe9a85bffd350c7ff"
      "a6a10fff4d0d0a7ffffffffffffffa6a16fffffffffffffff4d431ffffffffffffffe9a843ffffffffffffffd35097ffffff"
      "ffffffffa68685bffffffffffffffe9a863ffffffffffffffe9a843ffffffffffffffe9a84bffffffffffffffe9a853fffff"
      "fffffffffe9a1a18fffffffffffffffa6a14fffffffffffffffa685e02d010000003001000000301e080a2000100064401c0"
      "73c189", 0,
      { .codec_string = "hvc1.1.6.L63.90", .profile = "Main", .level = "2.1", .tier = "Main",
        .width = 640, .height = 360, .frame_rate_num = 30, .frame_rate_den = 1, .bit_depth = 8 } },
};

/* Records put together by hand. */
static const struct info_sample records[] = {
    { "no SPS",
      "0101600000009000000000005df000fcfdf8f800000f00", 0,
      { .codec_string = "hvc1.1.6.L93.90", .profile = "Main", .level = "3.1", .tier = "Main",
        .bit_depth = 8 } },
    { "no SPS, 10 bits, a rate",
      "0162600000009000000000005df000fcfdfaf819000f00", 0,
      { .codec_string = "hvc1.A2.6.H93.90", .profile = "Main 10", .level = "3.1", .tier = "High",
        .bit_depth = 10, .frame_rate_num = 25, .frame_rate_den = 1 } },
    { "rate of the VPS",
      "0101600000009000000000005df000fcfdf8f819000f02a00001002640010c04ffff01600000030090000003000003007840"
      "005a95cae5709db000003e900005dc05a100010028420101016000000300900000030000030078a003c0801107cb94579244"
      "98ad6bfa658149b1190b20", 0,
      { .codec_string = "hvc1.1.6.L120.90", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .frame_rate_num = 24000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "rate of the record",
      "0101600000009000000000005df000fcfdf8f81df80f01a100010028420101016000000300900000030000030078a003c080"
      "1107cb9457924498ad6bfa658149b1190b20", 0,
      { .codec_string = "hvc1.1.6.L120.90", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .frame_rate_num = 959, .frame_rate_den = 32, .bit_depth = 8 } },
    { "a broken VPS, version 0",
      "0001600000009000000000005df000fcfdf8f800000f02a0000100034001ffa1000100284201010160000003009000000300"
      "00030078a003c0801107cb9457924498ad6bfa658149b1190b20", 0,
      { .codec_string = "hvc1.1.6.L120.90", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .bit_depth = 8 } },
    { "two SPS",
      "0101600000009000000000005df000fcfdf8f800000f01a100020028420101016000000300900000030000030078a003c080"
      "1107cb9457924498ad6bfa658149b1190b20001d42010101600000030090000003000003005da0050201e16597924c2080", 0,
      { .codec_string = "hvc1.1.6.L120.90", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .bit_depth = 8 } },
    { "empty arrays and units",
      "0101600000009000000000005df000fcfdf8f800000f03a00000a7000200000000a100010028420101016000000300900000"
      "030000030078a003c0801107cb9457924498ad6bfa658149b1190b20", 0,
      { .codec_string = "hvc1.1.6.L120.90", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .bit_depth = 8 } },
};

/* Sequence parameter sets: of cameras and of graphics cards, and written by hand for what those do not
 * use; of the latter FFmpeg's parser says the same. */
static const struct info_sample sets[] = {
    { "NVENC",
      "4201010140000003000003000003000003007ba003c0801107cb96b4a42592e3016a02020208000003000800000301e3002e"
      "f2880007270c0000989682", 0,
      { .codec_string = "hvc1.1.2.L123", .profile = "Main", .level = "4.1", .tier = "Main",
        .width = 1920, .height = 1080, .frame_rate_num = 60, .frame_rate_den = 1, .bit_depth = 8 } },
    { "Avigilon, PCM blocks",
      "420101016000000300800000030000030096a001802006c1fe36bbb5377725d602dc0404041000003e800004268721dee510"
      "016e200066ff000b71000337f880", 0,
      { .codec_string = "hvc1.1.6.L150.80", .profile = "Main", .level = "5.0", .tier = "Main",
        .width = 3072, .height = 1728, .frame_rate_num = 17, .frame_rate_den = 1, .bit_depth = 8 } },
    { "long-term references",
      "420101016000000300b0000003000003005da00280802d1636b924cbf0080000030008000003019508", 0,
      { .codec_string = "hvc1.1.6.L93.B0", .profile = "Main", .level = "3.1", .tier = "Main",
        .width = 1280, .height = 720, .frame_rate_num = 50, .frame_rate_den = 1, .bit_depth = 8 } },
    { "4:4:4 of 12 bits",
      "420101040800000300980800000300005d9000501005a2294b7494985ffe00020002d404040410000003001000000301e080",
      0,
      { .codec_string = "hvc1.4.10.L93.98.8", .profile = "Range Extensions", .level = "3.1",
        .tier = "Main", .width = 1280, .height = 720, .frame_rate_num = 30, .frame_rate_den = 1,
        .bit_depth = 12 } },
    { "2997 hundredths",
      "420101222000000300900000030000030078a003c08010e4d96666924caf0101000003006400000bb508", 0,
      { .codec_string = "hvc1.2.4.H120.90", .profile = "Main 10", .level = "4.0", .tier = "High",
        .width = 1920, .height = 1080, .frame_rate_num = 2997, .frame_rate_den = 100, .bit_depth = 10 } },
    { "sub-layers, predicted reference sets, all of the VUI",
      "420104016000000300900000030000030078d00001600000030090000003000003005a5aa003c0801107cb9457924498ad6b"
      "fa658149b1190bffc0010000fd4244026d8a4dc00000fa40003a9802", 0,
      { .codec_string = "hvc1.1.6.L120.90", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .frame_rate_num = 60000, .frame_rate_den = 1001, .bit_depth = 8 } },
    { "no VUI",
      "420101016000000300900000030000030078a003c0801107cb9457924498ad6bfa658149b1190b20", 0,
      { .codec_string = "hvc1.1.6.L120.90", .profile = "Main", .level = "4.0", .tier = "Main",
        .width = 1920, .height = 1080, .bit_depth = 8 } },
};

static void test_records_cut_anywhere(void **state)
{
    (void)state;
    check_samples(hevc_read_config, samples, COUNT(samples));
    check_samples(hevc_read_config, records, COUNT(records));
}

static void test_sets(void **state)
{
    (void)state;
    check_whole(hevc_read_sps, sets, COUNT(sets));
    check_sets_cut_anywhere(hevc_read_sps, sets, COUNT(sets));
}

static void test_vps_cut_anywhere(void **state)
{
    (void)state;
    static const struct info_sample sample = {
        "with timing",
        "40010c04ffff01600000030090000003000003007840005a95cae5709db000003e900005dc05",
        0, { .frame_rate_num = 24000, .frame_rate_den = 1001 },
    };
    static uint8_t wire[HEX_MAX];
    size_t         size = from_hex(sample.hex, wire);
    for (size_t cut = 0; cut <= size; cut++) {
        struct track_info got;
        int               result = read_cut(hevc_read_vps, wire, cut, 0, &got);
        CHECK(result == 0 || (result == ERR_PROTOCOL && cut < size));
        CHECK_EQ(got.frame_rate_num, cut == size ? 24000 : 0);
        CHECK_EQ(got.frame_rate_den, cut == size ? 1001 : 0);
    }
}

static void test_limits(void **state)
{
    (void)state;
    static const struct { const char *hex; uint32_t width, height, bit_depth; } cases[] = {
        { "42010101600000030090000003000003005da000200080010005965e493082",
          16384, 16384, 8 }, /* the largest */
        { "42010101600000030090000003000003005da0050201e10912597924c208",
          640, 480, 16 }, /* 16 bits */
        { "42010d01600000030090000003000003005d0000a0050201e165972e5cb972e5e4930820",
          640, 480, 8 }, /* seven sub-layers */
        { "42010101600000030090000003000003005da0050201e16597924c0083b6db6db6db6db6db6db6db6db6db6d"
          "b6db6db6db6db6db6c10",
          640, 480, 8 }, /* 64 reference sets */
        { "42010101600000030090000003000003005da0050201e16597924c104423fffffffffffffffe08",
          640, 480, 8 }, /* 32 references */
        { "42010101600000030090000003000003005da0050201e16597924c3042000003000003000003000003000003"
          "000003000003000003000003000003000003000003000003000003000003000003000003000010",
          640, 480, 8 }, /* 32 long-term references */
    };
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info got;
        CHECK_EQ(read_cut(hevc_read_sps, wire, from_hex(cases[i].hex, wire), 0, &got), 0);
        CHECK_EQ(got.width, cases[i].width);
        CHECK_EQ(got.height, cases[i].height);
        CHECK_EQ(got.bit_depth, cases[i].bit_depth);
        assert_string_equal(got.codec_string, "hvc1.1.6.L93.90");
    }
}

/* The longest name there can be: all profile space, profile and flags. */
static void test_longest_codec_string(void **state)
{
    (void)state;
    static uint8_t    wire[HEX_MAX];
    struct track_info got;
    size_t            size = from_hex("01ffffffffffffffffffffffffffffffffffffffff00", wire);
    wire[size++] = 0;
    CHECK_EQ(read_cut(hevc_read_config, wire, size, 0, &got), 0);
    assert_string_equal(got.codec_string, "hvc1.C31.FFFFFFFF.H255.FF.FF.FF.FF.FF.FF");
    assert_string_equal(got.level, "8.5");
    assert_string_equal(got.profile, "");
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const sets_refused[] = {
        "44010101600000030090000003000003005da0050201e16597924c2080", /* not an SPS */
        "42090101600000030090000003000003005da0050201e16597924c2080", /* of another layer */
        "c2010101600000030090000003000003005da0050201e16597924c2080", /* forbidden bit */
        "42010f01600000030090000003000003005d0000a0050201e165972e5cb972e5cbc926"
        "1040", /* eight sub-layers */
        "42010101600000030090000003000003005d08a0050201e16597924c2080", /* id 16 */
        "42010101600000030090000003000003005d94014080785965e4930820", /* chroma format 4 */
        "42010101600000030090000003000003005da000200100785965e4930820", /* 16385 wide */
        "42010101600000030090000003000003005da005036597924c2080", /* no height */
        "42010101600000030090000003000003005da005020000030003fffffffd965e493082", /* as high as can be said */
        "42010101600000030090000003000003005da0050201e180a10143e597924c2080", /* cropped to nothing */
        "42010101600000030090000003000003005da0050201e1e0000003003fffffffc00000"
        "03007fffffffe597924c2080", /* cropped to less */
        "42010101600000030090000003000003005da0050201e10a965e493082", /* 17 bits */
        "42010101600000030090000003000003005da0050201e145165e493082", /* chroma of 17 bits */
        "42010101600000030090000003000003005da0050201e163a5e4930820", /* order of 17 bits */
        "42010101600000030090000003000003005da0050201e16597924c0085b6db6db6db6d"
        "b6db6db6db6db6db6db6db6db6db6db6db6d82", /* 65 reference sets */
        "42010101600000030090000003000003005da0050201e16597924c104bffffffff82", /* 17 references before */
        "42010101600000030090000003000003005da0050201e16597924c184423ffffffffff"
        "ffffff7fffffffe080", /* 33 references at last */
        "42010101600000030090000003000003005da0050201e16597924c3044000003000003"
        "0000030000030000030000030000030000030000030000030000030000030000030000"
        "030000030000030000030000030008", /* 33 long-term references */
    };
    static const char *const vps_refused[] = {
        "42010101600000030090000003000003005da0050201e16597924c2080", /* not a VPS */
        "40010c0fffff0000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000", /* eight sub-layers */
        "40010c01ffff01600000030090000003000003007895c0002009", /* 1025 layer sets */
    };
    static const char *const records_refused[] = {
        "0201600000009000000000005df000fcfdf8f800000f00", /* version 2 */
        "0000000140010c01ffff0160000003009000000300000300783ac09000", /* no record but a byte stream */
        "0101600000009000000000005df000fcfdf8f800000f01a10001001e42010101600000"
        "030090000003000003005d08a0050201e16597924c2080", /* a broken set */
    };
    check_refused(hevc_read_sps, 0, sets_refused, COUNT(sets_refused));
    check_refused(hevc_read_vps, 0, vps_refused, COUNT(vps_refused));
    check_refused(hevc_read_config, 0, records_refused, COUNT(records_refused));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_cut_anywhere),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_vps_cut_anywhere),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_longest_codec_string),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
