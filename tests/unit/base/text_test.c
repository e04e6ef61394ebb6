#include "check.h"

#include "base/text.h"

#include <math.h>

static void check_text(struct text *t, const char *want)
{
    CHECK_EQ(t->size, strlen(want));
    assert_memory_equal(t->data, want, t->size);
    text_clear(t);
    CHECK(t->data == NULL && t->size == 0);
}

static void test_pieces(void **state)
{
    (void)state;
    struct text t = { 0 };
    text_add(&t, NULL, 0);
    CHECK_EQ(t.size, 0);
    text_add_string(&t, "a");
    text_add(&t, "b\0c", 2);
    text_add_char(&t, 'd');
    CHECK_EQ(t.size, 4);
    assert_memory_equal(t.data, "ab\0d", 4);
    text_clear(&t);
}

static void test_growth(void **state)
{
    (void)state;
    struct text t = { 0 };
    for (int i = 0; i < 100000; i++)
        text_add_char(&t, (char)('a' + i % 26));
    CHECK_EQ(t.size, 100000);
    for (int i = 0; i < 100000; i += 999)
        CHECK_EQ(t.data[i], 'a' + i % 26);
    text_clear(&t);
}

static void test_numbers(void **state)
{
    (void)state;
    struct text t = { 0 };
    text_add_number(&t, 0);
    text_add_char(&t, ' ');
    text_add_number(&t, 1234567890);
    text_add_char(&t, ' ');
    text_add_number(&t, UINT64_MAX);
    check_text(&t, "0 1234567890 18446744073709551615");
}

static void test_reals(void **state)
{
    (void)state;
    static const struct { double value; const char *want; } cases[] = {
        { 0, "0" },       { -0.0, "0" },       { 25, "25" },           { 29.97, "29.97" },
        { 0.5, "0.5" },   { 0.0004, "0" },     { 0.0005, "0.001" },    { -0.0004, "0" },
        { -1.25, "-1.25" }, { 99.9996, "100" }, { 1e14, "100000000000000" }, { 1e15, "0" },
        { NAN, "0" },     { INFINITY, "0" },   { -INFINITY, "0" },     { 1763838386.123, "1763838386.123" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text t = { 0 };
        text_add_real(&t, cases[i].value);
        check_text(&t, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_reals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
