#include "check.h"

#include "base/error.h"
#include "core/options.h"

/* `line` is what the shell would split at spaces. */
static int parse(const char *line, struct options *options)
{
    static char text[256];
    char       *argv[20] = { (char *)"millrace" };
    int         argc = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    return options_parse(argc, argv, options);
}

static void test_nothing(void **state)
{
    (void)state;
    struct options o;
    CHECK_EQ(parse("", &o), 0);
    CHECK_EQ(o.action, OPTIONS_RUN);
    assert_null(o.config_path);
    CHECK_EQ(o.set_count, 0);
    options_clear(&o);
}

static void test_everything(void **state)
{
    (void)state;
    struct options o;
    CHECK_EQ(parse("-c a.json --set log.level=debug -b :: --rtmp-port 1936 --http-port=0 --set "
                   "http.allow_origin=a=b",
                   &o),
             0);
    CHECK_EQ(o.action, OPTIONS_RUN);
    assert_string_equal(o.config_path, "a.json");
    static const struct config_set sets[] = {
        {"--set", "log.level", "debug"},       {"--bind", "bind", "::"},
        {"--rtmp-port", "rtmp.port", "1936"},  {"--http-port", "http.port", "0"},
        {"--set", "http.allow_origin", "a=b"},
    };
    CHECK_EQ(o.set_count, COUNT(sets));
    for (size_t i = 0; i < COUNT(sets); i++) {
        assert_string_equal(o.sets[i].source, sets[i].source);
        assert_string_equal(o.sets[i].key, sets[i].key);
        assert_string_equal(o.sets[i].value, sets[i].value);
    }
    struct config *config = NULL;
    char           error[CONFIG_ERROR_SIZE] = "";
    CHECK_EQ(config_load(NULL, o.sets, o.set_count, &config, error), 0);
    CHECK_EQ(config->rtmp.port, 1936);
    config_free(config);
    options_clear(&o);
    options_clear(&o);
}

static void test_actions(void **state)
{
    (void)state;
    static const struct {
        const char         *line;
        enum options_action action;
    } cases[] = {
        { "--check-config", OPTIONS_CHECK_CONFIG },
        { "--print-config -c a", OPTIONS_PRINT_CONFIG },
        { "--print-config --check-config", OPTIONS_PRINT_CONFIG },
        { "--version", OPTIONS_VERSION },
        { "-V --print-config", OPTIONS_VERSION },
        { "--help", OPTIONS_HELP },
        { "-Vh", OPTIONS_HELP },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct options o;
        CHECK_EQ(parse(cases[i].line, &o), 0);
        CHECK_EQ(o.action, cases[i].action);
        options_clear(&o);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *line, *error;
    } cases[] = {
        { "--frob", "--frob is not an option; try --help" },
        { "--frob=1", "--frob=1 is not an option; try --help" },
        { "-x", "-x is not an option; try --help" },
        { "-hx", "-x is not an option; try --help" },
        { "-c", "-c needs a value; try --help" },
        { "--set", "--set needs a value; try --help" },
        { "--set rtmp.port", "--set rtmp.port: expected KEY=VALUE, as in --set rtmp.port=1935" },
        { "--set =1", "--set =1: expected KEY=VALUE, as in --set rtmp.port=1935" },
        { "--version=2", "--version=2 takes no value; try --help" },
        { "live.json", "live.json: unexpected argument; try --help" },
        { "--check-config live.json", "live.json: unexpected argument; try --help" },
        { "-- -c", "-c: unexpected argument; try --help" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct options o;
        CHECK_EQ(parse(cases[i].line, &o), ERR_INVALID);
        assert_string_equal(o.error, cases[i].error);
        options_clear(&o);
    }
}

/* What the help offers, the parser takes. */
static void test_help(void **state)
{
    (void)state;
    char  *text = NULL;
    size_t size = 0;
    FILE  *out = open_memstream(&text, &size);
    options_print_help(out);
    fclose(out);
    size_t seen = 0;
    for (char *at = strstr(text, "\n  "); at != NULL && strstr(at, "Examples:") != NULL;
         at = strstr(at + 1, "\n  ")) {
        char *dashes = strstr(at, "--"), line[64];
        char *end = strchr(at + 1, '\n');
        if (dashes == NULL || dashes > end || dashes > at + 8)
            continue;
        size_t name = strcspn(dashes, " ");
        bool   value = dashes[name + 1] != ' ';
        snprintf(line, sizeof line, "%.*s%s", (int)name, dashes, value ? " a=1" : "");
        struct options o;
        CHECK_EQ(parse(line, &o), 0);
        options_clear(&o);
        seen++;
    }
    CHECK_EQ(seen, 11);
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1)
        CHECK(strcspn(at, "\n") <= 90);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),  cmocka_unit_test(test_everything), cmocka_unit_test(test_actions),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
