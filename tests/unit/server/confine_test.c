/* confine_test.c - what a confined process can do and cannot, each in a child of its own. */
#include "check.h"

#include "base/log.h"
#include "core/config.h"
#include "server/confine.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef MILLRACE_HAVE_SECCOMP

/* How a child ends that does `act` when it is confined: its exit status, or minus a signal. */
static int confined(enum config_backend backend, int (*act)(void))
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct config *config = config_new();
        config->delivery.backend = backend;
        log_setup(LOG_LEVEL_NONE, LOG_FORMAT_TEXT);
        confine_start(config);
        _exit(act());
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int start_program(void)
{
    char *arguments[] = { (char *)"true", NULL }, *environment[] = { NULL };
    execve("/bin/true", arguments, environment);
    return errno;
}

static int trace(void)
{
    return syscall(SYS_ptrace, 0, 0, 0, 0) == 0 ? 0 : errno;
}

static int mount_something(void)
{
    return syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL) == 0 ? 0 : errno;
}

static int be_somebody_else(void)
{
    return syscall(SYS_setuid, 1) == 0 ? 0 : errno;
}

static void test_hostile_calls_end_the_process(void **state)
{
    (void)state;
    int (*const acts[])(void) = { start_program, trace, mount_something, be_somebody_else };
    for (size_t i = 0; i < COUNT(acts); i++)
        CHECK_EQ(confined(CONFIG_BACKEND_AUTO, acts[i]), -SIGSYS);
}

static int fork_once(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child < 0 ? errno : 0;
}

static int call_unknown(void)
{
    return syscall(1999) < 0 ? errno : 0;
}

static int set_up_ring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) < 0 ? errno : 0;
}

static void test_other_calls_are_not_there(void **state)
{
    (void)state;
    CHECK_EQ(confined(CONFIG_BACKEND_AUTO, fork_once), ENOSYS);
    CHECK_EQ(confined(CONFIG_BACKEND_AUTO, call_unknown), ENOSYS);
    CHECK_EQ(confined(CONFIG_BACKEND_SENDMSG, set_up_ring), ENOSYS);
    CHECK(confined(CONFIG_BACKEND_AUTO, set_up_ring) != ENOSYS); /* EFAULT, or EPERM in a container */
}

static void *run(void *arg)
{
    return arg;
}

static int do_usual_things(void)
{
    pthread_t        thread;
    void            *result;
    struct addrinfo *found;
    int              pair[2];
    char             text[16];
    if (pthread_create(&thread, NULL, run, text) != 0 || pthread_join(thread, &result) != 0 || result != text)
        return 1;
    if (getaddrinfo("localhost", "80", NULL, &found) != 0)
        return 2;
    freeaddrinfo(found);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || send(pair[0], "x", 1, 0) != 1 ||
        recv(pair[1], text, 1, 0) != 1)
        return 3;
    FILE *file = tmpfile();
    if (file == NULL || fputs("words", file) < 0 || fflush(file) != 0 || fsync(fileno(file)) != 0 ||
        fclose(file) != 0)
        return 4;
    return 0;
}

static void test_usual_calls_pass(void **state)
{
    (void)state;
    CHECK_EQ(confined(CONFIG_BACKEND_AUTO, do_usual_things), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_calls_end_the_process),
        cmocka_unit_test(test_other_calls_are_not_there),
        cmocka_unit_test(test_usual_calls_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 0; /* a sanitizer is at work, or libseccomp is not there */
}

#endif
