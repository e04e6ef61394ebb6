#include "net/sender.h"

#include "base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
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

#ifdef MILLRACE_HAVE_URING

static void queue_jobs(struct sender *s, struct send_job *jobs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&s->ring);
        assert(sqe != NULL); /* the ring has SENDER_BATCH_MAX entries and is empty between batches */
        s->messages[i] = (struct msghdr){
            .msg_iov = (struct iovec *)jobs[i].iov,
            .msg_iovlen = jobs[i].count,
        };
        io_uring_prep_sendmsg(sqe, jobs[i].fd, &s->messages[i], MSG_NOSIGNAL | MSG_DONTWAIT);
        io_uring_sqe_set_data64(sqe, i);
        jobs[i].result = -EINPROGRESS;
    }
}

static void send_by_uring(struct sender *s, struct send_job *jobs, unsigned count)
{
    queue_jobs(s, jobs, count);
    unsigned done = 0;
    while (done < count) {
        int submitted = io_uring_submit_and_wait(&s->ring, count - done);
        if (submitted < 0 && submitted != -EINTR && submitted != -EAGAIN && submitted != -EBUSY)
            abort(); /* our own ring is broken; no state could be trusted */
        struct io_uring_cqe *cqe;
        unsigned             head, seen = 0;
        io_uring_for_each_cqe (&s->ring, head, cqe) {
            jobs[io_uring_cqe_get_data64(cqe)].result = cqe->res;
            seen++;
        }
        io_uring_cq_advance(&s->ring, seen);
        done += seen;
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
    return job.result == 1 ? 0 : -1;
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
    io_uring_queue_exit(&s->ring);
    return -1;
}

static void stop_uring(struct sender *s)
{
    if (s->send == send_by_uring)
        io_uring_queue_exit(&s->ring);
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
    s->name = "sendmsg";
    s->send = send_each;
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
