/* What an answer decides, and what is left of a reason. */
#include "check.h"

#include "base/error.h"
#include "server/notify_answer.h"

static int read_answer(long status, const char *text, struct access_verdict *v)
{
    size_t   size = strlen(text);
    uint8_t *body = copy_exact(text, size);
    memset(v, 0x5a, sizeof *v);
    int error = notify_answer_read(status, (struct bytes){ body, size }, "live", v);
    free(body);
    return error;
}

static void test_allowed(void **state)
{
    (void)state;
    static const struct { const char *body, *path; } cases[] = {
        { "", "" },
        { "ok", "" },
        { "{", "" },
        { "[]", "" },
        { "null", "" },
        { "{}", "" },
        { "{\"name\":null,\"path\":null}", "" },
        { "{\"code\":0}", "" },
        { "{\"name\":\"other\"}", "/live/other" },
        { " {\"name\" : \"\\u00e9-1\"} \n", "/live/\xc3\xa9-1" },
        { "{\"path\":\"/app/name\"}", "/app/name" },
        { "{\"path\":\"app/name\",\"name\":\"other\"}", "/app/name" },
    };
    struct access_verdict v;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(read_answer(i % 2 == 0 ? 200 : 204, cases[i].body, &v), 0);
        CHECK_EQ(v.result, ACCESS_ALLOWED);
        assert_string_equal(v.path, cases[i].path);
        assert_string_equal(v.reason, "");
    }
}

/* What names no stream is no answer; nothing is let in under a name that was not meant. */
static void test_broken_names(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"name\":\"\"}",          "{\"name\":\"a/b\"}",       "{\"name\":\"..\"}",       "{\"name\":7}",
        "{\"name\":{}}",            "{\"name\":\"a b\"}",       "{\"name\":\"a\\u0000b\"}", "{\"path\":\"\"}",
        "{\"path\":\"/a\"}",        "{\"path\":\"/a/b/c\"}",    "{\"path\":\"/a/b\\u0000\"}",
        "{\"path\":true}",          "{\"path\":\"//b\"}",       "{\"path\":[],\"name\":\"good\"}",
        "{\"path\":\"/live/\\u202ex\"}",
    };
    struct access_verdict v;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        CHECK_EQ(read_answer(200, bodies[i], &v), ERR_PROTOCOL);
        CHECK_EQ(v.reason[0], 0x5a); /* untouched */
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct { const char *body, *reason; } cases[] = {
        { "", "" },
        { "go away", "" },
        { "{\"reason\":\"go away\"}", "go away" },
        { "{\"message\":\"go away\"}", "go away" },
        { "{\"reason\":7,\"message\":\"go away\"}", "go away" },
        { "{\"reason\":\"a\",\"message\":\"b\"}", "a" },
        { "{\"reason\":\"\\r\\nSet-Cookie: x\\u0000\\u001b[31m\\u0085\"}", "Set-Cookie: x[31m" },
        { "{\"reason\":\"\\u202e\\u2028\\ud83c\\udfab\\ufeff\"}", "\xf0\x9f\x8e\xab" },
        { "{\"reason\":\"x\",\"path\":\"/a/b\"}", "x" },
    };
    struct access_verdict v;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(read_answer(i % 2 == 0 ? 403 : 404, cases[i].body, &v), 0);
        CHECK_EQ(v.result, ACCESS_REFUSED);
        assert_string_equal(v.reason, cases[i].reason);
        assert_string_equal(v.path, "");
    }
}

static void test_no_answer(void **state)
{
    (void)state;
    static const long statuses[] = { 0, 100, 301, 302, 307, 408, 425, 429, 500, 502, 599, 999 };
    struct access_verdict v;
    for (size_t i = 0; i < COUNT(statuses); i++)
        CHECK_EQ(read_answer(statuses[i], "{\"name\":\"other\"}", &v), ERR_PROTOCOL);
}

/* Whole characters, however it is cut. */
static void test_long_reasons(void **state)
{
    (void)state;
    char text[3 * ACCESS_REASON_SIZE] = "", out[ACCESS_REASON_SIZE];
    for (size_t before = 0; before < 4; before++) {
        memset(text, 'x', before);
        text[before] = '\0';
        while (strlen(text) < 2 * ACCESS_REASON_SIZE)
            strcat(text, "\xf0\x9f\x8e\xab");
        notify_answer_clean(text, strlen(text), out);
        CHECK_EQ((strlen(out) - before) % 4, 0);
        CHECK(strlen(out) < ACCESS_REASON_SIZE && strlen(out) >= ACCESS_REASON_SIZE - 4);
    }
    char *broken = (char *)copy_exact("ab\xc3", 3);
    notify_answer_clean(broken, 3, out);
    assert_string_equal(out, "ab");
    free(broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allowed),    cmocka_unit_test(test_broken_names), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_answer),  cmocka_unit_test(test_long_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
