/* slow_disk.c - a disk as slow as one wants: preloaded into a server (LD_PRELOAD), it makes all writes to
 * files share a rate, which is read anew from the file SLOW_DISK_RATE all the time: bytes a second, 0 for a
 * disk that hangs, nothing for as fast as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ULL
#define LOOK   (SECOND / 20)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t        busy_until; /* lock: when the disk has done all it was given */

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* Bytes a second; -1: no limit. */
static int64_t rate(void)
{
    char        text[32];
    const char *path = getenv("SLOW_DISK_RATE");
    int         fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t     n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return -1;
    text[n] = '\0';
    return strtoll(text, NULL, 10);
}

static int is_file(int fd)
{
    struct stat there;
    return fd > 2 && fstat(fd, &there) == 0 && S_ISREG(there.st_mode);
}

static uint64_t take_turn(int64_t bytes_a_second, size_t size)
{
    uint64_t start = now();
    pthread_mutex_lock(&lock);
    if (busy_until < start)
        busy_until = start;
    uint64_t end = busy_until += size * SECOND / (uint64_t)bytes_a_second;
    pthread_mutex_unlock(&lock);
    return end;
}

static void pause_until(uint64_t end)
{
    uint64_t at = now();
    while (at < end && rate() >= 0) { /* a disk that is well again is well at once */
        uint64_t        step = end - at < LOOK ? end - at : LOOK;
        struct timespec t = { (time_t)(step / SECOND), (long)(step % SECOND) };
        nanosleep(&t, NULL);
        at = now();
    }
    if (at >= end)
        return;
    pthread_mutex_lock(&lock);
    busy_until = at;
    pthread_mutex_unlock(&lock);
}

static void wait_for_disk(int fd, size_t size)
{
    int64_t bytes_a_second = rate();
    if (bytes_a_second < 0 || !is_file(fd))
        return;
    while (bytes_a_second == 0) {
        usleep(LOOK / 1000);
        bytes_a_second = rate();
    }
    if (bytes_a_second > 0)
        pause_until(take_turn(bytes_a_second, size));
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    size_t size = 0;
    if (real == NULL)
        real = (ssize_t (*)(int, const struct iovec *, int))next("writev");
    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    wait_for_disk(fd, size);
    return real(fd, iov, count);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL)
        real = (ssize_t (*)(int, const void *, size_t, off_t))next("pwrite");
    wait_for_disk(fd, size);
    return real(fd, data, size, at);
}
