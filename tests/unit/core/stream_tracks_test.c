#include "check.h"

#include "core/stream_tracks.h"
#include "media/avcodec.h"

static struct stream_tracks tracks;
static pthread_mutex_t      lock = PTHREAD_MUTEX_INITIALIZER;

static int tear_down(void **state)
{
    (void)state;
    stream_tracks_clear(&tracks);
    CHECK_EQ(tracks.count, 0);
    return 0;
}

static void read_bytes_of(uint8_t type, const char *wire, size_t size)
{
    struct avpacket *p = avpacket_new(type, (uint32_t)size);
    memcpy(avpacket_body(p), wire, size);
    p->size = (uint32_t)size;
    CHECK_EQ(avcodec_classify(p), 0);
    stream_tracks_read(&tracks, p, &lock, "/live/s", 0);
    avpacket_unref(&p);
}
#define READ(type, wire) read_bytes_of(type, wire, sizeof wire - 1)

static void check_text(size_t at, bool told, const char *want)
{
    char text[STREAM_TRACK_TEXT_SIZE];
    CHECK(at < tracks.count);
    stream_track_describe(&tracks.tracks[at], text);
    assert_string_equal(text, want);
    CHECK_EQ(tracks.tracks[at].told, told);
}

/* x264's record of 1280x720 at 60 fps. */
#define AVCC "\x01\x64\x00\x20\xff\xe1\x00\x19\x67\x64\x00\x20\xac\xd9\x40\x50\x05\xbb\x01\x10\x00\x00" \
             "\x03\x00\x10\x00\x00\x07\x80\xf1\x83\x19\x60\x01\x00\x07\x68\xeb\xe3\xcb\x30\x02\xc0\xfd" \
             "\xf8\xf8\x00"

static void test_headers_say_it(void **state)
{
    (void)state;
    READ(AV_AUDIO, "\xaf\0\x12\x10");
    check_text(0, true, "audio 0: AAC LC 44100 Hz 2 channels");
    READ(AV_VIDEO, "\x17\0\0\0\0" AVCC);
    check_text(1, true, "video 0: H264 High 3.2 1280x720 60 fps");
    READ(AV_VIDEO, "\x17\0\0\0\0\1\x64"); /* broken: what was known stays */
    check_text(1, true, "video 0: H264 High 3.2 1280x720 60 fps");
    READ(AV_VIDEO, "\x1c\0\0\0\0\1");      /* and another codec is another codec */
    check_text(1, true, "video 0: H265");
    READ(AV_AUDIO, "\xaf\0\x11\x90"); /* another rate: known at once, told no more */
    check_text(0, true, "audio 0: AAC LC 48000 Hz 2 channels");
}

/* Where no header says it, the first frame does; if that does not either, it is told all the same. */
static void test_frames_say_it(void **state)
{
    (void)state;
    READ(AV_AUDIO, "\x90" "ac-3");
    check_text(0, false, "audio 0: AC-3");
    READ(AV_AUDIO, "\xb2\x00");
    READ(AV_AUDIO, "\x92" "fLaC");       /* an end shows nothing */
    READ(AV_VIDEO, "\x94hvc1\2\0\1a");   /* nor do colours */
    CHECK_EQ(tracks.count, 1);
    check_text(0, true, "audio 0: Speex 16000 Hz 1 channel");
    READ(AV_VIDEO, "\x90vp10\1");
    check_text(1, false, "video 0: unknown codec 0x76703130");
    READ(AV_VIDEO, "\x91vp10\1");
    check_text(1, true, "video 0: unknown codec 0x76703130");
}

static void test_shared_messages(void **state)
{
    (void)state;
    READ(AV_AUDIO, "\x95\x20mp4a\0\0\0\2\x12\x10Opus\7\0\0\x13OpusHead\1\2\x38\1\x80\xbb\0\0\0\0\0");
    check_text(0, true, "audio 0: AAC LC 44100 Hz 2 channels");
    CHECK_EQ(tracks.tracks[1].track, 7);
    CHECK_EQ(tracks.tracks[1].info.channels, 2);
    CHECK_EQ(tracks.tracks[1].fourcc, AVCODEC_OPUS);
}

static void test_bounds(void **state)
{
    (void)state;
    char wire[] = "\x95\1Opus?\xfc";
    for (int i = 0; i < 256; i++) {
        wire[6] = (char)i;
        read_bytes_of(AV_AUDIO, wire, sizeof wire - 1);
    }
    CHECK_EQ(tracks.count, STREAM_TRACKS_MAX);
    struct stream_track longest = { .type = AV_VIDEO, .track = 255, .info = { .codec = AVCODEC_DEVICE,
        .width = UINT32_MAX, .height = UINT32_MAX, .frame_rate_num = UINT32_MAX, .frame_rate_den = 7,
        .sample_rate_hz = UINT32_MAX, .channels = UINT32_MAX } };
    memset(longest.info.profile, 'p', sizeof longest.info.profile - 1);
    memset(longest.info.level, 'l', sizeof longest.info.level - 1);
    char text[STREAM_TRACK_TEXT_SIZE];
    stream_track_describe(&longest, text);
    CHECK(strlen(text) + 1 < sizeof text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_headers_say_it, tear_down),
        cmocka_unit_test_teardown(test_frames_say_it, tear_down),
        cmocka_unit_test_teardown(test_shared_messages, tear_down),
        cmocka_unit_test_teardown(test_bounds, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
