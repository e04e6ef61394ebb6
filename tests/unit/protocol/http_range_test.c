#include "protocol/http_range.h"

#include "check.h"

#define WHOLE { HTTP_RANGE_WHOLE, 0, 0 }
#define NONE  { HTTP_RANGE_UNSATISFIABLE, 0, 0 }
#define PART(first, last) { HTTP_RANGE_PART, first, last }

struct answer {
    enum http_range_kind kind;
    uint64_t             first, last;
};

static void check_range(const char *value, uint64_t size, struct answer want)
{
    char             *copy = value != NULL ? (char *)copy_exact(value, strlen(value) + 1) : NULL;
    struct http_range range = { 0 };
    int               kind = (int)http_range_read(copy, size, &range);
    if (kind != (int)want.kind || range.first != want.first || range.last != want.last)
        fail_msg("\"%s\" of %llu: %d %llu-%llu", value != NULL ? value : "(none)", (unsigned long long)size,
                 kind, (unsigned long long)range.first, (unsigned long long)range.last);
    free(copy);
}

/* RFC 9110, 14.1.2: the examples, for a representation of 10000 bytes. */
static void test_rfc_examples(void **state)
{
    (void)state;
    static const struct { const char *value; struct answer want; } cases[] = {
        { "bytes=0-499", PART(0, 499) },
        { "bytes=500-999", PART(500, 999) },
        { "bytes=-500", PART(9500, 9999) },
        { "bytes=9500-", PART(9500, 9999) },
        { "bytes=0-0,-1", WHOLE },                  /* several: answered with all of it */
        { "bytes= 0-999, 4500-5499, -1000", WHOLE },
        { "bytes=500-600,601-999", WHOLE },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_range(cases[i].value, 10000, cases[i].want);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct { const char *value; uint64_t size; struct answer want; } cases[] = {
        { "bytes=0-", 1, PART(0, 0) },
        { "bytes=0-0", 1, PART(0, 0) },
        { "bytes=9-9", 10, PART(9, 9) },
        { "bytes=9-10", 10, PART(9, 9) },
        { "bytes=0-9999999", 10, PART(0, 9) },
        { "bytes=10-", 10, NONE },
        { "bytes=10-20", 10, NONE },
        { "bytes=-10", 10, PART(0, 9) },
        { "bytes=-11", 10, PART(0, 9) },
        { "bytes=-1", 10, PART(9, 9) },
        { "bytes=-0", 10, NONE },
        { "bytes=-000", 10, NONE },
        { "bytes=0-", 0, NONE },
        { "bytes=-5", 0, WHOLE },
        { "bytes=-0", 0, NONE },
        { "bytes=18446744073709551615-", 10, NONE },
        { "bytes=18446744073709551616-", 10, NONE },
        { "bytes=99999999999999999999999999999-", 10, NONE },
        { "bytes=0-99999999999999999999999999999", 10, PART(0, 9) },
        { "bytes=-99999999999999999999999999999", 10, PART(0, 9) },
        { "bytes=18446744073709551614-18446744073709551615", UINT64_MAX,
          PART(UINT64_MAX - 1, UINT64_MAX - 1) },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_range(cases[i].value, cases[i].size, cases[i].want);
}

static void test_forms(void **state)
{
    (void)state;
    static const struct { const char *value; struct answer want; } cases[] = {
        { NULL, WHOLE },
        { "", WHOLE },
        { "bytes", WHOLE },
        { "bytes=", WHOLE },
        { "bytes 0-1", WHOLE },
        { "items=0-1", WHOLE },
        { "Bytes=0-1", PART(0, 1) },        /* units have no case (14.1) */
        { "bytes=,0-1", PART(0, 1) },       /* empty items of a list (5.6.1.2) */
        { "bytes= 0-1 , ,", PART(0, 1) },
        { "bytes=0-1,x", WHOLE },
        { "bytes=-", WHOLE },
        { "bytes=--1", WHOLE },
        { "bytes=5", WHOLE },
        { "bytes=5-4", WHOLE },             /* malformed, not unsatisfiable */
        { "bytes=50-40", WHOLE },
        { "bytes=0 -1", WHOLE },
        { "bytes=0- 1", WHOLE },
        { "bytes=+0-1", WHOLE },
        { "bytes=0-1;x", WHOLE },
        { "bytes=0x1-2", WHOLE },
        { "bytes=a-b", WHOLE },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check_range(cases[i].value, 10, cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_examples),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
