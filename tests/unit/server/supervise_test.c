/* supervise_test.c - what a service manager hears: this is one. */
#include "check.h"

#include "base/clock.h"
#include "base/log.h"
#include "core/config.h"
#include "core/context.h"
#include "core/worker.h"
#include "server/supervise.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int manager;

/* In the abstract namespace unless `path` is given. */
static void listen_as_manager(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char               name[64];
    if (path == NULL)
        snprintf(name, sizeof name, "@millrace-supervise-test-%d", (int)getpid());
    else
        snprintf(name, sizeof name, "%s", path);
    setenv("NOTIFY_SOCKET", name, 1);
    memcpy(address.sun_path, name, strlen(name));
    if (path == NULL)
        address.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    CHECK_EQ(bind(manager, (struct sockaddr *)&address,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
    setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ 0, 400000 }, sizeof(struct timeval));
}

/* The next datagram, or "" if none comes. */
static const char *hear(void)
{
    static char text[256];
    ssize_t     n = recv(manager, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void stop_listening(void)
{
    close(manager);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void test_tell(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "/tmp/millrace-supervise-test-%d", (int)getpid());
    listen_as_manager(path);
    supervise_tell("READY=1");
    assert_string_equal(hear(), "READY=1");
    stop_listening();
    unlink(path);
    listen_as_manager(NULL);
    supervise_tell("STOPPING=1");
    assert_string_equal(hear(), "STOPPING=1");
    stop_listening();
}

/* Nobody there, or something that is no address: nothing happens. */
static void test_nobody(void **state)
{
    (void)state;
    char long_path[300];
    memset(long_path, 'x', sizeof long_path);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    static const char *const wrong[] = { "", "relative", "/nobody/listens/here", "@nobody" };
    supervise_tell("READY=1");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        setenv("NOTIFY_SOCKET", wrong[i], 1);
        supervise_tell("READY=1");
    }
    setenv("NOTIFY_SOCKET", long_path, 1);
    supervise_tell("READY=1");
    unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog(void **state)
{
    (void)state;
    struct config  *config = config_new();
    struct context *context = context_new(config);
    struct worker   workers[2] = { 0 }, *list[2] = { &workers[0], &workers[1] };
    log_setup(LOG_LEVEL_NONE, LOG_FORMAT_TEXT);
    context->workers = list;
    context->worker_count = 2;
    CHECK(supervise_start(context) == NULL); /* nobody wants to hear */
    listen_as_manager(NULL);
    setenv("WATCHDOG_USEC", "150000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    CHECK(supervise_start(context) == NULL); /* meant for another */
    unsetenv("WATCHDOG_PID");
    atomic_store(&workers[0].turned_ms, clock_monotonic_ms());
    atomic_store(&workers[1].turned_ms, WORKER_ENDED);
    struct supervisor *s = supervise_start(context);
    CHECK(s != NULL);
    assert_string_equal(hear(), "WATCHDOG=1");
    assert_string_equal(hear(), "WATCHDOG=1");
    atomic_store(&workers[0].turned_ms, clock_monotonic_ms() - 10000); /* stands still */
    while (strcmp(hear(), "") != 0) { /* what was on its way */
    }
    atomic_store(&workers[0].turned_ms, clock_monotonic_ms());
    assert_string_equal(hear(), "WATCHDOG=1");
    supervise_stop(s);
    stop_listening();
    context->workers = NULL;
    context->worker_count = 0;
    context_free(context);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tell),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
