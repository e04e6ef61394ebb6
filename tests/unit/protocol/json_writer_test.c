#include "check.h"

#include "protocol/json_writer.h"

#include <jansson.h>

static void check_json(struct text *t, const char *want)
{
    text_add_char(t, '\0');
    assert_string_equal(t->data, want);
    json_t *value = json_loads(t->data, JSON_DECODE_ANY, NULL); /* another implementation reads it */
    CHECK(value != NULL);
    json_decref(value);
    text_clear(t);
}

static void test_structure(void **state)
{
    (void)state;
    struct text        t = { 0 };
    struct json_writer w = { &t, false };
    json_begin(&w, NULL, '{');
    json_begin(&w, "empty", '[');
    json_end(&w, ']');
    json_begin(&w, "list", '[');
    json_write_number(&w, NULL, 1);
    json_begin(&w, NULL, '{');
    json_end(&w, '}');
    json_write_bool(&w, NULL, true);
    json_end(&w, ']');
    json_write_real(&w, "r", 1.5);
    json_write_raw(&w, "raw", "[0]", 3);
    json_write_bool(&w, "b", false);
    json_end(&w, '}');
    check_json(&t, "{\"empty\":[],\"list\":[1,{},true],\"r\":1.5,\"raw\":[0],\"b\":false}");
}

static void test_nothing(void **state)
{
    (void)state;
    struct text        t = { 0 };
    struct json_writer w = { &t, false };
    json_begin(&w, NULL, '{');
    json_write_text(&w, "a", NULL);
    json_write_text(&w, "b", "");
    json_write_text(&w, "c", "c");
    json_write_known(&w, "d", 0);
    json_write_known(&w, "e", 5);
    json_write_time(&w, "f", 0);
    json_write_time(&w, "g", 1769850307123);
    json_write_null(&w, "h");
    json_end(&w, '}');
    check_json(&t, "{\"a\":null,\"b\":null,\"c\":\"c\",\"d\":null,\"e\":5,\"f\":null,"
                   "\"g\":\"2026-01-31T09:05:07.123Z\",\"h\":null}");
}

static void test_escapes(void **state)
{
    (void)state;
    static const struct { const char *value, *want; } cases[] = {
        { "", "\"\"" },
        { "plain \xc3\xa9 \xf0\x9f\x8e\xa5", "\"plain \xc3\xa9 \xf0\x9f\x8e\xa5\"" },
        { "\"", "\"\\\"\"" },
        { "a\\b", "\"a\\\\b\"" },
        { "\x01\x1f\n\t", "\"\\u0001\\u001f\\u000a\\u0009\"" },
        { "\"\"x\\", "\"\\\"\\\"x\\\\\"" },
        { "</script>\x7f", "\"</script>\x7f\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text        t = { 0 };
        struct json_writer w = { &t, false };
        json_write_string(&w, NULL, cases[i].value);
        text_add_char(&t, '\0');
        json_t *value = json_loads(t.data, JSON_DECODE_ANY, NULL);
        assert_string_equal(json_string_value(value), cases[i].value);
        json_decref(value);
        t.size--;
        check_json(&t, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
