#include "packet.h"

#include "media/avcodec.h"
#include "media/multitrack.h"

enum { ENH = MULTITRACK_ENHANCED, FLV = MULTITRACK_FLV, CDN = MULTITRACK_FLV_CDN };

/* What is made of `wire` for `track` in `form`; NULL for nothing. */
static const struct {
    const char *name;
    const char *wire;
    size_t      size;
    uint8_t     type, track;
    int         form;
    const char *want;
    size_t      want_size;
} samples[] = {
    { "AVC key",            WIRE("\x96\x01" "avc1\x02\0\0\x50xy"), AV_VIDEO, 2, FLV,
      WIRE("\x17\x01\0\0\x50xy") },
    { "AVC key, enhanced",  WIRE("\x96\x01" "avc1\x02\0\0\x50xy"), AV_VIDEO, 2, ENH,
      WIRE("\x91" "avc1\0\0\x50xy") },
    { "AVC inter, early",   WIRE("\xa6\x01" "avc1\x02\xff\xff\xd8xy"), AV_VIDEO, 2, FLV,
      WIRE("\x27\x01\xff\xff\xd8xy") },
    { "AVC X",              WIRE("\xa6\x03" "avc1\x02xy"), AV_VIDEO, 2, FLV, WIRE("\x27\x01\0\0\0xy") },
    { "AVC X, enhanced",    WIRE("\xa6\x03" "avc1\x02xy"), AV_VIDEO, 2, ENH, WIRE("\xa3" "avc1xy") },
    { "avcC",               WIRE("\x96\0" "avc1\x02xy"), AV_VIDEO, 2, FLV, WIRE("\x17\0\0\0\0xy") },
    { "AVC end",            WIRE("\x96\x02" "avc1\x02"), AV_VIDEO, 2, CDN, WIRE("\x17\x02\0\0\0") },
    { "AVC HDR",            WIRE("\x96\x04" "avc1\x02xy"), AV_VIDEO, 2, FLV, NULL, 0 },
    { "AVC HDR, enhanced",  WIRE("\x96\x04" "avc1\x02xy"), AV_VIDEO, 2, ENH, WIRE("\x94" "avc1xy") },
    { "HEVC",               WIRE("\x96\x01hvc1\x02\0\0\x50xy"), AV_VIDEO, 2, FLV,
      WIRE("\x91hvc1\0\0\x50xy") },
    { "HEVC on 12",         WIRE("\x96\x01hvc1\x02\0\0\x50xy"), AV_VIDEO, 2, CDN,
      WIRE("\x1c\x01\0\0\x50xy") },
    { "hvcC on 12",         WIRE("\x96\x10hvc1\x01\0\0\x01x\x02\0\0\x02yz"), AV_VIDEO, 2, CDN,
      WIRE("\x1c\0\0\0\0yz") },
    { "AV1 on 13",          WIRE("\x96\x01" "av01\x02xy"), AV_VIDEO, 2, CDN, WIRE("\x1d\x01\0\0\0xy") },
    { "AV1",                WIRE("\x96\x01" "av01\x02xy"), AV_VIDEO, 2, FLV, WIRE("\x91" "av01xy") },
    { "AV1 of MPEG-2 TS",   WIRE("\x96\x05" "av01\x02xy"), AV_VIDEO, 2, ENH, WIRE("\x95" "av01xy") },
    { "AV1 of MPEG-2 TS on 13", WIRE("\x96\x05" "av01\x02xy"), AV_VIDEO, 2, CDN, NULL, 0 },
    { "AV1 HDR",            WIRE("\x94" "av01xy"), AV_VIDEO, 0, FLV, NULL, 0 },
    { "AV1 HDR, enhanced",  WIRE("\x94" "av01xy"), AV_VIDEO, 0, ENH, WIRE("\x94" "av01xy") },
    { "Opus channels",      WIRE("\x94Opus\x01\x02\0\0\0\x03"), AV_AUDIO, 0, CDN, NULL, 0 },
    { "VP9",                WIRE("\xa6\x01vp09\x02xy"), AV_VIDEO, 2, CDN, WIRE("\xa1vp09xy") },
    { "VVC",                WIRE("\xa6\x01vvc1\x02\0\0\x01xy"), AV_VIDEO, 2, CDN,
      WIRE("\xa1vvc1\0\0\x01xy") },
    { "a FourCC of zeros",  WIRE("\xa6\x01\0\0\0\0\x02xy"), AV_VIDEO, 2, FLV, WIRE("\xa1\0\0\0\0xy") },
    { "unknown",            WIRE("\xa6\x01vp10\x02xy"), AV_VIDEO, 2, FLV, WIRE("\xa1vp10xy") },

    { "AAC",                WIRE("\x95\x01mp4a\x01xy"), AV_AUDIO, 1, FLV, WIRE("\xaf\x01xy") },
    { "AAC, enhanced",      WIRE("\x95\x01mp4a\x01xy"), AV_AUDIO, 1, ENH, WIRE("\x91mp4axy") },
    { "AAC configuration",  WIRE("\x95\0mp4a\x01\x12\x10"), AV_AUDIO, 1, CDN, WIRE("\xaf\0\x12\x10") },
    { "AAC end",            WIRE("\x95\x02mp4a\x01"), AV_AUDIO, 1, FLV, NULL, 0 },
    { "AAC end, enhanced",  WIRE("\x95\x02mp4a\x01"), AV_AUDIO, 1, ENH, WIRE("\x92mp4a") },
    { "AAC channels",       WIRE("\x95\x04mp4a\x01\x01\x02\0\0\0\x03"), AV_AUDIO, 1, FLV, NULL, 0 },
    { "MP3 44.1 kHz",       WIRE("\x95\x01.mp3\x01\xff\xfb\x90\x64xy"), AV_AUDIO, 1, FLV,
      WIRE("\x2f\xff\xfb\x90\x64xy") },
    { "MP3 48 kHz mono",    WIRE("\x95\x01.mp3\x01\xff\xfb\x54\xc4xy"), AV_AUDIO, 1, FLV,
      WIRE("\x2e\xff\xfb\x54\xc4xy") },
    { "MP3 22.05 kHz",      WIRE("\x95\x01.mp3\x01\xff\xf3\x80\x64xy"), AV_AUDIO, 1, FLV,
      WIRE("\x2b\xff\xf3\x80\x64xy") },
    { "MP3 11.025 kHz mono", WIRE("\x95\x01.mp3\x01\xff\xe3\x20\xc4xy"), AV_AUDIO, 1, FLV,
      WIRE("\x26\xff\xe3\x20\xc4xy") },
    { "MP3 8 kHz mono",     WIRE("\x95\x01.mp3\x01\xff\xe3\x18\xc4xy"), AV_AUDIO, 1, FLV,
      WIRE("\xe2\xff\xe3\x18\xc4xy") },
    { "MP3, no frame",      WIRE("\x95\x01.mp3\x01xy"), AV_AUDIO, 1, FLV, WIRE("\x2fxy") },
    { "MP3, enhanced",      WIRE("\x95\x01.mp3\x01xy"), AV_AUDIO, 1, ENH, WIRE("\x91.mp3xy") },
    { "MP3 start",          WIRE("\x95\0.mp3\x01"), AV_AUDIO, 1, FLV, NULL, 0 },
    { "MP3 start, enhanced", WIRE("\x95\0.mp3\x01"), AV_AUDIO, 1, ENH, WIRE("\x90.mp3") },
    { "Opus",               WIRE("\x95\x01Opus\x01xy"), AV_AUDIO, 1, CDN, WIRE("\x91Opusxy") },

    { "second of three",    WIRE("\x95\x21mp4a\x05\0\0\x01xOpus\x06\0\0\x02yzfLaC\x07\0\0\x01w"), AV_AUDIO,
      6, FLV, WIRE("\x91Opusyz") },
    { "last of three",      WIRE("\x95\x21Opus\x05\0\0\x01xOpus\x06\0\0\x02yzmp4a\x07\0\0\x01w"), AV_AUDIO,
      7, FLV, WIRE("\xaf\x01w") },
    { "none of three",      WIRE("\x95\x21mp4a\x05\0\0\x01xOpus\x06\0\0\x02yzfLaC\x07\0\0\x01w"), AV_AUDIO,
      0, FLV, NULL, 0 },
    { "behind a broken one", WIRE("\x96\x11hvc1\x01\0\0\x02xy\x02\0\0\x03\0\0\0"), AV_VIDEO, 2, ENH,
      NULL, 0 },
    { "without nanoseconds", WIRE("\x97\x02\0\0\x05\x06\x01" "avc1\x02\0\0\x50xy"), AV_VIDEO, 2, ENH,
      WIRE("\x91" "avc1\0\0\x50xy") },

    { "one track of no id",  WIRE("\x91" "avc1\0\0\x50xy"), AV_VIDEO, 0, FLV, WIRE("\x17\x01\0\0\x50xy") },
    { "already enhanced",    WIRE("\x91" "avc1\0\0\x50xy"), AV_VIDEO, 0, ENH, WIRE("\x91" "avc1\0\0\x50xy") },
    { "another than no id",  WIRE("\x91" "avc1\0\0\x50xy"), AV_VIDEO, 1, FLV, NULL, 0 },
    { "already AVC",         WIRE("\x17\x01\0\0\x50xy"), AV_VIDEO, 0, FLV, WIRE("\x17\x01\0\0\x50xy") },
    { "AVC stays",           WIRE("\x17\x01\0\0\x50xy"), AV_VIDEO, 0, ENH, WIRE("\x17\x01\0\0\x50xy") },
    { "AAC stays",           WIRE("\xae\x01xy"), AV_AUDIO, 0, ENH, WIRE("\xae\x01xy") },
    { "HEVC on 12 stays",    WIRE("\x1c\x01\0\0\x50xy"), AV_VIDEO, 0, FLV, WIRE("\x1c\x01\0\0\x50xy") },
    { "command",             WIRE("\xd1\x01"), AV_VIDEO, 0, FLV, WIRE("\xd1\x01") },
    { "empty",               WIRE(""), AV_VIDEO, 0, FLV, NULL, 0 },
    { "data",                WIRE("\x02\0\x0aonMetaData"), AV_DATA, 0, FLV, NULL, 0 },
};

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        struct avpacket *from = exact_packet(samples[i].type, samples[i].wire, samples[i].size);
        from->dts_ms = 0x123456789;
        struct avpacket *p = multitrack_extract(from, samples[i].track,
                                                (enum multitrack_form)samples[i].form);
        if (samples[i].want == NULL) {
            if (p != NULL)
                fail_msg("%s: %u bytes, not nothing", samples[i].name, p->size);
        } else {
            struct bytes want = { (const uint8_t *)samples[i].want, samples[i].want_size };
            if (p == NULL || !bytes_equal(avpacket_bytes(p), want))
                fail_msg("%s: not as expected", samples[i].name);
            CHECK_EQ(p->type, samples[i].type);
            CHECK_EQ(p->dts_ms, 0x123456789);
            CHECK_EQ(p->track, 0);
            CHECK(!(p->flags & AV_MULTITRACK));
        }
        avpacket_unref(&p);
        avpacket_unref(&from);
    }
}

/* The result is classified as the part was. */
static void test_classified(void **state)
{
    (void)state;
    struct avpacket *from = exact_packet(AV_VIDEO, WIRE("\x96\x01" "avc1\x02\0\0\x50xy"));
    for (int form = ENH; form <= CDN; form++) {
        struct avpacket *p = multitrack_extract(from, 2, (enum multitrack_form)form);
        assert_non_null(p);
        CHECK_EQ(p->codec, AVCODEC_H264);
        CHECK_EQ(p->flags, AV_KEYFRAME);
        CHECK_EQ(p->cts_ms, 80);
        CHECK_EQ(atomic_load(&p->refs), 1);
        avpacket_unref(&p);
    }
    avpacket_unref(&from);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        for (size_t cut = 0; cut < samples[i].size; cut++) {
            struct avpacket *from = exact_packet(samples[i].type, samples[i].wire, cut);
            struct avpacket *p = multitrack_extract(from, samples[i].track,
                                                    (enum multitrack_form)samples[i].form);
            CHECK(p == NULL || p->size <= cut + 5);
            avpacket_unref(&p);
            avpacket_unref(&from);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_classified),
        cmocka_unit_test(test_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
