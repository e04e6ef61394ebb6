/* Events that are gathered: the skips of a session, the hits of a limit. */
#include "check.h"

#include "asking.h"

static uint64_t counts[64], packets[64];
static size_t   told;

static void on_event(struct event_observer *observer, const struct event *e)
{
    (void)observer;
    if (e->type != EVENT_SKIP && e->type != EVENT_LIMIT)
        return;
    counts[told] = e->count;
    packets[told++] = e->packets;
    CHECK_EQ(e->session == NULL, e->type == EVENT_LIMIT);
    CHECK_EQ(e->limit != NULL, e->type == EVENT_LIMIT);
}

static struct event_observer observer = { on_event };

static struct asking *begin(void)
{
    struct asking *a = asking_new();
    a->decides = false;
    told = 0;
    events_add(a->context, &observer);
    return a;
}

static void test_names(void **state)
{
    (void)state;
    for (enum event_type type = 0; type < EVENT_TYPES; type++)
        CHECK_EQ(events_find(events_name(type)), type);
    CHECK_EQ(events_find("postplay"), EVENT_TYPES);
    CHECK_EQ(events_find(""), EVENT_TYPES);
}

static void test_skips(void **state)
{
    (void)state;
    struct asking *a = begin();
    struct asker  *s = asking_ask(a, "/live/a", "");
    uint64_t       now_ms = worker_now_ms(a->worker);
    events_skip(&s->base, 10);
    CHECK_EQ(told, 1);
    CHECK_EQ(counts[0], 1);
    CHECK_EQ(packets[0], 10);
    for (int i = 0; i < 1000; i++)
        events_skip(&s->base, 3);
    events_tick_session(&s->base, now_ms + EVENT_GATHER_MS - 1);
    CHECK_EQ(told, 1);
    events_tick_session(&s->base, now_ms + EVENT_GATHER_MS);
    CHECK_EQ(told, 2);
    CHECK_EQ(counts[1], 1000);
    CHECK_EQ(packets[1], 3000);
    events_tick_session(&s->base, now_ms + 10 * EVENT_GATHER_MS); /* nothing happened */
    CHECK_EQ(told, 2);
    events_skip(&s->base, 7);
    events_emit(EVENT_DONE_PLAY, &s->base, "over");
    CHECK_EQ(told, 3);
    CHECK_EQ(counts[2], 1);
    assert_string_equal(a->log, "prePlay /live/a, skip /live/a, skip /live/a, skip /live/a, donePlay /live/a");
    session_close(&s->base, "over");
    asking_free(a);
}

static void test_limits(void **state)
{
    (void)state;
    struct asking *a = begin();
    events_tick_limits(a->worker);
    CHECK_EQ(told, 0);
    for (int i = 0; i < 5; i++)
        limit_hit(&a->context->stats, LIMIT_STREAMS);
    limit_hit(&a->context->stats, LIMIT_IDLE);
    events_tick_limits(a->worker);
    CHECK_EQ(told, 2); /* each of the two */
    CHECK_EQ(counts[0], 5);
    CHECK_EQ(counts[1], 1);
    limit_hit(&a->context->stats, LIMIT_STREAMS);
    events_tick_limits(a->worker); /* too soon */
    CHECK_EQ(told, 2);
    a->context->events.limits[LIMIT_STREAMS].quiet_until_ms = 0;
    limit_hit(&a->context->stats, LIMIT_STREAMS);
    events_tick_limits(a->worker);
    CHECK_EQ(told, 3);
    CHECK_EQ(counts[2], 2);
    asking_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_skips), cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
