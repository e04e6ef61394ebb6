#include "session/ingest.h"

#include "media/avcodec.h"
#include "media/avpacket.h"
#include "protocol/rtmp_message.h"

#include "check.h"

struct sample {
    uint8_t     type;
    const char *body;
    size_t      size;
};

#define SAMPLE(type, text) { type, text, sizeof text - 1 }
#define SET_DATA_FRAME     "\x02\x00\x0d@setDataFrame"
#define CLEAR_DATA_FRAME   "\x02\x00\x0f@clearDataFrame"
#define ON_METADATA        "\x02\x00\x0aonMetaData"
#define EMPTY_ARRAY        "\x08\x00\x00\x00\x00\x00\x00\x09"
#define ON_CUE_POINT       "\x02\x00\x0aonCuePoint"

static struct avpacket *packet_of(const struct sample *sample)
{
    struct avpacket *p = avpacket_new(sample->type, (uint32_t)sample->size);
    assert_non_null(p);
    memcpy(avpacket_body(p), sample->body, sample->size);
    p->size = (uint32_t)sample->size;
    return p;
}

static void check_body(const struct avpacket *p, const char *want, size_t size)
{
    CHECK_EQ(p->size, size);
    assert_memory_equal(avpacket_bytes(p).data, want, size);
}

static void metadata_loses_what_is_said_to_the_server(void **state)
{
    (void)state;
    static const char          want[] = ON_METADATA EMPTY_ARRAY;
    static const struct sample samples[] = {
        SAMPLE(AV_DATA, SET_DATA_FRAME ON_METADATA EMPTY_ARRAY),
        SAMPLE(AV_DATA, ON_METADATA EMPTY_ARRAY),
        SAMPLE(RTMP_DATA_AMF3, "\0" SET_DATA_FRAME ON_METADATA EMPTY_ARRAY),
    };
    for (size_t i = 0; i < COUNT(samples); i++) {
        struct avpacket *p = packet_of(&samples[i]);
        CHECK(ingest_prepare(p));
        CHECK_EQ(p->type, AV_DATA);
        CHECK_EQ(p->flags, AV_METADATA);
        check_body(p, want, sizeof want - 1);
        avpacket_unref(&p);
    }
}

static void other_data_is_passed_on(void **state)
{
    (void)state;
    static const struct sample sample = SAMPLE(AV_DATA, ON_CUE_POINT EMPTY_ARRAY);
    struct avpacket           *p = packet_of(&sample);
    CHECK(ingest_prepare(p));
    CHECK_EQ(p->flags, 0);
    check_body(p, sample.body, sample.size);
    avpacket_unref(&p);
}

static void what_no_viewer_could_use_is_not_fit(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        SAMPLE(AV_DATA, ""),
        SAMPLE(AV_DATA, SET_DATA_FRAME),
        SAMPLE(AV_DATA, CLEAR_DATA_FRAME),
        SAMPLE(RTMP_DATA_AMF3, ""),
        SAMPLE(RTMP_DATA_AMF3, "\0"),
        SAMPLE(AV_AUDIO, ""), /* Flash Media Live Encoder */
        SAMPLE(AV_VIDEO, ""),
        SAMPLE(AV_VIDEO, "\x17"),             /* no packet type */
        SAMPLE(AV_VIDEO, "\x17\x00\x00\x00\x00"), /* a sequence header without content */
    };
    for (size_t i = 0; i < COUNT(samples); i++) {
        struct avpacket *p = packet_of(&samples[i]);
        CHECK(!ingest_prepare(p));
        avpacket_unref(&p);
    }
}

static void audio_and_video_are_classified(void **state)
{
    (void)state;
    static const struct sample header = SAMPLE(AV_AUDIO, "\xaf\x00\x12\x10");
    static const struct sample keyframe = SAMPLE(AV_VIDEO, "\x17\x01\x00\x00\x28\x00\x00\x00\x02\x65\x88");
    struct avpacket           *p = packet_of(&header);
    CHECK(ingest_prepare(p));
    CHECK_EQ(p->codec, AVCODEC_AAC);
    CHECK_EQ(p->flags, AV_SEQUENCE_HEADER);
    avpacket_unref(&p);
    p = packet_of(&keyframe);
    CHECK(ingest_prepare(p));
    CHECK_EQ(p->codec, AVCODEC_H264);
    CHECK_EQ(p->flags, AV_KEYFRAME);
    CHECK_EQ(p->cts_ms, 40);
    avpacket_unref(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_loses_what_is_said_to_the_server),
        cmocka_unit_test(other_data_is_passed_on),
        cmocka_unit_test(what_no_viewer_could_use_is_not_fit),
        cmocka_unit_test(audio_and_video_are_classified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
