#include "check.h"

#include "core/video_groups.h"
#include "media/avcodec.h"

static struct video_groups groups;

static int tear_down(void **state)
{
    (void)state;
    video_groups_clear(&groups);
    CHECK_EQ(groups.count, 0);
    return 0;
}

/* The group of a packet with this body. */
static uint64_t take_wire(uint8_t type, uint64_t seq, const char *wire, size_t size, int64_t dts_ms)
{
    struct avpacket *p = avpacket_new(type, (uint32_t)size);
    memcpy(avpacket_body(p), wire, size);
    p->size = (uint32_t)size;
    p->dts_ms = dts_ms;
    CHECK_EQ(avcodec_classify(p), 0);
    uint64_t group = video_groups_take(&groups, p, seq);
    avpacket_unref(&p);
    return group;
}
#define TAKE_AT(seq, dts_ms, wire) take_wire(AV_VIDEO, seq, wire, sizeof wire - 1, dts_ms)
#define TAKE(seq, wire)            TAKE_AT(seq, 0, wire)

static void test_one_track(void **state)
{
    (void)state;
    CHECK_EQ(TAKE(1, "\x17\0\0\0\0\1"), 0);  /* a header */
    CHECK_EQ(TAKE(2, "\x27\1\0\0\0x"), 0);   /* its keyframe has not come */
    CHECK_EQ(TAKE(3, "\x17\1\0\0\0x"), 3);
    CHECK_EQ(take_wire(AV_AUDIO, 4, "\xaf\1x", 3, 0), 0);
    CHECK_EQ(TAKE(5, "\x27\1\0\0\0x"), 3);
    CHECK_EQ(TAKE(6, "\x17\2\0\0\0"), 0);    /* the end of the sequence is no picture */
    CHECK_EQ(TAKE(7, "\x27\1\0\0\0x"), 3);
    CHECK_EQ(TAKE(8, "\x17\1\0\0\0x"), 8);
    CHECK_EQ(TAKE(9, "\x27\1\0\0\0x"), 8);
}

/* FFmpeg's form of several tracks: each frame in a message of its own. */
static void test_tracks_of_their_own(void **state)
{
    (void)state;
    CHECK_EQ(TAKE(1, "\x91vp09x"), 1);
    CHECK_EQ(TAKE(2, "\xa6\1vp09\1x"), 0);
    CHECK_EQ(TAKE(3, "\xa1vp09x"), 1);
    CHECK_EQ(TAKE(4, "\x96\1vp09\1x"), 4);
    CHECK_EQ(TAKE(5, "\xa1vp09x"), 1);
    CHECK_EQ(TAKE(6, "\xa6\1vp09\1x"), 4);
    CHECK_EQ(TAKE(7, "\x96\1vp09\xffx"), 7);
    CHECK_EQ(TAKE(8, "\xa6\1vp09\xffx"), 7);
    CHECK_EQ(groups.count, 256);
    CHECK_EQ(video_groups_settle(&groups, 5), 5); /* track 1 has resumed, track 0 not */
}

/* Several tracks in one message: it can be shown if each of its parts can. */
static void test_shared_messages(void **state)
{
    (void)state;
    CHECK_EQ(TAKE(1, "\x96\x11vp09\0\0\0\1x\1\0\0\1y"), 1);
    CHECK_EQ(TAKE(2, "\xa6\x11vp09\0\0\0\1x\1\0\0\1y"), 1);
    CHECK_EQ(TAKE(3, "\x91vp09x"), 3);       /* track 0 alone begins anew */
    CHECK_EQ(TAKE(4, "\xa6\1vp09\1y"), 1);
    CHECK_EQ(TAKE(5, "\xa1vp09x"), 3);
    CHECK_EQ(TAKE(6, "\xa6\x21vp09\0\0\0\1xav01\1\0\0\1y"), 1);
    CHECK_EQ(TAKE(7, "\xa1vp09x"), 1);       /* who missed message 6 cannot show this */
    CHECK_EQ(TAKE(8, "\xa6\x11vp09\0\0\0\1x\2\0\0\1z"), 0);
    CHECK_EQ(TAKE(9, "\xa1vp09x"), 0);
    CHECK_EQ(TAKE(10, "\xa6\1vp09\1y"), 1);
    CHECK_EQ(TAKE(11, "\x96\x11vp09\0\0\0\1x\2\0\0\1z"), 11);
    CHECK_EQ(TAKE(12, "\xa1vp09x"), 11);
}

static void test_settle(void **state)
{
    (void)state;
    CHECK_EQ(video_groups_settle(&groups, 0), 1);
    CHECK_EQ(video_groups_settle(&groups, 700), 1); /* sound only */
    TAKE(10, "\x91vp09x");
    TAKE(20, "\x96\1vp09\1x");
    TAKE(30, "\xa6\1vp09\2x"); /* a track without a keyframe keeps nobody waiting */
    CHECK_EQ(video_groups_settle(&groups, 1), 1);
    CHECK_EQ(video_groups_settle(&groups, 10), 1);
    CHECK_EQ(video_groups_settle(&groups, 11), 11);
    CHECK_EQ(video_groups_settle(&groups, 20), 11);
    CHECK_EQ(video_groups_settle(&groups, 21), 21);
    CHECK_EQ(video_groups_settle(&groups, 99), 21);
    TAKE(100, "\x91vp09x");
    CHECK_EQ(video_groups_settle(&groups, 99), 21);
    TAKE(101, "\x96\1vp09\1x");
    CHECK_EQ(video_groups_settle(&groups, 99), 1);
}

static void test_keyframes_that_come_together(void **state)
{
    (void)state;
    TAKE_AT(10, 1000, "\x96\2vp09\1x");
    TAKE_AT(11, 1990, "\x96\1vp09\1x");
    TAKE_AT(13, 2000, "\x91vp09x");
    CHECK_EQ(video_groups_first_beside(&groups, 13, 2000, 1), 11);
    CHECK_EQ(video_groups_first_beside(&groups, 13, 2000, 12), 13);
    CHECK_EQ(video_groups_first_beside(&groups, 13, 2000 + VIDEO_GROUPS_TOGETHER_MS, 1), 13);
}

/* A hostile message with more parts than there are tracks is not walked for ever. */
static void test_many_parts(void **state)
{
    (void)state;
    enum { PARTS = 100000, HEAD = 6, PART = 4 };
    uint32_t         size = HEAD + PARTS * PART;
    struct avpacket *p = avpacket_new(AV_VIDEO, size);
    memcpy(avpacket_body(p), "\x96\x11vp09", HEAD);
    for (uint32_t i = 0; i < PARTS; i++)
        memcpy(avpacket_body(p) + HEAD + i * PART, (uint8_t[]){ (uint8_t)i, 0, 0, 0 }, PART);
    p->size = size;
    CHECK_EQ(avcodec_classify(p), 0);
    CHECK_EQ(video_groups_take(&groups, p, 5), 5);
    CHECK_EQ(groups.count, 256);
    avpacket_unref(&p);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_one_track),
        TEST(test_tracks_of_their_own),
        TEST(test_shared_messages),
        TEST(test_settle),
        TEST(test_keyframes_that_come_together),
        TEST(test_many_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
