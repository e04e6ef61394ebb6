#include "base/beneath.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* openat2() asks to be called again when something was renamed on its way. */
#define TRIES 8

static int error_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV: /* the way leads out */
    case EAGAIN:
    case ENAMETOOLONG:
    case EINVAL:
    case ENXIO: /* a socket, a device without a driver */
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_REFUSED;
    default:
        return ERR_SYSTEM;
    }
}

int beneath_open_root(const char *folder)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : error_of(errno);
}

static bool is_up(const char *segment, size_t size)
{
    return size == 2 && memcmp(segment, "..", 2) == 0;
}

/* Open one segment of the path below `folder`. */
static int step(int folder, const char *segment, size_t size, int flags)
{
    char name[NAME_MAX + 1];
    if (size > NAME_MAX || is_up(segment, size)) {
        errno = ENOENT;
        return -1;
    }
    memcpy(name, segment, size);
    name[size] = '\0';
    return openat(folder, name, flags | O_NOFOLLOW);
}

int beneath_walk(int root, const char *path)
{
    int folder = root;
    for (;;) {
        path += strspn(path, "/");
        size_t size = strcspn(path, "/");
        bool   last = path[size] == '\0';
        int    flags = last ? READ_FLAGS : O_PATH | O_DIRECTORY | O_CLOEXEC;
        int    fd = size == 0 ? openat(folder, ".", READ_FLAGS) : step(folder, path, size, flags);
        int    number = errno;
        if (folder != root)
            close(folder);
        if (fd < 0)
            return error_of(number);
        if (last || size == 0)
            return fd;
        folder = fd;
        path += size;
    }
}

/* ThreadSanitizer learns of descriptors by libc's calls alone: one that openat2() made would seem to
 * be a forgotten one that had its number before. */
static int make_known(int fd)
{
#ifdef __SANITIZE_THREAD__
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int known = open(link, READ_FLAGS);
    syscall(SYS_close, fd);
    return known >= 0 ? known : error_of(errno);
#else
    return fd;
#endif
}

int beneath_open(int root, const char *path)
{
    struct open_how how = {
        .flags = READ_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = -1;
    path += strspn(path, "/");
    for (int i = 0; i < TRIES; i++) {
        fd = syscall(SYS_openat2, root, path[0] != '\0' ? path : ".", &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN)
            break;
    }
    if (fd >= 0)
        return make_known((int)fd);
    /* A container's filter that does not know the call says EPERM. */
    return errno == ENOSYS || errno == EPERM ? beneath_walk(root, path) : error_of(errno);
}
