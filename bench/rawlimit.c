/* millrace-rawlimit - what the kernel itself takes to send a stream to many sockets, with no
 * server around it: ready-made packets, at the file's pace, to N loopback connections that
 * another process empties.  A server on the same machine cannot do better than this, only come
 * close. */
#include "base/alloc.h"
#include "base/clock.h"
#include "bench/media.h"
#include "media/avpacket.h"
#include "protocol/wire.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef MILLRACE_HAVE_URING
#include <liburing.h>
#endif

enum {
    IOV_MAX_COUNT  = 1024, /* of one send, as the kernel has it */
    EVENTS_MAX     = 256,
    READ_MAX       = 16 * 1024 * 1024,
    SEND_BUFFER    = 4 * 1024 * 1024, /* so that a send is never short */
    URING_ENTRIES  = 512,
    CHUNK_SIZE     = 65535,
    VIEWERS_MAX    = 25000, /* one source address */
};

struct sender {
    struct media  *media;
    unsigned       viewers;
    int           *fds;
    uint64_t       flush_us;
    double         duration_s;
    int            cpu;
    int            sink_cpu;
    bool           uring;
    uint64_t       sends;
    uint64_t       bytes;
    uint64_t       short_sends;
    uint64_t       late_us; /* behind the file's pace, at most */
    struct iovec   iov[IOV_MAX_COUNT];
    struct msghdr  message;
#ifdef MILLRACE_HAVE_URING
    struct io_uring ring;
#endif
};

static int fail(const char *what)
{
    fprintf(stderr, "millrace-rawlimit: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void pin(int cpu)
{
    cpu_set_t set;
    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        fail("cannot pin to that CPU");
}

static void raise_descriptors(unsigned viewers)
{
    struct rlimit limit = { viewers + 64, viewers + 64 }, now;
    getrlimit(RLIMIT_NOFILE, &now);
    if (now.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail("not enough descriptors (ulimit -n)");
}

/* The child: connects, then discards what comes, in the kernel already (MSG_TRUNC). */
__attribute__((noreturn))
static void sink(const struct sender *s, const struct sockaddr_in *address)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLET }, events[EVENTS_MAX];
    int                epoll_fd = epoll_create1(0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin(s->sink_cpu);
    for (unsigned i = 0; i < s->viewers; i++) {
        int fd = event.data.fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 ||
            epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
            fail("sink");
    }
    for (;;) {
        int n = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++)
            if (recv(events[i].data.fd, NULL, READ_MAX, MSG_TRUNC | MSG_DONTWAIT) == 0)
                exit(0);
    }
}

/* Start the child and accept its connections.  Returns its process id. */
static pid_t connect_sinks(struct sender *s)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t          size = sizeof address;
    int                listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, buffer = SEND_BUFFER;
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        fail("listen");
    pid_t child = fork();
    if (child == 0)
        sink(s, &address);
    s->fds = alloc_zeroed(s->viewers * sizeof *s->fds);
    for (unsigned i = 0; i < s->viewers; i++) {
        s->fds[i] = accept(listener, NULL, NULL);
        if (s->fds[i] < 0)
            fail("accept");
        setsockopt(s->fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (setsockopt(s->fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) < 0)
            setsockopt(s->fds[i], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    }
    close(listener);
    return child;
}

static void note(struct sender *s, ssize_t sent, size_t size)
{
    s->sends++;
    s->bytes += sent > 0 ? (uint64_t)sent : 0;
    s->short_sends += sent != (ssize_t)size;
}

static void send_plain(struct sender *s, size_t size)
{
    for (unsigned i = 0; i < s->viewers; i++)
        note(s, sendmsg(s->fds[i], &s->message, MSG_DONTWAIT | MSG_NOSIGNAL), size);
}

#ifdef MILLRACE_HAVE_URING
static void open_ring(struct sender *s)
{
    struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN };
    int                    error = io_uring_queue_init_params(URING_ENTRIES, &s->ring, &params);
    if (error == 0)
        error = io_uring_register_files(&s->ring, s->fds, s->viewers);
    errno = -error;
    if (error < 0)
        fail("io_uring");
}

static void send_uring(struct sender *s, size_t size)
{
    for (unsigned first = 0; first < s->viewers; first += URING_ENTRIES) {
        unsigned count = s->viewers - first < URING_ENTRIES ? s->viewers - first : URING_ENTRIES;
        for (unsigned i = 0; i < count; i++) {
            struct io_uring_sqe *entry = io_uring_get_sqe(&s->ring);
            if (s->message.msg_iovlen == 1)
                io_uring_prep_send(entry, (int)(first + i), s->iov[0].iov_base, size,
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
            else
                io_uring_prep_sendmsg(entry, (int)(first + i), &s->message, MSG_DONTWAIT | MSG_NOSIGNAL);
            entry->flags |= IOSQE_FIXED_FILE;
        }
        io_uring_submit_and_wait(&s->ring, count);
        struct io_uring_cqe *done;
        unsigned             head, seen = 0;
        io_uring_for_each_cqe(&s->ring, head, done) {
            note(s, done->res, size);
            seen++;
        }
        io_uring_cq_advance(&s->ring, seen);
    }
}
#else
static void open_ring(struct sender *s)
{
    (void)s;
    errno = ENOSYS;
    fail("built without io_uring");
}

static void send_uring(struct sender *s, size_t size)
{
    send_plain(s, size);
}
#endif

/* Send tags [first, end) of the file to everyone. */
static void flush(struct sender *s, uint32_t first, uint32_t end)
{
    size_t size = 0, count = 0;
    while (first < end) {
        struct bytes wire = wire_flv_bytes(s->media->tags[first++].packet);
        s->iov[count++] = (struct iovec){ (void *)wire.data, wire.size };
        size += wire.size;
        if (count < IOV_MAX_COUNT && first < end)
            continue;
        s->message = (struct msghdr){ .msg_iov = s->iov, .msg_iovlen = count };
        if (s->uring)
            send_uring(s, size);
        else
            send_plain(s, size);
        size = count = 0;
    }
}

static void sleep_until(uint64_t time_us)
{
    uint64_t now_us = clock_monotonic_us();
    if (time_us > now_us)
        usleep((useconds_t)(time_us - now_us));
}

static uint64_t due(const struct sender *s, uint64_t loop_us, uint32_t tag)
{
    return loop_us + (uint64_t)s->media->tags[tag].time_ms * 1000;
}

static void note_lateness(struct sender *s, uint64_t window_us)
{
    uint64_t late_us = clock_monotonic_us() - window_us;
    if (late_us > s->late_us)
        s->late_us = late_us;
}

/* At the file's pace; what is due within a window goes out at its end. */
static void run(struct sender *s)
{
    uint64_t began_us = clock_monotonic_us(), end_us = began_us + (uint64_t)(s->duration_s * 1e6);
    for (uint64_t loop_us = began_us; loop_us < end_us; loop_us += (uint64_t)s->media->length_ms * 1000) {
        uint32_t next = 0;
        while (next < s->media->count) {
            uint64_t due_us = due(s, loop_us, next), window_us = due_us + s->flush_us;
            uint32_t end = next + 1;
            if (due_us >= end_us)
                return;
            sleep_until(window_us);
            note_lateness(s, window_us);
            while (end < s->media->count && due(s, loop_us, end) <= window_us)
                end++;
            flush(s, next, end);
            next = end;
        }
    }
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void measure(struct sender *s)
{
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    uint64_t began_us = clock_monotonic_us();
    run(s);
    double seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    getrusage(RUSAGE_SELF, &after);
    double user_s = seconds_of(after.ru_utime) - seconds_of(before.ru_utime);
    double system_s = seconds_of(after.ru_stime) - seconds_of(before.ru_stime);
    printf("%s, %u viewers, flush %.0f ms: %.1f us of CPU per viewer-second (user %.1f, system %.1f);"
           " %.1f %% of a core, %.1f Mb/s, %.0f sends/s, %llu short, late by %.1f ms at most\n",
           s->uring ? "io_uring" : "sendmsg", s->viewers, (double)s->flush_us / 1e3,
           (user_s + system_s) / seconds / s->viewers * 1e6, user_s / seconds / s->viewers * 1e6,
           system_s / seconds / s->viewers * 1e6, (user_s + system_s) / seconds * 100,
           (double)s->bytes * 8 / seconds / 1e6, (double)s->sends / seconds,
           (unsigned long long)s->short_sends, (double)s->late_us / 1e3);
}

static void print_help(void)
{
    puts("Usage: millrace-rawlimit --file FILE.flv [OPTION]...\n"
         "Measure what the kernel alone takes to send a stream to many loopback connections.\n"
         "\n"
         "  --viewers N      connections (1000)\n"
         "  --flush MS       packets of so long a time go out together; 0: each at once (10)\n"
         "  --duration S     (10)\n"
         "  --uring          send through io_uring, in batches, instead of sendmsg\n"
         "  --cpu N, --sink-cpu N   pin the sender and the reader\n"
         "\n"
         "Exit status: 0, or 1 if something failed, or 2 if the command line is wrong.");
}

static double number(const char *text, double low, double high)
{
    char  *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= low && value <= high)) {
        fprintf(stderr, "millrace-rawlimit: %s: expected %g to %g\n", text, low, high);
        exit(2);
    }
    return value;
}

static const char *parse(int argc, char **argv, struct sender *s)
{
    static const struct option options[] = {
        { "file", required_argument, NULL, 'f' },     { "viewers", required_argument, NULL, 'n' },
        { "flush", required_argument, NULL, 'w' },    { "duration", required_argument, NULL, 'd' },
        { "uring", no_argument, NULL, 'u' },          { "cpu", required_argument, NULL, 'c' },
        { "sink-cpu", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    const char *file = NULL;
    int         id;
    while ((id = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (id) {
        case 'f': file = optarg; break;
        case 'n': s->viewers = (unsigned)number(optarg, 1, VIEWERS_MAX); break;
        case 'w': s->flush_us = (uint64_t)(number(optarg, 0, 10000) * 1000); break;
        case 'd': s->duration_s = number(optarg, 1, 3600); break;
        case 'u': s->uring = true; break;
        case 'c': s->cpu = (int)number(optarg, 0, 1023); break;
        case 's': s->sink_cpu = (int)number(optarg, 0, 1023); break;
        case 'h': print_help(); exit(0);
        default: exit(2);
        }
    }
    return file;
}

int main(int argc, char **argv)
{
    struct sender *s = alloc_zeroed(sizeof *s);
    char           why[MEDIA_WHY_SIZE];
    *s = (struct sender){ .viewers = 1000, .flush_us = 10000, .duration_s = 10, .cpu = -1, .sink_cpu = -1 };
    const char *file = parse(argc, argv, s);
    s->media = file != NULL ? media_load(file, why) : NULL;
    if (s->media == NULL) {
        fprintf(stderr, "millrace-rawlimit: %s\n", file != NULL ? why : "give --file FILE.flv; try --help");
        return 2;
    }
    for (uint32_t i = 0; i < s->media->count; i++)
        wire_frame(s->media->tags[i].packet, CHUNK_SIZE);
    raise_descriptors(s->viewers);
    pid_t child = connect_sinks(s);
    pin(s->cpu);
    if (s->uring)
        open_ring(s);
    measure(s);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return s->short_sends > 0;
}
