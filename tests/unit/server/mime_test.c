#include "server/mime.h"

#include "check.h"

static void test_types(void **state)
{
    (void)state;
    static const struct { const char *name, *type; bool is_text; } cases[] = {
        { "index.html", "text/html; charset=utf-8", true },
        { "INDEX.HTML", "text/html; charset=utf-8", true },
        { "a/b.c/app.js", "text/javascript; charset=utf-8", true },
        { "video.flv", "video/x-flv", false },
        { "list.m3u8", "application/vnd.apple.mpegurl", true },
        { "a.tar.gz", "application/gzip", false },
        { "player.wasm", "application/wasm", true },
        { "noextension", "application/octet-stream", false },
        { "a.html/noextension", "application/octet-stream", false },
        { "trailing.", "application/octet-stream", false },
        { "x.htmlx", "application/octet-stream", false },
        { "html", "application/octet-stream", false },
        { "", "application/octet-stream", false },
        { "/", "application/octet-stream", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mime got = mime_of(cases[i].name);
        assert_string_equal(got.type, cases[i].type);
        CHECK_EQ(got.is_text, cases[i].is_text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_types) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
