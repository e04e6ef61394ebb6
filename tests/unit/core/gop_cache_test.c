#include "core/packets.h"

#include "core/gop_cache.h"
#include "media/avcodec.h"
#include "protocol/amf.h"

static struct gop_cache cache;

static int set_up(void **state)
{
    (void)state;
    gop_cache_init(&cache, &(struct gop_limits){ .size_max = 100000, .duration_ms = 20000 });
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    gop_cache_clear(&cache);
    return 0;
}

static uint64_t append(struct avpacket *p)
{
    uint64_t seq = gop_cache_append(&cache, p);
    gop_cache_trim(&cache, cache.ring.next);
    avpacket_unref(&p);
    return seq;
}

/* onMetaData with the two codec ids, or one of them. */
static struct avpacket *make_metadata(bool audio, bool video)
{
    struct avpacket *p = avpacket_new(AV_DATA, 200);
    struct writer    w = writer_over(avpacket_body(p), 200);
    amf_write_string(&w, "onMetaData");
    amf_write_ecma_array_start(&w, 2);
    amf_write_key(&w, "width");
    amf_write_number(&w, 640);
    if (video) {
        amf_write_key(&w, "videocodecid");
        amf_write_number(&w, 7);
    }
    if (audio) {
        amf_write_key(&w, "audiocodecid");
        amf_write_number(&w, 10);
    }
    amf_write_object_end(&w);
    p->size = (uint32_t)writer_size(&w);
    p->flags = AV_METADATA;
    wire_frame(p, 128);
    return p;
}

static void test_start_is_the_newest_keyframe(void **state)
{
    (void)state;
    append(make_header(AV_VIDEO));
    append(make_header(AV_AUDIO));
    uint64_t first = append(make_key(0));
    append(make_audio(5));
    append(make_inter(40));
    CHECK_EQ(cache.start, first);
    CHECK_EQ(cache.ring.first, first);
    uint64_t second = append(make_key(80));
    CHECK_EQ(cache.start, second);
    CHECK_EQ(cache.ring.first, second); /* the group before is not kept for anyone */
    CHECK_EQ(cache.start_headers->count, 2);
    CHECK(cache.tracks_known);
}

/* Whoever waited for the stream gets the sound that comes before the first picture too. */
static void test_first_group_has_its_leading_sound(void **state)
{
    (void)state;
    append(make_header(AV_AUDIO));
    uint64_t sound = append(make_audio(0));
    CHECK_EQ(cache.start, sound);
    CHECK(!cache.tracks_known);
    append(make_header(AV_VIDEO));
    append(make_key(20));
    CHECK_EQ(cache.start, sound);
    CHECK(!cache.leading);
    CHECK_EQ(append(make_key(60)), cache.start);
}

static void test_no_start_amid_a_group(void **state)
{
    (void)state;
    append(make_header(AV_VIDEO));
    append(make_audio(0));
    append(make_inter(10));
    CHECK_EQ(cache.start, 0);
    append(make_audio(20));
    CHECK_EQ(cache.start, 0);
    CHECK_EQ(append(make_key(30)), cache.start);
}

static void test_sound_only_starts_at_the_newest(void **state)
{
    (void)state;
    append(make_metadata(true, false));
    append(make_header(AV_AUDIO));
    CHECK(cache.tracks_known);
    CHECK_EQ(append(make_audio(0)), cache.start);
    CHECK_EQ(append(make_audio(23)), cache.start);
    CHECK_EQ(cache.ring.next - cache.ring.first, 1);
    CHECK(!cache.has_video);
}

/* Without metadata that says so, time tells that there is no picture; up to then all is kept. */
static void test_sound_only_without_metadata(void **state)
{
    (void)state;
    uint64_t first = append(make_audio(1000));
    append(make_audio(1000 + GOP_CACHE_TRACKS_MS - 1));
    CHECK(!cache.tracks_known);
    CHECK_EQ(cache.start, first);
    uint64_t later = append(make_audio(1000 + GOP_CACHE_TRACKS_MS));
    CHECK(cache.tracks_known);
    CHECK_EQ(cache.start, later);
}

static void test_metadata_says_which_tracks(void **state)
{
    (void)state;
    append(make_metadata(true, true));
    append(make_header(AV_VIDEO));
    append(make_key(0));
    CHECK(!cache.tracks_known); /* sound is promised */
    append(make_header(AV_AUDIO));
    CHECK(cache.tracks_known);
}

static void test_video_only_by_metadata(void **state)
{
    (void)state;
    append(make_metadata(false, true));
    append(make_header(AV_VIDEO));
    CHECK(cache.tracks_known);
    CHECK(!cache.has_audio);
}

/* Half a group does not decode: beyond its bounds there is no start, until the next keyframe. */
static void test_bounds_in_time(void **state)
{
    (void)state;
    uint64_t key = append(make_key(0));
    append(make_inter(20000));
    CHECK_EQ(cache.start, key);
    append(make_inter(20001));
    CHECK_EQ(cache.start, 0);
    CHECK_EQ(cache.ring.first, cache.ring.next);
    CHECK_EQ(append(make_key(20040)), cache.start);
}

static void test_bounds_in_bytes(void **state)
{
    (void)state;
    append(make_key(0));
    for (int i = 0; i < 997; i++)
        append(make_inter(i));
    CHECK_EQ(packet_ring_size_from(&cache.ring, cache.start), 300 + 99700);
    append(make_inter(997));
    CHECK_EQ(cache.start, 0);
}

static void test_a_new_header_replaces_its_track(void **state)
{
    (void)state;
    append(make_header(AV_VIDEO));
    append(make_header(AV_AUDIO));
    append(make_key(0));
    struct header_set *then = header_set_ref(cache.start_headers);
    uint64_t           changed = append(make_packet(AV_VIDEO, AV_SEQUENCE_HEADER, 10, 30, 9));
    CHECK_EQ(cache.headers_seq, changed);
    CHECK_EQ(cache.headers->count, 2);
    CHECK_EQ(cache.headers->packets[0]->size, 30);
    CHECK_EQ(then->packets[0]->size, 20);              /* a set does not change under its users */
    CHECK_EQ(cache.start_headers->packets[0]->size, 20); /* the group began with the old one */
    append(make_key(20));
    CHECK_EQ(cache.start_headers->packets[0]->size, 30);
    header_set_unref(&then);
}

/* A packet as its publisher would have it classified. */
static struct avpacket *make_classified(uint8_t type, int64_t dts_ms, const char *wire, size_t size)
{
    struct avpacket *p = avpacket_new(type, (uint32_t)size);
    memcpy(avpacket_body(p), wire, size);
    p->size = (uint32_t)size;
    p->dts_ms = dts_ms;
    CHECK_EQ(avcodec_classify(p), 0);
    wire_frame(p, 128);
    return p;
}
#define VIDEO(dts_ms, wire) make_classified(AV_VIDEO, dts_ms, wire, sizeof wire - 1)

/* Keyframes count of the lowest track, in whatever company they come. */
static void test_several_video_tracks(void **state)
{
    (void)state;
    append(VIDEO(0, "\x96\0vp09\2x"));                        /* SequenceStart of track 2 */
    append(VIDEO(0, "\x96\x10vp09\1\0\0\1x\2\0\0\1x"));    /* of 1 and 2 */
    CHECK_EQ(cache.video_track, 1);
    append(VIDEO(0, "\x96\1vp09\2x"));
    CHECK_EQ(cache.start, 0);
    uint64_t key = append(VIDEO(30, "\x96\1vp09\1x"));
    CHECK_EQ(cache.start, key);
    append(VIDEO(40, "\x96\1vp09\2x"));
    CHECK_EQ(cache.start, key);
    key = append(VIDEO(40, "\x96\x11vp09\2\0\0\1x\1\0\0\1x"));
    CHECK_EQ(cache.start, key);
    append(VIDEO(80, "\x91vp09x"));                           /* too late to be the first */
    CHECK_EQ(cache.start, key);
}

/* Colours hold until the next: those before the keyframe are for whoever starts there. */
static void test_side_info_is_a_header(void **state)
{
    (void)state;
    append(VIDEO(0, "\x90hvc1x"));
    append(VIDEO(0, "\x94hvc1\2\0\1a"));
    append(VIDEO(0, "\x91hvc1\0\0\0x"));
    append(VIDEO(20, "\x94hvc1\2\0\2bb"));
    CHECK_EQ(cache.start_headers->count, 2);
    CHECK_EQ(cache.start_headers->packets[1]->size, 9);
    append(VIDEO(40, "\x91hvc1\0\0\0x"));
    CHECK_EQ(cache.start_headers->count, 2);
    CHECK_EQ(cache.start_headers->packets[1]->size, 10);
}

static struct avpacket *make_second(uint8_t flags, int64_t dts_ms)
{
    struct avpacket *p = make_packet(AV_VIDEO, flags, dts_ms, 100, 4);
    p->track = 1;
    return p;
}

/* Whichever of the tracks comes first: their keyframes of one time are one start. */
static void test_tracks_with_keyframes_at_one_time(void **state)
{
    (void)state;
    append(make_header(AV_VIDEO));
    uint64_t first = append(make_key(0));
    append(make_second(AV_KEYFRAME, 0));
    CHECK_EQ(cache.start, first);
    append(make_inter(40));
    append(make_second(0, 40));
    uint64_t second = append(make_second(AV_KEYFRAME, 80));
    append(make_inter(75)); /* of the group before, late */
    CHECK_EQ(cache.start, first);
    append(make_key(80));
    CHECK_EQ(cache.start, second);
    append(make_second(AV_KEYFRAME, 120));
    CHECK_EQ(cache.start, second);
    uint64_t third = append(make_key(160));
    CHECK_EQ(cache.start, third);
}

/* Also where the first group begins, and nothing else would be kept. */
static void test_the_first_keyframes_of_tracks(void **state)
{
    (void)state;
    append(make_header(AV_VIDEO));
    uint64_t first = append(make_second(AV_KEYFRAME, 0));
    append(make_key(VIDEO_GROUPS_TOGETHER_MS));
    CHECK_EQ(cache.start, first);
    gop_cache_restart(&cache);
    append(make_header(AV_VIDEO));
    append(make_second(AV_KEYFRAME, 100));
    append(make_second(0, 140));
    CHECK_EQ(cache.ring.first, cache.ring.next); /* nobody can start there */
    uint64_t late = append(make_key(141));
    CHECK_EQ(cache.start, late);
}

static void test_frames_that_lack_a_keyframe(void **state)
{
    (void)state;
    struct avpacket *inter = make_inter(0), *second = make_second(0, 0);
    struct avpacket *key = make_key(0), *sound = make_audio(0);
    CHECK(gop_cache_lacks_keyframe(&cache, inter));
    CHECK(!gop_cache_lacks_keyframe(&cache, sound));
    CHECK(!gop_cache_lacks_keyframe(&cache, key));
    append(key);
    CHECK(!gop_cache_lacks_keyframe(&cache, inter));
    CHECK(gop_cache_lacks_keyframe(&cache, second));
    append(make_second(AV_KEYFRAME, 40));
    CHECK(!gop_cache_lacks_keyframe(&cache, second));
    gop_cache_restart(&cache);
    CHECK(gop_cache_lacks_keyframe(&cache, inter));
    avpacket_unref(&inter);
    avpacket_unref(&second);
    avpacket_unref(&sound);
}

static void test_trim_spares_who_is_behind(void **state)
{
    (void)state;
    append(make_key(0));
    struct avpacket *p = make_key(40);
    gop_cache_append(&cache, p);
    avpacket_unref(&p);
    gop_cache_trim(&cache, 1);
    CHECK_EQ(cache.ring.first, 1);
    gop_cache_trim(&cache, 2);
    CHECK_EQ(cache.ring.first, 2);
}

static void test_restart_forgets_all_but_the_ring(void **state)
{
    (void)state;
    append(make_header(AV_VIDEO));
    append(make_key(0));
    gop_cache_restart(&cache);
    CHECK_EQ(cache.start, 0);
    assert_null(cache.headers);
    CHECK(!cache.has_video && !cache.tracks_known);
    CHECK_EQ(cache.ring.next - cache.ring.first, 1);
    CHECK_EQ(append(make_audio(50)), cache.start);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_start_is_the_newest_keyframe),
        TEST(test_first_group_has_its_leading_sound),
        TEST(test_no_start_amid_a_group),
        TEST(test_sound_only_starts_at_the_newest),
        TEST(test_sound_only_without_metadata),
        TEST(test_metadata_says_which_tracks),
        TEST(test_video_only_by_metadata),
        TEST(test_bounds_in_time),
        TEST(test_bounds_in_bytes),
        TEST(test_a_new_header_replaces_its_track),
        TEST(test_several_video_tracks),
        TEST(test_tracks_with_keyframes_at_one_time),
        TEST(test_the_first_keyframes_of_tracks),
        TEST(test_frames_that_lack_a_keyframe),
        TEST(test_side_info_is_a_header),
        TEST(test_trim_spares_who_is_behind),
        TEST(test_restart_forgets_all_but_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
