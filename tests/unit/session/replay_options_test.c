/* What a URL may say of the period it wants. */
#include "check.h"

#include "base/error.h"
#include "session/replay_options.h"

static const int64_t now_ms = INT64_C(1769846707000);

static void test_good(void **state)
{
    (void)state;
    struct replay_options o;
    const char           *why = NULL;
    CHECK_EQ(replay_options_read(bytes_of(""), now_ms, &o, &why), 0);
    CHECK(o.from_ms == 0 && o.to_ms == INT64_MAX && !o.follows && !o.is_fast && !o.closes_gaps);
    struct bytes query = bytes_of("sign=x&from=1769846700&to=1769846706500&pace=fast&gaps=close");
    CHECK_EQ(replay_options_read(query, now_ms, &o, &why), 0);
    CHECK_EQ(o.from_ms, INT64_C(1769846700000));
    CHECK_EQ(o.to_ms, INT64_C(1769846706500));
    CHECK(!o.follows && o.is_fast && o.closes_gaps);
    query = bytes_of("from=2026-01-31T08:00:00+00:00&to=2026-01-31T10:00:00%2B01:00&pace=real");
    CHECK_EQ(replay_options_read(query, now_ms, &o, &why), 0);
    CHECK_EQ(o.from_ms, INT64_C(1769846400000));
    CHECK_EQ(o.to_ms, INT64_C(1769850000000));
    CHECK(o.follows && !o.is_fast);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct { const char *query, *why; } cases[] = {
        { "from=", "from=" },          { "from=x", "from=" },        { "to=tomorrow", "to=" },
        { "pace=slow", "pace=" },      { "pace=", "pace=" },         { "gaps=1", "gaps=" },
        { "from=1&from=2", "from=" },  { "to=9&to=9", "to=" },       { "from=20&to=10", "to=" },
        { "from=10&to=10", "to=" },    { "from=1769846708", "from= is in the future" },
        { "from=%zz", "from=" },       { "gaps=keep&g%61ps=keep", "gaps=" },
        { "from=2026-01-31T09:05:07.0000000000000000000000000000000000000000000000Z", "from=" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct replay_options o = { .from_ms = 7 };
        const char           *why = NULL;
        uint8_t              *query = copy_exact(cases[i].query, strlen(cases[i].query));
        struct bytes          exact = { query, strlen(cases[i].query) };
        CHECK_EQ(replay_options_read(exact, now_ms, &o, &why), ERR_INVALID);
        assert_non_null(why);
        assert_memory_equal(why, cases[i].why, strlen(cases[i].why));
        CHECK_EQ(o.from_ms, 7);
        free(query);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_bad) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
