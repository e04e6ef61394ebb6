/* Who is asked before a stream is given: the rules, then who decides, now or later or not any more. */
#include "check.h"

#include "asking.h"
#include "core/config_keys.h"

static const struct access_verdict allowed = { .result = ACCESS_ALLOWED };

static void set(struct asking *a, const char *key, const char *json)
{
    char    why[200];
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    CHECK_EQ(config_key_set(config_key_find(key), a->config, value, why, sizeof why), 0);
    json_decref(value);
}

static void test_nobody_decides(void **state)
{
    (void)state;
    struct asking *a = asking_new();
    a->decides = false;
    struct asker *s = asking_ask(a, "/live/a", "");
    CHECK(s->answered && s->answer.allowed && !access_is_asked(&s->base));
    assert_string_equal(a->log, "prePlay /live/a");
    session_close(&s->base, "over");
    asking_free(a);
}

static void test_later(void **state)
{
    (void)state;
    struct asking *a = asking_new();
    struct asker  *yes = asking_ask(a, "/live/a", ""), *no = asking_ask(a, "/live/b", ""), *maybe = asking_ask(a, "/live/c", "");
    struct access_verdict refused = { ACCESS_REFUSED, "not today", "" }, failed = { ACCESS_FAILED, "", "" };
    CHECK(!yes->answered && access_is_asked(&yes->base));
    asking_settle(a, 1, &refused);
    CHECK(no->answered && !no->answer.allowed && !no->answer.failed && !access_is_asked(&no->base));
    assert_string_equal(no->why, "not today");
    assert_string_equal(no->answer.log, "play stream /live/b was refused by a webhook: not today");
    CHECK(!yes->answered && !maybe->answered);
    asking_settle(a, 0, &allowed);
    CHECK(yes->answered && yes->answer.allowed);
    asking_settle(a, 2, &failed);
    CHECK(maybe->answered && !maybe->answer.allowed && maybe->answer.failed);
    assert_string_equal(maybe->why, "try again later");
    CHECK_EQ(stats_get(&a->context->stats.refused_by_hook), 2);
    CHECK_EQ(a->withdrawn, 0);
    session_close(&yes->base, "over");
    session_close(&no->base, "over");
    session_close(&maybe->base, "over");
    asking_free(a);
}

/* The answer comes when the session has gone: before its memory is freed, and after. */
static void test_gone(void **state)
{
    (void)state;
    struct asking *a = asking_new();
    struct asker  *s = asking_ask(a, "/live/a", "");
    CHECK(access_is_wanted(a->questions[0]));
    session_close(&s->base, "gone");
    CHECK_EQ(a->withdrawn, 1);
    CHECK(!access_is_wanted(a->questions[0]));
    access_settle(a->questions[0], &allowed);
    asking_ask(a, "/live/b", "");
    access_settle(a->questions[1], &allowed); /* it is on its way when the session goes */
    session_close(LIST_ITEM(a->worker->sessions.next, struct session, link), "gone");
    worker_settle_all(a->context);
    asking_free(a);
}

static void test_rules_come_first(void **state)
{
    (void)state;
    struct asking *a = asking_new();
    set(a, "play.deny", "[\"127.0.0.1\"]");
    struct asker *s = asking_ask(a, "/live/a", "");
    CHECK(s->answered && !s->answer.allowed);
    CHECK_EQ(a->count, 0);
    assert_string_equal(a->log, "");
    session_close(&s->base, "over");
    asking_free(a);
}

/* The query stays; who decides is not asked again; a name that cannot be is passed over. */
static void test_other_names(void **state)
{
    (void)state;
    struct asking        *a = asking_new();
    struct asker         *s = asking_ask(a, "/live/a", "token=x%20y"), *t = asking_ask(a, "/live/a", "");
    struct access_verdict other = { .result = ACCESS_ALLOWED, .path = "/app/b" };
    struct access_verdict broken = { .result = ACCESS_ALLOWED, .path = "../b" };
    asking_settle(a, 0, &other);
    CHECK(s->answered && s->answer.allowed);
    assert_string_equal(session_path(&s->base), "/app/b");
    assert_string_equal(s->base.stream->app, "app");
    CHECK(bytes_equal(s->base.stream->query, bytes_of("token=x%20y")));
    assert_string_equal(s->base.log.path, "/app/b");
    asking_settle(a, 1, &broken);
    assert_string_equal(session_path(&t->base), "/live/a");
    assert_string_equal(a->log, "prePlay /live/a, prePlay /live/a");
    session_close(&s->base, "over");
    session_close(&t->base, "over");
    asking_free(a);
}

/* The new name must be one that this address may have. */
static void test_other_names_have_rules(void **state)
{
    (void)state;
    struct asking        *a = asking_new();
    struct asker         *s = asking_ask(a, "/live/a", "");
    struct access_verdict other = { .result = ACCESS_ALLOWED, .path = "/app/b" };
    set(a, "play.deny", "[\"127.0.0.1\"]"); /* a reload, meanwhile */
    asking_settle(a, 0, &other);
    CHECK(s->answered && !s->answer.allowed && !s->answer.failed);
    assert_string_equal(s->why, "not allowed from this address");
    session_close(&s->base, "over");
    asking_free(a);
}

/* One decides, whoever comes first. */
static void test_one_decides(void **state)
{
    (void)state;
    struct asking         *a = asking_new();
    struct asker          *s = asking_ask(a, "/live/a", "");
    struct access_decider  other = { asking_on_withdrawn };
    assert_null(access_take(a->questions[0], &other));
    assert_null(access_take(NULL, &other));
    asking_settle(a, 0, &allowed);
    CHECK(s->answered);
    session_close(&s->base, "over");
    asking_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_decides),         cmocka_unit_test(test_later),
        cmocka_unit_test(test_gone),                   cmocka_unit_test(test_rules_come_first),
        cmocka_unit_test(test_other_names),            cmocka_unit_test(test_other_names_have_rules),
        cmocka_unit_test(test_one_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
