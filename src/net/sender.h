/* sender.h - many sends in one go: the batch is the interface, the system call a detail.
 *
 * Through io_uring a whole batch is one system call; where the kernel or a container forbids
 * that, it is one sendmsg() for each.  Sockets are never waited for.  One sender a loop. */
#ifndef MILLRACE_NET_SENDER_H
#define MILLRACE_NET_SENDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define SENDER_BATCH_MAX 128

struct sender;

enum sender_backend {
    SENDER_AUTO, /* io_uring if it works here, else sendmsg */
    SENDER_SENDMSG,
    SENDER_IO_URING,
};

struct send_job {
    int                 fd;
    unsigned            count;  /* of iov, at most IOV_MAX */
    const struct iovec *iov;    /* borrowed until sender_send() returns; jobs may share it */
    ssize_t             result; /* out: bytes taken, or a negative errno; -EAGAIN: full */
};

/* Never NULL for SENDER_AUTO and SENDER_SENDMSG; NULL if SENDER_IO_URING is not to be had. */
struct sender *sender_new(enum sender_backend);
void           sender_free(struct sender *);

/* "sendmsg" or "io_uring": what it settled on, or had to, when an io_uring broke. */
const char *sender_backend_name(const struct sender *);

/* Do `count` jobs, at most SENDER_BATCH_MAX; all results are set when it returns. */
void sender_send(struct sender *, struct send_job *jobs, unsigned count);

#endif
