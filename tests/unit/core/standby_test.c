#include "core/packets.h"

#include "core/standby.h"

enum { STALL_MS = 2000, STEP_MS = 100, WANTED = 800000 }; /* 10000 bytes in each step */

static struct standby *warm;
static uint64_t        now_ms, other_bytes;

static int set_up(void **state)
{
    (void)state;
    now_ms = 50000;
    other_bytes = 123456789;
    warm = standby_new(NULL, now_ms);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    standby_free(warm);
    return 0;
}

/* `seconds` of a packet of `own` bytes each step, and `other` bytes from the other. */
static void send(unsigned seconds, uint32_t own, uint32_t other, uint64_t min_bitrate)
{
    for (unsigned i = 0; i < seconds * 1000 / STEP_MS; i++) {
        struct avpacket     *p = make_packet(AV_VIDEO, 0, 0, own, 0);
        struct standby_terms terms = { STALL_MS, min_bitrate, other_bytes += other };
        standby_hear(warm, p, now_ms += STEP_MS, &terms);
        standby_keep(warm, p);
        avpacket_unref(&p);
    }
}

static void test_well_without_a_rate(void **state)
{
    (void)state;
    send(1, 10, 10, 0);
    CHECK(standby_is_well(warm, now_ms, 1000));
    CHECK(!standby_is_well(warm, now_ms, 1001));
    CHECK(!standby_is_better(warm, 1)); /* however little the other sends */
    now_ms += STALL_MS; /* and one step: too late */
    send(1, 10, 10, 0);
    CHECK(!standby_is_well(warm, now_ms, 1000));
    send(1, 10, 10, 0);
    CHECK(standby_is_well(warm, now_ms, 1000));
}

static void test_well_with_a_rate(void **state)
{
    (void)state;
    send(2, 10000, 10000, WANTED);
    CHECK(!standby_is_well(warm, now_ms, 0)); /* a window is not over */
    send(1, 10000, 10000, WANTED);
    CHECK(standby_is_well(warm, now_ms, 900));
    CHECK(!standby_is_well(warm, now_ms, 2000));
    send(3, 9000, 10000, WANTED);
    CHECK(!standby_is_well(warm, now_ms, 0));
    send(4, 11000, 10000, WANTED);
    CHECK(!standby_is_well(warm, now_ms, 0)); /* not by a quarter */
    send(5, 12600, 10000, WANTED);
    CHECK(standby_is_well(warm, now_ms, 0));
    send(10, 10100, 10000, WANTED);
    CHECK(standby_is_well(warm, now_ms, 10000));
}

static void test_better(void **state)
{
    (void)state;
    CHECK(!standby_is_better(warm, 7));
    send(5, 10000, 10000, WANTED);
    CHECK(!standby_is_better(warm, 7));
    send(5, 10000, 9900, WANTED);
    CHECK(standby_is_better(warm, 7));
    CHECK(!standby_is_better(warm, 8)); /* of another nothing is known yet */
    send(5, 10000, 9900, WANTED);
    CHECK(standby_is_better(warm, 8));
    send(5, 9000, 9000, WANTED); /* both are low: neither is better */
    CHECK(!standby_is_better(warm, 8));
    send(5, 13000, 11000, WANTED);
    CHECK(standby_is_better(warm, 8)); /* once low, a quarter above it is well */
    send(5, 13000, 13000, WANTED);
    CHECK(!standby_is_better(warm, 8));
    send(5, 13000, 0, WANTED);
    CHECK(standby_is_better(warm, 8));
    send(1, 13000, 0, 0); /* a reload has switched it off */
    CHECK(!standby_is_better(warm, 8));
}

static void test_what_is_kept(void **state)
{
    (void)state;
    struct avpacket *packets[] = {
        make_header(AV_VIDEO), make_key(0), make_header(AV_AUDIO), make_header(AV_VIDEO), make_key(80),
        make_inter(120), make_header(AV_VIDEO),
    };
    for (size_t i = 0; i < COUNT(packets); i++) {
        CHECK_EQ(standby_is_entry(warm, packets[i]), i == 1 || i == 4);
        if (i == 4)
            warm->claim = STANDBY_GONE;
        standby_hear(warm, packets[i], now_ms, &(struct standby_terms){ STALL_MS, 0, 0 });
        standby_keep(warm, packets[i]);
    }
    CHECK_EQ(warm->headers->count, 2);
    assert_ptr_equal(warm->headers->packets[0], packets[3]);
    CHECK_EQ(warm->waiting.next - warm->waiting.first, 3);
    struct avpacket *sound = make_audio(0), *copy = standby_copy(packets[4]);
    CHECK(!standby_is_entry(warm, sound)); /* there are pictures */
    CHECK(bytes_equal(avpacket_bytes(copy), avpacket_bytes(packets[4])));
    CHECK_EQ(copy->chunk_size, 0);
    CHECK_EQ(copy->flags, AV_KEYFRAME);
    avpacket_unref(&sound);
    avpacket_unref(&copy);
    for (size_t i = 0; i < COUNT(packets); i++)
        avpacket_unref(&packets[i]);
}

static void test_sound_only(void **state)
{
    (void)state;
    struct avpacket *sound = make_audio(0);
    CHECK(standby_is_entry(warm, sound));
    avpacket_unref(&sound);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_well_without_a_rate),
        TEST(test_well_with_a_rate),
        TEST(test_better),
        TEST(test_what_is_kept),
        TEST(test_sound_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
