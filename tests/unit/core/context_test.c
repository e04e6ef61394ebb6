/* context_test.c - how many connections there may be, in all and from one address. */
#include "check.h"

#include "base/log.h"
#include "core/config.h"
#include "core/config_keys.h"
#include "core/context.h"

static uint64_t hits(struct context *c, enum limit limit)
{
    return stats_get(&c->stats.limits_hit[limit]);
}

static struct context *make(struct config **config, uint32_t connections, uint32_t per_ip)
{
    *config = config_new();
    (*config)->limits.connections = connections;
    (*config)->limits.connections_per_ip = per_ip;
    return context_new(*config);
}

static void test_in_all(void **state)
{
    (void)state;
    struct config  *config;
    struct context *c = make(&config, 2, 0);
    CHECK(context_admit(c, "192.0.2.1"));
    CHECK(context_admit(c, "192.0.2.1"));
    CHECK(!context_admit(c, "192.0.2.2"));
    CHECK_EQ(stats_get(&c->stats.connections), 2);
    CHECK_EQ(stats_get(&c->stats.connections_accepted), 2);
    CHECK_EQ(stats_get(&c->stats.connections_refused), 1);
    CHECK_EQ(hits(c, LIMIT_CONNECTIONS), 1);
    CHECK_EQ(hits(c, LIMIT_CONNECTIONS_PER_IP), 0);
    context_dismiss(c, "192.0.2.1");
    CHECK(context_admit(c, "192.0.2.2"));
    context_dismiss(c, "192.0.2.1");
    context_dismiss(c, "192.0.2.2");
    CHECK_EQ(stats_get(&c->stats.connections), 0);
    CHECK_EQ(map_count(c->addresses), 0);
    context_free(c);
    config_free(config);
}

static void test_per_ip(void **state)
{
    (void)state;
    struct config  *config;
    struct context *c = make(&config, 100, 2);
    CHECK(context_admit(c, "192.0.2.1"));
    CHECK(context_admit(c, "192.0.2.1"));
    CHECK(!context_admit(c, "192.0.2.1"));
    CHECK(!context_admit(c, "192.0.2.1"));
    CHECK(context_admit(c, "2001:db8::1"));
    CHECK_EQ(hits(c, LIMIT_CONNECTIONS_PER_IP), 2);
    CHECK_EQ(hits(c, LIMIT_CONNECTIONS), 0);
    context_dismiss(c, "192.0.2.1");
    CHECK(context_admit(c, "192.0.2.1"));
    CHECK(!context_admit(c, "192.0.2.1"));
    CHECK_EQ(map_count(c->addresses), 2);
    context_dismiss(c, "192.0.2.1");
    context_dismiss(c, "192.0.2.1");
    context_dismiss(c, "2001:db8::1");
    CHECK_EQ(map_count(c->addresses), 0);
    context_free(c);
    config_free(config);
}

/* Every limit has a key that exists, and a phrase that names it. */
static void test_limits_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const char *key = limit_key((enum limit)i);
        assert_non_null(key);
        assert_non_null(strstr(limit_phrase((enum limit)i), key));
        assert_non_null(config_key_find(key));
    }
}

static void test_gop_limits(void **state)
{
    (void)state;
    static const struct config_set sets[] = {
        { "--set", "apps.slow.delivery.gop_cache", "false" }, { "--set", "delivery.gop_ms", "4000" },
        { "--set", "apps.long.delivery.gop_ms", "8000" },
    };
    struct config *config = NULL;
    char           error[CONFIG_ERROR_SIZE];
    CHECK_EQ(config_load(NULL, sets, COUNT(sets), &config, error), 0);
    CHECK_EQ(context_gop_limits(config, "/live/s").duration_ms, 4000);
    CHECK_EQ(context_gop_limits(config, "/long/s").duration_ms, 8000);
    CHECK(context_gop_limits(config, "/live/s").size_max > 0);
    CHECK_EQ(context_gop_limits(config, "/slow/s").size_max, 0);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_all),
        cmocka_unit_test(test_per_ip),
        cmocka_unit_test(test_limits_have_names),
        cmocka_unit_test(test_gop_limits),
    };
    log_setup(LOG_LEVEL_NONE, LOG_FORMAT_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
