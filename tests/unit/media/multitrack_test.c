#include "packet.h"

#include "base/error.h"
#include "media/avcodec.h"
#include "media/multitrack.h"

enum {
    SEQ = AV_SEQUENCE_HEADER,
    KEY = AV_KEYFRAME,
    END = AV_END_OF_SEQUENCE,
    INFO = AV_TRACK_INFO,
    SIDE = AV_TRACK_INFO | AV_SIDE_INFO,
    MULTI = AV_MULTITRACK,
};

struct part {
    uint32_t    codec;
    uint8_t     track, flags, packet_type, frame_type, sound;
    int32_t     cts_ms;
    uint32_t    offset_ns;
    const char *payload;
    size_t      payload_size;
};

struct sample {
    const char *name;
    const char *wire;
    size_t      size;
    uint8_t     type;
    struct part parts[3];
};

/* Enhanced RTMP v2, ExVideoTagHeader and ExAudioTagHeader; FLV 10.1, E.4.2 and E.4.3. */
static const struct sample samples[] = {
    { "AVC", WIRE("\x17\x01\0\0\x28" "abc"), AV_VIDEO,
      { { AVCODEC_H264, 0, KEY, 1, 1, 0, 40, 0, WIRE("abc") } } },
    { "avcC", WIRE("\x17\0\0\0\0" "abc"), AV_VIDEO,
      { { AVCODEC_H264, 0, SEQ, 0, 1, 0, 0, 0, WIRE("abc") } } },
    { "AVC end", WIRE("\x17\x02\0\0\0"), AV_VIDEO,
      { { AVCODEC_H264, 0, END, 2, 1, 0, 0, 0, WIRE("") } } },
    { "AVC end, short", WIRE("\x17\x02\0"), AV_VIDEO, { { AVCODEC_H264, 0, END, 2, 1, 0, 0, 0, WIRE("") } } },
    { "AAC", WIRE("\xaf\x01" "abc"), AV_AUDIO,
      { { AVCODEC_AAC, 0, 0, 1, 0, 0xaf, 0, 0, WIRE("abc") } } },
    { "MP3", WIRE("\x2f" "abc"), AV_AUDIO, { { AVCODEC_MP3, 0, 0, 1, 0, 0x2f, 0, 0, WIRE("abc") } } },
    { "Opus head on 13", WIRE("\xdf\0OpusHead"), AV_AUDIO,
      { { AVCODEC_OPUS, 0, SEQ, 0, 0, 0xdf, 0, 0, WIRE("OpusHead") } } },
    { "Opus on 13", WIRE("\xdf\xfc" "ab"), AV_AUDIO,
      { { AVCODEC_OPUS, 0, 0, 1, 0, 0xdf, 0, 0, WIRE("\xfc" "ab") } } },
    { "seek command", WIRE("\x57\x01"), AV_VIDEO, { { AVCODEC_H264, 0, INFO, 4, 5, 0, 0, 0, WIRE("") } } },
    { "enhanced command", WIRE("\xd1\x01"), AV_VIDEO, { { 0, 0, INFO, 4, 5, 0, 0, 0, WIRE("") } } },
    { "hvc1", WIRE("\xa1hvc1\xff\xff\xffxyz"), AV_VIDEO,
      { { AVCODEC_HEVC, 0, 0, 1, 2, 0, -1, 0, WIRE("xyz") } } },
    { "hvc1 X", WIRE("\x93hvc1xyz"), AV_VIDEO, { { AVCODEC_HEVC, 0, KEY, 3, 1, 0, 0, 0, WIRE("xyz") } } },
    { "av01 of MPEG-2 TS", WIRE("\x95" "av01xyz"), AV_VIDEO,
      { { AVCODEC_AV1, 0, SEQ, 5, 1, 0, 0, 0, WIRE("xyz") } } },
    { "HDR", WIRE("\x94hvc1xyz"), AV_VIDEO, { { AVCODEC_HEVC, 0, SIDE, 4, 1, 0, 0, 0, WIRE("xyz") } } },
    { "unknown", WIRE("\x91vp10xyz"), AV_VIDEO, { { 0, 0, KEY, 1, 1, 0, 0, 0, WIRE("xyz") } } },
    { "ac-3, empty", WIRE("\x90" "ac-3"), AV_AUDIO, { { AVCODEC_AC3, 0, SEQ, 0, 0, 0, 0, 0, WIRE("") } } },
    { "channels", WIRE("\x94Opus\x01\x02"), AV_AUDIO,
      { { AVCODEC_OPUS, 0, SIDE, 4, 0, 0, 0, 0, WIRE("\x01\x02") } } },

    { "nanoseconds", WIRE("\x97\x02\x0f\x42\x3f\x03hvc1x"), AV_VIDEO,
      { { AVCODEC_HEVC, 0, KEY, 3, 1, 0, 0, 999999, WIRE("x") } } },
    { "a whole millisecond of them", WIRE("\x97\x02\x0f\x42\x40\x03hvc1x"), AV_VIDEO,
      { { AVCODEC_HEVC, 0, KEY, 3, 1, 0, 0, 0, WIRE("x") } } },
    { "nanoseconds of two bytes", WIRE("\x97\x01\x0f\x42\x03hvc1x"), AV_VIDEO,
      { { AVCODEC_HEVC, 0, KEY, 3, 1, 0, 0, 0, WIRE("x") } } },
    { "another modifier, then nanoseconds", WIRE("\x97\x02\0\0\x07\x17\x03\0\0\x05\x63\x01Opusx"), AV_AUDIO,
      { { AVCODEC_OPUS, 0, 0, 1, 0, 0, 0, 5, WIRE("x") } } },

    { "one track", WIRE("\x96\x01" "avc1\x02\0\0\x50xy"), AV_VIDEO,
      { { AVCODEC_H264, 2, KEY | MULTI, 1, 1, 0, 80, 0, WIRE("xy") } } },
    { "one track, nanoseconds", WIRE("\x97\x02\0\0\x05\x05\x01Opus\x04x"), AV_AUDIO,
      { { AVCODEC_OPUS, 4, MULTI, 1, 0, 0, 0, 5, WIRE("x") } } },
    { "many tracks", WIRE("\x96\x11hvc1\0\0\0\x04\0\0\x28x\x01\0\0\x05\xff\xff\xffyz\xff\0\0\x03\0\0\0"),
      AV_VIDEO, { { AVCODEC_HEVC, 0, KEY | MULTI, 1, 1, 0, 40, 0, WIRE("x") },
        { AVCODEC_HEVC, 1, KEY | MULTI, 1, 1, 0, -1, 0, WIRE("yz") },
        { AVCODEC_HEVC, 255, KEY | MULTI, 1, 1, 0, 0, 0, WIRE("") } } },
    { "many codecs", WIRE("\x95\x20mp4a\x05\0\0\x02\x12\x10.mp3\x06\0\0\0Opus\x07\0\0\x09OpusTagsx"),
      AV_AUDIO, { { AVCODEC_AAC, 5, SEQ | MULTI, 0, 0, 0, 0, 0, WIRE("\x12\x10") },
        { AVCODEC_MP3, 6, SEQ | MULTI, 0, 0, 0, 0, 0, WIRE("") },
        { AVCODEC_OPUS, 7, INFO | MULTI, 0, 0, 0, 0, 0, WIRE("OpusTagsx") } } },
    { "many codecs, one unknown", WIRE("\xa6\x23vp10\0\0\0\x01xvp09\x01\0\0\x01y"), AV_VIDEO,
      { { 0, 0, MULTI, 3, 2, 0, 0, 0, WIRE("x") }, { AVCODEC_VP9, 1, MULTI, 3, 2, 0, 0, 0, WIRE("y") } } },
    { "the same track twice", WIRE("\x95\x11.mp3\x01\0\0\x01x\x01\0\0\x01y"), AV_AUDIO,
      { { AVCODEC_MP3, 1, MULTI, 1, 0, 0, 0, 0, WIRE("x") },
        { AVCODEC_MP3, 1, MULTI, 1, 0, 0, 0, 0, WIRE("y") } } },
};

static size_t count_parts(const struct sample *s)
{
    size_t count = 0;
    while (count < COUNT(s->parts) && s->parts[count].payload != NULL)
        count++;
    return count;
}

static void check_part(const struct sample *s, const struct multitrack_part *got, const struct part *want)
{
    if (got->type != s->type || got->codec != want->codec || got->track != want->track ||
        got->flags != want->flags || got->packet_type != want->packet_type ||
        got->frame_type != want->frame_type || got->sound != want->sound || got->cts_ms != want->cts_ms ||
        got->offset_ns != want->offset_ns ||
        !bytes_equal(got->payload, (struct bytes){ (const uint8_t *)want->payload, want->payload_size }))
        fail_msg("%s: codec %#x, track %d, flags %#x, packet %d, frame %d, sound %#x, cts %d, %u ns, "
                 "%zu bytes", s->name, got->codec, got->track, got->flags, got->packet_type, got->frame_type,
                 got->sound, got->cts_ms, got->offset_ns, got->payload.size);
}

static void test_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        const struct sample   *s = &samples[i];
        struct avpacket       *p = exact_packet(s->type, s->wire, s->size);
        struct multitrack      walk;
        struct multitrack_part part;
        CHECK_EQ(multitrack_start(&walk, p), 0);
        for (size_t n = 0; n < count_parts(s); n++) {
            CHECK_EQ(multitrack_next(&walk, &part), 1);
            check_part(s, &part, &s->parts[n]);
        }
        CHECK_EQ(multitrack_next(&walk, &part), 0);
        CHECK_EQ(multitrack_next(&walk, &part), 0);
        avpacket_unref(&p);
    }
}

/* Of a body that is cut, parts in front of the cut are whole, or the last is shorter; none is made up. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        const struct sample *s = &samples[i];
        for (size_t cut = 0; cut < s->size; cut++) {
            struct avpacket       *p = exact_packet(s->type, s->wire, cut);
            struct multitrack      walk;
            struct multitrack_part part;
            size_t                 count = 0;
            int                    result = multitrack_start(&walk, p);
            while (result == 0 && (result = multitrack_next(&walk, &part)) > 0) {
                const uint8_t *body = avpacket_body(p);
                CHECK(part.payload.data >= body && part.payload.data + part.payload.size <= body + cut);
                if (part.flags & MULTI && s->parts[1].payload != NULL)
                    check_part(s, &part, &s->parts[count]);
                count++;
                result = 0;
            }
            CHECK(result == ERR_PROTOCOL || (result == 0 && count > 0));
            CHECK(count <= count_parts(s));
            if (result == ERR_PROTOCOL && count > 0)
                CHECK_EQ(multitrack_next(&walk, &part), 0);
            avpacket_unref(&p);
        }
    }
}

/* The first part is good, the second is not. */
static void test_broken_later(void **state)
{
    (void)state;
    static const struct { const char *wire; size_t size; uint8_t type; } cases[] = {
        { WIRE("\x96\x11hvc1\0\0\0\x03\0\0\0\x01"),                   AV_VIDEO }, /* no size */
        { WIRE("\x96\x11hvc1\0\0\0\x03\0\0\0\x01\0\0\x02\0\0"),       AV_VIDEO }, /* no room for its time */
        { WIRE("\x96\x11hvc1\0\0\0\x03\0\0\0\x01\xff\xff\xff\0\0\0"), AV_VIDEO }, /* longer than the body */
        { WIRE("\x96\x10hvc1\0\0\0\x01x\x01\0\0\0"),                  AV_VIDEO }, /* empty configuration */
        { WIRE("\x95\x20mp4a\0\0\0\x01xOpu"),                         AV_AUDIO }, /* no FourCC */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct avpacket       *p = exact_packet(cases[i].type, cases[i].wire, cases[i].size);
        struct multitrack      walk;
        struct multitrack_part part;
        CHECK_EQ(multitrack_start(&walk, p), 0);
        CHECK_EQ(multitrack_next(&walk, &part), 1);
        CHECK_EQ(multitrack_next(&walk, &part), ERR_PROTOCOL);
        CHECK_EQ(multitrack_next(&walk, &part), 0);
        avpacket_unref(&p);
    }
}

/* Four bytes a part: a body of them is walked to its end, and no further. */
static void test_many_parts(void **state)
{
    (void)state;
    enum { PARTS = 20000 };
    size_t   size = 6 + 4 * PARTS;
    uint8_t *body = calloc(1, size);
    assert_non_null(body);
    memcpy(body, "\x95\x11.mp3", 6);
    struct avpacket       *p = exact_packet(AV_AUDIO, body, size);
    struct multitrack      walk;
    struct multitrack_part part;
    CHECK_EQ(multitrack_start(&walk, p), 0);
    for (int i = 0; i < PARTS; i++)
        CHECK_EQ(multitrack_next(&walk, &part), 1);
    CHECK_EQ(multitrack_next(&walk, &part), 0);
    avpacket_unref(&p);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_broken_later),
        cmocka_unit_test(test_many_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
