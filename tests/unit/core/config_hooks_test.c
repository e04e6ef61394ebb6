/* notify.url and notify.hooks: what is taken, what is refused without a word of it, what is printed. */
#include "check.h"

#include "base/error.h"
#include "core/config_hooks.h"
#include "core/events.h"

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

static int set_urls(struct config_list *list, const char *text, char *why, size_t size)
{
    json_t *value = parse(text);
    int     result = config_urls_set(list, value, 2, why, size);
    json_decref(value);
    return result;
}

static int set_hooks(struct config_hooks *hooks, const char *text, char *why, size_t size)
{
    json_t *value = parse(text);
    int     result = config_hooks_set(hooks, value, 3, why, size);
    json_decref(value);
    return result;
}

static void clear(struct config_list *list)
{
    char why[100];
    CHECK_EQ(set_urls(list, "[]", why, sizeof why), 0);
    free(list->items);
}

static void test_urls(void **state)
{
    (void)state;
    struct config_list list = { 0 };
    char               why[200];
    CHECK_EQ(set_urls(&list, "\"http://127.0.0.1:3000/notify\"", why, sizeof why), 0);
    CHECK_EQ(list.count, 1);
    CHECK_EQ(set_urls(&list, "[\"https://u:p@example.org/a?b=c\",\"HTTP://[::1]/\"]", why, sizeof why), 0);
    CHECK_EQ(list.count, 2);
    assert_string_equal(list.items[1], "HTTP://[::1]/");
    static const char *const wrong[] = {
        "7", "{}", "[7]", "[\"\"]", "\"example.org\"", "\"ftp://example.org/\"", "\"file:///etc/passwd\"", "\"http://\"",
        "\"http://a b/\"", "\"http://a/\\r\\nX: y\"", "[\"http://a/\",\"http://b/\",\"http://c/\"]",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK_EQ(set_urls(&list, wrong[i], why, sizeof why), ERR_INVALID);
        assert_null(strstr(why, "example"));
    }
    CHECK_EQ(list.count, 2); /* unchanged */
    CHECK_EQ(set_urls(&list, "\"\"", why, sizeof why), 0); /* none, as in the original */
    CHECK_EQ(list.count, 0);
    clear(&list);
}

static void test_hooks(void **state)
{
    (void)state;
    struct config_hooks hooks = { 0 };
    char                why[200];
    CHECK_EQ(set_hooks(&hooks, "[{\"url\":\"http://a/\"},"
                               "{\"url\":\"https://b/c\",\"events\":[\"postPlay\",\"skip\"],\"apps\":[\"live\"],\"secret\":\"s\","
                               "\"timeout_ms\":100,\"retries\":0,\"on_error\":\"allow\"},"
                               "{\"url\":\"http://a/\",\"events\":[\"*\"],\"on_error\":\"deny\"}]", why, sizeof why), 0);
    CHECK_EQ(hooks.count, 3);
    const struct config_hook *h = hooks.items;
    CHECK_EQ(h[0].events, (1u << (EVENT_DONE_RECORD + 1)) - 1); /* those that the original has */
    CHECK(h[0].secret == NULL && h[0].apps.count == 0 && h[0].timeout_ms == 0 && h[0].retries == -1 && h[0].on_error == -1);
    CHECK_EQ(h[1].events, 1u << EVENT_POST_PLAY | 1u << EVENT_SKIP);
    assert_string_equal(h[1].apps.items[0], "live");
    assert_string_equal(h[1].secret, "s");
    CHECK(h[1].timeout_ms == 100 && h[1].retries == 0 && h[1].on_error == CONFIG_ON_ERROR_ALLOW);
    CHECK_EQ(h[2].events, (1u << EVENT_TYPES) - 1);
    CHECK_EQ(h[2].on_error, CONFIG_ON_ERROR_DENY);
    json_t *back = config_hooks_get(&hooks);
    struct config_hooks again = { 0 };
    CHECK_EQ(config_hooks_set(&again, back, 3, why, sizeof why), 0);
    json_t *twice = config_hooks_get(&again);
    CHECK(json_equal(back, twice));
    json_decref(back);
    json_decref(twice);
    config_hooks_clear(&hooks);
    config_hooks_clear(&again);
    CHECK_EQ(hooks.count, 0);
}

static void test_refusals(void **state)
{
    (void)state;
    struct config_hooks hooks = { 0 };
    static const struct { const char *value, *why; } cases[] = {
        { "{}", "expected a list of up to 3 objects with a url" },
        { "[7]", "item 1: expected an object with a url" },
        { "[{}]", "item 1: expected an object with a url" },
        { "[{\"url\":\"http://a/\"},{\"url\":\"gopher://topsecret/\"}]", "item 2: url: expected http://host/path or https://host/path" },
        { "[{\"url\":\"http://a/\",\"events\":[\"topsecret\"]}]", "item 1: events: expected a list of names of events, or [\"*\"]" },
        { "[{\"url\":\"http://a/\",\"events\":[]}]", "item 1: events: expected a list of names of events, or [\"*\"]" },
        { "[{\"url\":\"http://a/\",\"events\":\"postPlay\"}]", "item 1: events: expected a list of names of events, or [\"*\"]" },
        { "[{\"url\":\"http://a/\",\"apps\":[\"../x\"]}]", "item 1: apps: expected a list of names of apps" },
        { "[{\"url\":\"http://a/\",\"secret\":7}]", "item 1: secret: expected a text" },
        { "[{\"url\":\"http://a/\",\"timeout_ms\":99}]", "item 1: timeout_ms: expected a number from 100 to 60000" },
        { "[{\"url\":\"http://a/\",\"timeout_ms\":1.5}]", "item 1: timeout_ms: expected a number from 100 to 60000" },
        { "[{\"url\":\"http://a/\",\"retries\":101}]", "item 1: retries: expected a number from 0 to 100" },
        { "[{\"url\":\"http://a/\",\"on_error\":\"maybe\"}]", "item 1: on_error: expected \"deny\" or \"allow\"" },
        { "[{\"url\":\"http://a/\",\"event\":[]}]",
          "item 1: it has a member that is none of url, events, apps, secret, timeout_ms, retries, on_error" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char why[200] = "";
        CHECK_EQ(set_hooks(&hooks, cases[i].value, why, sizeof why), ERR_INVALID);
        assert_string_equal(why, cases[i].why);
    }
    CHECK_EQ(hooks.count, 0);
}

static void test_printing(void **state)
{
    (void)state;
    json_t *urls = parse("[\"http://user:pass@h:81/p?token=t\",\"http://h/\",\"http://h?x\"]");
    config_hooks_mask(urls);
    char *text = json_dumps(urls, JSON_COMPACT);
    assert_string_equal(text, "[\"http://********@h:81/p?********\",\"http://h/\",\"http://h?********\"]");
    free(text);
    json_decref(urls);
    json_t *hooks = parse("[{\"url\":\"https://u@h/\",\"secret\":\"s\"},{\"url\":\"https://h/\",\"secret\":\"\"}]");
    config_hooks_mask(hooks);
    text = json_dumps(hooks, JSON_COMPACT);
    assert_string_equal(text, "[{\"url\":\"https://********@h/\",\"secret\":\"********\"},{\"url\":\"https://h/\",\"secret\":\"\"}]");
    free(text);
    json_decref(hooks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls), cmocka_unit_test(test_hooks), cmocka_unit_test(test_refusals), cmocka_unit_test(test_printing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
