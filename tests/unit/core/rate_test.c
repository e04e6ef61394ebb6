#include "check.h"

#include "core/rate.h"

static void test_too_little(void **state)
{
    (void)state;
    struct rate r = { 0 };
    CHECK_EQ(rate_bits(&r), 0);
    rate_sample(&r, 1000, 5000);
    CHECK_EQ(rate_bits(&r), 0);
    rate_sample(&r, 2000, 5000); /* no time has passed */
    CHECK_EQ(rate_bits(&r), 0);
}

static void test_steady(void **state)
{
    (void)state;
    struct rate r = { 0 };
    for (uint64_t s = 0; s < 100; s++) {
        rate_sample(&r, 125000 * s, 7000 + 1000 * s);
        CHECK_EQ(rate_bits(&r), s > 0 ? 1000000 : 0);
    }
}

/* What happened more than RATE_SPAN samples ago has no part in it. */
static void test_change(void **state)
{
    (void)state;
    struct rate r = { 0 };
    uint64_t    count = 0, now_ms = 0;
    for (int i = 0; i < 20; i++)
        rate_sample(&r, count += 100, now_ms += 1000);
    assert_float_equal(rate_get(&r), 100, 0.001);
    for (int i = 1; i <= RATE_SPAN; i++) {
        rate_sample(&r, count, now_ms += 1000);
        assert_float_equal(rate_get(&r), 100.0 * (RATE_SPAN - i) / RATE_SPAN, 0.001);
    }
    CHECK_EQ(rate_bits(&r), 0);
}

/* Samples that come late say no more than was counted. */
static void test_uneven(void **state)
{
    (void)state;
    struct rate r = { 0 };
    rate_sample(&r, 0, 0);
    rate_sample(&r, 10, 100);
    rate_sample(&r, 310, 3100);
    assert_float_equal(rate_get(&r), 100, 0.001);
}

static void test_begins_anew(void **state)
{
    (void)state;
    struct rate r = { 0 };
    rate_sample(&r, 1000, 1000);
    rate_sample(&r, 2000, 2000);
    rate_sample(&r, 5, 3000); /* another count */
    CHECK_EQ(rate_bits(&r), 0);
    rate_sample(&r, 15, 4000);
    assert_float_equal(rate_get(&r), 10, 0.001);
    rate_sample(&r, 25, 3999); /* another clock */
    CHECK_EQ(rate_bits(&r), 0);
}

static void test_large(void **state)
{
    (void)state;
    struct rate r = { 0 };
    rate_sample(&r, UINT64_MAX - 12500000000, 1);
    rate_sample(&r, UINT64_MAX, 1001);
    CHECK_EQ(rate_bits(&r), 100000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_little), cmocka_unit_test(test_steady), cmocka_unit_test(test_change),
        cmocka_unit_test(test_uneven),     cmocka_unit_test(test_begins_anew), cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
