/* faults.c - a kernel and a C library that fail, for a program that was not built for it.
 *
 * Loaded into the server with LD_PRELOAD.  FAULTS_FILE names a file of struct faults, which a test writes
 * while the server runs: what it says holds from then on.  tests/e2e/lib/faults.mjs is the other side. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Little-endian, in this order; each 0 is no fault. */
struct faults {
    atomic_uint  stride;         /* the most bytes that one read from or write to a socket takes */
    atomic_uint  eagain;         /* every so manieth of them says EAGAIN instead, */
    atomic_uint  eintr;          /* or EINTR, */
    atomic_uint  enobufs;        /* or, of those that write, ENOBUFS */
    atomic_uint  accept_error;   /* accept4() says this errno */
    atomic_uint  open_error;     /* open() says this errno */
    atomic_uint  resolve_error;  /* getaddrinfo() says this, negated: 3 is EAI_AGAIN */
    atomic_uint  malloc_nth;     /* every so manieth allocation by a library (not by Millrace) fails */
    atomic_llong wall_offset_s;  /* the wall clock is wrong by so much */
    atomic_uint  counts[8];      /* how often each of the first eight was felt */
};

static struct faults  none;
static struct faults *faults = &none;

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("FAULTS_FILE");
    int         fd = path != NULL ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *place = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (place != MAP_FAILED)
        faults = place;
    syscall(SYS_close, fd);
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (real == NULL)              \
        real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void felt(const atomic_uint *fault)
{
    atomic_fetch_add(&faults->counts[fault - &faults->stride], 1);
}

/* Whether this is one of every `*nth` calls. */
static bool is_due(const atomic_uint *nth, atomic_uint *calls)
{
    unsigned every = atomic_load(nth);
    if (every == 0 || atomic_fetch_add(calls, 1) % every != every - 1)
        return false;
    felt(nth);
    return true;
}

/* 0, or the errno with which a call on a socket fails. */
static int find_error(bool writes)
{
    static atomic_uint eagain, eintr, enobufs;
    if (is_due(&faults->eintr, &eintr))
        return EINTR;
    if (is_due(&faults->eagain, &eagain))
        return EAGAIN;
    return writes && is_due(&faults->enobufs, &enobufs) ? ENOBUFS : 0;
}

static size_t shorten(size_t size)
{
    unsigned stride = atomic_load(&faults->stride);
    if (stride == 0 || size <= stride)
        return size;
    felt(&faults->stride);
    return stride;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

ssize_t recv(int fd, void *to, size_t size, int flags)
{
    REAL(recv);
    int error = find_error(false);
    return error != 0 ? fail(error) : real(fd, to, shorten(size), flags);
}

ssize_t send(int fd, const void *from, size_t size, int flags)
{
    REAL(send);
    int error = find_error(true);
    return error != 0 ? fail(error) : real(fd, from, shorten(size), flags);
}

/* As many whole buffers as there may be, and a part of the next. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    unsigned stride = atomic_load(&faults->stride);
    int      error = find_error(true);
    if (error != 0)
        return fail(error);
    if (stride == 0 || message->msg_iovlen == 0)
        return real(fd, message, flags);
    struct msghdr shorter = *message;
    struct iovec  parts[16];
    size_t        left = stride, count = 0;
    for (; count < message->msg_iovlen && count < 16 && left > 0; count++) {
        parts[count] = message->msg_iov[count];
        if (parts[count].iov_len > left)
            parts[count].iov_len = left;
        left -= parts[count].iov_len;
    }
    felt(&faults->stride);
    shorter.msg_iov = parts;
    shorter.msg_iovlen = count;
    return real(fd, &shorter, flags);
}

int accept4(int fd, struct sockaddr *restrict peer, socklen_t *restrict size, int flags)
{
    REAL(accept4);
    int error = (int)atomic_load(&faults->accept_error);
    if (error == 0)
        return real(fd, peer, size, flags);
    felt(&faults->accept_error);
    return fail(error);
}

int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    int error = (int)atomic_load(&faults->open_error);
    if (error == 0)
        return real(path, flags, mode);
    felt(&faults->open_error);
    return fail(error);
}

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict out)
{
    REAL(getaddrinfo);
    int error = -(int)atomic_load(&faults->resolve_error);
    if (error == 0)
        return real(node, service, hints, out);
    felt(&faults->resolve_error);
    return error;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, id, out);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        out->tv_sec += (time_t)atomic_load(&faults->wall_offset_s);
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* Libraries whose allocations may fail.  Millrace's own small ones end it, on purpose (base/alloc.h);
 * those for peers are tested by tests/unit/sim.  The libraries are to hand the failure on. */

struct range {
    uintptr_t from, to;
};

static struct range ranges[32];
static atomic_uint  range_count;

static bool is_library(const char *path)
{
    static const char *const names[] = { "libnghttp2.so", "libssl.so", "libcrypto.so", "libcurl" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strstr(path, names[i]) != NULL)
            return true;
    return false;
}

__attribute__((constructor)) static void find_libraries(void)
{
    FILE    *maps = fopen("/proc/self/maps", "re");
    char     line[4096];
    unsigned count = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL && count < sizeof ranges / sizeof *ranges) {
        unsigned long from, to;
        char          rights[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 && rights[2] == 'x' && is_library(line))
            ranges[count++] = (struct range){ from, to };
    }
    if (maps != NULL)
        fclose(maps);
    atomic_store(&range_count, count);
}

static bool runs_out(const void *caller)
{
    static atomic_uint calls;
    unsigned           count = atomic_load(&faults->malloc_nth) > 0 ? atomic_load(&range_count) : 0;
    for (unsigned i = 0; i < count; i++)
        if ((uintptr_t)caller >= ranges[i].from && (uintptr_t)caller < ranges[i].to)
            return is_due(&faults->malloc_nth, &calls);
    return false;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return runs_out(__builtin_return_address(0)) ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return runs_out(__builtin_return_address(0)) ? no_memory() : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return runs_out(__builtin_return_address(0)) ? no_memory() : __libc_realloc(old, size);
}
