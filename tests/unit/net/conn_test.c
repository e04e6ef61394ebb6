/* A connection over a real socket: what a peer did before it vanished is seen before its end. */
#include "check.h"

#include "base/error.h"
#include "net/conn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    int ours, theirs;
};

static struct pair connect_pair(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          size = sizeof address;
    struct pair        pair;
    int                listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_EQ(listen(listener, 1), 0);
    CHECK_EQ(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    pair.theirs = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(connect(pair.theirs, (struct sockaddr *)&address, sizeof address), 0);
    pair.ours = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(pair.ours >= 0);
    close(listener);
    return pair;
}

/* Close with a reset, whatever the peer has not read. */
static void reset(int fd)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
}

static struct {
    struct loop loop;
    size_t      bytes;
    int         ends;
    bool        pause;  /* at the first input */
    int         theirs; /* then: not 0, and it says more, and its end */
} seen;

static size_t on_input(struct conn *c, struct bytes in)
{
    seen.bytes += in.size;
    if (seen.pause) {
        seen.pause = false;
        if (seen.theirs == 0) {
            conn_pause(c);
            return in.size;
        }
        conn_pause_watching(c);
        CHECK_EQ(write(seen.theirs, "def", 3), 3);
        close(seen.theirs);
    }
    return in.size;
}

static void on_writable(struct conn *c)
{
    (void)c;
}

static void on_end(struct conn *c, int error)
{
    CHECK(error != 0);
    seen.ends++;
    conn_close(c);
    loop_stop(&seen.loop);
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

static void on_timeout(uv_timer_t *timer)
{
    (void)timer;
    loop_stop(&seen.loop);
}

/* The loop, until the connection has ended, or 5 s. */
static void run_to_end(void)
{
    uv_timer_t timer;
    uv_timer_init(&seen.loop.uv, &timer);
    uv_timer_start(&timer, on_timeout, 5000, 0);
    loop_run(&seen.loop);
    uv_close((uv_handle_t *)&timer, NULL);
    loop_close(&seen.loop);
}

static void begin(const struct pair *pair)
{
    seen.bytes = 0;
    seen.ends = 0;
    CHECK_EQ(loop_init(&seen.loop), 0);
    conn_new(&seen.loop, pair->ours, &handler, NULL);
}

/* Linux gives what came before a reset first, then the reset, and libuv stops polling at the first. */
static void bytes_before_a_reset_are_read_and_then_the_reset(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 1000, 30000, 60000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct pair pair = connect_pair();
        char       *data = calloc(1, sizes[i]);
        begin(&pair);
        CHECK_EQ(write(pair.theirs, data, sizes[i]), (ssize_t)sizes[i]);
        reset(pair.theirs);
        run_to_end();
        CHECK_EQ(seen.bytes, sizes[i]);
        CHECK_EQ(seen.ends, 1);
        free(data);
    }
}

static void a_reset_while_the_owner_pauses_is_seen(void **state)
{
    (void)state;
    struct pair pair = connect_pair();
    begin(&pair);
    seen.pause = true;
    CHECK_EQ(write(pair.theirs, "abc", 3), 3);
    reset(pair.theirs);
    run_to_end();
    CHECK_EQ(seen.bytes, 3);
    CHECK_EQ(seen.ends, 1);
}

/* Who has nothing to do for a peer that has gone hears so, whatever is unread. */
static void an_end_while_the_owner_waits_for_it_is_seen(void **state)
{
    (void)state;
    struct pair pair = connect_pair();
    begin(&pair);
    seen.pause = true;
    seen.theirs = pair.theirs;
    CHECK_EQ(write(pair.theirs, "abc", 3), 3);
    run_to_end();
    CHECK_EQ(seen.bytes, 3);
    CHECK_EQ(seen.ends, 1);
    seen.theirs = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_before_a_reset_are_read_and_then_the_reset),
        cmocka_unit_test(a_reset_while_the_owner_pauses_is_seen),
        cmocka_unit_test(an_end_while_the_owner_waits_for_it_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
