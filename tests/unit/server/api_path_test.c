#include "check.h"

#include "base/error.h"
#include "server/api_path.h"

static struct api_path   path;
static struct api_params params;

static bool matches(const char *target, const char *pattern)
{
    char *copy = (char *)copy_exact(target, strlen(target) + 1);
    bool  matched = api_path_split(copy, &path) && api_path_match(&path, pattern, &params);
    free(copy);
    return matched;
}

static void test_match(void **state)
{
    (void)state;
    static const struct {
        const char *target, *pattern;
        bool        matched;
    } cases[] = {
        { "/api/cats", "/api/cats", true },
        { "/api/cats?page=2&x=/api/dogs", "/api/cats", true },
        { "http://host:8000/api/cats?page=2", "/api/cats", true },
        { "/%61pi/cats", "/api/cats", true },
        { "/api/cats/", "/api/cats", false },
        { "/api//cats", "/api/cats", false },
        { "//api/cats", "/api/cats", false },
        { "/api%2fcats", "/api/cats", false },
        { "/api/cat", "/api/cats", false },
        { "/api/catss", "/api/cats", false },
        { "/API/cats", "/api/cats", false },
        { "/", "/api/cats", false },
        { "/api/cats/7", "/api/cats/{id}", true },
        { "/api/cats/", "/api/cats/{id}", false },
        { "/api/cats/7/8", "/api/cats/{id}", false },
        { "/api/cats/7%2f8", "/api/cats/{id}", false },
        { "/api/cats/7/name", "/api/cats/{id}/name", true },
        { "/api/cats/name", "/api/cats/{id}/name", false },
        { "/api/s/live/show", "/api/s/{streamPath}", true },
        { "/api/s/live%2fshow", "/api/s/{streamPath}", true },
        { "/api/s/%2Flive%2Fshow", "/api/s/{streamPath}", true },
        { "/api/s/live", "/api/s/{streamPath}", true }, /* no stream, but for others to say */
        { "/api/s//live/show", "/api/s/{streamPath}", false },
        { "/api/s/live/show/more", "/api/s/{streamPath}", false },
        { "/api/s/live/", "/api/s/{streamPath}", false },
        { "/api/s/", "/api/s/{streamPath}", false },
        { "/api/s", "/api/s/{streamPath}", false },
        { "/a/b%00", "/a/{x}", false },
        { "/a/b%0a", "/a/{x}", false },
        { "/a/b%7f", "/a/{x}", false },
        { "/a/b%c2%80", "/a/{x}", false },
        { "/a/b%ff", "/a/{x}", false },
        { "/a/b%", "/a/{x}", false },
        { "/a/b%4", "/a/{x}", false },
        { "/1/2/3/4/5/6/7/8/9/10/11/12", "/{a}/2/3/4/5/6/7/8/9/10/11/12", true },
        { "/1/2/3/4/5/6/7/8/9/10/11/12/13", "/{a}/2/3/4/5/6/7/8/9/10/11/12/13", false },
        { "", "/{a}", false },
        { "*", "/{a}", false },
        { "http://host", "/{a}", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (matches(cases[i].target, cases[i].pattern) != cases[i].matched)
            fail_msg("%s and %s", cases[i].target, cases[i].pattern);
}

static void test_params(void **state)
{
    (void)state;
    CHECK(matches("/api/cats/a%20b/c+%C3%A4?id=x", "/api/cats/{id}/{name}"));
    assert_string_equal(api_params_get(&params, "id"), "a b");
    assert_string_equal(api_params_get(&params, "name"), "c+\xc3\xa4");
    assert_null(api_params_get(&params, "nam"));
    assert_null(api_params_get(&params, "names"));
    assert_null(api_params_get(&params, ""));
}

static void test_streams(void **state)
{
    (void)state;
    static const struct {
        const char *target, *pattern;
        int         result;
        const char *path;
    } cases[] = {
        { "/s/live/show", "/s/{streamPath}", 0, "/live/show" },
        { "/s/live%2Fshow", "/s/{streamPath}", 0, "/live/show" },
        { "/s/%2Flive%2Fshow", "/s/{streamPath}", 0, "/live/show" },
        { "/s/live/sh%C3%B6w", "/s/{streamPath}", 0, "/live/sh\xc3\xb6w" },
        { "/s/live/show/record", "/s/{app}/{name}/record", 0, "/live/show" },
        { "/s/live", "/s/{streamPath}", ERR_INVALID, "" },
        { "/s/live%2Fa%2Fb", "/s/{streamPath}", ERR_INVALID, "" },
        { "/s/.live/show", "/s/{streamPath}", ERR_INVALID, "" },
        { "/s/live/sh%20ow", "/s/{app}/{name}", ERR_INVALID, "" },
        { "/s/live/sh*w", "/s/{app}/{name}", ERR_INVALID, "" },
        { "/s/live", "/s/{app}", ERR_NOT_FOUND, "" },
        { "/s/live", "/s/{id}", ERR_NOT_FOUND, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct url_stream stream = { .path = "" };
        const char       *why = NULL;
        CHECK(matches(cases[i].target, cases[i].pattern));
        CHECK_EQ(api_params_stream(&params, &stream, &why), cases[i].result);
        assert_string_equal(stream.path, cases[i].path);
        CHECK_EQ(why != NULL, cases[i].result == ERR_INVALID);
    }
}

/* As long as a request target can be, whatever it is made of. */
static void test_long(void **state)
{
    (void)state;
    char *target = malloc(API_PATH_SIZE * 2);
    assert_non_null(target);
    for (size_t size = API_PATH_SIZE - 40; size < API_PATH_SIZE + 40; size++) {
        memset(target, 'x', size);
        target[0] = target[5] = target[9] = '/';
        target[size] = '\0';
        bool fits = size <= API_PATH_SIZE + API_SEGMENTS_MAX;
        CHECK_EQ(api_path_split(target, &path), fits);
    }
    free(target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
