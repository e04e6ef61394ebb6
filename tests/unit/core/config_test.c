#include "check.h"

#include "base/error.h"
#include "core/config.h"
#include "core/config_file.h"

#include <stdio.h>
#include <unistd.h>

static char error[CONFIG_ERROR_SIZE];

/* Loads `text`; NULL and `error` set if it is refused. */
static struct config *load(const char *text, const struct config_set *sets, size_t count)
{
    struct config *config = NULL;
    size_t         size = strlen(text);
    char          *exact = (char *)copy_exact(text, size);
    error[0] = '\0';
    int result = config_load_text("millrace.json", exact, size, sets, count, &config, error);
    free(exact);
    if (result == 0) {
        assert_non_null(config);
        assert_string_equal(error, "");
    } else {
        CHECK_EQ(result, ERR_INVALID);
        assert_null(config);
    }
    return config;
}

static void test_defaults(void **state)
{
    (void)state;
    struct config *c = config_new();
    assert_string_equal(c->bind, "0.0.0.0");
    CHECK_EQ(c->workers, 0);
    CHECK_EQ(c->drain_s, 10);
    CHECK_EQ(c->rtmp.port, 1935);
    CHECK_EQ(c->rtmp.chunk_size, 65535);
    CHECK_EQ(c->rtmp.ping, 60);
    CHECK_EQ(c->rtmp.ping_timeout, 30);
    CHECK_EQ(c->http.port, 8000);
    assert_string_equal(c->http.allow_origin, "*");
    CHECK_EQ(c->log.level, LOG_LEVEL_INFO);
    CHECK_EQ(c->log.format, LOG_FORMAT_TEXT);
    CHECK_EQ(c->delivery.flush_ms, CONFIG_AUTOMATIC);
    CHECK_EQ(c->delivery.lag_ms, 5000);
    CHECK_EQ(c->delivery.lag_bytes, 16 << 20);
    CHECK_EQ(c->delivery.stall_s, 30);
    CHECK(c->delivery.gop_cache);
    CHECK_EQ(c->delivery.gop_ms, 20000);
    CHECK_EQ(c->delivery.gop_bytes, 32 << 20);
    CHECK_EQ(c->delivery.backend, CONFIG_BACKEND_AUTO);
    CHECK_EQ(c->publish.resume_s, 10);
    CHECK_EQ(c->publish.timeout_s, 60);
    CHECK(!c->auth.play && !c->auth.publish && c->auth.legacy);
    assert_string_equal(c->auth.secret, "");
    CHECK_EQ(c->publish.allow.count + c->publish.deny.count + c->play.allow.count + c->play.deny.count, 0);
    CHECK_EQ(c->limits.viewers_per_stream, 0);
    CHECK_EQ(c->limits.publish_bitrate, 0);
    CHECK_EQ(c->play.wait_s, 30);
    CHECK_EQ(c->limits.connections, 20000);
    CHECK_EQ(c->limits.connections_per_ip, 0);
    CHECK_EQ(c->limits.streams, 10000);
    CHECK_EQ(c->limits.message_size, 8 << 20);
    CHECK_EQ(c->limits.chunk_streams, 64);
    CHECK_EQ(c->limits.http_header_size, 8192);
    CHECK_EQ(c->limits.handshake_s, 10);
    CHECK_EQ(c->limits.idle_s, 60);
    config_free(c);
    config_free(NULL);
}

static void test_file_over_defaults(void **state)
{
    (void)state;
    struct config *c = load(
        "\xef\xbb\xbf{\n"
        "  \"bind\": \"::\", \"workers\": 2,\n"
        "  \"rtmp\": { \"port\": null },\n"
        "  \"http\": { \"port\": 0, \"allow_origin\": \"https://example.org\" },\n"
        "  \"log\": { \"level\": \"debug\", \"format\": \"json\" },\n"
        "  \"delivery\": { \"gop_cache\": false, \"lag_bytes\": 1073741824, \"backend\": \"io_uring\" }\n"
        "}",
        NULL, 0);
    assert_non_null(c);
    assert_string_equal(c->bind, "::");
    CHECK_EQ(c->workers, 2);
    CHECK_EQ(c->rtmp.port, CONFIG_PORT_OFF);
    CHECK_EQ(c->rtmp.chunk_size, 65535);
    CHECK_EQ(c->http.port, 0);
    assert_string_equal(c->http.allow_origin, "https://example.org");
    CHECK_EQ(c->log.level, LOG_LEVEL_DEBUG);
    CHECK_EQ(c->log.format, LOG_FORMAT_JSON);
    CHECK(!c->delivery.gop_cache);
    CHECK_EQ(c->delivery.lag_bytes, 1073741824);
    CHECK_EQ(c->delivery.backend, CONFIG_BACKEND_IO_URING);
    config_free(c);
}

/* Each refusal word for word: what an operator reads is a part of the interface. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"{\n\n \"rtmp\": {\n  \"chunk_size\": 4096,\n  \"prot\": 1935 } }",
         "millrace.json:5: unknown key \"rtmp.prot\"; did you mean \"rtmp.port\"?"},
        {"{ \"rtmp\":\n { \"port\":\n 70000 } }",
         "millrace.json:2: rtmp.port: 70000 is not between 0 and 65535"},
        {"{ \"rtmp\": { \"port\": -1 } }", "millrace.json:1: rtmp.port: -1 is not between 0 and 65535"},
        {"{ \"rtmp\": { \"port\": \"1935\" } }",
         "millrace.json:1: rtmp.port: expected a port number or null, not \"1935\""},
        {"{ \"rtmp\": { \"port\": { \"tls\": 1 } } }",
         "millrace.json:1: rtmp.port: expected a port number or null, not an object"},
        {"{ \"workers\": 1.5 }", "millrace.json:1: workers: expected a whole number, not 1.5"},
        {"{ \"workers\": null }", "millrace.json:1: workers: expected a whole number, not null"},
        {"{ \"workers\": [] }", "millrace.json:1: workers: expected a whole number, not a list"},
        {"{ \"workers\": true }", "millrace.json:1: workers: expected a whole number, not true"},
        {"{ \"delivery\": { \"gop_cache\": 1 } }",
         "millrace.json:1: delivery.gop_cache: expected true or false, not 1"},
        {"{ \"http\": { \"allow_origin\": false } }",
         "millrace.json:1: http.allow_origin: expected a string, not false"},
        {"{ \"http\": { \"allow_origin\": \"a\\r\\nSet-Cookie: b\" } }",
         "millrace.json:1: http.allow_origin: control characters are not allowed in it"},
        {"{ \"log\": { \"level\": \"verbose\" } }",
         "millrace.json:1: log.level: expected \"none\", \"error\", \"warn\", \"info\" or \"debug\", not "
         "\"verbose\""},
        {"{ \"log\": { \"level\": \"\" } }", "millrace.json:1: log.level: expected \"none\", \"error\", "
                                             "\"warn\", \"info\" or \"debug\", not \"\""},
        {"{ \"log\": { \"level\": 3 } }",
         "millrace.json:1: log.level: expected \"none\", \"error\", \"warn\", \"info\" or \"debug\", not 3"},
        {"{ \"bind\": \"localhost\" }",
         "millrace.json:1: bind: \"localhost\" is not an IPv4 or IPv6 address"},
        {"{ \"rtmp\": 1935 }", "millrace.json:1: rtmp: expected an object with the keys of this section"},
        {"{ \"port\": 1935 }", "millrace.json:1: unknown key \"port\"; did you mean \"rtmp.port\"?"},
        {"{ \"rmtp\": { \"port\": 1935 } }", "millrace.json:1: unknown key \"rmtp\"; did you mean \"rtmp\"?"},
        {"{ \"something\": { \"else\": 1 } }", "millrace.json:1: unknown key \"something\""},
        {"{ \"\": 1 }", "millrace.json:1: unknown key \"\""},
        {"{\n\"rtmp.port\": 1 }", "millrace.json:2: \"rtmp.port\": a section is an object of its own, as in "
                                  "{ \"rtmp\": { \"port\": 1935 } }"},
        {"{ \"logType\": 3 }", "millrace.json:1: unknown key \"logType\": use log.level (\"none\", "
                               "\"error\", \"info\" or \"debug\")"},
        {"{ \"rtmp\": {\n \"gop_cache\": true } }",
         "millrace.json:2: unknown key \"rtmp.gop_cache\": use delivery.gop_cache"},
        {"{ \"trans\": { \"ffmpeg\": \"/usr/bin/ffmpeg\" } }",
         "millrace.json:1: unknown key \"trans\": Millrace runs no ffmpeg; run it beside the server, "
         "as a viewer of the stream"},
        {"{\n \"rtmp\": { \"port\": 8000 },\n \"http\": {\n  \"port\": 8000 } }",
         "millrace.json:4: http.port: 8000 is rtmp.port too"},
        {"{ \"rtmp\": { \"port\": 8000 } }", "millrace.json: http.port: 8000 is rtmp.port too"},
        {"{ \"https\": { \"port\": 8000 } }", "millrace.json:1: https.port: 8000 is http.port too"},
        {"{ \"rtmps\": { \"port\": 1936 },\n  \"https\": { \"port\": 1936 } }",
         "millrace.json:2: https.port: 1936 is rtmps.port too"},
        {"{ \"https\": { \"passphrase\": \"x\" } }",
         "millrace.json:1: unknown key \"https.passphrase\": store the key without a passphrase, readable by the "
         "server only"},
        {"[]", "millrace.json:1: expected an object, { ... }"},
        {"{\n \"workers\": 1,\n \"workers\": 2 }",
         "millrace.json:3: duplicate object key"},
        {"{\n \"workers\": 1\n \"bind\": \"::\" }", "millrace.json:3: '}' expected"},
        {"{ \"workers\": 1 } x", "millrace.json:1: end of file expected"},
        {"{ \"auth\": { \"secret\": \"hunter2\" \"x\" } }", "millrace.json:1: '}' expected"},
        {"{ \"auth\": { \"secret\": \"hunter2\n\" } }", "millrace.json:1: unexpected newline"},
        {"{ \"auth\": { \"secret\": 1234 } }", "millrace.json:1: auth.secret: expected a string"},
        {"{ \"auth\": { \"secret\": \"hunter2\\u0007\" } }",
         "millrace.json:1: auth.secret: control characters are not allowed in it"},
        {"{\n \"auth\": {\n  \"play\": true } }",
         "millrace.json:3: auth.play: signs are asked for, but there is no secret to check them with: set "
         "auth.secret, or this to false"},
        {"{ \"auth\": {\n  \"publish\": true, \"secret\": \"\" } }",
         "millrace.json:2: auth.publish: signs are asked for, but there is no secret to check them with: set "
         "auth.secret, or this to false"},
        {"{ \"auth\": {\n  \"play\": true,\n \"secret\": \"nodemedia2017privatekey\" } }",
         "millrace.json:3: auth.secret: everybody knows this secret, the default of Node Media Server: "
         "choose another"},
        {"{ \"auth\": { \"jwt\": {} } }",
         "millrace.json:1: unknown key \"auth.jwt\": who may use the API is set by api.users and "
          "api.tokens"},
        {"{ \"apps\": [] }", "millrace.json:1: apps: expected an object with an object for each app"},
        {"{ \"apps\": {\n \"live\": 1 } }",
         "millrace.json:2: apps.live: expected an object with the keys of this app"},
        {"{ \"apps\": {\n \"a/b\": {} } }", "millrace.json:2: apps: \"a/b\": app has more than one segment"},
        {"{ \"apps\": { \"live\": { \"auth\":\n 1 } } }",
         "millrace.json:1: apps.live.auth: expected an object with the keys of this section"},
        {"{ \"apps\": { \"live\": {\n \"auth\": {\n \"plya\": true } } } }",
         "millrace.json:3: unknown key \"apps.live.auth.plya\"; did you mean \"auth.play\"?"},
        {"{ \"apps\": { \"live\": {\n \"rtmp\": {\n \"port\": 1 } } } }",
         "millrace.json:3: apps.live.rtmp.port: rtmp.port is the same for all apps"},
        {"{ \"apps\": { \"live\": {\n \"auth\": {\n \"play\": true } } } }",
         "millrace.json:3: apps.live.auth.play: signs are asked for, but there is no secret to check them "
         "with: set auth.secret, or this to false"},
        {"{ \"apps\": { \"live\": { \"publish\": { \"allow\": [\n\"10.0.0.0\", \"10.0.0.0/4\"] } } } }",
         "millrace.json:1: apps.live.publish.allow: \"10.0.0.0/4\" has an address that is longer than its "
         "prefix"},
        {"", "millrace.json:1: '[' or '{' expected near end of file"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_null(load(cases[i].text, NULL, 0));
        assert_string_equal(error, cases[i].error);
    }
}

/* Whatever is cut off, a JSON text is refused in one bounded sentence. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] =
        "{ \"rtmp\": { \"port\": 1936, \"ch\\u0075nk_size\": 4096 }, \"bind\": \"\\u003a:\" }";
    for (size_t cut = 0; cut < sizeof text - 1; cut++) {
        char part[sizeof text];
        memcpy(part, text, cut);
        part[cut] = '\0';
        assert_null(load(part, NULL, 0));
        assert_int_equal(strncmp(error, "millrace.json:1: ", 17), 0);
    }
    struct config *c = load(text, NULL, 0);
    assert_non_null(c);
    CHECK_EQ(c->rtmp.chunk_size, 4096);
    assert_string_equal(c->bind, "::");
    config_free(c);
}

static void test_long_names_and_values(void **state)
{
    (void)state;
    char text[8192], value[4000];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    snprintf(text, sizeof text, "{ \"%s\": 1 }", value);
    assert_null(load(text, NULL, 0));
    CHECK(strlen(error) < 200);
    snprintf(text, sizeof text, "{ \"rtmp\": { \"%s\": 1 } }", value);
    assert_null(load(text, NULL, 0));
    CHECK(strlen(error) < 200);
    snprintf(text, sizeof text, "{ \"http\": { \"allow_origin\": \"%s\" } }", value);
    assert_null(load(text, NULL, 0));
    assert_string_equal(error,
                        "millrace.json:1: http.allow_origin: it has 3999 bytes, which is more than 1024");
    snprintf(text, sizeof text, "{ \"bind\": \"%s\" }", value);
    assert_null(load(text, NULL, 0));
    CHECK(strlen(error) < 200);
}

static void test_sets(void **state)
{
    (void)state;
    static const struct config_set sets[] = {
        { "--set", "rtmp.port", "1936" },        { "--set", "rtmp.port", "null" },
        { "--bind", "bind", "::1" },             { "--set", "log.level", "debug" },
        { "--set", "log.format", "\"json\"" },   { "--set", "delivery.gop_cache", "false" },
        { "--set", "http.allow_origin", "1234" },
    };
    struct config *c =
        load("{ \"rtmp\": { \"port\": 1, \"ping\": 5 }, \"bind\": \"::\" }", sets, COUNT(sets));
    assert_non_null(c);
    CHECK_EQ(c->rtmp.port, CONFIG_PORT_OFF);
    CHECK_EQ(c->rtmp.ping, 5);
    assert_string_equal(c->bind, "::1");
    CHECK_EQ(c->log.level, LOG_LEVEL_DEBUG);
    CHECK_EQ(c->log.format, LOG_FORMAT_JSON);
    CHECK(!c->delivery.gop_cache);
    assert_string_equal(c->http.allow_origin, "1234");
    config_free(c);
}

static void test_set_refusals(void **state)
{
    (void)state;
    static const struct {
        struct config_set set;
        const char       *error;
    } cases[] = {
        {{"--set", "rtmp.prot", "1"}, "--set: unknown key \"rtmp.prot\"; did you mean \"rtmp.port\"?"},
        {{"--set", "rtmp", "1"}, "--set: \"rtmp\" is a section, not a key"},
        {{"--set", "logType", "3"},
         "--set: unknown key \"logType\": use log.level (\"none\", \"error\", \"info\" or \"debug\")"},
        {{"--rtmp-port", "rtmp.port", "70000"}, "--rtmp-port: rtmp.port: 70000 is not between 0 and 65535"},
        {{"--rtmp-port", "rtmp.port", ""},
         "--rtmp-port: rtmp.port: expected a port number or null, not \"\""},
        {{"--set", "delivery.flush_ms", "10ms"},
         "--set: delivery.flush_ms: expected a whole number or \"auto\", not \"10ms\""},
        {{"--set", "http.allow_origin", "\xff"}, "--set: http.allow_origin: not valid UTF-8"},
        {{"--set", "http.port", "1935"}, "command line: http.port: 1935 is rtmp.port too"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config *config = NULL;
        CHECK_EQ(config_load(NULL, &cases[i].set, 1, &config, error), ERR_INVALID);
        assert_null(config);
        assert_string_equal(error, cases[i].error);
    }
}

static void test_files(void **state)
{
    (void)state;
    struct config *config = NULL;
    CHECK_EQ(config_load("/nowhere/millrace.json", NULL, 0, &config, error), ERR_SYSTEM);
    assert_string_equal(error, "/nowhere/millrace.json: No such file or directory");
    CHECK_EQ(config_load("/", NULL, 0, &config, error), ERR_SYSTEM);
    assert_string_equal(error, "/: Is a directory");
    CHECK_EQ(config_load("/dev/zero", NULL, 0, &config, error), ERR_SYSTEM);
    assert_string_equal(error, "/dev/zero: too big for a configuration");
    assert_null(config);

    char name[] = "/tmp/millrace-config-XXXXXX", expected[100];
    int  fd = mkstemp(name);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, "{\n\"workers\": 3\n}\n", 17), 17);
    CHECK_EQ(config_load(name, NULL, 0, &config, error), 0);
    CHECK_EQ(config->workers, 3);
    config_free(config);
    CHECK_EQ(pwrite(fd, "{\n\"workerz\": 3\n}\n", 17, 0), 17);
    CHECK_EQ(config_load(name, NULL, 0, &config, error), ERR_INVALID);
    snprintf(expected, sizeof expected, "%s:2: unknown key \"workerz\"; did you mean \"workers\"?", name);
    assert_string_equal(error, expected);
    close(fd);
    unlink(name);
}

static void test_lines(void **state)
{
    (void)state;
    static const char text[] =
        "\n{ \"a\\\"}\\\\\": [1, {\"b\": \"]\"}, [\n]],\r\n"
        "\"s\": { \"x\" : { \"b\": 1 },\n\"b\"\n: -1.5e3 },\n\"b\": { \"b\"\t: null } }";
    static const struct config_path quoted = { NULL, "a\"}\\" }, s = { NULL, "s" }, sx = { &s, "x" },
                                    sxb = { &sx, "b" }, sb = { &s, "b" }, b = { NULL, "b" }, bb = { &b, "b" },
                                    deeper = { &bb, "c" }, none = { NULL, "c" }, in_list = { &quoted, "b" };
    static const struct {
        const struct config_path *path;
        unsigned                  line;
    } cases[] = { { &quoted, 2 }, { &s, 4 },  { &sx, 4 },     { &sxb, 4 },  { &sb, 5 },
                  { &b, 7 },      { &bb, 7 }, { &deeper, 0 }, { &none, 0 }, { &in_list, 0 } };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(config_file_line(text, sizeof text - 1, cases[i].path), cases[i].line);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        char *exact = (char *)copy_exact(text, cut);
        for (size_t i = 0; i < COUNT(cases); i++)
            CHECK(config_file_line(exact, cut, cases[i].path) <= cases[i].line);
        free(exact);
    }
}

static void test_print_is_loadable(void **state)
{
    (void)state;
    struct config *c = load("{ \"rtmp\": { \"port\": null }, \"log\": { \"level\": \"warn\" } }", NULL, 0);
    char          *text = NULL, *again = NULL;
    size_t         size = 0;
    FILE          *out = open_memstream(&text, &size);
    CHECK_EQ(config_print(c, out), 0);
    fclose(out);
    config_free(c);
    assert_non_null(strstr(text, "\"port\": null"));
    struct config *same = load(text, NULL, 0);
    assert_non_null(same);
    CHECK_EQ(same->rtmp.port, CONFIG_PORT_OFF);
    CHECK_EQ(same->log.level, LOG_LEVEL_WARN);
    out = open_memstream(&again, &size);
    CHECK_EQ(config_print(same, out), 0);
    fclose(out);
    assert_string_equal(text, again);
    config_free(same);
    free(text);
    free(again);
}

static const char apps_text[] =
    "{ \"apps\": { \"live\": { \"auth\": { \"play\": true, \"secrets\": [\"own\"] },\n"
    "  \"publish\": { \"allow\": [\"10.0.0.0/8\"], \"deny\": [] } },\n"
    "  \"v1.2\": { \"delivery\": { \"gop_cache\": false } }, \"same\": {} },\n"
    "  \"auth\": { \"publish\": true, \"secret\": \"global\", \"secrets\": [\"older\"] },\n"
    "  \"publish\": { \"deny\": [\"192.0.2.0/24\", \"::1\"] } }";

static void test_apps(void **state)
{
    (void)state;
    static const struct config_set sets[] = {
        { "--set", "apps.set.auth.secret", "by hand" }, { "--set", "apps.v1.2.limits.publish_bitrate", "9" },
        { "--set", "apps.live.play.deny", "::/0" },     { "--set", "auth.legacy", "false" },
    };
    struct config *c = load(apps_text, sets, COUNT(sets));
    assert_non_null(c);
    CHECK(!c->auth.play && c->auth.publish && !c->auth.legacy);
    CHECK_EQ(c->publish.allow.count, 0);
    CHECK_EQ(c->publish.deny.count, 2);

    const struct config *live = config_of_app(c, "live");
    CHECK(live->auth.play && live->auth.publish && !live->auth.legacy); /* set later, but global */
    assert_string_equal(live->auth.secret, ""); /* not the global ones beside its own */
    CHECK_EQ(live->auth.secrets.count, 1);
    assert_string_equal(live->auth.secrets.items[0], "own");
    CHECK_EQ(live->publish.allow.count, 1);
    CHECK_EQ(live->publish.deny.count, 0);
    CHECK_EQ(live->play.deny.count, 1);
    CHECK_EQ(live->rtmp.port, c->rtmp.port);
    CHECK(config_of_path(c, "/live/s") == live);
    CHECK(config_of_path(c, "/live") == live);

    const struct config *dotted = config_of_app(c, "v1.2");
    CHECK(!dotted->delivery.gop_cache && c->delivery.gop_cache);
    CHECK_EQ(dotted->limits.publish_bitrate, 9);
    assert_string_equal(dotted->auth.secret, "global");
    CHECK_EQ(dotted->auth.secrets.count, 1);
    CHECK_EQ(dotted->publish.deny.count, 2);

    const struct config *set = config_of_app(c, "set");
    assert_string_equal(set->auth.secret, "by hand");
    CHECK_EQ(set->auth.secrets.count, 0);
    CHECK(config_of_app(c, "same") != c);
    CHECK(config_of_app(c, "Live") == c);
    CHECK(config_of_path(c, "/other/s") == c);
    CHECK(config_of_path(c, "") == c);
    config_free(c);
}

static void test_app_sets_refused(void **state)
{
    (void)state;
    static const struct {
        struct config_set set;
        const char       *error;
    } cases[] = {
        {{"--set", "apps.live.rtmp.port", "1"},
         "--set: apps.live.rtmp.port: rtmp.port is the same for all apps"},
        {{"--set", "apps.live.auth.plya", "1"}, "--set: unknown key \"apps.live.auth.plya\""},
        {{"--set", "apps.live", "{}"}, "--set: unknown key \"apps.live\""},
        {{"--set", "apps..auth.play", "true"}, "--set: unknown key \"apps..auth.play\""},
        {{"--set", "apps.a/b.auth.play", "true"},
         "--set: \"apps.a/b.auth.play\": app has more than one segment"},
        {{"--set", "apps.live.auth.play", "true"},
         "command line: apps.live.auth.play: signs are asked for, but there is no secret to check them with: "
         "set auth.secret, or this to false"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config *config = NULL;
        CHECK_EQ(config_load(NULL, &cases[i].set, 1, &config, error), ERR_INVALID);
        assert_string_equal(error, cases[i].error);
    }
    char name[400] = "apps.";
    memset(name + 5, 'a', 300);
    snprintf(name + 305, sizeof name - 305, ".auth.play");
    struct config_set long_name = { "--set", name, "true" };
    struct config    *config = NULL;
    CHECK_EQ(config_load(NULL, &long_name, 1, &config, error), ERR_INVALID);
    assert_non_null(strstr(error, "app is too long"));
}

static void test_print_masks_secrets(void **state)
{
    (void)state;
    struct config *c = load(apps_text, NULL, 0);
    char          *text = NULL;
    size_t         size = 0;
    FILE          *out = open_memstream(&text, &size);
    CHECK_EQ(config_print(c, out), 0);
    fclose(out);
    config_free(c);
    assert_null(strstr(text, "\"global\""));
    assert_null(strstr(text, "\"older\""));
    assert_null(strstr(text, "\"own\""));
    assert_non_null(strstr(text, "\"secret\": \"********\""));
    assert_non_null(strstr(text, "10.0.0.0/8"));
    struct config *again = load(text, NULL, 0);
    assert_non_null(again);
    CHECK(config_of_app(again, "live")->auth.play);
    config_free(again);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_file_over_defaults),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_long_names_and_values),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_set_refusals),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_print_is_loadable),
        cmocka_unit_test(test_apps),
        cmocka_unit_test(test_app_sets_refused),
        cmocka_unit_test(test_print_masks_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
