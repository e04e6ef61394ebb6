#include "net/tls_out.h"

#include "base/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Room for answers of the protocol besides: a peer that asks for many and reads none is ended. */
#define PENDING_SIZE_MAX (TLS_STAGE_SIZE + 16 * 1024)

static ssize_t send_some(const struct tls_out *o, const void *data, size_t size)
{
    ssize_t n;
    do
        n = send(o->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ENOBUFS || errno == ENOMEM ? -EAGAIN : -errno;
    return n;
}

static void keep(struct tls_out *o, const uint8_t *data, size_t size)
{
    size_t kept = o->pending_size - o->pending_at;
    if (kept + size > PENDING_SIZE_MAX) {
        o->error = -ENOBUFS;
        return;
    }
    uint8_t *pending = alloc_try(kept + size);
    if (pending == NULL) {
        o->error = -ENOMEM;
        return;
    }
    if (o->pending != NULL)
        memcpy(pending, o->pending + o->pending_at, kept);
    memcpy(pending + kept, data, size);
    free(o->pending);
    o->pending = pending;
    o->pending_at = 0;
    o->pending_size = (uint32_t)(kept + size);
}

void tls_out_take(struct tls_out *o, const uint8_t *data, size_t size)
{
    struct tls_stage *stage = o->stage;
    if (stage->size + size > sizeof stage->bytes)
        tls_out_send(o);
    if (o->error != 0)
        return;
    if (o->pending != NULL || size > sizeof stage->bytes) {
        keep(o, data, size);
        return;
    }
    memcpy(stage->bytes + stage->size, data, size);
    stage->size += size;
}

void tls_out_send(struct tls_out *o)
{
    struct tls_stage *stage = o->stage;
    size_t            size = stage->size, sent;
    stage->size = 0;
    if (size == 0 || o->error != 0)
        return;
    ssize_t n = send_some(o, stage->bytes, size);
    if (n < 0 && n != -EAGAIN) {
        o->error = (int)n;
        return;
    }
    sent = n > 0 ? (size_t)n : 0;
    if (sent < size)
        keep(o, stage->bytes + sent, size - sent);
}

int tls_out_flush(struct tls_out *o)
{
    while (o->error == 0 && o->pending_at < o->pending_size) {
        ssize_t n = send_some(o, o->pending + o->pending_at, o->pending_size - o->pending_at);
        if (n == -EAGAIN)
            return -EAGAIN;
        if (n < 0)
            o->error = (int)n;
        else
            o->pending_at += (uint32_t)n;
    }
    tls_out_clear(o);
    return o->error;
}

void tls_out_clear(struct tls_out *o)
{
    free(o->pending);
    o->pending = NULL;
    o->pending_at = o->pending_size = 0;
}
