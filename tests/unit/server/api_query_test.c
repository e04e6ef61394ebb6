#include "check.h"

#include "server/api_query.h"

static struct api_query query;
static char             why[API_QUERY_WHY_SIZE];

static bool parse(const char *text, const char *allowed)
{
    size_t   size = strlen(text);
    uint8_t *copy = copy_exact(text, size);
    bool     parsed = api_query_parse((struct bytes){ copy, size }, allowed, &query, why);
    free(copy); /* what is kept is a copy */
    return parsed;
}

static void test_values(void **state)
{
    (void)state;
    CHECK(parse("", NULL));
    CHECK_EQ(query.count, 0);
    CHECK(parse("&&", NULL));
    CHECK(parse("page=2&q=a+b%26c&flag&%70ageSize=%35", "q page pageSize flag"));
    assert_string_equal(api_query_value(&query, "page"), "2");
    assert_string_equal(api_query_value(&query, "q"), "a b&c");
    assert_string_equal(api_query_value(&query, "flag"), "");
    assert_string_equal(api_query_value(&query, "pageSize"), "5");
    assert_null(api_query_value(&query, "pag"));
    assert_null(api_query_value(&query, ""));
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *allowed, *why;
    } cases[] = {
        { "x=1", NULL, "x is no parameter here" },
        { "Page=1", "page q", "Page is no parameter here; there are: page q" },
        { "pag=1", "page q", "pag is no parameter here; there are: page q" },
        { "page q=1", "page q", "page q is no parameter here; there are: page q" },
        { "=1", "page", " is no parameter here; there are: page" },
        { "page=1&page=1", "page", "page is given twice" },
        { "page=1&pag%65=2", "page", "page is given twice" },
        { "q=%", "q", "q: not text in UTF-8, escaped as in a URL" },
        { "q=%4", "q", "q: not text in UTF-8, escaped as in a URL" },
        { "q=%00", "q", "q: not text in UTF-8, escaped as in a URL" },
        { "q=%0A", "q", "q: not text in UTF-8, escaped as in a URL" },
        { "q=%ff", "q", "q: not text in UTF-8, escaped as in a URL" },
        { "%ff=1", "q", "there is no parameter of such a name" },
        { "%=1", "q", "there is no parameter of such a name" },
        { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=1", "*",
          "there is no parameter of such a name" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(!parse(cases[i].text, cases[i].allowed));
        assert_string_equal(why, cases[i].why);
    }
}

static void test_any(void **state)
{
    (void)state;
    CHECK(parse("a=1&b=2&a=3", "*"));
    CHECK_EQ(query.count, 2);
    assert_string_equal(api_query_value(&query, "a"), "1");
    CHECK(parse("a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r", "*"));
    CHECK_EQ(query.count, API_QUERY_MAX);
    assert_null(api_query_value(&query, "q"));
}

/* Many names with long values use all the room there is. */
static void test_full(void **state)
{
    (void)state;
    static char text[API_QUERY_SIZE + 2];
    memset(text, 'x', API_QUERY_SIZE);
    for (size_t i = 0; i < 16; i++)
        memcpy(text + i * 250, i == 0 ? "aa=" : "&a=", 3), text[i * 250 + 1] = (char)('a' + i);
    CHECK(parse(text, "*"));
    CHECK_EQ(query.count, 16);
    CHECK_EQ(strlen(api_query_value(&query, "p")), API_QUERY_SIZE - 15 * 250 - 3);
    text[API_QUERY_SIZE] = 'x';
    CHECK(!parse(text, "*"));
    assert_string_equal(why, "the query is too long");
}

static void test_words(void **state)
{
    (void)state;
    CHECK(api_word_is_in("a bc d", "bc", 2));
    CHECK(api_word_is_in("a bc d", "bcx", 2));
    CHECK(!api_word_is_in("a bc d", "b", 1));
    CHECK(!api_word_is_in("a bc d", "c", 1));
    CHECK(!api_word_is_in("a bc d", "", 0));
    CHECK(!api_word_is_in("", "a", 1));
    CHECK(!api_word_is_in(NULL, "a", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_refusals), cmocka_unit_test(test_any),
        cmocka_unit_test(test_full),   cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
