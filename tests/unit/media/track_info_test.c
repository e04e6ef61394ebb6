#include "info.h"
#include "packet.h"

#include "protocol/flv.h"

#include <stdio.h>

enum { TAG_MAX = 1 << 20, TRACKS = 8 };

static struct bytes read_file(const char *name, uint8_t *room, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/tests/data/flv/%s", SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size = fread(room, 1, size, file);
    fclose(file);
    return (struct bytes){ room, size };
}

static void take_packet(const struct avpacket *p, struct track_info infos[2][TRACKS])
{
    struct multitrack      walk;
    struct multitrack_part part;
    if (p->type == AV_DATA || p->size == 0)
        return;
    CHECK_EQ(multitrack_start(&walk, p), 0);
    while (multitrack_next(&walk, &part) > 0) {
        CHECK(part.track < TRACKS);
        CHECK(track_info_read_part(&part, &infos[part.type == AV_VIDEO][part.track]) >= 0);
    }
}

/* What ffprobe says of each file, by track. */
static const struct {
    const char *file;
    struct { uint8_t video, track; struct track_info want; } tracks[5];
} files[] = {
    { "avc_aac.flv",
      { { 1, 0, { .codec = AVCODEC_H264, .codec_string = "avc1.f4000a", .profile = "High 4:4:4 Predictive",
                  .level = "1.0", .width = 64, .height = 48, .frame_rate_num = 10, .frame_rate_den = 1,
                  .bit_depth = 8 } },
        { 0, 0, { .codec = AVCODEC_AAC, .codec_string = "mp4a.40.2", .profile = "LC",
                  .sample_rate_hz = 22050, .channels = 1 } } } },
    { "hevc_opus.flv",
      { { 1, 0, { .codec = AVCODEC_HEVC, .codec_string = "hvc1.4.10.L30.9E.8", .profile = "Range Extensions",
                  .level = "1.0", .tier = "Main", .width = 64, .height = 48, .frame_rate_num = 10,
                  .frame_rate_den = 1, .bit_depth = 8 } },
        { 0, 0, { .codec = AVCODEC_OPUS, .codec_string = "opus", .sample_rate_hz = 48000,
          .channels = 1 } } } },
    { "av1_flac.flv",
      { { 1, 0, { .codec = AVCODEC_AV1, .codec_string = "av01.1.00M.08", .profile = "High", .level = "2.0",
                  .tier = "Main", .width = 64, .height = 48, .bit_depth = 8 } },
        { 0, 0, { .codec = AVCODEC_FLAC, .codec_string = "fLaC", .sample_rate_hz = 48000, .channels = 1,
                  .bit_depth = 16 } } } },
    { "vp9_ac3.flv",
      { { 1, 0, { .codec = AVCODEC_VP9, .codec_string = "vp09.01.10.08", .profile = "Profile 1",
                  .level = "1.0", .width = 64, .height = 48, .bit_depth = 8 } },
        { 0, 0, { .codec = AVCODEC_AC3, .codec_string = "ac-3", .sample_rate_hz = 48000,
          .channels = 1 } } } },
    { "multitrack.flv",
      { { 1, 0, { .codec = AVCODEC_H264, .codec_string = "avc1.f4000a", .profile = "High 4:4:4 Predictive",
                  .level = "1.0", .width = 64, .height = 48, .frame_rate_num = 10, .frame_rate_den = 1,
                  .bit_depth = 8 } },
        { 1, 1, { .codec = AVCODEC_HEVC, .codec_string = "hvc1.4.10.L30.9E.8", .profile = "Range Extensions",
                  .level = "1.0", .tier = "Main", .width = 64, .height = 48, .frame_rate_num = 10,
                  .frame_rate_den = 1, .bit_depth = 8 } },
        { 0, 0, { .codec = AVCODEC_AAC, .codec_string = "mp4a.40.2", .profile = "LC",
                  .sample_rate_hz = 48000, .channels = 1 } },
        { 0, 1, { .codec = AVCODEC_OPUS, .codec_string = "opus", .sample_rate_hz = 48000, .channels = 1 } },
        { 0, 2, { .codec = AVCODEC_MP3, .codec_string = "mp4a.6B", .profile = "MPEG-1 Layer III",
                  .sample_rate_hz = 48000, .channels = 1 } } } },
};

static void test_files(void **state)
{
    (void)state;
    static uint8_t room[16384];
    for (size_t i = 0; i < COUNT(files); i++) {
        struct bytes      in = read_file(files[i].file, room, sizeof room);
        struct track_info infos[2][TRACKS] = { 0 };
        struct flv_reader reader;
        flv_reader_init(&reader, TAG_MAX);
        while (in.size > 0) {
            struct avpacket *p;
            ssize_t          used = flv_read(&reader, in, &p);
            CHECK(used > 0);
            in = (struct bytes){ in.data + used, in.size - (size_t)used };
            if (p != NULL)
                take_packet(p, infos);
            avpacket_unref(&p);
        }
        flv_reader_clear(&reader);
        for (size_t n = 0; n < COUNT(files[i].tracks) && files[i].tracks[n].want.codec != 0; n++) {
            const struct track_info *got = &infos[files[i].tracks[n].video][files[i].tracks[n].track];
            check_info(files[i].file, 0, got, &files[i].tracks[n].want);
            CHECK_EQ(got->codec, files[i].tracks[n].want.codec);
        }
    }
}

static int read_body(uint8_t type, const char *body, size_t size, struct track_info *io)
{
    struct avpacket *p = exact_packet(type, body, size);
    int              result = track_info_read(p, io);
    avpacket_unref(&p);
    return result;
}

#define AVCC "\x01\x42\xc0\x1e\xff\xe0\0"

/* One configuration in each form that can carry it. */
static void test_forms(void **state)
{
    (void)state;
    static const struct { uint8_t type; const char *body; size_t size; const char *codec_string; } cases[] = {
        { AV_VIDEO, WIRE("\x17\0\0\0\0" AVCC),                      "avc1.42c01e" },
        { AV_VIDEO, WIRE("\x90" "avc1" AVCC),                       "avc1.42c01e" },
        { AV_VIDEO, WIRE("\x96\0" "avc1\x03" AVCC),                 "avc1.42c01e" },
        { AV_VIDEO, WIRE("\x96\x10" "avc1\x03\0\0\x07" AVCC),       "avc1.42c01e" },
        { AV_VIDEO, WIRE("\x96\x20" "avc1\x03\0\0\x07" AVCC "vp09\x04\0\0\0"), "avc1.42c01e" },
        { AV_VIDEO, WIRE("\x97\x02\0\0\x05\0" "avc1" AVCC),         "avc1.42c01e" },
        { AV_VIDEO, WIRE("\x90vvc1\xfe\0"),                          "vvc1" },
        { AV_VIDEO, WIRE("\x91vp08\x10\xae\0\x9d\x01\x2a\x80\x02\x68\x01"), "vp08" },
        { AV_AUDIO, WIRE("\xaf\0\x12\x10"),                         "mp4a.40.2" },
        { AV_AUDIO, WIRE("\x90mp4a\x12\x10"),                       "mp4a.40.2" },
        { AV_AUDIO, WIRE("\x95\0mp4a\x03\x12\x10"),                 "mp4a.40.2" },
        { AV_AUDIO, WIRE("\xdf\0OpusHead\x01\x02\0\0\0\0\0\0\0\0\0"), "opus" },
        { AV_AUDIO, WIRE("\x90OpusOpusHead\x01\x02\0\0\0\0\0\0\0\0\0"), "opus" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info info = { 0 };
        CHECK_EQ(read_body(cases[i].type, cases[i].body, cases[i].size, &info), 1);
        assert_string_equal(info.codec_string, cases[i].codec_string);
        CHECK_EQ(read_body(cases[i].type, cases[i].body, cases[i].size, &info), 0);
    }
}

/* Nothing stays of the header before, and nothing of another codec; frames of these say nothing. */
static void test_new_header(void **state)
{
    (void)state;
    struct track_info info = { 0 };
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x17\0\0\0\0\x01\x64\0\x0a\xff\xe1\0\x19\x67\x64\0\x0a\xf3\x65\x0b"
                                      "\x13\xb0\x16\xc8\0\0\x03\0\x10\0\0\x03\x01\x90\x78\x91\x2c\xb0\0"),
                       &info), 1);
    CHECK_EQ(info.width, 176);
    CHECK_EQ(info.frame_rate_num, 25);
    CHECK_EQ(info.frame_rate_den, 2);
    CHECK(track_info_frame_rate(&info) == 12.5);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x17\x01\0\0\0\0\0\0\x01\x65"), &info), 0);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x27\x01\0\0\0\0\0\0\x01\x61"), &info), 0);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x17\0\0\0\0" AVCC), &info), 1);
    struct track_info want = { .codec = AVCODEC_H264, .codec_string = "avc1.42c01e", .level = "3.0",
                               .profile = "Constrained Baseline" };
    assert_memory_equal(&info, &want, sizeof want);
    CHECK(track_info_frame_rate(&info) == 0);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\xa1hvc1\0\0\0x"), &info), 1);
    want = (struct track_info){ .codec = AVCODEC_HEVC };
    assert_memory_equal(&info, &want, sizeof want);
}

/* What is broken leaves all as it was, and so does what is of no known codec. */
static void test_nothing_taken(void **state)
{
    (void)state;
    static const struct { uint8_t type; const char *body; size_t size; int result; } cases[] = {
        { AV_VIDEO, WIRE(""),                                   ERR_PROTOCOL },
        { AV_VIDEO, WIRE("\x17\0\0\0\0\x01\x64\0"),             ERR_PROTOCOL },
        { AV_VIDEO, WIRE("\x90hvc1\x01"),                       ERR_PROTOCOL },
        { AV_VIDEO, WIRE("\x90" "av01\x82\0\0\0"),              ERR_PROTOCOL },
        { AV_VIDEO, WIRE("\x91vp09\x40"),                       ERR_PROTOCOL },
        { AV_VIDEO, WIRE("\x12\0\0\0\0\0"),                     ERR_PROTOCOL },
        { AV_AUDIO, WIRE("\xaf\0\x16"),                         ERR_PROTOCOL },
        { AV_AUDIO, WIRE("\x91" "ac-3\x0b\x78\0\0\0\0\0\0"),    ERR_PROTOCOL },
        { AV_AUDIO, WIRE("\x91.mp3xyzw"),                       ERR_PROTOCOL },
        { AV_VIDEO, WIRE("\x91vp10xyz"),                        0 },
        { AV_VIDEO, WIRE("\x90vp10xyz"),                        0 },
        { AV_AUDIO, WIRE("\x95\0xyz1\x01xyz"),                  0 },
        { AV_VIDEO, WIRE("\xd1\x01"),                           0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info info = { .codec = AVCODEC_JPEG, .width = 7, .level = "5.1" }, before = info;
        CHECK_EQ(read_body(cases[i].type, cases[i].body, cases[i].size, &info), cases[i].result);
        assert_memory_equal(&info, &before, sizeof info);
    }
}

/* VP8 and VP9 keep the picture size of their frames when the header comes again. */
static void test_header_and_frames_together(void **state)
{
    (void)state;
    struct track_info info = { 0 };
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x90vp09\x01\0\0\0\0\x1f\x82\x02\x02\x02\0\0"), &info), 1);
    CHECK_EQ(info.width, 0);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\xa1vp09\x86\0\0"), &info), 0);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x91vp09\x82\x49\x83\x42\0\x4f\xf0\x2c\xf6"), &info), 1);
    CHECK_EQ(info.width, 1280);
    CHECK_EQ(info.height, 720);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x91vp09\x82\x49\x83\x42\0\x4f\xf0\x2c\xf6"), &info), 0);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x90vp09\x01\0\0\0\0\x1f\x82\x02\x02\x02\0\0"), &info), 0);
    CHECK_EQ(read_body(AV_VIDEO, WIRE("\x90vp09"), &info), 0);
    CHECK_EQ(info.width, 1280);
    assert_string_equal(info.codec_string, "vp09.00.31.08");
}

/* FLV cannot say 48000 Hz; the frame can.  SoundFormat 14 and what is no frame are as FLV says. */
static void test_sound(void **state)
{
    (void)state;
    static const struct { const char *body; size_t size; uint32_t codec, rate_hz, channels; } cases[] = {
        { WIRE("\x2f\xff\xfb\x54\xc4"), AVCODEC_MP3,   48000, 1 },
        { WIRE("\x2bxyzw"),             AVCODEC_MP3,   22050, 2 },
        { WIRE("\xe2xyzw"),             AVCODEC_MP3,   8000,  1 },
        { WIRE("\xb6xyzw"),             AVCODEC_SPEEX, 16000, 1 },
        { WIRE("\x72xyzw"),             AVCODEC_G711A, 8000,  1 },
        { WIRE("\x3fxyzw"),             AVCODEC_PCM_LE, 44100, 2 },
        { WIRE("\xdf\xfcyzw"),          AVCODEC_OPUS,  48000, 2 },
        { WIRE("\x91" "ec-3\x0b\x77\x01\x7f\x34\x87"), AVCODEC_EAC3, 48000, 2 },
        { WIRE("\xffxyzw"),             AVCODEC_DEVICE, 0,    0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info info = { 0 };
        CHECK_EQ(read_body(AV_AUDIO, cases[i].body, cases[i].size, &info), 1);
        CHECK_EQ(info.codec, cases[i].codec);
        CHECK_EQ(info.sample_rate_hz, cases[i].rate_hz);
        CHECK_EQ(info.channels, cases[i].channels);
        CHECK_EQ(read_body(AV_AUDIO, cases[i].body, cases[i].size, &info), 0);
    }
}

static void test_frame_rates(void **state)
{
    (void)state;
    static const struct { uint64_t num, den; uint32_t want_num, want_den; } cases[] = {
        { 50, 2, 25, 1 },              { 30000, 1001, 30000, 1001 },  { 90000, 3003, 30000, 1001 },
        { 0, 1, 0, 0 },                { 1, 0, 0, 0 },                { 1000, 1, 0, 0 },
        { 480, 1, 480, 1 },            { 481, 1, 0, 0 },              { 1, 10, 1, 10 },
        { UINT32_MAX, UINT32_MAX, 1, 1 }, { 1, UINT64_MAX, 0, 0 },    { UINT64_MAX, UINT64_MAX, 1, 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct track_info info = { .frame_rate_num = 1, .frame_rate_den = 2 };
        track_info_set_frame_rate(&info, cases[i].num, cases[i].den);
        CHECK_EQ(info.frame_rate_num, cases[i].want_num);
        CHECK_EQ(info.frame_rate_den, cases[i].want_den);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_new_header),
        cmocka_unit_test(test_nothing_taken),
        cmocka_unit_test(test_header_and_frames_together),
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_frame_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
