#include "check.h"

#include "core/header_set.h"
#include "media/avcodec.h"

static struct header_set *set;

static int tear_down(void **state)
{
    (void)state;
    header_set_unref(&set);
    return 0;
}

/* Bring the set up to date with a packet whose last byte is its name. */
static void put_bytes(uint8_t type, const char *wire, size_t size)
{
    struct avpacket *p = avpacket_new(type, (uint32_t)size);
    memcpy(avpacket_body(p), wire, size);
    p->size = (uint32_t)size;
    CHECK_EQ(avcodec_classify(p), 0);
    if (type == AV_DATA)
        p->flags = AV_METADATA;
    CHECK(p->flags & AV_HEADERS);
    struct header_set *next = header_set_with(set, p);
    header_set_unref(&set);
    set = next;
    avpacket_unref(&p);
}
#define PUT(type, wire) put_bytes(type, wire, sizeof wire - 1)

/* Headers by Enhanced RTMP v2: of track 0; of one track; of two in one message. */
#define ONLY(name)      PUT(AV_VIDEO, "\x90vp09" name)
#define ONE(a, name)    PUT(AV_VIDEO, "\x96\0vp09" a name)
#define TWO(a, b, name) PUT(AV_VIDEO, "\x96\x10vp09" a "\0\0\1-" b "\0\0\1" name)
#define SOUND(a, name)  PUT(AV_AUDIO, "\x95\0Opus" a name)
#define COLOUR(a, name) PUT(AV_VIDEO, "\x96\4vp09" a name)
#define LAYOUT(a, name) PUT(AV_AUDIO, "\x95\4Opus" a name)
#define METADATA(name)  PUT(AV_DATA, name)

/* The packets of the set in order, by their names. */
static void check_set(const char *want)
{
    char names[HEADER_SET_MAX + 2] = "";
    for (uint32_t i = 0; i < set->count; i++) {
        struct bytes body = avpacket_bytes(set->packets[i]);
        names[i] = (char)body.data[body.size - 1];
    }
    assert_string_equal(names, want);
}

static void test_one_of_each(void **state)
{
    (void)state;
    METADATA("m");
    ONLY("v");
    SOUND("\0", "a");
    COLOUR("\0", "c");
    LAYOUT("\0", "l");
    ONE("\1", "V");
    check_set("mvaclV");
    ONLY("w"); /* each in the place of the one it follows up, and of no other */
    COLOUR("\0", "d");
    METADATA("n");
    LAYOUT("\0", "k");
    SOUND("\0", "b");
    check_set("nwbdkV");
    COLOUR("\1", "D");
    check_set("nwbdkVD");
}

/* Track 0 alone and track 0 by its number are the same track. */
static void test_forms_of_the_same_track(void **state)
{
    (void)state;
    ONLY("a");
    ONE("\0", "b");
    check_set("b");
    PUT(AV_VIDEO, "\x17\0\0\0\0c");
    check_set("c");
}

static void test_shared_messages(void **state)
{
    (void)state;
    TWO("\0", "\1", "a");
    check_set("a");
    ONE("\1", "b");
    check_set("ab"); /* still the only one for track 0 */
    ONLY("c");
    check_set("cb"); /* now both have newer ones */
    TWO("\0", "\1", "d");
    check_set("d");
    TWO("\1", "\2", "e");
    check_set("de");
    TWO("\0", "\1", "f");
    check_set("ef"); /* before "e" it would be outdated by it */
    ONE("\2", "g");
    check_set("gf");
    TWO("\0", "\2", "h");
    check_set("fh");
}

/* Three tracks, every message a different two of them: the newest of each is read last. */
static void test_overlapping_messages(void **state)
{
    (void)state;
    TWO("\0", "\1", "a");
    TWO("\1", "\2", "b");
    TWO("\2", "\0", "c");
    check_set("bc");
    TWO("\0", "\1", "d");
    check_set("cd");
}

/* An unknown codec has its place too, and comments take none. */
static void test_many_codecs(void **state)
{
    (void)state;
    PUT(AV_VIDEO, "\x96\x20vp10\0\0\0\1-vp09\1\0\0\1a");
    ONE("\1", "b");
    check_set("ab");
    PUT(AV_VIDEO, "\x90vp10c");
    check_set("cb");
    PUT(AV_AUDIO, "\x95\x10Opus\0\0\0\x08OpusTags\1\0\0\1d");
    SOUND("\0", "e");
    check_set("cbde");
    SOUND("\1", "f");
    check_set("cbfe");
}

static void test_bounds(void **state)
{
    (void)state;
    for (int track = 0; track < 256; track++) {
        char wire[8] = "\x96\0vp09";
        wire[6] = (char)track;
        wire[7] = 'x';
        put_bytes(AV_VIDEO, wire, sizeof wire);
    }
    CHECK_EQ(set->count, HEADER_SET_MAX);
    ONE("\0", "y"); /* those that are in it stay up to date */
    CHECK_EQ(set->count, HEADER_SET_MAX);
    CHECK_EQ(avpacket_bytes(set->packets[0]).data[7], 'y');
}

/* A message may name its tracks as often as its length allows; it costs no more than 256 do. */
static void test_repeated_tracks(void **state)
{
    (void)state;
    enum { PARTS = 100000 };
    static char wire[6 + 5 * PARTS] = "\x96\x10vp09";
    for (size_t i = 0; i < PARTS; i++) {
        wire[6 + 5 * i] = (char)(i % 300);
        wire[6 + 5 * i + 3] = 1;
    }
    for (int i = 0; i < 100; i++)
        put_bytes(AV_VIDEO, wire, sizeof wire);
    CHECK_EQ(set->count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_one_of_each, tear_down),
        cmocka_unit_test_teardown(test_forms_of_the_same_track, tear_down),
        cmocka_unit_test_teardown(test_shared_messages, tear_down),
        cmocka_unit_test_teardown(test_overlapping_messages, tear_down),
        cmocka_unit_test_teardown(test_many_codecs, tear_down),
        cmocka_unit_test_teardown(test_bounds, tear_down),
        cmocka_unit_test_teardown(test_repeated_tracks, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
