#include "bench/settings.h"

#include "base/error.h"
#include "check.h"

#include <stdio.h>

static struct settings settings;
static char            why[SETTINGS_WHY_SIZE];

/* `line` is split at its spaces. */
static int parse(const char *line)
{
    char  text[400], *argv[40] = { 0 }, *save = NULL;
    int   argc = 0;
    snprintf(text, sizeof text, "millrace-bench %s", line);
    for (char *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    why[0] = '\0';
    settings_clear(&settings);
    return settings_parse(argc, argv, &settings, why);
}

static void test_defaults(void **state)
{
    (void)state;
    CHECK_EQ(parse("--file a.flv --viewers 10"), 0);
    assert_string_equal(settings.urls[PROTOCOL_RTMP], "rtmp://127.0.0.1:1935/live/bench{}");
    assert_string_equal(settings.urls[PROTOCOL_FLV], "http://127.0.0.1:8000/live/bench{}.flv");
    assert_string_equal(settings.urls[PROTOCOL_WS], "ws://127.0.0.1:8000/live/bench{}.flv");
    assert_string_equal(settings.urls[PROTOCOL_RTMPS], "rtmps://127.0.0.1:1936/live/bench{}");
    assert_string_equal(settings.urls[PROTOCOL_HTTPS], "https://127.0.0.1:8443/live/bench{}.flv");
    assert_string_equal(settings.urls[PROTOCOL_WSS], "wss://127.0.0.1:8443/live/bench{}.flv");
    CHECK_EQ(settings.publish, 1);
    CHECK_EQ(settings.streams, 1);
    CHECK_EQ(settings.viewers, 10);
    CHECK_EQ(settings.mix_count, 1);
    CHECK_EQ(settings.cpu, -1);
}

static void test_all_kinds_of_values(void **state)
{
    (void)state;
    CHECK_EQ(parse("--no-publish --streams 5 --viewers 2k --protocol ws,rtmp,ws --slow-rate 1.5k"
                   " --slow-share 0.25 --pid 1,22 --cpu 0 --http-port 99 --prefix p --app a --server ::1"
                   " --url rtmp://h/x/{}"), 0);
    CHECK_EQ(settings.publish, 0);
    CHECK_EQ(settings.streams, 5);
    CHECK_EQ(settings.viewers, 2000);
    CHECK_EQ(settings.mix_count, 3);
    CHECK_EQ(settings.mix[0], PROTOCOL_WS);
    CHECK_EQ(settings.mix[1], PROTOCOL_RTMP);
    CHECK_EQ(settings.slow_rate, 1500);
    CHECK(settings.slow_share == 0.25);
    CHECK_EQ(settings.pid_count, 2);
    CHECK_EQ(settings.pids[1], 22);
    CHECK_EQ(settings.cpu, 0);
    assert_string_equal(settings.urls[PROTOCOL_RTMP], "rtmp://h/x/{}");
    assert_string_equal(settings.urls[PROTOCOL_WS], "ws://[::1]:99/a/p{}.flv");
    CHECK_EQ(parse("--file a --protocol https,rtmps,wss --https-port 9 --wss-url wss://h/{}"), 0);
    CHECK_EQ(settings.mix[1], PROTOCOL_RTMPS);
    assert_string_equal(settings.urls[PROTOCOL_HTTPS], "https://127.0.0.1:9/live/bench{}.flv");
    assert_string_equal(settings.urls[PROTOCOL_WSS], "wss://h/{}");
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "", "--viewers 10", "--no-publish", "--file a --viewers -1", "--file a --viewers 1.5",
        "--file a --viewers", "--file a --viewers 10x", "--file a --protocol http",
        "--file a --protocol rtmp,,flv", "--file a --protocol ", "--file a --slow-share 1.1",
        "--file a --pid 0", "--file a --pid 1,x", "--file a --rtmp-port 0", "--file a --rtmp-port 65536",
        "--file a --streams 2", "--file a --frob", "--file a b", "--file a --quiet=1",
        "--file a --duration nan", "--file a --cpu -1", "--file a --publish 0",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        if (parse(lines[i]) != ERR_INVALID)
            fail_msg("accepted: %s", lines[i]);
        CHECK(why[0] != '\0');
    }
}

static int clear(void **state)
{
    (void)state;
    settings_clear(&settings);
    return 0;
}

static void test_help_needs_nothing_else(void **state)
{
    (void)state;
    CHECK_EQ(parse("--help"), 0);
    CHECK(settings.help);
    CHECK_EQ(parse("-V"), 0);
    CHECK(settings.version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_kinds_of_values),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_help_needs_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
