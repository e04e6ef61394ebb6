#include "bench/histogram.h"

#include "check.h"

static void test_small_values_are_exact(void **state)
{
    (void)state;
    static struct histogram h;
    CHECK_EQ(histogram_percentile(&h, 50), 0);
    for (unsigned i = 1; i <= 100; i++)
        histogram_add(&h, i);
    CHECK_EQ(histogram_percentile(&h, 50), 50);
    CHECK_EQ(histogram_percentile(&h, 99), 99);
    CHECK_EQ(histogram_percentile(&h, 99.9), 100);
    CHECK_EQ(histogram_percentile(&h, 100), 100);
    CHECK_EQ(histogram_percentile(&h, 0), 1);
    CHECK(histogram_mean_us(&h) == 50.5);
}

/* Every value comes back from a histogram of its own, not lower, and at most 1.6 % higher. */
static void test_precision(void **state)
{
    (void)state;
    for (uint64_t value = 1; value < UINT64_C(1) << 36; value += 1 + value / 97) {
        struct histogram h = { .count = 0 };
        histogram_add(&h, value);
        histogram_add(&h, UINT64_C(1) << 36);
        uint64_t got = histogram_percentile(&h, 50);
        CHECK(got >= value && got - value <= value / 64);
    }
}

static void test_beyond_the_last_bucket(void **state)
{
    (void)state;
    static struct histogram h;
    histogram_add(&h, UINT64_MAX / 4);
    histogram_add(&h, UINT64_C(1) << 50);
    CHECK(histogram_percentile(&h, 50) == UINT64_MAX / 4);
    CHECK(h.max_us == UINT64_MAX / 4);
}

static void test_merge(void **state)
{
    (void)state;
    static struct histogram a, b, both;
    for (unsigned i = 0; i < 1000; i++) {
        histogram_add(i % 3 ? &a : &b, i * 17);
        histogram_add(&both, i * 17);
    }
    histogram_merge(&a, &b);
    assert_memory_equal(&a, &both, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_values_are_exact),
        cmocka_unit_test(test_precision),
        cmocka_unit_test(test_beyond_the_last_bucket),
        cmocka_unit_test(test_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
