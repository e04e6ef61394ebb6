/* sign_tool_test.c - the words of "millrace sign".  The digests are those of auth_test.c, made with
 * OpenSSL's command line. */
#include "check.h"

#include "base/error.h"
#include "core/sign_tool.h"

#include <stdio.h>

#define NOW    1767222000 /* an hour before the expiry of the vectors */
#define SECRET "--set auth.secret=b1946ac92492d2347c6235b4d2611184 "

static char out[SIGN_TOOL_SIZE];

/* `line` is what the shell would split at spaces. */
static int make(const char *line)
{
    static char text[512];
    char       *argv[20] = { (char *)"sign" };
    int         argc = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    return sign_tool_make(argc, argv, NOW, out);
}

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *line, *out;
    } cases[] = {
        { SECRET "--path /live/s", "sign=v2.1767225600.play.0.iLHJSGaonB125Thu7cNNil6s8K-MJQLJmOGxOQ6jPzU" },
        { SECRET "--path /live/s --for publish --expires 60m",
          "sign=v2.1767225600.publish.0.wpLJCdjNNU1sAlGpHhtba1yyPaKhOKlV5VIVDNzOKSM" },
        { SECRET "--path live/s --for any --expires never",
          "sign=v2.0.any.0.eZmmG9UW778Mlbb-Jq8JsaDhPUjnK6nZ6nkTPPopKsA" },
        { SECRET "--path /live/s --ip 192.0.2.0/24 --expires @1767225600",
          "sign=v2.1767225600.play.24.k_nXzMO8iAbblMwdlMmn-eeUzRl9NV9gkzPcFkbEn_E" },
        { SECRET "--path /live/s --legacy", "sign=1767225600-2279bc203d3d149782f82a508e03dc50" },
        { SECRET "--legacy --url rtmp://host:1936/live/s --expires 3600s",
          "rtmp://host:1936/live/s?sign=1767225600-2279bc203d3d149782f82a508e03dc50" },
        { SECRET "--legacy --url https://host/live/%73.flv?a=b",
          "https://host/live/%73.flv?a=b&sign=1767225600-2279bc203d3d149782f82a508e03dc50" },
        { "--set auth.secrets=other --path /live/s", /* without auth.secret the first of these */
          "sign=v2.1767225600.play.0.65xgUu9jijr1Wnvb0mga5HcZlaDgvQrQenPEfW6J3fU" },
        { SECRET "--set apps.live.auth.secret=other --path /live/s",
          "sign=v2.1767225600.play.0.65xgUu9jijr1Wnvb0mga5HcZlaDgvQrQenPEfW6J3fU" },
        { SECRET "--set auth.secrets=other --path /live/s",
          "sign=v2.1767225600.play.0.iLHJSGaonB125Thu7cNNil6s8K-MJQLJmOGxOQ6jPzU" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int result = make(cases[i].line);
        assert_string_equal(out, cases[i].out);
        CHECK_EQ(result, 0);
    }
}

static void test_expiries(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        long long   expiry; /* -1: refused */
    } cases[] = {
        { "1s", NOW + 1 },  { "15m", NOW + 900 },  { "12h", NOW + 43200 }, { "30d", NOW + 2592000 },
        { "@1", 1 },        { "never", 0 },        { "1", -1 },            { "h", -1 },
        { "0h", -1 },       { "-1h", -1 },         { "1.5h", -1 },         { "1hh", -1 },
        { "@", -1 },        { "@-1", -1 },         { "@0", -1 },           { "99999999999d", -1 },
        { "1000000001s", -1 }, { "@9999999999999999999999", -1 }, { "Never", -1 }, { "1y", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[200], expected[100];
        snprintf(line, sizeof line, SECRET "--path /live/s --expires %s", cases[i].word);
        CHECK_EQ(make(line), cases[i].expiry >= 0 ? 0 : ERR_INVALID);
        if (cases[i].expiry < 0)
            snprintf(expected, sizeof expected, "--expires %s: expected", cases[i].word);
        else
            snprintf(expected, sizeof expected, "sign=v2.%lld.play.", cases[i].expiry);
        assert_int_equal(strncmp(out, expected, strlen(expected)), 0);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *error;
    } cases[] = {
        { SECRET, "one of --path and --url is needed; try millrace sign --help" },
        { SECRET "--path /a/b --url rtmp://h/a/b",
          "one of --path and --url is needed; try millrace sign --help" },
        { SECRET "--path /live", "--path: " },
        { SECRET "--path /live/.s", "--path: stream name begins with a dot" },
        { SECRET "--url /live/s", "--url: expected a URL, as in rtmp://host/live/film" },
        { SECRET "--url rtmp://host/live", "--url: " },
        { SECRET "--url rtmp://host/live/s?sign=1-2", "--url: it is signed already" },
        { SECRET "--path /a/b --for watch", "--for watch: expected play, publish or any" },
        { SECRET "--path /a/b --ip host", "--ip: expected an address or a network, as in 192.0.2.0/24" },
        { SECRET "--path /a/b --ip 192.0.2.7/24", "--ip: expected an address or a network" },
        { SECRET "--path /a/b --ip 0.0.0.0/0", "--ip: expected an address or a network" },
        { SECRET "--path /a/b --legacy --expires never",
          "--expires never: not in the form of Node Media Server" },
        { SECRET "--path /a/b --legacy --for play",
          "--legacy: such a sign is good for all uses and addresses" },
        { SECRET "--path /a/b --legacy --ip ::1",
          "--legacy: such a sign is good for all uses and addresses" },
        { SECRET "--path /a/b --legacy --set auth.legacy=false", "--legacy: auth.legacy is false" },
        { "--path /a/b", "there is no secret to sign with" },
        { "--path /a/b -c /nowhere.json", "/nowhere.json: No such file or directory" },
        { "--path /a/b --set auth.sekret=1", "--set: unknown key \"auth.sekret\"" },
        { "--set x", "--set x: expected KEY=VALUE" },
        { "--path", "--path needs a value" },
        { "--frob", "--frob is not an option" },
        { SECRET "--path /a/b extra", "extra: unexpected argument" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(make(cases[i].line), ERR_INVALID);
        if (strncmp(out, cases[i].error, strlen(cases[i].error)) != 0)
            fail_msg("%s: %s", cases[i].line, out);
        assert_null(strstr(out, "b1946ac9")); /* never the secret */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_expiries),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
