#include "core/flv_file.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "protocol/flv_head.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE   (1024 * 1024)
#define PROGRESS_MS 1000

struct reading {
    int                             fd;
    const struct flv_file_progress *progress;
    uint64_t                        told_ms;
    uint64_t                        size;
    uint8_t                        *buffer;
};

static bool go_on(struct reading *r, uint64_t done)
{
    uint64_t now_ms = clock_monotonic_ms();
    if (r->progress == NULL || now_ms - r->told_ms < PROGRESS_MS)
        return true;
    r->told_ms = now_ms;
    return r->progress->on_progress(r->progress->arg, done, r->size);
}

static int read_all(struct reading *r, struct flv_scan *scan)
{
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(r->fd, r->buffer, READ_SIZE, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_SYSTEM;
        if (n == 0 || flv_scan_feed(scan, (struct bytes){ r->buffer, (size_t)n }) != 0)
            return 0;
        at += n;
        if (!go_on(r, (uint64_t)at))
            return ERR_CLOSED;
    }
}

static int scan_fd(int fd, const struct flv_file_progress *progress, struct flv_scan *out,
                   struct flv_file_result *result)
{
    struct stat there;
    *result = (struct flv_file_result){ 0 };
    if (fstat(fd, &there) != 0)
        return ERR_SYSTEM;
    struct reading r = { .fd = fd, .progress = progress, .told_ms = clock_monotonic_ms() };
    r.size = result->size = (uint64_t)there.st_size;
    r.buffer = alloc_try(READ_SIZE);
    if (r.buffer == NULL)
        return ERR_OUT_OF_MEMORY;
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    int error = read_all(&r, out);
    free(r.buffer);
    if (error == 0 && out->error == ERR_OUT_OF_MEMORY)
        error = ERR_OUT_OF_MEMORY;
    if (error == 0 && out->index.size == 0)
        error = ERR_PROTOCOL;
    result->cut = result->size - out->index.size;
    return error;
}

int flv_file_scan(int folder, const char *path, const struct flv_file_progress *progress,
                  struct flv_scan *out,
                  struct flv_file_result *result)
{
    flv_scan_init(out);
    int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return ERR_SYSTEM;
    int error = scan_fd(fd, progress, out, result);
    int saved = errno;
    close(fd);
    errno = saved;
    return error;
}

int flv_file_look(int folder, const char *path, struct flv_scan *out)
{
    flv_scan_init(out);
    uint8_t *start = alloc_try(READ_SIZE);
    int      fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    ssize_t  n = start != NULL && fd >= 0 ? pread(fd, start, READ_SIZE, 0) : -1;
    if (n > 0)
        flv_scan_feed(out, (struct bytes){ start, (size_t)n });
    if (fd >= 0)
        close(fd);
    free(start);
    return n < 0 ? ERR_SYSTEM : out->index.size == 0 ? ERR_PROTOCOL : 0;
}

static int write_all(int fd, const uint8_t *data, size_t size, off_t at)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, data, size, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_SYSTEM;
        data += n;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

static struct bytes metadata_of(const struct flv_scan *scan)
{
    return (struct bytes){ scan->metadata, scan->metadata != NULL ? scan->metadata_size : 0 };
}

/* Whether the head is what it would be made. */
static bool is_equal(int fd, const uint8_t *head, size_t size)
{
    uint8_t *there = alloc_try(size);
    bool     equal = there != NULL && pread(fd, there, size, 0) == (ssize_t)size;
    equal = equal && memcmp(there, head, size) == 0;
    free(there);
    return equal;
}

static int patch(int fd, struct flv_scan *scan, uint32_t capacity, struct flv_file_result *result)
{
    size_t   size = (size_t)scan->head_size;
    uint8_t *head = alloc_try(size);
    if (head == NULL)
        return ERR_OUT_OF_MEMORY;
    flv_index_thin(&scan->index, capacity);
    flv_head_write(head, size, metadata_of(scan), &scan->index);
    int error = 0;
    if (result->cut > 0 && ftruncate(fd, (off_t)scan->index.size) != 0)
        error = ERR_SYSTEM;
    if (!is_equal(fd, head, size)) {
        result->changed = true;
        if (error == 0)
            error = write_all(fd, head, size, 0);
    }
    result->changed |= result->cut > 0;
    if (error == 0 && result->changed && fsync(fd) != 0)
        error = ERR_SYSTEM;
    free(head);
    return error;
}

/* Copy [from, to) of `in` to `out` at `at`. */
static int copy_range(int in, off_t from, off_t to, int out, off_t at)
{
    uint8_t *buffer = alloc_try(READ_SIZE);
    int      error = buffer != NULL ? 0 : ERR_OUT_OF_MEMORY;
    while (error == 0 && from < to) {
        size_t  want = to - from < READ_SIZE ? (size_t)(to - from) : READ_SIZE;
        ssize_t n = pread(in, buffer, want, from);
        if (n <= 0) {
            error = n < 0 && errno == EINTR ? 0 : ERR_SYSTEM;
            continue;
        }
        error = write_all(out, buffer, (size_t)n, at);
        from += n;
        at += n;
    }
    free(buffer);
    return error;
}

/* The index as it is when the head in front of the tags has another size. */
static void shift(struct flv_index *x, uint64_t from, uint64_t to)
{
    x->size = x->size - from + to;
    for (uint32_t i = 0; i < x->count; i++)
        x->keyframes[i].position = x->keyframes[i].position - from + to;
}

static int write_anew(int in, int out, struct flv_scan *scan)
{
    struct bytes metadata = metadata_of(scan);
    off_t        from = (off_t)scan->head_size, to = (off_t)scan->index.size;
    flv_index_thin(&scan->index, scan->index.count);
    size_t   size = flv_head_size(metadata, scan->index.capacity);
    uint8_t *head = alloc_try(size);
    if (head == NULL)
        return ERR_OUT_OF_MEMORY;
    shift(&scan->index, scan->head_size, size);
    flv_head_write(head, size, metadata, &scan->index);
    int error = write_all(out, head, size, 0);
    free(head);
    if (error == 0)
        error = copy_range(in, from, to, out, (off_t)size);
    if (error == 0 && fsync(out) != 0)
        error = ERR_SYSTEM;
    scan->head_size = size;
    return error;
}

/* A file without room for an index in its head is written a second time, beside the first. */
static int rewrite(int folder, const char *path, int fd, struct flv_scan *scan)
{
    char beside[4096];
    struct stat there;
    if ((size_t)snprintf(beside, sizeof beside, "%s.repair", path) >= sizeof beside) {
        errno = ENAMETOOLONG;
        return ERR_SYSTEM;
    }
    unlinkat(folder, beside, 0); /* of a repair that was itself cut off */
    mode_t mode = fstat(fd, &there) == 0 ? there.st_mode & 0777 : 0644;
    int    out = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (out < 0)
        return ERR_SYSTEM;
    int error = write_anew(fd, out, scan);
    if (close(out) != 0 && error == 0)
        error = ERR_SYSTEM;
    if (error == 0 && renameat(folder, beside, folder, path) != 0)
        error = ERR_SYSTEM;
    int saved = errno;
    if (error != 0)
        unlinkat(folder, beside, 0);
    errno = saved;
    return error;
}

static int mend(int folder, const char *path, int fd, struct flv_scan *scan, struct flv_file_result *result)
{
    if (!scan->index.audio.seen && !scan->index.video.seen)
        return ERR_NOT_FOUND;
    int64_t capacity = flv_head_capacity(metadata_of(scan), scan->head_size);
    if (capacity > 0)
        return patch(fd, scan, (uint32_t)capacity, result);
    result->changed = result->rewritten = true;
    return rewrite(folder, path, fd, scan);
}

int flv_file_repair(int folder, const char *path, const struct flv_file_progress *progress,
                    struct flv_scan *out,
                    struct flv_file_result *result)
{
    flv_scan_init(out);
    int fd = openat(folder, path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return ERR_SYSTEM;
    int error = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK ? 0 : ERR_BUSY;
    if (error == 0)
        error = scan_fd(fd, progress, out, result);
    if (error == 0)
        error = mend(folder, path, fd, out, result);
    int saved = errno;
    close(fd);
    errno = saved;
    return error;
}
