#include "check.h"

#include "core/history.h"

static void add(struct history *h, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        history_add(h, &(struct history_point){ .viewers = i, .in_bitrate = (float)i }, 1000 * (int64_t)i);
}

static void check_points(const struct history *h, uint32_t first, uint32_t count)
{
    struct history_point points[HISTORY_POINTS];
    CHECK_EQ(history_read(h, points), count);
    for (uint32_t i = 0; i < count; i++)
        CHECK_EQ(points[i].viewers, first + i);
}

static void test_fills_and_goes_round(void **state)
{
    (void)state;
    struct history h = { 0 };
    check_points(&h, 0, 0);
    uint32_t last = 0;
    for (uint32_t end = 1; end < 1000; end += 7) {
        add(&h, last, end);
        last = end;
        check_points(&h, end > HISTORY_POINTS ? end - HISTORY_POINTS : 0,
                     end < HISTORY_POINTS ? end : HISTORY_POINTS);
        CHECK_EQ(h.end_ms, 1000 * (int64_t)(end - 1));
        CHECK(h.capacity <= HISTORY_POINTS);
    }
    history_clear(&h);
    check_points(&h, 0, 0);
    add(&h, 5, 7);
    check_points(&h, 5, 2);
    history_clear(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fills_and_goes_round) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
