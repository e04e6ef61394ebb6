#include "core/packets.h"

#include "core/cursor.h"

static struct packet_ring ring;

static struct video_groups groups;

static void push(struct avpacket *p)
{
    packet_ring_push(&ring, p, video_groups_take(&groups, p, ring.next));
    avpacket_unref(&p);
}

/* sound, keyframe (three RTMP chunks), sound, inter, keyframe */
static int set_up(void **state)
{
    (void)state;
    packet_ring_init(&ring);
    push(make_audio(0));
    push(make_key(0));
    push(make_audio(20));
    push(make_inter(40));
    push(make_key(80));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    packet_ring_clear(&ring);
    video_groups_clear(&groups);
    return 0;
}

static size_t total_size(enum wire_form form)
{
    size_t total = 0;
    for (uint64_t seq = ring.first; seq < ring.next; seq++)
        total += wire_size(packet_ring_at(&ring, seq)->packet, form);
    return total;
}

/* Whatever a socket takes, the cursor stands behind exactly that many bytes. */
static void test_advance_to_every_byte(void **state)
{
    (void)state;
    for (int form = WIRE_FLV; form <= WIRE_RTMP; form++) {
        size_t total = total_size(form);
        for (size_t cut = 0; cut <= total; cut++) {
            struct cursor c = { .seq = 1, .form = (uint8_t)form };
            cursor_advance(&c, &ring, cut);
            size_t before = c.offset;
            for (uint64_t seq = 1; seq < c.seq; seq++)
                before += wire_size(packet_ring_at(&ring, seq)->packet, form);
            CHECK_EQ(before, cut);
            cursor_advance(&c, &ring, total - cut);
            CHECK_EQ(c.seq, ring.next);
            CHECK_EQ(c.offset, 0);
        }
    }
}

/* The packets a cursor lets through, as their sequence numbers in one decimal number. */
static unsigned seen_by(struct cursor c)
{
    unsigned digits = 0;
    while (cursor_packet(&c, &ring) != NULL) {
        digits = digits * 10 + (unsigned)c.seq;
        cursor_pass(&c);
    }
    return digits;
}

static unsigned seen(uint8_t filter)
{
    return seen_by((struct cursor){ .seq = 1, .filter = filter });
}

static void test_filters(void **state)
{
    (void)state;
    CHECK_EQ(seen(0), 12345);
    CHECK_EQ(seen(CURSOR_NO_AUDIO), 245);
    CHECK_EQ(seen(CURSOR_NO_VIDEO), 13);
    CHECK_EQ(seen(CURSOR_PAUSED), 0);
}

/* Pictures begin with a keyframe, of each track its own; headers and sound do not wait. */
static void test_tracks_wait_for_their_keyframes(void **state)
{
    (void)state;
    CHECK_EQ(seen_by((struct cursor){ .seq = 1, .video_from = 1 }), 12345);
    CHECK_EQ(seen_by((struct cursor){ .seq = 3, .video_from = 3 }), 35);
    struct avpacket *second = make_key(90), *its_inter = make_inter(100), *header = make_header(AV_VIDEO);
    second->track = its_inter->track = 1;
    push(second);            /* 6 */
    push(its_inter);         /* 7 */
    push(make_inter(110));   /* 8: of track 0 */
    push(header);            /* 9 */
    CHECK_EQ(seen_by((struct cursor){ .seq = 3, .video_from = 3 }), 356789);
    CHECK_EQ(seen_by((struct cursor){ .seq = 6, .video_from = 6 }), 679);
    CHECK_EQ(seen_by((struct cursor){ .seq = 7, .video_from = 7 }), 9);
    /* At the end of the ring, what needs the same is the same. */
    struct cursor from3 = { .seq = 10, .video_from = 3 }, from5 = { .seq = 10, .video_from = 5 };
    struct cursor from6 = { .seq = 10, .video_from = 6 }, from7 = { .seq = 10, .video_from = 7 };
    cursor_settle(&from3, &groups);
    cursor_settle(&from5, &groups);
    cursor_settle(&from6, &groups);
    cursor_settle(&from7, &groups);
    CHECK(cursor_equal(&from3, &from5));
    CHECK(!cursor_equal(&from3, &from6));
    CHECK(!cursor_equal(&from6, &from7));
}

/* A packet that is begun is finished, whatever the filter has come to say. */
static void test_filter_spares_what_is_begun(void **state)
{
    (void)state;
    struct cursor c = { .seq = 1, .offset = 7, .filter = CURSOR_PAUSED };
    assert_ptr_equal(cursor_packet(&c, &ring), packet_ring_at(&ring, 1)->packet);
    cursor_pass(&c);
    assert_null(cursor_packet(&c, &ring));
}

static void test_preroll_comes_first(void **state)
{
    (void)state;
    struct avpacket   *header = make_header(AV_VIDEO), *cut = make_inter(0);
    struct header_set *headers = header_set_with(NULL, header);
    struct header_set *preroll = header_set_after(cut, headers);
    struct cursor      c = { .preroll = preroll, .seq = 5, .offset = 30, .form = WIRE_FLV };
    assert_ptr_equal(cursor_packet(&c, &ring), cut);
    cursor_advance(&c, &ring, wire_size(cut, WIRE_FLV) - 30 + 4);
    assert_ptr_equal(cursor_packet(&c, &ring), header);
    CHECK_EQ(c.offset, 4);
    cursor_advance(&c, &ring, wire_size(header, WIRE_FLV) - 4);
    assert_null(c.preroll);
    assert_ptr_equal(cursor_packet(&c, &ring), packet_ring_at(&ring, 5)->packet);
    header_set_unref(&preroll);
    header_set_unref(&headers);
    avpacket_unref(&header);
    avpacket_unref(&cut);
}

static void test_ring_grows_and_shrinks(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        push(make_audio(i));
    CHECK_EQ(ring.mask, 1023);
    CHECK_EQ(ring.next, 1006);
    CHECK_EQ(packet_ring_at(&ring, 1000)->packet->dts_ms, 994);
    CHECK_EQ(packet_ring_size_from(&ring, 1004), 100);
    CHECK_EQ(packet_ring_size_from(&ring, ring.next), 0);
    for (uint64_t seq = 2; seq <= ring.next; seq++)
        packet_ring_drop_before(&ring, seq);
    CHECK_EQ(ring.mask, 63);
    push(make_audio(7));
    CHECK_EQ(packet_ring_at(&ring, 1006)->packet->dts_ms, 7);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_advance_to_every_byte),
        TEST(test_filters),
        TEST(test_tracks_wait_for_their_keyframes),
        TEST(test_filter_spares_what_is_begun),
        TEST(test_preroll_comes_first),
        TEST(test_ring_grows_and_shrinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
