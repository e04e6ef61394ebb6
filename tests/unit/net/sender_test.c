#include "check.h"

#include "net/sender.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static enum sender_backend backend;
static struct sender      *sender;

static int set_up(void **state)
{
    (void)state;
    sender = sender_new(backend);
    return 0; /* NULL: this machine permits no io_uring */
}

static int tear_down(void **state)
{
    (void)state;
    sender_free(sender);
    return 0;
}

static void open_pair(int pair[2])
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

static void close_pair(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

static void check_received(int fd, const char *expected)
{
    char    room[64] = "";
    ssize_t n = recv(fd, room, sizeof room - 1, MSG_DONTWAIT);
    CHECK_EQ(n, strlen(expected));
    assert_string_equal(room, expected);
}

/* A full batch, of one piece and of several, some to the same socket, in order. */
static void test_batch(void **state)
{
    (void)state;
    static const struct iovec whole = { (void *)"all", 3 };
    static const struct iovec parts[] = { { (void *)"o", 1 }, { (void *)"", 0 }, { (void *)"ther", 4 } };
    int                       pairs[4][2];
    struct send_job           jobs[SENDER_BATCH_MAX];
    if (sender == NULL)
        skip();
    for (unsigned i = 0; i < COUNT(pairs); i++)
        open_pair(pairs[i]);
    for (unsigned i = 0; i < SENDER_BATCH_MAX; i++)
        jobs[i] = (struct send_job){ .fd = pairs[i % COUNT(pairs)][0], .count = i % 2 ? COUNT(parts) : 1,
                                     .iov = i % 2 ? parts : &whole };
    for (int round = 0; round < 3; round++) {
        sender_send(sender, jobs, SENDER_BATCH_MAX);
        for (unsigned i = 0; i < SENDER_BATCH_MAX; i++)
            CHECK_EQ(jobs[i].result, i % 2 ? 5 : 3);
        for (unsigned i = 0; i < COUNT(pairs); i++) {
            for (unsigned n = 0; n < SENDER_BATCH_MAX / COUNT(pairs); n++) {
                char room[6] = "";
                CHECK_EQ(recv(pairs[i][1], room, i % 2 ? 5 : 3, 0), i % 2 ? 5 : 3);
                assert_string_equal(room, i % 2 ? "other" : "all");
            }
        }
    }
    sender_send(sender, jobs, 0);
    for (unsigned i = 0; i < COUNT(pairs); i++)
        close_pair(pairs[i]);
}

/* What a socket cannot take is told of that job, and does not wait. */
static void test_results(void **state)
{
    (void)state;
    static char        data[1 << 20];
    const struct iovec iov = { data, sizeof data }, few = { data, 7 };
    int                gone[2], slow[2], fine[2];
    if (sender == NULL)
        skip();
    open_pair(gone);
    open_pair(slow);
    open_pair(fine);
    close(gone[1]);
    CHECK_EQ(fcntl(slow[0], F_SETFL, O_NONBLOCK), 0);
    struct send_job jobs[] = {
        { .fd = gone[0], .count = 1, .iov = &few },
        { .fd = slow[0], .count = 1, .iov = &iov },
        { .fd = -1, .count = 1, .iov = &few },
        { .fd = fine[0], .count = 1, .iov = &few },
    };
    sender_send(sender, jobs, COUNT(jobs));
    CHECK_EQ(jobs[0].result, -EPIPE);
    CHECK(jobs[1].result > 0 && jobs[1].result < (ssize_t)sizeof data);
    CHECK_EQ(jobs[2].result, -EBADF);
    CHECK_EQ(jobs[3].result, 7);
    sender_send(sender, jobs + 1, 1);
    CHECK_EQ(jobs[1].result, -EAGAIN);
    close(gone[0]);
    close_pair(slow);
    close_pair(fine);
}

/* The descriptor of the one io_uring there is; -1 if there is none. */
static int find_ring(void)
{
    int            found = -1;
    struct dirent *entry;
    DIR           *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char    link[64] = "";
        ssize_t n = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
        if (n > 0 && strcmp(link, "anon_inode:[io_uring]") == 0)
            found = atoi(entry->d_name);
    }
    closedir(folder);
    return found;
}

/* Something else stands where the ring was: nothing is lost or sent twice, now and later. */
static void test_broken_ring(void **state)
{
    (void)state;
    int ring = find_ring(), other = open("/dev/null", O_RDONLY);
    int pair[2];
    if (sender == NULL || ring < 0)
        skip();
    open_pair(pair);
    CHECK_EQ(dup2(other, ring), ring);
    close(other);
    static const struct iovec one = { (void *)"one ", 4 }, two = { (void *)"two", 3 };
    struct send_job           jobs[] = { { .fd = pair[0], .count = 1, .iov = &one },
                                         { .fd = pair[0], .count = 1, .iov = &two } };
    sender_send(sender, jobs, COUNT(jobs));
    CHECK_EQ(jobs[0].result, 4);
    CHECK_EQ(jobs[1].result, 3);
    check_received(pair[1], "one two");
    assert_string_equal(sender_backend_name(sender), "sendmsg");
    sender_send(sender, jobs, COUNT(jobs));
    check_received(pair[1], "one two");
    close_pair(pair);
}

static void test_name(void **state)
{
    (void)state;
    if (sender != NULL)
        assert_string_equal(sender_backend_name(sender), backend == SENDER_SENDMSG ? "sendmsg" : "io_uring");
    struct sender *automatic = sender_new(SENDER_AUTO);
    assert_non_null(automatic);
    sender_free(automatic);
    sender_free(NULL);
}

int main(void)
{
    static const enum sender_backend backends[] = { SENDER_SENDMSG, SENDER_IO_URING };
    int                              failed = 0;
    for (unsigned i = 0; i < COUNT(backends); i++) {
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_batch, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_results, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_name, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_broken_ring, set_up, tear_down),
        };
        backend = backends[i];
        failed += cmocka_run_group_tests(tests, NULL, NULL);
    }
    return failed;
}
