#include "check.h"

#include "base/error.h"
#include "core/config.h"
#include "core/config_file.h"
#include "core/config_hint.h"
#include "core/config_keys.h"

#include <stdio.h>

/* Lists and the limits of every type: on a table of our own. */
static void test_types(void **state)
{
    (void)state;
    struct plain {
        struct config_list list;
        char              *path;
        struct cidr_list   networks;
        uint32_t           pause;
    } plain = { 0 };
    static const struct config_key list = { .name = "list", .type = CONFIG_LIST, .max = 2 };
    static const struct config_key path = { .name = "path", .type = CONFIG_PATH, .min = 1, .max = 8,
                                            .offset = offsetof(struct plain, path) };
    static const struct config_key nets = { .name = "nets", .type = CONFIG_NETWORKS, .max = 3,
                                            .offset = offsetof(struct plain, networks) };
    static const struct config_key pause = { .name = "pause", .type = CONFIG_DURATION, .max = 9,
                                             .flags = CONFIG_AUTO, .offset = offsetof(struct plain, pause) };
    static const struct config_key secret = { .name = "secret", .type = CONFIG_STRING, .max = 8,
                                              .flags = CONFIG_SECRET,
                                              .offset = offsetof(struct plain, path) };
    static const struct config_key secrets = { .name = "secrets", .type = CONFIG_LIST, .max = 2,
                                               .flags = CONFIG_SECRET };
    static const struct {
        const struct config_key *key;
        const char              *value, *why;
    } cases[] = {
        { &list, "a", "" },
        { &list, "[\"a\", \"b\"]", "" },
        { &list, "[]", "" },
        { &list, "[\"a\", \"b\", \"c\"]", "it has 3 items, which is not between 0 and 2" },
        { &list, "[\"a\", 1]", "expected a string, not 1" },
        { &list, "7", "expected a list of strings, not 7" },
        { &list, "[\"\"]", "an item may not be empty" },
        { &nets, "10.0.0.0/8", "" },
        { &nets, "[\"192.0.2.7\", \"2001:db8::/32\", \"0.0.0.0/0\"]", "" },
        { &nets, "[]", "" },
        { &nets, "[\"10.0.0.1\", \"10.0.0.1/8\"]",
          "\"10.0.0.1/8\" has an address that is longer than its prefix" },
        { &nets, "10.0.0.0/33", "\"10.0.0.0/33\" has a prefix length that is none" },
        { &nets, "localhost", "\"localhost\" is no IPv4 or IPv6 network" },
        { &nets, "[1]", "expected an address or a network, not 1" },
        { &nets, "7", "expected a list of addresses and networks, not 7" },
        { &nets, "[\"::\", \"::1\", \"::2\", \"::3\"]", "it has 4 items, which is not between 0 and 3" },
        { &secret, "\"hunter2\"", "" },
        { &secret, "hunter2hunter2", "it has 14 bytes, which is more than 8" },
        { &secrets, "[\"a\", 123456]", "expected a string" },
        { &secrets, "{\"a\": 123456}", "expected a list of strings" },
        { &pause, "9", "" },
        { &pause, "auto", "" },
        { &pause, "\"auto\"", "" },
        { &pause, "10", "10 is not between 0 and 9" },
        { &pause, "4294967295", "4294967295 is not between 0 and 9" },
        { &pause, "automatic", "expected a whole number or \"auto\", not \"automatic\"" },
        { &pause, "null", "expected a whole number or \"auto\", not null" },
        { &path, "/a", "" },
        { &path, "\"/b\"", "" },
        { &path, "", "it may not be empty" },
        { &path, "/12345678", "it has 9 bytes, which is more than 8" },
        { &path, "[1]", "" }, /* text, for a key that holds text */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char    why[100] = "";
        json_t *value = config_key_parse(cases[i].key, cases[i].value);
        int     result = config_key_set(cases[i].key, &plain, value, why, sizeof why);
        assert_string_equal(why, cases[i].why);
        CHECK_EQ(result, why[0] == '\0' ? 0 : ERR_INVALID);
        if (result == 0) {
            struct plain copy = { 0 };
            config_key_copy(cases[i].key, &copy, &plain);
            CHECK(config_key_is_equal(cases[i].key, &copy, &plain));
            config_key_clear(cases[i].key, &copy);
            json_t *got = config_key_get(cases[i].key, &plain);
            CHECK(json_equal(got, value));
            json_decref(got);
        }
        json_decref(value);
    }
    config_key_clear(&list, &plain);
    config_key_clear(&path, &plain);
    config_key_clear(&nets, &plain);
    assert_null(plain.networks.items);
    assert_null(plain.list.items);
    assert_null(plain.path);
}

/* Certificates: a list of objects, whose key may be left out. */
static void test_certificates(void **state)
{
    (void)state;
    struct config_certificates     list = { 0 };
    static const struct config_key key = { .name = "list", .type = CONFIG_CERTIFICATES, .max = 2 };
    static const struct {
        const char *value, *why;
    } cases[] = {
        { "[]", "" },
        { "[{\"cert\":\"/a\",\"key\":\"/b\"}]", "" },
        { "[{\"cert\":\"/a\"},{\"cert\":\"/c\",\"key\":\"/d\"}]", "" },
        { "[{\"cert\":\"/a\"},{\"cert\":\"/b\"},{\"cert\":\"/c\"}]", "it has 3 items, which is more than 2" },
        { "{\"cert\":\"/a\"}", "expected a list of objects with cert and key" },
        { "/a", "expected a list of objects with cert and key" },
        { "[\"/a\"]", "item 1: expected an object with cert and key" },
        { "[{\"cert\":\"/a\"},{}]", "item 2: cert: expected the path of a file" },
        { "[{\"cert\":\"\"}]", "item 1: cert: expected the path of a file" },
        { "[{\"cert\":\"/a\\n\"}]", "item 1: cert: expected the path of a file" },
        { "[{\"cert\":\"/a\",\"key\":7}]", "item 1: key: expected the path of a file" },
        { "[{\"cert\":\"/a\",\"kye\":\"/b\"}]", "item 1: it has a member that is neither cert nor key" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char    why[100] = "";
        json_t *value = config_key_parse(&key, cases[i].value);
        CHECK_EQ(config_key_set(&key, &list, value, why, sizeof why), cases[i].why[0] == '\0' ? 0 : ERR_INVALID);
        assert_string_equal(why, cases[i].why);
        json_t *got = config_key_get(&key, &list);
        CHECK_EQ(json_equal(got, value), cases[i].why[0] == '\0');
        json_decref(got);
        json_decref(value);
    }
    CHECK_EQ(list.count, 2); /* of the last that was right */
    assert_string_equal(list.items[1].key, "/d");
    config_key_clear(&key, &list);
    assert_null(list.items);
}

/* The table's own rules: members of the right width, ranges, units in names, known flags. */
static void test_table(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        [CONFIG_BOOL] = sizeof(bool),       [CONFIG_INTEGER] = sizeof(uint32_t),
        [CONFIG_DURATION] = sizeof(uint32_t), [CONFIG_SIZE] = sizeof(uint64_t),
        [CONFIG_PORT] = sizeof(int),        [CONFIG_ENUM] = sizeof(int),
        [CONFIG_STRING] = sizeof(char *),   [CONFIG_ADDRESS] = sizeof(char *),
        [CONFIG_PATH] = sizeof(char *),     [CONFIG_LIST] = sizeof(struct config_list),
        [CONFIG_NETWORKS] = sizeof(struct cidr_list),
        [CONFIG_STREAM_KEYS] = sizeof(struct config_stream_keys),
        [CONFIG_CERTIFICATES] = sizeof(struct config_certificates),
        [CONFIG_URLS] = sizeof(struct config_list),
        [CONFIG_HOOKS] = sizeof(struct config_hooks),
        [CONFIG_USERS] = sizeof(struct config_callers),
        [CONFIG_TOKENS] = sizeof(struct config_callers),
    };
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        CHECK_EQ(key->size, sizes[key->type]);
        CHECK(key->min <= key->max && key->min >= 0);
        CHECK(key->type != CONFIG_INTEGER || key->max <= UINT32_MAX);
        CHECK_EQ(key->type == CONFIG_ENUM, key->choices != NULL);
        CHECK(!(key->flags & CONFIG_AUTO) || (key->type == CONFIG_DURATION && key->max < CONFIG_AUTOMATIC));
        CHECK(key->doc[0] != '\0' && key->doc[strlen(key->doc) - 1] == '.' && strchr(key->doc, '|') == NULL);
        CHECK(!(key->flags & CONFIG_APP) || key->flags & CONFIG_LIVE);
        CHECK(config_key_find(key->name) == key);
        for (size_t j = 0; j < i; j++)
            CHECK(config_keys[j].offset != key->offset);
    }
}

static void test_originals_are_told_where_to_go(void **state)
{
    (void)state;
    static const char *const names[] = {
        "logType",         "cluster",        "rtmp.gop_cache", "rtmp.ssl.port", "rtmps.port",
        "https.port",      "http.mediaroot", "http.webroot",   "http.api",      "static.root",
        "webadmin.enable", "auth.api_user",  "auth.jwt.users", "record.path",   "store.path",
        "notify.url",      "trans.tasks",    "fission.ffmpeg", "relay.tasks",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        char hint[200];
        config_hint(names[i], hint, sizeof hint);
        if (config_key_find(names[i]) == NULL)
            CHECK_EQ(hint[0], ':');
    }
}

/* A hint must not hide a key that was added since. */
static void test_hints_stand_aside(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_key_count; i++) {
        char hint[200], expected[200];
        config_hint(config_keys[i].name, hint, sizeof hint);
        snprintf(expected, sizeof expected, "; did you mean \"%s\"?", config_keys[i].name);
        assert_string_equal(hint, expected);
    }
}

/* The row of docs/CONFIGURATION.md that `key` must have. */
static void write_row(const struct config_key *key, char *out, size_t size)
{
    char range[200] = "";
    switch (key->type) {
    case CONFIG_BOOL:
        snprintf(range, sizeof range, "`true`, `false`");
        break;
    case CONFIG_ENUM:
        for (const char *word = key->choices; word != NULL; word = strchr(word, '|')) {
            word += *word == '|';
            size_t used = strlen(range);
            snprintf(range + used, sizeof range - used, "%s`\"%.*s\"`", used ? ", " : "",
                     (int)strcspn(word, "|"), word);
        }
        break;
    case CONFIG_STRING:
    case CONFIG_PATH:
        snprintf(range, sizeof range, "up to %lld bytes", (long long)key->max);
        break;
    case CONFIG_ADDRESS:
        snprintf(range, sizeof range, "an IPv4 or IPv6 address");
        break;
    case CONFIG_LIST:
        snprintf(range, sizeof range, "up to %lld strings", (long long)key->max);
        break;
    case CONFIG_NETWORKS:
        snprintf(range, sizeof range, "up to %lld addresses and networks", (long long)key->max);
        break;
    case CONFIG_STREAM_KEYS:
        snprintf(range, sizeof range,
                 "up to %lld objects `{ \"key\": KEY, \"stream\": \"APP/NAME\", \"expires\": SECONDS }`",
                 (long long)key->max);
        break;
    case CONFIG_CERTIFICATES:
        snprintf(range, sizeof range, "up to %lld objects `{ \"cert\": FILE, \"key\": FILE }`",
                 (long long)key->max);
        break;
    case CONFIG_URLS:
        snprintf(range, sizeof range, "a URL, or up to %lld", (long long)key->max);
        break;
    case CONFIG_HOOKS:
        snprintf(range, sizeof range, "up to %lld objects, see WEBHOOKS.md", (long long)key->max);
        break;
    case CONFIG_USERS:
        snprintf(range, sizeof range,
                 "up to %lld objects `{ \"username\": NAME, \"password\": HASH, \"role\": ROLE }`",
                 (long long)key->max);
        break;
    case CONFIG_TOKENS:
        snprintf(range, sizeof range,
                 "up to %lld objects `{ \"name\": NAME, \"token\": TOKEN, \"role\": ROLE }`",
                 (long long)key->max);
        break;
    default:
        snprintf(range, sizeof range, "%lld to %lld%s", (long long)key->min, (long long)key->max,
                 key->type == CONFIG_PORT  ? ", or `null`"
                 : key->flags & CONFIG_AUTO ? ", or `\"auto\"`"
                                            : "");
    }
    const char *change = key->flags & CONFIG_APP    ? "reload; per app"
                         : key->flags & CONFIG_LIVE ? "reload"
                                                    : "restart";
    snprintf(out, size, "| `%s` | `%s` | %s%s| %s | %s | %s |\n", key->name, key->initial, key->unit,
             key->unit[0] != '\0' ? " " : "", range, change, key->doc);
}

static bool holds_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    return at != NULL && (at == text || at[-1] == '\n');
}

/* The documentation has every key of the table, word for word, and no other. */
static void test_documentation(void **state)
{
    (void)state;
    char  *text = NULL;
    size_t size = 0, rows = 0, missing = 0;
    CHECK_EQ(config_file_read(SOURCE_DIR "/docs/CONFIGURATION.md", &text, &size), 0);
    for (size_t i = 0; i < config_key_count; i++) {
        char row[600];
        write_row(&config_keys[i], row, sizeof row);
        if (!holds_line(text, row)) {
            print_error("docs/CONFIGURATION.md lacks the line\n%s", row);
            missing++;
        }
    }
    CHECK_EQ(missing, 0);
    char *end = strstr(text, "\n## Coming from");
    assert_non_null(end);
    *end = '\0';
    for (const char *at = strstr(text, "\n| `"); at != NULL; at = strstr(at + 1, "\n| `"))
        rows++;
    CHECK_EQ(rows, config_key_count);
    free(text);
}

/* Every example in it loads. */
static void test_documentation_examples(void **state)
{
    (void)state;
    char  *text = NULL;
    size_t size = 0, examples = 0;
    CHECK_EQ(config_file_read(SOURCE_DIR "/docs/CONFIGURATION.md", &text, &size), 0);
    for (char *at = strstr(text, "```json\n"); at != NULL; at = strstr(at, "```json\n")) {
        char *end = strstr(at += strlen("```json\n"), "```");
        assert_non_null(end);
        *end = '\0';
        struct config *config = NULL;
        char           error[CONFIG_ERROR_SIZE] = "";
        config_load_text("docs/CONFIGURATION.md", at, (size_t)(end - at), NULL, 0, &config, error);
        assert_string_equal(error, "");
        config_free(config);
        at = end + 1;
        examples++;
    }
    CHECK(examples > 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_originals_are_told_where_to_go),
        cmocka_unit_test(test_hints_stand_aside),
        cmocka_unit_test(test_documentation),
        cmocka_unit_test(test_documentation_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
