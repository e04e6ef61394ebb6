#include "check.h"

#include "base/error.h"
#include "protocol/url.h"
#include "protocol/utf8.h"

#include <stdio.h>

static struct bytes exact(const char *text)
{
    return (struct bytes){ copy_exact(text, strlen(text)), strlen(text) };
}

static void check_bytes(struct bytes got, const char *want)
{
    if (!bytes_equal(got, bytes_of(want)))
        fail_msg("'%.*s' is not '%s'", (int)got.size, (const char *)got.data, want);
}

static void test_decode(void **state)
{
    (void)state;
    static const struct { const char *in; ssize_t n; const char *out; } cases[] = {
        { "", 0, "" },
        { "abc", 3, "abc" },
        { "a%20b", 3, "a b" },
        { "%2Flive%2fs", 7, "/live/s" },
        { "a+b", 3, "a+b" },
        { "%E7%9B%B4", 3, "\xe7\x9b\xb4" },
        { "%25%32%35", 3, "%25" }, /* once, not twice */
        { "%", ERR_PROTOCOL, "" },
        { "a%2", ERR_PROTOCOL, "" },
        { "%zz", ERR_PROTOCOL, "" },
        { "%2g", ERR_PROTOCOL, "" },
        { "%-1", ERR_PROTOCOL, "" },
        { "a%00b", ERR_PROTOCOL, "" },
        { "12345678", ERR_TOO_BIG, "" },
        { "1234567", 7, "1234567" },
        { "%31%32%33%34%35%36%37", 7, "1234567" },
        { "%31%32%33%34%35%36%37%38", ERR_TOO_BIG, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes in = exact(cases[i].in);
        char        *out = malloc(8);
        CHECK_EQ(url_decode(in, out, 8), cases[i].n);
        assert_string_equal(out, cases[i].out);
        free(out);
        free((void *)in.data);
    }
    CHECK_EQ(url_decode((struct bytes){ (const uint8_t *)"a\0b", 3 }, (char[8]){ 0 }, 8), ERR_PROTOCOL);
    CHECK_EQ(url_decode((struct bytes){ 0 }, (char[1]){ 'x' }, 1), 0);
    CHECK_EQ(url_decode(bytes_of("a"), NULL, 0), ERR_TOO_BIG);
}

static void test_query(void **state)
{
    (void)state;
    static const struct { const char *query, *name; ssize_t n; const char *value; size_t count; } cases[] = {
        { "sign=1-ab", "sign", 4, "1-ab", 1 },
        { "a=1&sign=x&b=2", "sign", 1, "x", 1 },
        { "sign=x&sign=y", "sign", 1, "x", 2 },
        { "s%69gn=x", "sign", 1, "x", 1 },
        { "sign", "sign", 0, "", 1 },
        { "sign=", "sign", 0, "", 1 },
        { "sign=a=b", "sign", 3, "a=b", 1 },
        { "&&sign=x&&", "sign", 1, "x", 1 },
        { "t=a+b%2Bc", "t", 5, "a b+c", 1 },
        { "sig=x", "sign", ERR_NOT_FOUND, "", 0 },
        { "signs=x", "sign", ERR_NOT_FOUND, "", 0 },
        { "Sign=x", "sign", ERR_NOT_FOUND, "", 0 },
        { "sign%00=x", "sign", ERR_NOT_FOUND, "", 0 },
        { "%=x&sign=y", "sign", 1, "y", 1 },
        { "=x", "sign", ERR_NOT_FOUND, "", 0 },
        { "", "sign", ERR_NOT_FOUND, "", 0 },
        { "sign=%0", "sign", ERR_PROTOCOL, "", 1 },
        { "sign=%00", "sign", ERR_PROTOCOL, "", 1 },
        { "sign=12345678", "sign", ERR_TOO_BIG, "", 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes query = exact(cases[i].query);
        char         out[8] = "?";
        CHECK_EQ(url_query_get(query, cases[i].name, out, sizeof out), cases[i].n);
        assert_string_equal(out, cases[i].value);
        CHECK_EQ(url_query_count(query, cases[i].name), cases[i].count);
        free((void *)query.data);
    }
    CHECK_EQ(url_query_count((struct bytes){ 0 }, "a"), 0);
}

static void test_query_walk(void **state)
{
    (void)state;
    struct bytes query = bytes_of("a=1&&b&c=%20"), name, value;
    CHECK(url_query_next(&query, &name, &value));
    check_bytes(name, "a");
    check_bytes(value, "1");
    CHECK(url_query_next(&query, &name, &value));
    check_bytes(name, "b");
    check_bytes(value, "");
    CHECK(url_query_next(&query, &name, &value));
    check_bytes(name, "c");
    check_bytes(value, "%20");
    CHECK(!url_query_next(&query, &name, &value));
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *user, *host;
        uint16_t    port;
        const char *path, *query;
    } good[] = {
        { "rtmp://example.com/live", "rtmp", "", "example.com", 0, "/live", "" },
        { "rtmps://h:1936/live?sign=1-a", "rtmps", "", "h", 1936, "/live", "sign=1-a" },
        { "rtmp://[2001:db8::1]:1935/live", "rtmp", "", "2001:db8::1", 1935, "/live", "" },
        { "http://[::1]", "http", "", "::1", 0, "", "" },
        { "https://u:p@ss@h/x#frag?no", "https", "u:p@ss", "h", 0, "/x", "" },
        { "http://h?a=/b@c", "http", "", "h", 0, "", "a=/b@c" },
        { "http://h:/", "http", "", "h", 0, "/", "" },
        { "srt+x-1.0://h_1:65535", "srt+x-1.0", "", "h_1", 65535, "", "" },
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct bytes text = exact(good[i].text);
        struct url   url;
        CHECK_EQ(url_parse(text, &url), 0);
        check_bytes(url.scheme, good[i].scheme);
        check_bytes(url.user, good[i].user);
        check_bytes(url.host, good[i].host);
        CHECK_EQ(url.port, good[i].port);
        check_bytes(url.path, good[i].path);
        check_bytes(url.query, good[i].query);
        free((void *)text.data);
    }
    static const char *const bad[] = {
        "", "rtmp", "rtmp:", "rtmp:/h", "rtmp://", "rtmp:///live", "://h", "1rtmp://h", "rt mp://h",
        "rtmp://h:65536/", "rtmp://h:1a/", "rtmp://h:-1", "rtmp://h:1:2", "rtmp://[::1", "rtmp://[::1]x",
        "rtmp://[]", "rtmp://[g::]", "rtmp://h h/", "rtmp://a@", "rtmp://:80", "rtmp://h\x01/",
        "rtmp://h%20/",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct bytes text = exact(bad[i]);
        struct url   url = { .port = 7 };
        CHECK_EQ(url_parse(text, &url), ERR_PROTOCOL);
        CHECK_EQ(url.port, 7);
        free((void *)text.data);
    }
    struct url url;
    CHECK_EQ(url_parse((struct bytes){ 0 }, &url), ERR_PROTOCOL);
}

static void test_rtmp_names(void **state)
{
    (void)state;
    static const struct { const char *app, *name, *path, *query; } cases[] = {
        { "live", "stream", "/live/stream", "" },
        { "live", "stream?sign=1-a", "/live/stream", "sign=1-a" },
        { "live?sign=2-b", "stream", "/live/stream", "sign=2-b" },
        { "live?sign=2-b", "stream?sign=1-a", "/live/stream", "sign=1-a" },
        { "/live/", "stream", "/live/stream", "" },
        { "live//?a=/b/", "s", "/live/s", "a=/b/" },
        { "live", "mp4:movie.mp4", "/live/movie.mp4", "" },
        { "live", "flv:a?x=1", "/live/a", "x=1" },
        { "live", "mp3:song", "/live/song", "" },
        { "live", "f4v:a.f4v", "/live/a.f4v", "" },
        { "live", "a.flv", "/live/a", "" },
        { "live", "a.flv?k=v", "/live/a", "k=v" },
        { "live", "caf%C3%A9", "/live/caf\xc3\xa9", "" },
        { "live", "\xe7\x9b\xb4\xe6\x92\xad", "/live/\xe7\x9b\xb4\xe6\x92\xad", "" },
        { "My-App_1", "a.b~c+d=e@f,g", "/My-App_1/a.b~c+d=e@f,g", "" },
        { "live", "a?b?c", "/live/a", "b?c" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes      app = exact(cases[i].app), name = exact(cases[i].name);
        struct url_stream s;
        const char       *why = "";
        CHECK_EQ(url_stream_from_rtmp(app, name, &s, &why), 0);
        assert_string_equal(s.path, cases[i].path);
        check_bytes(s.query, cases[i].query);
        char joined[URL_PATH_SIZE + 1];
        snprintf(joined, sizeof joined, "/%s/%s", s.app, s.name);
        assert_string_equal(s.path, joined);
        free((void *)app.data);
        free((void *)name.data);
    }
}

static void test_rtmp_refusals(void **state)
{
    (void)state;
    static const char bad_name[] = "stream name has a character that is not allowed";
    static const struct { const char *app, *name; int error; const char *why; } cases[] = {
        { "", "s", ERR_PROTOCOL, "app is empty" },
        { "//", "s", ERR_PROTOCOL, "app is empty" },
        { "?a=b", "s", ERR_PROTOCOL, "app is empty" },
        { "live", "", ERR_PROTOCOL, "stream name is empty" },
        { "live", ".flv", ERR_PROTOCOL, "stream name is empty" },
        { "live", "flv:", ERR_PROTOCOL, "stream name is empty" },
        { "live", "?sign=1", ERR_PROTOCOL, "stream name is empty" },
        { "live/inst", "s", ERR_PROTOCOL, "app has more than one segment" },
        { "live", "a/b", ERR_PROTOCOL, "stream name has a slash" },
        { "live", "a%2Fb", ERR_PROTOCOL, "stream name has a slash" },
        { "live", "..", ERR_PROTOCOL, "stream name begins with a dot" },
        { "live", "%2e%2e", ERR_PROTOCOL, "stream name begins with a dot" },
        { "..", "s", ERR_PROTOCOL, "app begins with a dot" },
        { "live", ".hidden", ERR_PROTOCOL, "stream name begins with a dot" },
        { "live", "a\\b", ERR_PROTOCOL, bad_name },
        { "live", "a%00b", ERR_PROTOCOL, bad_name },
        { "live", "a%zzb", ERR_PROTOCOL, bad_name },
        { "live", "a%25b", ERR_PROTOCOL, bad_name },
        { "live", "a%0Ab", ERR_PROTOCOL, bad_name },
        { "live", "a b", ERR_PROTOCOL, bad_name },
        { "live", "<b>", ERR_PROTOCOL, bad_name },
        { "live", "a:b", ERR_PROTOCOL, bad_name },
        { "li've", "a", ERR_PROTOCOL, "app has a character that is not allowed" },
        { "live", "a\xff", ERR_PROTOCOL, "stream name is not UTF-8" },
        { "live", "a\xc0\xaf", ERR_PROTOCOL, "stream name is not UTF-8" },
        { "live", "a\xe7\x9b", ERR_PROTOCOL, "stream name is not UTF-8" },
        { "live", "a\xc2\x85", ERR_PROTOCOL, bad_name },
        { "live", "a\xe2\x80\xae" "b", ERR_PROTOCOL, bad_name }, /* U+202E */
        { "live", "a\xef\xbb\xbf", ERR_PROTOCOL, bad_name },     /* U+FEFF */
        { "live", "a\xf0\x9f\xbf\xbf", ERR_PROTOCOL, bad_name }, /* U+1FFFF */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes      app = exact(cases[i].app), name = exact(cases[i].name);
        struct url_stream s = { .path = "untouched" };
        const char       *why = "";
        CHECK_EQ(url_stream_from_rtmp(app, name, &s, &why), cases[i].error);
        assert_string_equal(why, cases[i].why);
        assert_string_equal(s.path, "untouched");
        CHECK_EQ(url_stream_from_rtmp(app, name, &s, NULL), cases[i].error);
        free((void *)app.data);
        free((void *)name.data);
    }
}

static void test_name_lengths(void **state)
{
    (void)state;
    char app[URL_APP_MAX + 2], name[URL_NAME_MAX + 2 + 4];
    memset(app, 'a', sizeof app);
    memset(name, 'n', sizeof name);
    struct url_stream s;
    const char       *why = "";
    struct bytes      a = { (uint8_t *)app, URL_APP_MAX }, n = { (uint8_t *)name, URL_NAME_MAX };
    CHECK_EQ(url_stream_from_rtmp(a, n, &s, &why), 0);
    CHECK_EQ(strlen(s.path), URL_PATH_SIZE - 1);
    a.size++;
    CHECK_EQ(url_stream_from_rtmp(a, n, &s, &why), ERR_TOO_BIG);
    assert_string_equal(why, "app is longer than 128 bytes");
    CHECK_EQ(url_stream_from_parts(a, n, &s, &why), ERR_TOO_BIG);
    a.size--;
    for (n.size = URL_NAME_MAX + 1; n.size < sizeof name; n.size++) {
        CHECK_EQ(url_stream_from_rtmp(a, n, &s, &why), ERR_TOO_BIG);
        assert_string_equal(why, "stream name is longer than 256 bytes");
    }
    memcpy(name + URL_NAME_MAX, ".flv", 4); /* the extension is not part of the name */
    n.size = URL_NAME_MAX + 4;
    CHECK_EQ(url_stream_from_rtmp(a, n, &s, &why), 0);
    CHECK_EQ(strlen(s.name), URL_NAME_MAX);
}

static void test_http_paths(void **state)
{
    (void)state;
    static const struct { const char *path; int flv, plain; const char *from_flv, *from_path; } cases[] = {
        { "/live/s.flv", 0, 0, "/live/s", "/live/s.flv" },
        { "live/s.flv", 0, 0, "/live/s", "/live/s.flv" },
        { "/live/s", ERR_NOT_FOUND, 0, "", "/live/s" },
        { "/live/a.b.flv", 0, 0, "/live/a.b", "/live/a.b.flv" },
        { "/live/s.flv.flv", 0, 0, "/live/s.flv", "/live/s.flv.flv" },
        { "/live/\xe7\x9b\xb4.flv", 0, 0, "/live/\xe7\x9b\xb4", "/live/\xe7\x9b\xb4.flv" },
        { "/live/.flv", ERR_PROTOCOL, ERR_PROTOCOL, "", "" },
        { "/live/%41.flv", ERR_PROTOCOL, ERR_PROTOCOL, "", "" }, /* decoded before, never twice */
        { "/live/a/s.flv", ERR_NOT_FOUND, ERR_NOT_FOUND, "", "" },
        { "//s.flv", ERR_PROTOCOL, ERR_PROTOCOL, "", "" },
        { "/s.flv", ERR_NOT_FOUND, ERR_NOT_FOUND, "", "" },
        { "/live/", ERR_NOT_FOUND, ERR_PROTOCOL, "", "" },
        { "/", ERR_NOT_FOUND, ERR_NOT_FOUND, "", "" },
        { "", ERR_NOT_FOUND, ERR_NOT_FOUND, "", "" },
        { ".flv", ERR_NOT_FOUND, ERR_NOT_FOUND, "", "" },
        { "/live/...flv", ERR_PROTOCOL, ERR_PROTOCOL, "", "" },
        { "/../s.flv", ERR_PROTOCOL, ERR_PROTOCOL, "", "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url_stream s = { .path = "" };
        char             *path = (char *)copy_exact(cases[i].path, strlen(cases[i].path) + 1);
        CHECK_EQ(url_stream_from_flv(path, &s, NULL), cases[i].flv);
        assert_string_equal(s.path, cases[i].from_flv);
        s.path[0] = '\0';
        CHECK_EQ(url_stream_from_path(path, &s, NULL), cases[i].plain);
        assert_string_equal(s.path, cases[i].from_path);
        CHECK_EQ(s.query.size, 0);
        free(path);
    }
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct { const char *text; bool valid; } cases[] = {
        { "", true }, { "az\x7f", true }, { "\xc2\x80", true }, { "\xdf\xbf", true },
        { "\xe0\xa0\x80", true }, { "\xed\x9f\xbf", true }, { "\xee\x80\x80", true },
        { "\xef\xbf\xbf", true }, { "\xf0\x90\x80\x80", true }, { "\xf4\x8f\xbf\xbf", true },
        { "\x80", false }, { "\xbf", false }, { "\xc0\x80", false }, { "\xc1\xbf", false }, { "\xc2", false },
        { "\xc2\x41", false }, { "\xe0\x9f\xbf", false }, { "\xed\xa0\x80", false },
        { "\xed\xbf\xbf", false }, { "\xe2\x82", false }, { "\xf0\x8f\xbf\xbf", false },
        { "\xf4\x90\x80\x80", false }, { "\xf5\x80\x80\x80", false }, { "\xf8\x88\x80\x80\x80", false },
        { "\xfe", false }, { "\xff", false }, { "\xf0\x9f\x98", false }, { "\xe2\x28\xa1", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (utf8_valid(bytes_of(cases[i].text)) != cases[i].valid)
            fail_msg("case %zu", i);
    struct utf8 u = { 0 };
    for (const char *c = "\xf0\x9f\x98\x80"; *c != '\0'; c++)
        CHECK(utf8_take(&u, (uint8_t)*c));
    CHECK_EQ(u.code, 0x1f600);
    CHECK_EQ(u.left, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_walk),    cmocka_unit_test(test_parse),
        cmocka_unit_test(test_rtmp_names),    cmocka_unit_test(test_rtmp_refusals),
        cmocka_unit_test(test_name_lengths),  cmocka_unit_test(test_http_paths),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
