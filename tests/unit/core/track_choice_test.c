#include "check.h"

#include "core/track_choice.h"
#include "media/avcodec.h"
#include "protocol/amf.h"
#include "protocol/wire.h"

#include <stdio.h>

static struct avpacket *make(uint8_t type, const char *wire, size_t size)
{
    struct avpacket *p = avpacket_new(type, (uint32_t)size);
    memcpy(avpacket_body(p), wire, size);
    p->size = (uint32_t)size;
    p->dts_ms = 1234567;
    if (type == AV_DATA)
        p->flags = AV_METADATA;
    CHECK_EQ(avcodec_classify(p), 0);
    wire_frame(p, 4096);
    return p;
}

#define WIRE(text) text, sizeof text - 1

enum { ALL = TRACK_CHOICE_ALL, NONE = TRACK_CHOICE_NONE, ONE = TRACK_CHOICE_ONE };

/* What a packet is turned into; a NULL `want` is nothing, an empty one the packet itself. */
static void test_media(void **state)
{
    (void)state;
    static const struct {
        struct track_choice choice;
        uint8_t             type;
        const char         *wire;
        size_t              size;
        const char         *want;
        size_t              want_size;
    } cases[] = {
        { { ALL, ALL, 0 },  AV_VIDEO, WIRE("\x96\1vp09\1x"), WIRE("") },
        { { ALL, NONE, 0 }, AV_VIDEO, WIRE("\x96\1vp09\1x"), WIRE("") },
        { { ALL, NONE, 0 }, AV_AUDIO, WIRE("\xaf\1x"),       NULL, 0 },
        { { NONE, ALL, 0 }, AV_VIDEO, WIRE("\x17\1\0\0\0x"), NULL, 0 },
        { { NONE, ALL, 0 }, AV_AUDIO, WIRE("\xaf\1x"),       WIRE("") },
        /* One track, by its number or alone. */
        { { ONE, ALL, 0 },     AV_VIDEO, WIRE("\x17\1\0\0\0x"),       WIRE("") },
        { { ONE, ALL, 0 },     AV_VIDEO, WIRE("\x91vp09x"),           WIRE("") },
        { { ONE, ALL, 0 },     AV_VIDEO, WIRE("\x96\1vp09\0x"),       WIRE("\x91vp09x") },
        { { ONE, ALL, 0 },     AV_VIDEO, WIRE("\x96\1vp09\1x"),       NULL, 0 },
        { { ONE + 1, ALL, 0 }, AV_VIDEO, WIRE("\x96\1vp09\1x"),       WIRE("\x91vp09x") },
        { { ONE + 1, ALL, 0 }, AV_VIDEO, WIRE("\x91vp09x"),           NULL, 0 },
        { { ONE + 1, ALL, 0 }, AV_VIDEO, WIRE("\x96\x21vp09\0\0\0\1xav01\1\0\0\1y"), WIRE("\x91" "av01y") },
        { { ALL, ONE + 255, 0 }, AV_AUDIO, WIRE("\x95\1Opus\xffx"),   WIRE("\x91Opusx") },
        /* Nanoseconds stay where nothing needs to change. */
        { { ONE, ALL, 0 },     AV_VIDEO, WIRE("\x97\2\0\0\5\1vp09x"), WIRE("") },
        /* FLV's own forms, where there are any. */
        { { ONE, ONE, MULTITRACK_FLV }, AV_VIDEO, WIRE("\x17\1\0\0\0x"), WIRE("") },
        { { ONE, ONE, MULTITRACK_FLV }, AV_AUDIO, WIRE("\xaf\1x"),       WIRE("") },
        { { ONE, ONE, MULTITRACK_FLV }, AV_VIDEO, WIRE("\x90" "avc1\1"), WIRE("\x17\0\0\0\0\1") },
        { { ONE, ONE, MULTITRACK_FLV }, AV_VIDEO, WIRE("\x96\1" "avc1\0\0\0\x28x"), WIRE("\x17\1\0\0\x28x") },
        { { ONE, ONE, MULTITRACK_FLV }, AV_AUDIO, WIRE("\x90mp4a\x12\x10"), WIRE("\xaf\0\x12\x10") },
        { { ONE, ONE, MULTITRACK_FLV }, AV_VIDEO, WIRE("\x90hvc1\1"),    WIRE("\x90hvc1\1") },
        { { ONE, ONE, MULTITRACK_FLV }, AV_VIDEO, WIRE("\x94" "avc1\2"), NULL, 0 },
        { { ONE, ONE, MULTITRACK_FLV_CDN }, AV_VIDEO, WIRE("\x90hvc1\1"), WIRE("\x1c\0\0\0\0\1") },
        { { ONE, ONE, MULTITRACK_FLV_CDN }, AV_VIDEO, WIRE("\x91" "av01x"), WIRE("\x1d\1\0\0\0x") },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct avpacket *p = make(cases[i].type, cases[i].wire, cases[i].size);
        struct avpacket *out = track_choice_apply(&cases[i].choice, p);
        struct bytes     want = { (const uint8_t *)cases[i].want, cases[i].want_size };
        if (cases[i].want == NULL ? out != NULL : want.size == 0 ? out != p
                                                                 : !bytes_equal(avpacket_bytes(out), want))
            fail_msg("case %zu", i);
        if (out != NULL) {
            CHECK_EQ(out->dts_ms, 1234567);
            CHECK_EQ(out->chunk_size, 4096);
            CHECK_EQ(out->track, out == p ? p->track : 0);
        }
        if (out != NULL)
            avpacket_unref(&out);
        avpacket_unref(&p);
    }
}

static struct avpacket *make_metadata(void)
{
    uint8_t       room[400];
    struct writer w = writer_over(room, sizeof room);
    amf_write_string(&w, "onMetaData");
    amf_write_ecma_array_start(&w, 9);
    amf_write_key(&w, "width");
    amf_write_number(&w, 640);
    amf_write_key(&w, "videocodecid");
    amf_write_number(&w, AVCODEC_HEVC);
    amf_write_key(&w, "audiocodecid");
    amf_write_number(&w, AVCODEC_AAC);
    amf_write_key(&w, "stereo");
    amf_write_boolean(&w, true);
    amf_write_key(&w, "videoTrackIdInfoMap");
    amf_write_object_start(&w);
    amf_write_key(&w, "1");
    amf_write_object_start(&w);
    amf_write_object_end(&w);
    amf_write_object_end(&w);
    amf_write_key(&w, "encoder");
    amf_write_string(&w, "x");
    amf_write_object_end(&w);
    return make(AV_DATA, (const char *)room, writer_size(&w));
}

/* The members that are left, each as its first letter; of codec ids their number. */
static void check_metadata(const struct track_choice *choice, const char *want)
{
    char              text[100] = "";
    struct avpacket  *p = make_metadata(), *out = track_choice_apply(choice, p);
    struct amf_reader r = amf_reader_over(avpacket_bytes(out));
    struct amf_value  v;
    CHECK(out->flags & AV_METADATA);
    CHECK(amf_read(&r, &v) && bytes_equal(v.string, bytes_of("onMetaData")));
    CHECK(amf_read(&r, &v) && v.type == AMF_ECMA_ARRAY);
    while (amf_read_flat(&r, &v) && v.type != AMF_END) {
        size_t used = strlen(text);
        if (v.key.size == 12)
            snprintf(text + used, sizeof text - used, "%c%.0f", v.key.data[0], v.number);
        else
            snprintf(text + used, sizeof text - used, "%c", v.key.size == 19 ? 'M' : v.key.data[0]);
    }
    CHECK_EQ(r.error, 0);
    CHECK_EQ(reader_left(&r.in), 0);
    assert_string_equal(text, want);
    avpacket_unref(&out);
    avpacket_unref(&p);
}

static void test_metadata(void **state)
{
    (void)state;
    check_metadata(&(struct track_choice){ ALL, ALL, 0 },     "wv1752589105a1836069985sMe");
    check_metadata(&(struct track_choice){ ALL, NONE, 0 },    "wv1752589105Me");
    check_metadata(&(struct track_choice){ NONE, ALL, 0 },    "a1836069985se");
    check_metadata(&(struct track_choice){ ONE, ALL, 0 },     "wv1752589105a1836069985se");
    check_metadata(&(struct track_choice){ ONE + 1, ALL, 0 }, "a1836069985se"); /* width is not its */
    check_metadata(&(struct track_choice){ ONE, ONE, MULTITRACK_FLV },     "wv1752589105a10se");
    check_metadata(&(struct track_choice){ ONE, ONE, MULTITRACK_FLV_CDN }, "wv12a10se");
}

/* What cannot be cut with safety goes as it is, whatever it is. */
static void test_metadata_that_is_left_alone(void **state)
{
    (void)state;
    static const struct track_choice all = { 0 };
    struct avpacket *metadata = make_metadata(), *same = track_choice_apply(&all, metadata);
    CHECK(same == metadata); /* who wants all gets it as it came */
    avpacket_unref(&same);
    avpacket_unref(&metadata);
    static const struct track_choice choice = { NONE, ALL, 0 };
    static const struct { const char *wire; size_t size; } cases[] = {
        { WIRE("\2\0\x0aonMetaData") },
        { WIRE("\2\0\x0aonMetaData\5") },
        { WIRE("\2\0\x0aonMetaData\x11\x0a\x0b\1\5w\4\1\1") },            /* AMF3 */
        { WIRE("\2\0\x0aonMetaData\3\0\1a\x11\4\1\0\0\x09") },            /* AMF3 in AMF0 */
        { WIRE("\2\0\x0aonMetaData\3\0\5width\0\0\0\0") },
        { WIRE("\xff") },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct avpacket *p = make(AV_DATA, cases[i].wire, cases[i].size);
        struct avpacket *out = track_choice_apply(&choice, p);
        CHECK(out == p);
        avpacket_unref(&out);
        avpacket_unref(&p);
    }
    struct avpacket *whole = make_metadata();
    for (uint32_t cut = 1; cut < whole->size; cut++) {
        struct avpacket *p = make(AV_DATA, (const char *)avpacket_body(whole), cut);
        struct avpacket *out = track_choice_apply(&choice, p);
        struct bytes     body = avpacket_bytes(out);
        CHECK(out == p || body.size <= cut); /* an end may be missing, between members */
        CHECK(out == p || memcmp(body.data + body.size - 3, "\0\0\x09", 3) == 0);
        avpacket_unref(&out);
        avpacket_unref(&p);
    }
    avpacket_unref(&whole);
}

/* Equal choices have equal texts, and the stream as it comes has none. */
static void test_text(void **state)
{
    (void)state;
    char                text[TRACK_CHOICE_TEXT_SIZE], other[TRACK_CHOICE_TEXT_SIZE];
    struct track_choice plain = { .form = MULTITRACK_FLV }, same = { ONE, ONE, MULTITRACK_FLV };
    track_choice_text(&(struct track_choice){ 0 }, text);
    assert_string_equal(text, "");
    track_choice_normalise(&plain);
    track_choice_text(&plain, text);
    track_choice_text(&same, other);
    assert_string_equal(text, other);
    track_choice_text(&(struct track_choice){ ONE + 255, ONE + 255, MULTITRACK_FLV_CDN }, other);
    assert_string_not_equal(text, other);
    CHECK_EQ(other[0], '?');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_metadata_that_is_left_alone),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
