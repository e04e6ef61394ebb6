#include "check.h"

#include "base/clock.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int  saved_stderr, ends[2];
static char got[2 << 20];

static void redirect(int to, enum log_level level, enum log_format format)
{
    saved_stderr = dup(STDERR_FILENO);
    dup2(to, STDERR_FILENO);
    log_setup(level, format);
}

static void restore(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
}

/* From here on, stderr is a pipe that collect() reads. */
static void capture(enum log_level level, enum log_format format)
{
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    redirect(ends[1], level, format);
}

static char *collect(void)
{
    size_t  size = 0;
    ssize_t n;
    restore();
    while ((n = read(ends[0], got + size, sizeof got - 1 - size)) > 0)
        size += (size_t)n;
    got[size] = '\0';
    close(ends[0]);
    close(ends[1]);
    return got;
}

/* The text behind the time, whose form is checked here. */
static const char *after_time(const char *line)
{
    static const char form[] = "0000-00-00T00:00:00.000+00:00 ";
    for (size_t i = 0; form[i] != '\0'; i++) {
        if (form[i] == '0')
            CHECK(isdigit((unsigned char)line[i]));
        else if (form[i] == '+')
            CHECK(line[i] == '+' || line[i] == '-');
        else
            CHECK_EQ(line[i], form[i]);
    }
    return line + sizeof form - 1;
}

static void test_text(void **state)
{
    (void)state;
    static const struct log_context all = {"a1b2", "192.0.2.7", "/live/film"},
                                    no_id = {NULL, "2001:db8::1", ""};
    capture(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    log_error(NULL, "one");
    log_warn(&no_id, "two %d", 2);
    log_info(&all, "RTMP session a1b2 192.0.2.7 start push /live/film");
    log_info(&all, "RTMP session a1b2 closed");
    log_info(&all, "192.0.2.77 pushes /live/film2 as a1b2c3");
    log_debug(&all, "\"quoted\", \xc3\xa9t\xc3\xa9, \xf0\x9f\x8e\xac");
    static const char *const lines[] = {
        "ERROR one",
        "WARN  two 2 [2001:db8::1]",
        "INFO  RTMP session a1b2 192.0.2.7 start push /live/film",
        "INFO  RTMP session a1b2 closed [192.0.2.7 /live/film]",
        "INFO  192.0.2.77 pushes /live/film2 as a1b2c3 [a1b2 192.0.2.7 /live/film]",
        "DEBUG \"quoted\", \xc3\xa9t\xc3\xa9, \xf0\x9f\x8e\xac [a1b2 192.0.2.7 /live/film]",
    };
    char *at = collect();
    for (size_t i = 0; i < COUNT(lines); i++) {
        char *end = strchr(at, '\n');
        assert_non_null(end);
        *end = '\0';
        assert_string_equal(after_time(at), lines[i]);
        at = end + 1;
    }
    CHECK_EQ(*at, '\0');
}

static const char *member(json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static void test_json(void **state)
{
    (void)state;
    static const struct log_context all = { "a1b2", "192.0.2.7", "/live/\"film\"" };
    capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_info(&all, "start push %s", all.path);
    json_t *line = json_loads(collect(), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(line);
    CHECK_EQ(json_object_size(line), 6);
    CHECK_EQ(strlen(member(line, "time")), 29);
    assert_string_equal(member(line, "level"), "info");
    assert_string_equal(member(line, "message"), "start push /live/\"film\"");
    assert_string_equal(member(line, "session"), "a1b2");
    assert_string_equal(member(line, "ip"), "192.0.2.7");
    assert_string_equal(member(line, "path"), "/live/\"film\"");
    json_decref(line);
    capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_warn(NULL, "alone");
    line = json_loads(collect(), 0, NULL);
    CHECK_EQ(json_object_size(line), 3);
    json_decref(line);
}

static int evaluated;

static int evaluate(void)
{
    return ++evaluated;
}

static void test_threshold(void **state)
{
    (void)state;
    for (int level = LOG_LEVEL_NONE; level <= LOG_LEVEL_DEBUG; level++) {
        evaluated = 0;
        capture((enum log_level)level, LOG_FORMAT_TEXT);
        log_error(NULL, "%d", evaluate());
        log_warn(NULL, "%d", evaluate());
        log_info(NULL, "%d", evaluate());
        log_debug(NULL, "%d", evaluate());
        int lines = 0;
        for (const char *at = collect(); *at != '\0'; at++)
            lines += *at == '\n';
        CHECK_EQ(lines, level);
        CHECK_EQ(evaluated, level);
    }
}

static void test_peers_cannot_forge(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *text, *json;
    } cases[] = {
        {"a\n2026-01-31T09:05:07.123+01:00 INFO  b\r\t", "a\\n2026-01-31T09:05:07.123+01:00 INFO  b\\r\\t",
         "a\n2026-01-31T09:05:07.123+01:00 INFO  b\r\t"},
        {"\x1b[2J\x7f\\n", "\\x1b[2J\\x7f\\\\n", "\x1b[2J\x7f\\n"},
        {"\xc2\x9b"
         "31m",
         "\\x9b31m",
         "\xc2\x9b"
         "31m"},
        {"\xe2\x80\xae"
         "evil\xe2\x80\xa8",
         "\\u202eevil\\u2028",
         "\xe2\x80\xae"
         "evil\xe2\x80\xa8"},
        {"\xff\xc3(\xc0\x80", "\\xff\\xc3(\\xc0\\x80", "\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80\xf8\xe2\x82", "\\xf4\\x90\\x80\\x80\\xf8\\xe2\\x82", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct log_context from = { cases[i].raw, NULL, cases[i].raw };
        capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
        log_info(NULL, "%s", cases[i].raw);
        char *line = collect();
        CHECK_EQ(strcspn(line, "\n"), strlen(line) - 1);
        line[strlen(line) - 1] = '\0';
        assert_string_equal(after_time(line) + strlen("INFO  "), cases[i].text);
        capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
        log_info(&from, "%s", cases[i].raw);
        line = collect();
        CHECK_EQ(strcspn(line, "\n"), strlen(line) - 1);
        for (const char *at = line; *at != '\n'; at++)
            CHECK((unsigned char)*at >= 0x20 && *at != 0x7f);
        json_t *root = json_loads(line, 0, NULL);
        assert_non_null(root);
        if (cases[i].json != NULL) {
            assert_string_equal(member(root, "message"), cases[i].json);
            assert_string_equal(member(root, "session"), cases[i].json);
            assert_string_equal(member(root, "path"), cases[i].json);
        }
        json_decref(root);
    }
}

/* Long texts of characters of every width, cut at each place: bounded, whole characters, valid. */
static void test_bounded(void **state)
{
    (void)state;
    static const char *const units[] = {"x",    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xac",
                                        "\x01", "\"",       "\xff"};
    static char              text[6000];
    for (size_t u = 0; u < COUNT(units); u++)
        for (size_t shift = 0; shift < 4; shift++) {
            size_t size = strlen(units[u]), at = shift;
            memset(text, 'a', shift);
            for (; at + size < sizeof text; at += size)
                memcpy(text + at, units[u], size);
            text[at] = '\0';
            struct log_context long_ones = { text, text, text };
            capture(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
            log_info(&long_ones, "%s", text);
            char *line = collect();
            CHECK(strlen(line) <= LOG_LINE_MAX);
            json_t *root = json_loads(line, 0, NULL);
            assert_non_null(root);
            const char *message = member(root, "message");
            assert_string_equal(message + strlen(message) - 3, "...");
            CHECK(strncmp(message, text, strlen(message) - 7) == 0 || size == 1);
            json_decref(root);
            capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
            log_info(&long_ones, "%s", text);
            line = collect();
            CHECK(strlen(line) > 3072 && strlen(line) <= LOG_LINE_MAX);
        }
    memset(text, 'x', sizeof text);
    for (size_t size = 3060; size <= 3080; size++) { /* what fits is not cut */
        capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
        log_info(NULL, "%.*s", (int)size, text);
        const char *message = after_time(collect()) + strlen("INFO  ");
        CHECK_EQ(strlen(message) - 1, size <= 3072 ? size : 3072);
        CHECK_EQ(strstr(message, "...") != NULL, size > 3072);
    }
}

static void test_errno_is_left_alone(void **state)
{
    (void)state;
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    errno = ENOENT;
    log_error(NULL, "millrace.json: %m");
    CHECK_EQ(errno, ENOENT);
    assert_string_equal(after_time(collect()), "ERROR millrace.json: No such file or directory\n");
}

/* Nobody reads the pipe: logging goes on, the lines that do not fit are counted, and those that
 * do are whole. */
static void test_stuck_reader(void **state)
{
    (void)state;
    enum { LINES = 3000 };
    static char filler[1000];
    memset(filler, 'x', sizeof filler - 1);
    uint64_t before = log_dropped();
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    for (int i = 0; i < LINES; i++)
        log_info(NULL, "%s", filler);
    uint64_t dropped = log_dropped() - before;
    char    *at = collect();
    size_t   lines = 0;
    for (; *at != '\0'; at = strchr(at, '\n') + 1, lines++)
        CHECK_EQ(strcspn(at, "\n"), 30 + 6 + sizeof filler - 1);
    CHECK(dropped > 0);
    CHECK_EQ(lines + dropped, LINES);
}

enum { TERMINAL_LINES = 2000 };

static void *read_terminal(void *arg)
{
    size_t lines = 0;
    char   text[512];
    while (lines < TERMINAL_LINES) {
        ssize_t n = read(*(int *)arg, text, sizeof text);
        CHECK(n > 0);
        for (ssize_t i = 0; i < n; i++)
            lines += text[i] == '\n';
    }
    return NULL;
}

/* A terminal that is read shows every line, though it holds few; one that is not (Ctrl-S) costs
 * a moment once. */
static void test_terminal(void **state)
{
    (void)state;
    uint64_t before = log_dropped();
    int      master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip();
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    CHECK(slave >= 0);
    pthread_t reader;
    pthread_create(&reader, NULL, read_terminal, &master);
    redirect(slave, LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    for (int i = 0; i < TERMINAL_LINES; i++)
        log_info(NULL, "line %d", i);
    pthread_join(reader, NULL);
    CHECK_EQ(log_dropped() - before, 0);
    uint64_t start_ms = clock_monotonic_ms();
    for (int i = 0; i < TERMINAL_LINES; i++)
        log_info(NULL, "line %d", i);
    CHECK(clock_monotonic_ms() - start_ms < 5000);
    CHECK(log_dropped() - before > 0);
    restore();
    close(slave);
    close(master);
}

static void test_reader_gone(void **state)
{
    (void)state;
    uint64_t before = log_dropped();
    int      pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    redirect(pair[1], LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_info(NULL, "heard");
    char    line[200] = "";
    ssize_t n = read(pair[0], line, sizeof line - 1);
    CHECK(n > 0);
    assert_string_equal(after_time(line), "INFO  heard\n");
    close(pair[0]);
    log_info(NULL, "to nobody"); /* and no SIGPIPE */
    restore();
    close(pair[1]);
    CHECK_EQ(log_dropped() - before, 1);
}

static void *write_lines(void *arg)
{
    struct log_context from = { arg, "192.0.2.1", "/live/film" };
    for (int i = 0; i < 500; i++)
        log_info(&from, "%s %d %s", (const char *)arg, i, (const char *)arg);
    return NULL;
}

static void test_threads_do_not_mix(void **state)
{
    (void)state;
    static char names[4][16] = { "alpha", "beta", "gamma", "delta" };
    pthread_t   threads[4];
    uint64_t    before = log_dropped();
    capture(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, write_lines, names[i]);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT); /* as a reload does */
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    char    *at = collect();
    uint64_t lines = 0;
    for (; *at != '\0'; lines++) {
        char  first[16], last[16], *end = strchr(at, '\n');
        int   number;
        *end = '\0';
        CHECK_EQ(sscanf(after_time(at), "INFO  %15s %d %15s [192.0.2.1 /live/film]", first, &number, last),
                 3);
        assert_string_equal(first, last);
        at = end + 1;
    }
    CHECK_EQ(lines + log_dropped() - before, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_peers_cannot_forge),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_errno_is_left_alone),
        cmocka_unit_test(test_stuck_reader),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_reader_gone),
        cmocka_unit_test(test_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
