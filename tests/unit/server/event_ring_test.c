/* The ring of the last events: what is found behind an id, what is not kept any more. */
#include "check.h"

#include "server/event_ring.h"

#include <stdio.h>

#define ALL ((1u << EVENT_TYPES) - 1)

static void add(struct event_ring *ring, enum event_type type, const char *body)
{
    uint8_t *copy = copy_exact(body, strlen(body));
    event_ring_add(ring, type, (struct bytes){ copy, strlen(body) });
    free(copy);
}

/* The id of the next, or 0. */
static uint64_t next(struct event_ring *ring, uint64_t *id, unsigned types, bool *missed)
{
    struct event_frame *f = event_ring_next(ring, id, types, missed);
    uint64_t            found = f != NULL ? f->id : 0;
    event_frame_unref(f);
    return found;
}

static void test_frames(void **state)
{
    (void)state;
    struct event_ring *ring = event_ring_new(4, 1000, 17, true), *plain = event_ring_new(4, 1000, 1, false);
    uint64_t           id = event_ring_last_id(ring), plain_id = event_ring_last_id(plain);
    bool               missed;
    CHECK_EQ(id, 16);
    add(ring, EVENT_POST_PLAY, "{\"a\":1}");
    add(plain, EVENT_DONE_PUBLISH, "{}");
    struct event_frame *f = event_ring_next(ring, &id, ALL, &missed);
    CHECK_EQ(f->size, strlen("id: 17\nevent: postPlay\ndata: {\"a\":1}\n\n"));
    assert_memory_equal(f->text, "id: 17\nevent: postPlay\ndata: {\"a\":1}\n\n", f->size);
    CHECK_EQ(id, 17);
    struct event_frame *p = event_ring_next(plain, &plain_id, ALL, &missed);
    assert_memory_equal(p->text, "event: donePublish\ndata: {}\n\n", p->size);
    event_ring_free(ring); /* who holds a frame has it still */
    CHECK_EQ(f->type, EVENT_POST_PLAY);
    event_frame_unref(f);
    event_frame_unref(p);
    event_ring_free(plain);
}

static void test_order_and_filter(void **state)
{
    (void)state;
    struct event_ring *ring = event_ring_new(8, 10000, 1, true);
    uint64_t           id = 0;
    bool               missed;
    CHECK_EQ(next(ring, &id, ALL, &missed), 0);
    for (int i = 0; i < 6; i++)
        add(ring, i % 2 == 0 ? EVENT_SKIP : EVENT_LIMIT, "{}");
    for (uint64_t want = 1; want <= 6; want++)
        CHECK_EQ(next(ring, &id, ALL, &missed), want);
    CHECK_EQ(next(ring, &id, ALL, &missed), 0);
    CHECK(!missed);
    id = 0;
    CHECK_EQ(next(ring, &id, 1u << EVENT_LIMIT, &missed), 2);
    CHECK_EQ(next(ring, &id, 1u << EVENT_STALL, &missed), 0);
    CHECK_EQ(id, 6); /* they were looked at */
    event_ring_free(ring);
}

static void test_forgetting(void **state)
{
    (void)state;
    struct event_ring *ring = event_ring_new(4, 10000, 100, true);
    uint64_t           id = 99;
    bool               missed;
    CHECK(event_ring_can_resume(ring, 99));
    CHECK(!event_ring_can_resume(ring, 98) && !event_ring_can_resume(ring, 100));
    for (int i = 0; i < 10; i++) /* 100 to 109; 106 and later are kept */
        add(ring, EVENT_LIMIT, "{}");
    CHECK(event_ring_can_resume(ring, 105) && event_ring_can_resume(ring, 109));
    CHECK(!event_ring_can_resume(ring, 104) && !event_ring_can_resume(ring, 110) && !event_ring_can_resume(ring, 0));
    CHECK(!event_ring_can_resume(ring, UINT64_MAX));
    CHECK_EQ(next(ring, &id, ALL, &missed), 106);
    CHECK(missed);
    CHECK_EQ(next(ring, &id, ALL, &missed), 107);
    CHECK(!missed);
    event_ring_free(ring);
}

/* Large ones push out many small ones; one that is larger than all is kept alone. */
static void test_size(void **state)
{
    (void)state;
    struct event_ring *ring = event_ring_new(100, 1000, 1, true);
    char               large[901] = "", huge[3001] = "";
    uint64_t           id = 0;
    bool               missed;
    memset(large, 'x', sizeof large - 1);
    memset(huge, 'x', sizeof huge - 1);
    for (int i = 0; i < 20; i++)
        add(ring, EVENT_LIMIT, "{}");
    CHECK(event_ring_can_resume(ring, 0));
    add(ring, EVENT_LIMIT, large); /* 21 */
    CHECK(!event_ring_can_resume(ring, 17) && event_ring_can_resume(ring, 20));
    add(ring, EVENT_LIMIT, huge); /* 22 */
    CHECK(!event_ring_can_resume(ring, 20) && event_ring_can_resume(ring, 21));
    CHECK_EQ(next(ring, &id, ALL, &missed), 22);
    event_ring_free(ring);
}

static void test_ids_of_runs(void **state)
{
    (void)state;
    uint64_t first = event_ring_first_id(INT64_C(1767225600000)), later = event_ring_first_id(INT64_C(1767225601000));
    CHECK(first < later && later - first > 1000000);
    CHECK(event_ring_first_id(INT64_C(7258118400000)) < UINT64_C(1) << 53); /* the year 2200 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames), cmocka_unit_test(test_order_and_filter), cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_size),   cmocka_unit_test(test_ids_of_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
