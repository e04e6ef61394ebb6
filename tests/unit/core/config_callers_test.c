#include "check.h"

#include "base/error.h"
#include "core/config_callers.h"

#define HASH "scrypt:14:8:1:00:00000000000000000000000000000000"
#define DIGEST "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static int set(struct config_callers *list, bool tokens, const char *text, char *why, size_t size)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    int     result = config_callers_set(list, tokens, value, 3, why, size);
    json_decref(value);
    return result;
}

static void test_users(void **state)
{
    (void)state;
    struct config_callers list = { 0 };
    char                  why[200] = "";
    CHECK_EQ(set(&list, false, "[{\"username\": \"anna\", \"password\": \"" HASH "\", \"role\": \"admin\"},"
                               " {\"role\": \"viewer\", \"username\": \"bob\", \"password\": \"" HASH "\"}]",
                 why, sizeof why), 0);
    CHECK_EQ(list.count, 2);
    assert_string_equal(list.items[0].name, "anna");
    assert_string_equal(list.items[0].secret, HASH);
    CHECK(list.items[0].is_admin && !list.items[1].is_admin);
    CHECK_EQ(set(&list, false, "[7]", why, sizeof why), ERR_INVALID);
    CHECK_EQ(list.count, 2); /* nothing changed */
    json_t *got = config_callers_get(&list, false);
    assert_string_equal(json_string_value(json_object_get(json_array_get(got, 0), "password")), HASH);
    config_callers_mask(got);
    assert_string_equal(json_string_value(json_object_get(json_array_get(got, 0), "password")), "********");
    assert_string_equal(json_string_value(json_object_get(json_array_get(got, 0), "username")), "anna");
    json_decref(got);
    CHECK_EQ(set(&list, false, "[]", why, sizeof why), 0);
    CHECK_EQ(list.count, 0);
    config_callers_clear(&list);
}

/* A token is kept as its digest, whichever way it came: they are the same then. */
static void test_tokens(void **state)
{
    (void)state;
    struct config_callers plain = { 0 }, hashed = { 0 };
    char                  why[200];
    CHECK_EQ(set(&plain, true, "[{\"name\": \"a\", \"token\": \"abcdefghijklmnop\", \"role\": \"viewer\"}]",
                 why, sizeof why), 0);
    assert_string_equal(plain.items[0].secret, /* sha256sum */
                        "sha256:f39dac6cbaba535e2c207cd0cd8f154974223c848f727f98b3564cea569b41cf");
    CHECK_EQ(set(&hashed, true, "[{\"name\": \"a\", \"role\": \"viewer\", \"token\": \""
                 "sha256:F39DAC6CBABA535E2C207CD0CD8F154974223C848F727F98B3564CEA569B41CF\"}]",
                 why, sizeof why), 0);
    assert_string_equal(plain.items[0].secret, hashed.items[0].secret);
    config_callers_clear(&plain);
    config_callers_clear(&hashed);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        bool        tokens;
        const char *value, *why;
    } cases[] = {
        { false, "7", "expected a list of up to 3 objects with username, password and role" },
        { false, "[{}, {}, {}, {}]", "expected a list of up to 3 objects with username, password and role" },
        { true, "{}", "expected a list of up to 3 objects with name, token and role" },
        { false, "[\"anna\"]", "item 1: expected username, password and role" },
        { false, "[{\"username\": \"anna\", \"password\": \"" HASH "\"}]",
          "item 1: expected username, password and role" },
        { true, "[{\"username\": \"anna\", \"password\": \"" HASH "\", \"role\": \"admin\"}]",
          "item 1: expected name, token and role" },
        { false, "[{\"username\": \"anna\", \"password\": \"" HASH "\", \"role\": \"admin\", \"x\": 1}]",
          "item 1: expected username, password and role" },
        { false, "[{\"username\": \"a:b\", \"password\": \"" HASH "\", \"role\": \"admin\"}]",
          "item 1: username: expected 1 to 64 bytes without a colon" },
        { false, "[{\"username\": \"\", \"password\": \"" HASH "\", \"role\": \"admin\"}]",
          "item 1: username: expected 1 to 64 bytes without a colon" },
        { false, "[{\"username\": 7, \"password\": \"" HASH "\", \"role\": \"admin\"}]",
          "item 1: username: expected 1 to 64 bytes without a colon" },
        { false, "[{\"username\": \"anna\", \"password\": \"hunter2hunter2\", \"role\": \"admin\"}]",
          "item 1: password: expected its hash, which \"millrace passwd\" prints" },
        { false, "[{\"username\": \"anna\", \"password\": \"" HASH "\", \"role\": \"root\"}]",
          "item 1: role: expected \"admin\" or \"viewer\"" },
        { true, "[{\"name\": \"a\", \"token\": \"hunter2\", \"role\": \"admin\"}]",
          "item 1: token: expected \"sha256:\" and 64 hexadecimal digits, or 16 to 256 visible characters" },
        { true, "[{\"name\": \"a\", \"token\": \"sha256:abcdefabcdefabcdef\", \"role\": \"admin\"}]",
          "item 1: token: expected \"sha256:\" and 64 hexadecimal digits, or 16 to 256 visible characters" },
        { true, "[{\"name\": \"a\", \"token\": \"hunter2 hunter2 hunter2\", \"role\": \"admin\"}]",
          "item 1: token: expected \"sha256:\" and 64 hexadecimal digits, or 16 to 256 visible characters" },
        { true, "[{\"name\": \"a\", \"token\": \"" DIGEST "\", \"role\": \"admin\"},"
                " {\"name\": \"a\", \"token\": \"" DIGEST "\", \"role\": \"viewer\"}]",
          "item 2: another before it has the same name" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config_callers list = { 0 };
        char                  why[200] = "";
        CHECK_EQ(set(&list, cases[i].tokens, cases[i].value, why, sizeof why), ERR_INVALID);
        assert_string_equal(why, cases[i].why);
        assert_null(strstr(why, "hunter2"));
        assert_null(list.items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
