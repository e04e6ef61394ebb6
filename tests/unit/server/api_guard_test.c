#include "check.h"

#include "server/api_guard.h"

#include <stdio.h>

#define NOW 1000000

static void test_failures(void **state)
{
    (void)state;
    struct api_guard *g = api_guard_new();
    for (int i = 0; i < API_GUARD_FAILURES_MAX; i++) {
        CHECK_EQ(api_guard_wait_s(g, "192.0.2.7", NOW + i), 0);
        api_guard_fail(g, "192.0.2.7", NOW + i);
    }
    CHECK_EQ(api_guard_wait_s(g, "192.0.2.7", NOW + 1000), 59);
    CHECK_EQ(api_guard_wait_s(g, "192.0.2.8", NOW + 1000), 0);
    CHECK_EQ(api_guard_wait_s(g, "192.0.2.7", NOW + API_GUARD_FAILURES_MS - 1), 1);
    CHECK_EQ(api_guard_wait_s(g, "192.0.2.7", NOW + API_GUARD_FAILURES_MS), 0);
    api_guard_fail(g, "192.0.2.7", NOW + API_GUARD_FAILURES_MS);
    CHECK_EQ(api_guard_wait_s(g, "192.0.2.7", NOW + API_GUARD_FAILURES_MS), 0); /* counted anew */
    api_guard_free(g);
}

/* Who has one address of IPv6 has the whole network. */
static void test_networks(void **state)
{
    (void)state;
    struct api_guard *g = api_guard_new();
    char              ip[64];
    for (int i = 0; i < API_GUARD_FAILURES_MAX; i++) {
        snprintf(ip, sizeof ip, "2001:db8:0:1::%x", i);
        api_guard_fail(g, ip, NOW);
    }
    CHECK(api_guard_wait_s(g, "2001:db8:0:1:ffff::1", NOW) > 0);
    CHECK_EQ(api_guard_wait_s(g, "2001:db8:0:2::1", NOW), 0);
    api_guard_free(g);
}

/* Many addresses: the oldest is forgotten, the memory is bounded. */
static void test_many_addresses(void **state)
{
    (void)state;
    struct api_guard *g = api_guard_new();
    char              ip[64];
    for (int i = 0; i < API_GUARD_FAILURES_MAX; i++) {
        api_guard_fail(g, "192.0.2.7", NOW);
        api_guard_fail(g, "192.0.2.8", NOW);
    }
    for (unsigned i = 0; i < API_GUARD_ADDRESSES_MAX - 1; i++) {
        snprintf(ip, sizeof ip, "10.%u.%u.1", i / 256, i % 256);
        api_guard_fail(g, ip, NOW);
    }
    CHECK_EQ(api_guard_wait_s(g, "192.0.2.7", NOW), 0);
    CHECK_EQ(api_guard_wait_s(g, "192.0.2.8", NOW), 60);
    api_guard_free(g);
}

static void test_verified(void **state)
{
    (void)state;
    struct api_guard *g = api_guard_new();
    char              hash[32];
    CHECK(!api_guard_knows(g, "hash", "password", NOW));
    api_guard_remember(g, "hash", "password", NOW);
    CHECK(api_guard_knows(g, "hash", "password", NOW));
    CHECK(!api_guard_knows(g, "hash", "passwore", NOW));
    CHECK(!api_guard_knows(g, "hashp", "assword", NOW));
    CHECK(!api_guard_knows(g, "other", "password", NOW));
    CHECK(api_guard_knows(g, "hash", "password", NOW + API_GUARD_VERIFIED_MS - 1));
    CHECK(!api_guard_knows(g, "hash", "password", NOW + API_GUARD_VERIFIED_MS));
    for (int i = 0; i < API_GUARD_VERIFIED_MAX; i++) {
        snprintf(hash, sizeof hash, "hash %d", i);
        api_guard_remember(g, hash, "x", NOW + 1);
        api_guard_remember(g, hash, "x", NOW + 2); /* the same again takes no room */
    }
    CHECK(!api_guard_knows(g, "hash", "password", NOW + 2));
    CHECK(api_guard_knows(g, "hash 0", "x", NOW + 2));
    api_guard_free(g);
}

static char                 anna[] = "anna", bob[] = "bob", hash_a[] = "hash a", hash_b[] = "hash b";
static struct config_caller callers[] = { { anna, hash_a, true }, { bob, hash_b, false } };

static void test_logins(void **state)
{
    (void)state;
    struct api_guard     *g = api_guard_new();
    struct config_callers users = { callers, 2 }, less = { callers + 1, 1 };
    char                  one[PASSWORD_TOKEN_SIZE], two[PASSWORD_TOKEN_SIZE];
    CHECK_EQ(api_guard_log_in(g, "anna", "hash a", NOW, one), 0);
    CHECK_EQ(api_guard_log_in(g, "bob", "hash b", NOW, two), 0);
    CHECK(api_guard_find(g, &users, one, NOW) == &callers[0]);
    CHECK(api_guard_find(g, &users, two, NOW) == &callers[1]);
    assert_null(api_guard_find(g, &users, "", NOW));
    assert_null(api_guard_find(g, &users, "x", NOW));
    CHECK(api_guard_find(g, &less, two, NOW) == &callers[1]);
    assert_null(api_guard_find(g, &less, one, NOW));
    assert_null(api_guard_find(g, &users, one, NOW)); /* a user who was gone has to log in again */
    CHECK(api_guard_find(g, &users, two, NOW + API_GUARD_LOGIN_MS - 1) == &callers[1]);
    assert_null(api_guard_find(g, &users, two, NOW + API_GUARD_LOGIN_MS));
    CHECK_EQ(api_guard_log_in(g, "bob", "an old hash", NOW, two), 0);
    assert_null(api_guard_find(g, &users, two, NOW)); /* the password is another by now */
    CHECK_EQ(api_guard_log_in(g, "bob", "hash b", NOW, two), 0);
    CHECK(api_guard_log_out(g, two));
    CHECK(!api_guard_log_out(g, two));
    assert_null(api_guard_find(g, &users, two, NOW));
    api_guard_free(g);
}

static void test_many_logins(void **state)
{
    (void)state;
    struct api_guard     *g = api_guard_new();
    struct config_callers users = { callers, 2 };
    char                  first[PASSWORD_TOKEN_SIZE], second[PASSWORD_TOKEN_SIZE], more[PASSWORD_TOKEN_SIZE];
    CHECK_EQ(api_guard_log_in(g, "anna", "hash a", NOW, first), 0);
    CHECK_EQ(api_guard_log_in(g, "anna", "hash a", NOW + 1, second), 0);
    for (int i = 0; i < API_GUARD_LOGINS_MAX - 1; i++)
        CHECK_EQ(api_guard_log_in(g, "bob", "hash b", NOW + 2, more), 0);
    assert_null(api_guard_find(g, &users, first, NOW + 3));
    assert_non_null(api_guard_find(g, &users, second, NOW + 3));
    assert_non_null(api_guard_find(g, &users, more, NOW + 3));
    api_guard_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures),       cmocka_unit_test(test_networks),
        cmocka_unit_test(test_many_addresses), cmocka_unit_test(test_verified),
        cmocka_unit_test(test_logins),         cmocka_unit_test(test_many_logins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
