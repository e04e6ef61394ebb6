#include "check.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/log_flood.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char path[] = "/tmp/millrace-log-flood-XXXXXX";

static size_t read_log(char *out, size_t size)
{
    int     fd = open(path, O_RDONLY);
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    CHECK(n >= 0);
    out[n] = '\0';
    return (size_t)n;
}

/* Everything in one second: the clock is real here. */
static void wait_for_a_second_to_begin(void)
{
    uint64_t second = clock_monotonic_ms() / 1000;
    while (clock_monotonic_ms() / 1000 == second)
        usleep(1000);
}

static void test_flood(void **state)
{
    (void)state;
    char log[4096];
    int  fd = mkstemp(path), saved = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    wait_for_a_second_to_begin();
    unsigned passed = 0;
    for (unsigned i = 0; i < 1000; i++)
        passed += log_flood_pass(LOG_FLOOD_CONNECTIONS);
    CHECK_EQ(passed, LOG_FLOOD_LINES);
    CHECK(log_flood_pass(LOG_FLOOD_STREAMS)); /* another kind */
    CHECK_EQ(read_log(log, sizeof log), 0);
    log_flood_report();
    read_log(log, sizeof log);
    CHECK(strstr(log, "WARN  980 more connections refused for a limit, not logged one by one\n") != NULL);
    size_t size = strlen(log);
    log_flood_report(); /* nothing is left to tell */
    CHECK_EQ(read_log(log, sizeof log), size);
    wait_for_a_second_to_begin();
    CHECK(log_flood_pass(LOG_FLOOD_CONNECTIONS));
    dup2(saved, STDERR_FILENO);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    unlink(path);
    close(saved);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
