#include "server/supervise.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/context.h"
#include "core/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The manager is told so many times in the time after which it would give up. */
#define TELLS 3

/* An idle worker turns four times a second. */
#define TURN_MS_MAX 2000

struct supervisor {
    struct context *context;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  stop;
    bool            stopping; /* lock */
    uint64_t        every_ms;
};

/* A socket in the file system, or, behind an '@', in the abstract namespace. */
static bool make_address(const char *path, struct sockaddr_un *out, socklen_t *size)
{
    size_t length = strlen(path);
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if ((path[0] != '/' && path[0] != '@') || length >= sizeof out->sun_path)
        return false;
    memcpy(out->sun_path, path, length);
    if (path[0] == '@')
        out->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

void supervise_tell(const char *state)
{
    const char        *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t          size;
    if (path == NULL || !make_address(path, &address, &size))
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&address, size) < 0)
        log_debug(NULL, "the service manager could not be told %s", state);
    close(fd);
}

/* How often the manager wants to hear of us, in milliseconds; 0: not at all. */
static uint64_t find_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (usec == NULL || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()))
        return 0;
    return strtoull(usec, NULL, 10) / 1000;
}

/* One that stands still is named. */
static bool all_turn(const struct supervisor *s)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t most_ms = s->every_ms > TURN_MS_MAX ? s->every_ms : TURN_MS_MAX;
    for (unsigned i = 0; i < s->context->worker_count; i++) {
        struct worker *w = s->context->workers[i];
        uint64_t       turned_ms = atomic_load_explicit(&w->turned_ms, memory_order_relaxed);
        if (turned_ms == WORKER_ENDED || turned_ms + most_ms >= now_ms)
            continue;
        log_error(NULL, "worker %u has stood still for %llu ms: the watchdog is not told that all is well", i,
                  (unsigned long long)(now_ms - turned_ms));
        return false;
    }
    return true;
}

/* Until the time has passed, or it is over; with the lock. */
static bool wait_a_while(struct supervisor *s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(s->every_ms / 1000);
    until.tv_nsec += (long)(s->every_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!s->stopping && pthread_cond_timedwait(&s->stop, &s->lock, &until) == 0) {
    }
    return !s->stopping;
}

static void *watch(void *arg)
{
    struct supervisor *s = arg;
    pthread_mutex_lock(&s->lock);
    do
        if (all_turn(s))
            supervise_tell("WATCHDOG=1");
    while (wait_a_while(s));
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void free_supervisor(struct supervisor *s)
{
    pthread_cond_destroy(&s->stop);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

struct supervisor *supervise_start(struct context *context)
{
    uint64_t           watchdog_ms = find_watchdog_ms();
    pthread_condattr_t monotonic;
    if (watchdog_ms == 0)
        return NULL;
    struct supervisor *s = alloc_zeroed(sizeof *s);
    s->context = context;
    s->every_ms = watchdog_ms / TELLS > 0 ? watchdog_ms / TELLS : 1;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->stop, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&s->thread, NULL, watch, s) == 0)
        return s;
    log_error(NULL, "there is no thread for the watchdog");
    free_supervisor(s);
    return NULL;
}

void supervise_stop(struct supervisor *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->stop);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    free_supervisor(s);
}
