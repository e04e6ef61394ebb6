#include "check.h"

#include "server/api_body.h"

static char why[API_BODY_WHY_SIZE];

static json_t *parse(const char *text, const char *members)
{
    size_t   size = strlen(text);
    uint8_t *copy = copy_exact(text, size);
    json_t  *body = api_body_parse((struct bytes){ copy, size }, members, why);
    free(copy);
    return body;
}

static void test_content_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool        json;
    } cases[] = {
        { "application/json", true },
        { "Application/JSON", true },
        { "application/json; charset=utf-8", true },
        { "application/json;charset=UTF-8", true },
        { "application/json ; charset=\"utf-8\"", true },
        { "application/json;", true },
        { NULL, false },
        { "", false },
        { "application/jsonx", false },
        { "application/json+x", false },
        { "application/json; charset=latin1", false },
        { "text/plain", false },
        { "application/x-www-form-urlencoded", false },
        { "text/plain; application/json", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(api_body_is_json(cases[i].type), cases[i].json);
}

static void test_objects(void **state)
{
    (void)state;
    json_t *body = parse(" {\"a\": [1, {\"b\": null}], \"c\": \"\\u00e4[[[[[[[[[[[[\\\"\"}\n", "a c");
    assert_non_null(body);
    CHECK_EQ(json_object_size(body), 2);
    json_decref(body);
    body = parse("{}", NULL);
    assert_non_null(body);
    json_decref(body);
    body = parse("{\"x\": 1}", "*");
    assert_non_null(body);
    json_decref(body);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *members, *why;
    } cases[] = {
        { "", "a", "the body is no JSON: line 1: '[' or '{' expected near end of file" },
        { "[]", "a", "the body is no JSON object" },
        { "7", "a", "the body is no JSON: line 1: '[' or '{' expected" },
        { "{\"a\": 1", "a", "the body is no JSON: line 1: '}' expected near end of file" },
        { "{\"a\": hunter2}", "a", "the body is no JSON: line 1: invalid token" },
        { "{\"a\": 1} x", "a", "the body is no JSON: line 1: end of file expected" },
        { "{\"a\": 1, \"a\": 2}", "a", "the body is no JSON: line 1: duplicate object key" },
        { "{\"a\": 99999999999999999999}", "a", "the body is no JSON: line 1: too big integer" },
        { "{\"a\": \"\xff\"}", "a", "the body is no JSON: line 1: unable to decode byte 0xff" },
        { "{\"a\": \"\\u0000\"}", "a",
          "the body is no JSON: line 1: \\u0000 is not allowed without JSON_ALLOW_NUL" },
        { "{\"b\": 1}", "a", "\"b\" is no member of the body here; there are: a" },
        { "{\"b\": 1}", NULL, "\"b\" is no member of the body here" },
        { "{\"a\": [[[[[[[[1]]]]]]]]}", "a", "the body is nested too deep" },
        { "[[[[[[[[[", "a", "the body is nested too deep" },
        { "{\"a\": \"]]]\", \"b\": [[[[[[[[{", "a", "the body is nested too deep" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_null(parse(cases[i].text, cases[i].members));
        assert_string_equal(why, cases[i].why);
    }
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": [true, \"x\\n\\\"\"], \"b\": {\"c\": -1.5e3}}";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        uint8_t *copy = copy_exact(text, cut);
        json_t  *body = api_body_parse((struct bytes){ copy, cut }, "*", why);
        CHECK_EQ(body != NULL, cut == sizeof text - 1);
        json_decref(body);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_types),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
