#include "net/sender.h"

#include "base/alloc.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifdef MILLRACE_HAVE_URING
#include <liburing.h>
#endif

struct sender {
    void (*send)(struct sender *, struct send_job *, unsigned count);
    const char   *name;
#ifdef MILLRACE_HAVE_URING
    struct io_uring ring;
    struct msghdr   messages[SENDER_BATCH_MAX];
#endif
};

static void send_one(struct send_job *job)
{
    struct msghdr message = { .msg_iov = (struct iovec *)job->iov, .msg_iovlen = job->count };
    do
        job->result = sendmsg(job->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (job->result < 0 && errno == EINTR);
    if (job->result < 0)
        job->result = -errno;
}

static void send_each(struct sender *s, struct send_job *jobs, unsigned count)
{
    (void)s;
    for (unsigned i = 0; i < count; i++)
        send_one(&jobs[i]);
}

static void use_sendmsg(struct sender *s)
{
    s->name = "sendmsg";
    s->send = send_each;
}

#ifdef MILLRACE_HAVE_URING

/* The kernel may be short of memory for a moment; so often in a row is no moment. */
#define URING_TRIES_MAX 1000

/* What is one piece needs no message header, which the kernel would have to copy and take apart. */
static void prepare_job(struct sender *s, struct io_uring_sqe *sqe, const struct send_job *job, unsigned at)
{
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    if (job->count == 1) {
        io_uring_prep_send(sqe, job->fd, job->iov->iov_base, job->iov->iov_len, flags);
    } else {
        s->messages[at] = (struct msghdr){ .msg_iov = (struct iovec *)job->iov, .msg_iovlen = job->count };
        io_uring_prep_sendmsg(sqe, job->fd, &s->messages[at], flags);
    }
    io_uring_sqe_set_data64(sqe, at);
}

static void queue_jobs(struct sender *s, struct send_job *jobs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);
        assert(sqe != NULL); /* the ring has SENDER_BATCH_MAX entries and is empty between batches */
        prepare_job(s, sqe, &jobs[i], i);
        jobs[i].result = -EINPROGRESS;
    }
}

static unsigned reap(struct sender *s, struct send_job *jobs)
{
    struct io_uring_cqe *cqe;
    unsigned             head, seen = 0;
    io_uring_for_each_cqe (&s->ring, head, cqe) {
        jobs[io_uring_cqe_get_data64(cqe)].result = cqe->res;
        seen++;
    }
    io_uring_cq_advance(&s->ring, seen);
    return seen;
}

/* The ring is of no use any more.  What the kernel has not taken from it, the last of the jobs, is
 * sent as if there had been none; of what it took and did not answer nobody knows. */
static void give_up_uring(struct sender *s, struct send_job *jobs, unsigned count, int error)
{
    unsigned untaken = io_uring_sq_ready(&s->ring);
    log_warn(NULL, "io_uring fails (%s): sending by sendmsg from now on", strerror(-error));
    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].result != -EINPROGRESS)
            continue;
        if (i + untaken >= count)
            send_one(&jobs[i]);
        else
            jobs[i].result = -EIO;
    }
    io_uring_queue_exit(&s->ring);
    use_sendmsg(s);
}

static bool is_passing(int error)
{
    return error >= 0 || error == -EINTR || error == -EAGAIN || error == -EBUSY;
}

static void send_by_uring(struct sender *s, struct send_job *jobs, unsigned count)
{
    unsigned done = 0, tries = 0;
    queue_jobs(s, jobs, count);
    while (done < count) {
        int      result = io_uring_submit_and_wait(&s->ring, count - done);
        unsigned seen = reap(s, jobs);
        done += seen;
        tries = seen > 0 ? 0 : tries + 1;
        if (done < count && (!is_passing(result) || tries > URING_TRIES_MAX)) {
            give_up_uring(s, jobs, count, result < 0 ? result : -EIO);
            break;
        }
    }
    for (unsigned i = 0; i < count; i++)
        if (jobs[i].result == -EINTR)
            send_one(&jobs[i]);
}

/* Sends one byte through the ring: what a container forbids is seen here, not under load. */
static int probe(struct sender *s)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    char            byte = 0;
    struct iovec    iov = { &byte, 1 };
    struct send_job job = { .fd = pair[0], .iov = &iov, .count = 1 };
    send_by_uring(s, &job, 1);
    close(pair[0]);
    close(pair[1]);
    return job.result == 1 && s->send == send_by_uring ? 0 : -1;
}

static void stop_uring(struct sender *s)
{
    if (s->send == send_by_uring)
        io_uring_queue_exit(&s->ring);
}

static int start_uring(struct sender *s)
{
    struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN };
    if (io_uring_queue_init_params(SENDER_BATCH_MAX, &s->ring, &params) != 0) {
        params = (struct io_uring_params){ 0 }; /* before Linux 6.1 */
        if (io_uring_queue_init_params(SENDER_BATCH_MAX, &s->ring, &params) != 0)
            return -1;
    }
    s->name = "io_uring";
    s->send = send_by_uring;
    if (probe(s) == 0)
        return 0;
    stop_uring(s);
    return -1;
}

#else

static int start_uring(struct sender *s)
{
    (void)s;
    return -1;
}

static void stop_uring(struct sender *s)
{
    (void)s;
}

#endif

struct sender *sender_new(enum sender_backend backend)
{
    struct sender *s = alloc_zeroed(sizeof *s);
    if (backend != SENDER_SENDMSG && start_uring(s) == 0)
        return s;
    use_sendmsg(s);
    if (backend != SENDER_IO_URING)
        return s;
    free(s);
    return NULL;
}

void sender_free(struct sender *s)
{
    if (s == NULL)
        return;
    stop_uring(s);
    free(s);
}

const char *sender_backend_name(const struct sender *s)
{
    return s->name;
}

void sender_send(struct sender *s, struct send_job *jobs, unsigned count)
{
    assert(count <= SENDER_BATCH_MAX);
    s->send(s, jobs, count);
}
