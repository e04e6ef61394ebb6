#include "check.h"

#include "core/pace.h"

#define MS UINT64_C(1000000)

/* A worker that is `share` busy for `ms`, looking at its pace every `turn_ms`. */
static void spend(struct pace *p, uint64_t *now_ns, uint64_t *busy_ns, double share, unsigned ms, unsigned turn_ms)
{
    for (unsigned at = 0; at < ms; at += turn_ms) {
        *now_ns += turn_ms * MS;
        *busy_ns += (uint64_t)(share * (double)(turn_ms * MS));
        pace_observe(p, *now_ns, *busy_ns, 0);
    }
}

/* The window that a share leads to once it has lasted. */
static unsigned window_of(double share)
{
    struct pace p = { 0 };
    uint64_t    now_ns = 7, busy_ns = 3;
    pace_observe(&p, now_ns, busy_ns, 0);
    spend(&p, &now_ns, &busy_ns, share, 20000, 7);
    CHECK_EQ(pace_busy_permille(&p), (unsigned)(share * 1000 + 0.5));
    return pace_window_ms(&p);
}

static void test_curve(void **state)
{
    (void)state;
    CHECK_EQ(window_of(0), 0);
    CHECK_EQ(window_of(0.1), 0);
    CHECK_EQ(window_of(0.11), 0);
    CHECK_EQ(window_of(0.15), 2);
    CHECK_EQ(window_of(0.35), 10);
    CHECK_EQ(window_of(0.55), 18);
    CHECK_EQ(window_of(0.6), PACE_WINDOW_MAX_MS);
    CHECK_EQ(window_of(1), PACE_WINDOW_MAX_MS);
    for (unsigned share = 1; share <= 100; share++)
        CHECK(window_of(share / 100.0) >= window_of((share - 1) / 100.0));
}

/* The first look has no time behind it; what lies before it does not count. */
static void test_start(void **state)
{
    (void)state;
    struct pace p = { 0 };
    CHECK_EQ(pace_window_ms(&p), 0);
    CHECK_EQ(pace_busy_permille(&p), 0);
    CHECK(pace_observe(&p, 1000000 * MS, 1000000 * MS, 0));
    CHECK_EQ(pace_busy_permille(&p), 0);
    CHECK(!pace_observe(&p, 1000000 * MS, 1000000 * MS, 0)); /* no time has passed */
    CHECK(!pace_observe(&p, 1000049 * MS, 1000049 * MS, 0));
    CHECK(pace_observe(&p, 1000050 * MS, 1000050 * MS, 0));
    CHECK_EQ(pace_busy_permille(&p), 48); /* 50 ms of work weigh little in a second */
}

/* One long turn, as a storm of viewers makes it, is not taken for a busy worker; nor is one
 * quiet moment for an idle one. */
static void test_smoothing(void **state)
{
    (void)state;
    struct pace p = { 0 };
    uint64_t    now_ns = 0, busy_ns = 0;
    pace_observe(&p, now_ns, busy_ns, 0);
    spend(&p, &now_ns, &busy_ns, 0.02, 10000, 5);
    spend(&p, &now_ns, &busy_ns, 1, 100, 100);
    CHECK_EQ(pace_window_ms(&p), 0);
    spend(&p, &now_ns, &busy_ns, 1, 3000, 5);
    CHECK_EQ(pace_window_ms(&p), PACE_WINDOW_MAX_MS);
    spend(&p, &now_ns, &busy_ns, 0, 100, 5);
    CHECK(pace_window_ms(&p) >= PACE_WINDOW_MAX_MS - 3); /* the share is 86 % still */
    spend(&p, &now_ns, &busy_ns, 0, 5000, 5);
    CHECK_EQ(pace_window_ms(&p), 0);
}

/* Time that is said to be busy for longer than it lasted, as rounding may have it. */
static void test_odd_shares(void **state)
{
    (void)state;
    struct pace p = { 0 };
    pace_observe(&p, 0, 0, 0);
    pace_observe(&p, 3600000 * MS, 3600001 * MS, 0); /* a turn of an hour */
    CHECK(pace_busy_permille(&p) <= 1000);
    CHECK_EQ(pace_window_ms(&p), PACE_WINDOW_MAX_MS);
}

/* The rest that so many events a second lead to. */
static unsigned rest_of(uint64_t rate, unsigned window_ms)
{
    struct pace p = { 0 };
    for (uint64_t second = 0; second < 20; second++)
        pace_observe(&p, second * 1000 * MS, 0, second * rate);
    return pace_rest_ms(&p, window_ms);
}

static void test_rest(void **state)
{
    (void)state;
    CHECK_EQ(rest_of(100000, 0), 0); /* at once is at once */
    CHECK_EQ(rest_of(100000, 1), 0);
    CHECK_EQ(rest_of(100000, 2), 1);
    CHECK_EQ(rest_of(100000, 10), 5);
    CHECK_EQ(rest_of(100000, 20), PACE_REST_MAX_MS);
    CHECK_EQ(rest_of(100000, 1000), PACE_REST_MAX_MS);
    CHECK_EQ(rest_of(100, 20), 0); /* a publisher or two: nothing to gather */
    CHECK_EQ(rest_of(3000, 10), 0);
    CHECK_EQ(rest_of(3300, 10), 5);
    CHECK_EQ(rest_of(1700, 20), PACE_REST_MAX_MS);
}

/* A worker whose work is done once a flush: `each` for every packet that is sent alone, so that a
 * window of w ms, with packets every 10 ms, costs each * 100 / (1 + w / 10) of a second.  It
 * settles, and stays within a millisecond, from wherever it starts. */
static void check_settles(double each, double share)
{
    struct pace p = { .began = true, .share = share };
    uint64_t    now_ns = 0, busy_ns = 0;
    unsigned    least = 1000, most = 0;
    for (unsigned ms = 0; ms < 60000; ms += 10) {
        double load = each * 100 / (1 + pace_window_ms(&p) / 10.0);
        spend(&p, &now_ns, &busy_ns, load < 1 ? load : 1, 10, 10);
        if (ms < 10000)
            continue;
        least = pace_window_ms(&p) < least ? pace_window_ms(&p) : least;
        most = pace_window_ms(&p) > most ? pace_window_ms(&p) : most;
    }
    CHECK(most - least <= 1);
}

static void test_settles(void **state)
{
    (void)state;
    for (int load = 1; load <= 40; load++) {
        check_settles(load / 1000.0, 0);
        check_settles(load / 1000.0, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_smoothing),
        cmocka_unit_test(test_odd_shares),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_settles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
