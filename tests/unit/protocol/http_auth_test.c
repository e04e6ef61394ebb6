/* http_auth_test.c - the first two vectors are those of RFC 7617; the rest was made with base64(1). */
#include "check.h"

#include "base/error.h"
#include "protocol/http_auth.h"

static void test_read(void **state)
{
    (void)state;
    static const struct {
        const char           *value;
        enum http_auth_scheme scheme;
        const char           *username, *secret;
    } cases[] = {
        { NULL, HTTP_AUTH_NONE, "", "" },
        { "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", HTTP_AUTH_BASIC, "Aladdin", "open sesame" },
        { "Basic dGVzdDoxMjPCow==", HTTP_AUTH_BASIC, "test", "123\xc2\xa3" },
        { "bAsIc   Og==", HTTP_AUTH_BASIC, "", "" },
        { "Basic YTpiOmM=", HTTP_AUTH_BASIC, "a", "b:c" },
        { "Bearer mF_9.B5f-4.1JqM", HTTP_AUTH_BEARER, "", "mF_9.B5f-4.1JqM" },
        { "bearer x", HTTP_AUTH_BEARER, "", "x" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_auth auth;
        CHECK_EQ(http_auth_parse(cases[i].value, &auth), 0);
        CHECK_EQ(auth.scheme, cases[i].scheme);
        assert_string_equal(auth.username, cases[i].username);
        assert_string_equal(auth.secret, cases[i].secret);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int         error;
    } cases[] = {
        { "", ERR_UNSUPPORTED },
        { "Digest username=\"x\"", ERR_UNSUPPORTED },
        { "Basi QWxhZGRpbjpvcGVuIHNlc2FtZQ==", ERR_UNSUPPORTED },
        { "Basic", ERR_PROTOCOL },
        { "Basic ", ERR_PROTOCOL },
        { "Basic QWxhZGRpbg==", ERR_PROTOCOL },     /* no colon */
        { "Basic YTpi YTpi", ERR_PROTOCOL },        /* a space within */
        { "Basic YTpiYQ", ERR_PROTOCOL },           /* no padding */
        { "Basic YTpi=", ERR_PROTOCOL },
        { "Basic ====", ERR_PROTOCOL },
        { "Basic YT=i", ERR_PROTOCOL },
        { "Basic YTp_", ERR_PROTOCOL },             /* base64url */
        { "Basic YTr/", ERR_PROTOCOL },             /* no UTF-8 behind "a:" */
        { "Basic YToK", ERR_PROTOCOL },             /* a line feed */
        { "Basic YToA", ERR_PROTOCOL },             /* a NUL */
        { "Bearer", ERR_PROTOCOL },
        { "Bearer ", ERR_PROTOCOL },
        { "Bearer a b", ERR_PROTOCOL },
        { "Bearer \xc3\xa4", ERR_PROTOCOL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_auth auth, none = { 0 };
        char            *copy = (char *)copy_exact(cases[i].value, strlen(cases[i].value) + 1);
        CHECK_EQ(http_auth_parse(copy, &auth), cases[i].error);
        assert_memory_equal(&auth, &none, sizeof auth);
        free(copy);
    }
}

/* "Basic " and so many groups of "aaaa", which are 0x69 0xa6 0x9a; then one with the colon. */
static char *make_basic(size_t groups, const char *end)
{
    char *text = malloc(6 + 4 * groups + strlen(end) + 1);
    assert_non_null(text);
    memcpy(text, "Basic ", 6);
    for (size_t i = 0; i < groups; i++)
        memcpy(text + 6 + 4 * i, "YWFh", 4); /* "aaa" */
    memcpy(text + 6 + 4 * groups, end, strlen(end) + 1);
    return text;
}

static void test_sizes(void **state)
{
    (void)state;
    struct http_auth auth;
    char            *longest = make_basic(21, "YTph"); /* 64 bytes, a colon, one more */
    CHECK_EQ(http_auth_parse(longest, &auth), 0);
    CHECK_EQ(strlen(auth.username), HTTP_AUTH_USERNAME_MAX);
    free(longest);
    char *long_name = make_basic(22, "Ojph");
    CHECK_EQ(http_auth_parse(long_name, &auth), ERR_TOO_BIG);
    free(long_name);
    char *huge = make_basic(10000, "Ojph");
    CHECK_EQ(http_auth_parse(huge, &auth), ERR_TOO_BIG);
    free(huge);
    char token[7 + HTTP_AUTH_SECRET_MAX + 2] = "Bearer ";
    memset(token + 7, 'x', HTTP_AUTH_SECRET_MAX);
    CHECK_EQ(http_auth_parse(token, &auth), 0);
    CHECK_EQ(strlen(auth.secret), HTTP_AUTH_SECRET_MAX);
    token[7 + HTTP_AUTH_SECRET_MAX] = 'x';
    CHECK_EQ(http_auth_parse(token, &auth), ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
