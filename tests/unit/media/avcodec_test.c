#include "check.h"

#include "base/error.h"
#include "media/avcodec.h"

enum {
    SEQ = AV_SEQUENCE_HEADER,
    KEY = AV_KEYFRAME,
    END = AV_END_OF_SEQUENCE,
    INFO = AV_TRACK_INFO,
    SIDE = AV_TRACK_INFO | AV_SIDE_INFO,
    MULTI = AV_MULTITRACK,
};

/* A body, as long as `wire`, and what is to be found in it.  `least` is how many of its bytes are
 * needed for that: fewer are refused. */
struct sample {
    const char *name;
    const char *wire;
    size_t      size;
    size_t      least;
    uint8_t     type;
    unsigned    flags;
    uint32_t    codec;
    uint8_t     track;
    int32_t     cts_ms;
};
#define WIRE(text) text, sizeof text - 1

static const struct sample samples[] = {
    /* FLV 10.1, E.4.3: video. */
    { "avcC",             WIRE("\x17\0\0\0\0\x01\x64"),        6, AV_VIDEO, SEQ, AVCODEC_H264, 0, 0 },
    { "avcC, inter",      WIRE("\x27\0\0\0\0\x01"),            6, AV_VIDEO, SEQ, AVCODEC_H264, 0, 0 },
    { "AVC key",          WIRE("\x17\x01\0\0\xc8\0\0"),        5, AV_VIDEO, KEY, AVCODEC_H264, 0, 200 },
    { "AVC inter",        WIRE("\x27\x01\0\x01\x90\0"),        5, AV_VIDEO, 0,   AVCODEC_H264, 0, 400 },
    { "AVC early",        WIRE("\x27\x01\xff\xff\xd8\0"),      5, AV_VIDEO, 0,   AVCODEC_H264, 0, -40 },
    { "AVC earliest",     WIRE("\x27\x01\x80\0\0"),            5, AV_VIDEO, 0,   AVCODEC_H264, 0, -8388608 },
    { "AVC latest",       WIRE("\x27\x01\x7f\xff\xff"),        5, AV_VIDEO, 0,   AVCODEC_H264, 0, 8388607 },
    { "AVC end",          WIRE("\x17\x02\0\0\0"),              2, AV_VIDEO, END, AVCODEC_H264, 0, 0 },
    { "AVC info",         WIRE("\x57\x00"),                    2, AV_VIDEO, INFO, AVCODEC_H264, 0, 0 },
    { "hvcC on 12",       WIRE("\x1c\0\0\0\0\x01"),            6, AV_VIDEO, SEQ, AVCODEC_HEVC, 0, 0 },
    { "HEVC key on 12",   WIRE("\x1c\x01\0\0\x28\0"),          5, AV_VIDEO, KEY, AVCODEC_HEVC, 0, 40 },
    { "HEVC end on 12",   WIRE("\x1c\x02\0\0\0"),              2, AV_VIDEO, END, AVCODEC_HEVC, 0, 0 },
    { "AV1 header on 13", WIRE("\x1d\0\0\0\0\x81"),            5, AV_VIDEO, SEQ, AVCODEC_AV1, 0, 0 },
    { "AV1 key on 13",    WIRE("\x1d\x01\0\0\0\x12"),          5, AV_VIDEO, KEY, AVCODEC_AV1, 0, 0 },
    { "H.263 key",        WIRE("\x12\0\0"),                    1, AV_VIDEO, KEY, AVCODEC_H263, 0, 0 },
    { "H.263 disposable", WIRE("\x32\0\0"),                    1, AV_VIDEO, 0,   AVCODEC_H263, 0, 0 },
    { "screen",           WIRE("\x13\0"),                      1, AV_VIDEO, KEY, AVCODEC_SCREEN, 0, 0 },
    { "VP6",              WIRE("\x24\0"),                      1, AV_VIDEO, 0,   AVCODEC_VP6, 0, 0 },
    { "VP6 alpha",        WIRE("\x15\0"),                      1, AV_VIDEO, KEY, AVCODEC_VP6A, 0, 0 },
    { "screen 2",         WIRE("\x16\0"),                      1, AV_VIDEO, KEY, AVCODEC_SCREEN2, 0, 0 },
    { "CodecID 9",        WIRE("\x29\0"),                      1, AV_VIDEO, 0,   AVCODEC_NONE, 0, 0 },

    /* E.4.2: audio. */
    { "AAC config",       WIRE("\xaf\0\x12\x10"),              3, AV_AUDIO, SEQ, AVCODEC_AAC, 0, 0 },
    { "AAC",              WIRE("\xaf\x01\x21\x10"),            2, AV_AUDIO, 0,   AVCODEC_AAC, 0, 0 },
    { "MP3",              WIRE("\x2f\xff\xfb"),                1, AV_AUDIO, 0,   AVCODEC_MP3, 0, 0 },
    { "MP3 8 kHz",        WIRE("\xe2\xff\xfb"),                1, AV_AUDIO, 0,   AVCODEC_MP3, 0, 0 },
    { "PCM",              WIRE("\x0f\0\0"),                    1, AV_AUDIO, 0,   AVCODEC_PCM, 0, 0 },
    { "PCM LE",           WIRE("\x3f\0\0"),                    1, AV_AUDIO, 0,   AVCODEC_PCM_LE, 0, 0 },
    { "ADPCM",            WIRE("\x1f\0\0"),                    1, AV_AUDIO, 0,   AVCODEC_ADPCM, 0, 0 },
    { "Nellymoser 16k",   WIRE("\x42\0"),                      1, AV_AUDIO, 0,   AVCODEC_NELLYMOSER16K, 0,
      0 },
    { "Nellymoser 8k",    WIRE("\x52\0"),                      1, AV_AUDIO, 0,   AVCODEC_NELLYMOSER8K, 0, 0 },
    { "Nellymoser",       WIRE("\x6a\0"),                      1, AV_AUDIO, 0,   AVCODEC_NELLYMOSER, 0, 0 },
    { "A-law",            WIRE("\x72\0"),                      1, AV_AUDIO, 0,   AVCODEC_G711A, 0, 0 },
    { "mu-law",           WIRE("\x82\0"),                      1, AV_AUDIO, 0,   AVCODEC_G711U, 0, 0 },
    { "Speex",            WIRE("\xb6\0"),                      1, AV_AUDIO, 0,   AVCODEC_SPEEX, 0, 0 },
    { "SoundFormat 12",   WIRE("\xc6\0"),                      1, AV_AUDIO, 0,   AVCODEC_NONE, 0, 0 },
    { "device",           WIRE("\xf6\0"),                      1, AV_AUDIO, 0,   AVCODEC_DEVICE, 0, 0 },
    { "Opus on 13",       WIRE("\xdf\0OpusHeae"),              1, AV_AUDIO, 0,   AVCODEC_OPUS, 0, 0 },

    /* Enhanced RTMP: video. */
    { "hvc1 start",       WIRE("\x90hvc1\x01"),                6, AV_VIDEO, SEQ, AVCODEC_HEVC, 0, 0 },
    { "avc1 start",       WIRE("\x90" "avc1\x01"),             6, AV_VIDEO, SEQ, AVCODEC_H264, 0, 0 },
    { "av01 start",       WIRE("\x90" "av01\x81"),             5, AV_VIDEO, SEQ, AVCODEC_AV1, 0, 0 },
    { "vp09 start",       WIRE("\x90vp09\x01"),                5, AV_VIDEO, SEQ, AVCODEC_VP9, 0, 0 },
    { "vp08 start",       WIRE("\x90vp08\x01"),                5, AV_VIDEO, SEQ, AVCODEC_VP8, 0, 0 },
    { "vvc1 start",       WIRE("\x90vvc1\xff"),                6, AV_VIDEO, SEQ, AVCODEC_VVC, 0, 0 },
    { "hvc1 key",         WIRE("\x91hvc1\0\0\x50\0\0"),        8, AV_VIDEO, KEY, AVCODEC_HEVC, 0, 80 },
    { "hvc1 early",       WIRE("\xa1hvc1\xff\xff\xff\0"),      8, AV_VIDEO, 0,   AVCODEC_HEVC, 0, -1 },
    { "vvc1 inter",       WIRE("\xa1vvc1\0\0\x21\0"),          8, AV_VIDEO, 0,   AVCODEC_VVC, 0, 33 },
    { "avc1 key X",       WIRE("\x93" "avc1\0\0\x50"),         5, AV_VIDEO, KEY, AVCODEC_H264, 0, 0 },
    { "hvc1 inter X",     WIRE("\xa3hvc1\0\0\x50"),            5, AV_VIDEO, 0,   AVCODEC_HEVC, 0, 0 },
    { "av01 key",         WIRE("\x91" "av01\x12\0\x0a"),       5, AV_VIDEO, KEY, AVCODEC_AV1, 0, 0 },
    { "vp09 inter",       WIRE("\xa1vp09\x12\0\x0a"),          5, AV_VIDEO, 0,   AVCODEC_VP9, 0, 0 },
    { "hvc1 end",         WIRE("\x92hvc1"),                    5, AV_VIDEO, END, AVCODEC_HEVC, 0, 0 },
    { "HDR metadata",     WIRE("\x94hvc1\x02\0\x09"),          5, AV_VIDEO, SIDE, AVCODEC_HEVC, 0, 0 },
    { "metadata, type 5", WIRE("\xd4" "av01\x02\0\x09"),       5, AV_VIDEO, SIDE, AVCODEC_AV1, 0, 0 },
    { "TS start",         WIRE("\x95" "av01\x80"),             5, AV_VIDEO, SEQ, AVCODEC_AV1, 0, 0 },
    { "packet type 9",    WIRE("\x99hvc1\0"),                  5, AV_VIDEO, INFO, AVCODEC_HEVC, 0, 0 },
    { "seek command",     WIRE("\xd1\x01"),                    2, AV_VIDEO, INFO, AVCODEC_NONE, 0, 0 },
    { "unknown start",    WIRE("\x90vp10\x01"),                5, AV_VIDEO, SEQ, AVCODEC_NONE, 0, 0 },
    { "unknown key",      WIRE("\x91vp10\x01"),                5, AV_VIDEO, KEY, AVCODEC_NONE, 0, 0 },
    { "unknown inter",    WIRE("\xa1vp10\x01"),                5, AV_VIDEO, 0,   AVCODEC_NONE, 0, 0 },
    { "sound as picture", WIRE("\x90mp4a\x12"),                5, AV_VIDEO, SEQ, AVCODEC_NONE, 0, 0 },

    /* Enhanced RTMP: audio. */
    { "mp4a start",       WIRE("\x90mp4a\x12\x10"),            6, AV_AUDIO, SEQ, AVCODEC_AAC, 0, 0 },
    { "mp4a",             WIRE("\x91mp4a\x21"),                5, AV_AUDIO, 0,   AVCODEC_AAC, 0, 0 },
    { "fLaC start",       WIRE("\x90" "fLaCx"),                6, AV_AUDIO, SEQ, AVCODEC_FLAC, 0, 0 },
    { "ac-3 start",       WIRE("\x90" "ac-3"),                 5, AV_AUDIO, SEQ, AVCODEC_AC3, 0, 0 },
    { "ac-3",             WIRE("\x91" "ac-3\x0b\x77"),         5, AV_AUDIO, 0,   AVCODEC_AC3, 0, 0 },
    { "ec-3",             WIRE("\x91" "ec-3\x0b\x77"),         5, AV_AUDIO, 0,   AVCODEC_EAC3, 0, 0 },
    { ".mp3",             WIRE("\x91.mp3\xff\xfb"),            5, AV_AUDIO, 0,   AVCODEC_MP3, 0, 0 },
    { "Opus",             WIRE("\x91Opus\xfc"),                5, AV_AUDIO, 0,   AVCODEC_OPUS, 0, 0 },
    { "Opus end",         WIRE("\x92Opus"),                    5, AV_AUDIO, END, AVCODEC_OPUS, 0, 0 },
    { "channels",         WIRE("\x94Opus\x01\x02\0\0\0\x03"),  5, AV_AUDIO, SIDE, AVCODEC_OPUS, 0, 0 },
    { "unknown start",    WIRE("\x90xyz1\x01"),                5, AV_AUDIO, SEQ, AVCODEC_NONE, 0, 0 },

    /* ModEx: a nanosecond offset of 3 bytes; the same and another; one of 256 bytes is below. */
    { "ModEx",            WIRE("\x97\x02\0\0\x05\x01hvc1\0\0\x50\0"), 13, AV_VIDEO, KEY, AVCODEC_HEVC, 0,
      80 },
    { "ModEx twice",      WIRE("\xa7\x02\0\0\x05\x07\0\xff\x33" "av01"), 13, AV_VIDEO, 0, AVCODEC_AV1, 0, 0 },
    { "ModEx audio",      WIRE("\x97\x02\0\0\x05\0mp4a\x12"),  11, AV_AUDIO, SEQ, AVCODEC_AAC, 0, 0 },
    { "ModEx, long size", WIRE("\x97\xff\0\x01\x01\x02\x11" "avc1\0\0\x07"), 14, AV_VIDEO, KEY, AVCODEC_H264,
      0, 7 },
    { "ModEx, multitrack", WIRE("\x97\0\x09\x06\x01" "avc1\x03\0\0\x07"), 13, AV_VIDEO, KEY | MULTI,
      AVCODEC_H264, 3, 7 },

    /* Multitrack: one track; many of one codec; many of many. */
    { "one track start",  WIRE("\x96\0" "avc1\x01\x01\x64"),   8, AV_VIDEO, SEQ | MULTI, AVCODEC_H264, 1, 0 },
    { "one track key",    WIRE("\x96\x01" "avc1\x02\0\0\x50\0"), 10, AV_VIDEO, KEY | MULTI, AVCODEC_H264, 2,
      80 },
    { "one track audio",  WIRE("\x95\x01Opus\x04\xfc"),        7, AV_AUDIO, MULTI, AVCODEC_OPUS, 4, 0 },
    { "many tracks",      WIRE("\x96\x10hvc1\0\0\0\x02\x01\x60\x01\0\0\x01\x01"), 12, AV_VIDEO,
      SEQ | MULTI, AVCODEC_HEVC, 0, 0 },
    { "many codecs",      WIRE("\xa6\x21hvc1\x07\0\0\x04\0\0\x28\xaa" "av01\x01\0\0\0"), 14, AV_VIDEO, MULTI,
      AVCODEC_HEVC, 7, 40 },
    { "many codecs audio", WIRE("\x95\x20mp4a\x05\0\0\x02\x12\x10Opus\x06\0\0\x01O"), 12, AV_AUDIO,
      SEQ | MULTI, AVCODEC_AAC, 5, 0 },
    { "one track, empty", WIRE("\x95\0.mp3\x02"),             7, AV_AUDIO, SEQ | MULTI, AVCODEC_MP3, 2, 0 },
    { "one track channels", WIRE("\x95\x04.mp3\x02\x01\x01\0\0\0\x04"), 7, AV_AUDIO, SIDE | MULTI,
      AVCODEC_MP3, 2, 0 },
    { "one track end",    WIRE("\x96\x02" "avc1\x01"),         7, AV_VIDEO, END | MULTI, AVCODEC_H264, 1, 0 },
};

/* avcodec_classify() on exactly `size` bytes: past the room that the packet has behind its body
 * nothing may be read, so the tail is not there at all. */
static int classify(struct avpacket **out, uint8_t type, const char *wire, size_t size)
{
    struct avpacket *p = malloc(sizeof *p + AVPACKET_HEADROOM + size);
    assert_non_null(p);
    *p = (struct avpacket){ .type = type, .size = (uint32_t)size, .capacity = (uint32_t)size,
                            .flags = 0xff, .codec = 99, .track = 98, .cts_ms = 97 };
    atomic_init(&p->refs, 1);
    if (size > 0)
        memcpy(avpacket_body(p), wire, size);
    *out = p;
    return avcodec_classify(p);
}

static void check_sample(const struct sample *s, size_t cut)
{
    struct avpacket *p;
    int              result = classify(&p, s->type, s->wire, cut);
    bool             whole = cut >= s->least;
    if (result != (whole ? 0 : ERR_PROTOCOL) || p->flags != (whole ? s->flags : 0) ||
        p->codec != (whole ? s->codec : 0) || p->track != (whole ? s->track : 0) ||
        p->cts_ms != (whole ? s->cts_ms : 0))
        fail_msg("%s at %zu of %zu: %d, flags %#x, codec %#x, track %d, cts %d", s->name, cut, s->size,
                 result, p->flags, p->codec, p->track, p->cts_ms);
    free(p);
}

static void test_samples_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (size_t cut = 0; cut <= samples[i].size; cut++)
            check_sample(&samples[i], cut);
    }
}

static void test_opus_headers(void **state)
{
    (void)state;
    static const struct { const char *wire; size_t size; unsigned flags; } cases[] = {
        { WIRE("\x90OpusOpusHead\x01\x02"),   SEQ  },
        { WIRE("\x90OpusOpusTags\x01\0\0\0"), INFO },  /* must not replace the one above */
        { WIRE("\xdf\0OpusHead\x01\x02"),     SEQ  },
        { WIRE("\xdf\x01\xfc\xff\xfe"),       0    },
        { WIRE("\xdf\xfc\xff\xfe"),           0    },  /* no packet type */
        { WIRE("\xdf\0\xff\xfe"),             0    },
        /* of one of two tracks */
        { WIRE("\x95\x10Opus\0\0\0\x08OpusTags\x01\0\0\x08OpusHead"), SEQ | MULTI },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct avpacket *p;
        CHECK_EQ(classify(&p, AV_AUDIO, cases[i].wire, cases[i].size), 0);
        CHECK_EQ(p->flags, cases[i].flags);
        CHECK_EQ(p->codec, AVCODEC_OPUS);
        avpacket_unref(&p);
    }
}

/* A modifier of 256 bytes, the shortest that needs the 16-bit size: 255, then its size - 1. */
static void test_mod_ex_of_256_bytes(void **state)
{
    (void)state;
    char wire[1 + 1 + 2 + 256 + 1 + 4] = { '\x97', '\xff', 0, '\xff' };
    wire[260] = 0x13;                               /* modifier type 1, CodedFramesX */
    memcpy(wire + 261, "av01", 4);
    for (size_t cut = 0; cut <= sizeof wire; cut++) {
        struct avpacket *p;
        CHECK_EQ(classify(&p, AV_VIDEO, wire, cut), cut < sizeof wire ? ERR_PROTOCOL : 0);
        CHECK_EQ(p->flags, cut < sizeof wire ? 0 : KEY);
        avpacket_unref(&p);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct { const char *wire; size_t size; uint8_t type; } cases[] = {
        { WIRE(""),                                AV_VIDEO },
        { WIRE(""),                                AV_AUDIO },
        { WIRE("\x17\x03\0\0\0"),                  AV_VIDEO }, /* no such AVCPacketType */
        { WIRE("\xaf\x02\x21"),                    AV_AUDIO }, /* no such AACPacketType */
        { WIRE("\x17\0\0\0\0"),                    AV_VIDEO }, /* headers without content */
        { WIRE("\xaf\0"),                          AV_AUDIO },
        { WIRE("\x90hvc1"),                        AV_VIDEO },
        { WIRE("\x96\x10hvc1\0\0\0\0\x01\0\0\x01x"), AV_VIDEO }, /* the first track has none */
        { WIRE("\x96\x30hvc1\x01\x01"),            AV_VIDEO }, /* no such multitrack type */
        { WIRE("\x96\x06hvc1\x01\x01"),            AV_VIDEO }, /* multitrack in multitrack */
        { WIRE("\x96\x07hvc1\x01\x01"),            AV_VIDEO }, /* ModEx in multitrack */
        { WIRE("\x95\x05mp4a\x01\x01"),            AV_AUDIO },
        { WIRE("\x96\x11hvc1\0\0\0\x02\0\0\x28"),  AV_VIDEO }, /* track too short for its time */
        { WIRE("\x96\x11hvc1\0\xff\xff\xff\0\0\x28"), AV_VIDEO }, /* track longer than the body */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct avpacket *p;
        CHECK_EQ(classify(&p, cases[i].type, cases[i].wire, cases[i].size), ERR_PROTOCOL);
        CHECK_EQ(p->flags, 0);
        CHECK_EQ(p->codec, 0);
        CHECK_EQ(p->track, 0);
        CHECK_EQ(p->cts_ms, 0);
        avpacket_unref(&p);
    }
}

static void test_data_is_left_alone(void **state)
{
    (void)state;
    struct avpacket *p = avpacket_new(AV_DATA, 1);
    p->flags = AV_METADATA;
    CHECK_EQ(avcodec_classify(p), 0);
    CHECK_EQ(p->flags, AV_METADATA);
    avpacket_unref(&p);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(avcodec_name(AVCODEC_H264), "H264");
    assert_string_equal(avcodec_name(0x68766331), "H265");      /* the FourCC itself */
    assert_string_equal(avcodec_name(0x4f707573), "Opus");
    assert_string_equal(avcodec_name(AVCODEC_G711A), "G711A");
    assert_string_equal(avcodec_name(AVCODEC_NONE), "");
    assert_string_equal(avcodec_name(0xffffffff), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_cut_anywhere),
        cmocka_unit_test(test_opus_headers),
        cmocka_unit_test(test_mod_ex_of_256_bytes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_data_is_left_alone),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
