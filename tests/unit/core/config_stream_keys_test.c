#include "check.h"

#include "base/error.h"
#include "core/config_stream_keys.h"

static int set(struct config_stream_keys *keys, const char *text, char *why, size_t size)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    int result = config_stream_keys_set(keys, value, 2, why, size);
    json_decref(value);
    return result;
}

static void test_a_table(void **state)
{
    (void)state;
    struct config_stream_keys keys = { 0 };
    char                      why[128];
    CHECK_EQ(set(&keys, "[{\"key\":\"k1\",\"stream\":\"live/a\"},"
                        "{\"key\":\"k2\",\"stream\":\"/live/b\",\"expires\":1798761600}]", why, sizeof why), 0);
    CHECK_EQ(keys.count, 2);
    assert_string_equal(keys.items[0].key, "k1");
    assert_string_equal(keys.items[0].path, "/live/a");
    CHECK_EQ(keys.items[0].expires_s, 0);
    assert_string_equal(keys.items[1].path, "/live/b");
    CHECK_EQ(keys.items[1].expires_s, 1798761600);
    json_t *back = config_stream_keys_get(&keys);
    char   *text = json_dumps(back, JSON_COMPACT);
    assert_string_equal(text, "[{\"key\":\"k1\",\"stream\":\"live/a\"},"
                              "{\"key\":\"k2\",\"stream\":\"live/b\",\"expires\":1798761600}]");
    free(text);
    json_decref(back);
    config_stream_keys_clear(&keys);
    CHECK_EQ(keys.count, 0);
}

/* A refusal names what is wrong, never the key, and changes nothing. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct { const char *text, *why; } cases[] = {
        { "{}", "expected a list" },
        { "[{\"key\":\"a\",\"stream\":\"l/a\"},{\"key\":\"b\",\"stream\":\"l/b\"},{\"key\":\"c\",\"stream\":\"l/c\"}]", "up to 2" },
        { "[\"s3cret\"]", "item 1: expected an object" },
        { "[{\"key\":\"s3cret\"}]", "item 1: expected key, stream" },
        { "[{\"key\":\"s3cret/x\",\"stream\":\"live/a\"}]", "item 1: key:" },
        { "[{\"key\":\"\",\"stream\":\"live/a\"}]", "item 1: key:" },
        { "[{\"key\":\"s3cret\",\"stream\":\"a\"}]", "item 1: stream:" },
        { "[{\"key\":\"s3cret\",\"stream\":\"../a\"}]", "item 1: stream:" },
        { "[{\"key\":\"s3cret\",\"stream\":\"live/a\",\"expires\":\"soon\"}]", "item 1: expires:" },
        { "[{\"key\":\"s3cret\",\"stream\":\"live/a\",\"expires\":0}]", "item 1: expires:" },
        { "[{\"key\":\"s3cret\",\"stream\":\"live/a\",\"until\":5}]", "item 1: expected key, stream" },
    };
    struct config_stream_keys keys = { 0 };
    char                      why[128];
    CHECK_EQ(set(&keys, "[{\"key\":\"k1\",\"stream\":\"live/a\"}]", why, sizeof why), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(set(&keys, cases[i].text, why, sizeof why), ERR_INVALID);
        assert_non_null(strstr(why, cases[i].why));
        assert_null(strstr(why, "s3cret"));
        CHECK_EQ(keys.count, 1);
    }
    config_stream_keys_clear(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_table),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
