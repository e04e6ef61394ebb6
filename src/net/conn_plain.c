/* conn_plain.c - bytes as they are, to a socket and from it. */
#include "net/conn_peer.h"

#include <errno.h>
#include <sys/socket.h>

static ssize_t plain_receive(struct conn *c, void *to, size_t room)
{
    ssize_t n;
    do
        n = recv(c->fd, to, room, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

static ssize_t plain_send(struct conn *c, const struct iovec *iov, unsigned count)
{
    struct msghdr message = { .msg_iov = (struct iovec *)iov, .msg_iovlen = count };
    ssize_t       n;
    do
        n = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0) /* no memory for it now is no fault of this socket's: it is as if it were full */
        return errno == ENOBUFS || errno == ENOMEM ? -EAGAIN : -errno;
    return n;
}

static int plain_flush(struct conn *c)
{
    (void)c; /* nothing is ever pending */
    return 0;
}

static int plain_end(struct conn *c)
{
    (void)c;
    return 0;
}

static void plain_free(struct conn *c)
{
    (void)c;
}

const struct conn_transport conn_plain = {
    .receive = plain_receive, .send = plain_send, .flush = plain_flush, .end = plain_end, .free = plain_free,
};
