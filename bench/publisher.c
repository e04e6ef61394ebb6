#include "bench/publisher.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "bench/media.h"
#include "bench/sei.h"
#include "media/avpacket.h"
#include "protocol/amf.h"
#include "protocol/rtmp_message.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    BATCH_SIZE = 1024 * 1024,    /* sent at once, if a publisher has fallen behind */
    STAGGER_US = 40 * 1000,      /* the pictures of many publishers shall not all be due at once */
    STAGGER_STEP_US = 7919,
};

void publisher_init(struct publisher *p, const struct plan *plan, uint32_t index, uint32_t number)
{
    *p = (struct publisher){ .fd = -1, .index = index, .target = &plan->targets[PROTOCOL_RTMP][number] };
}

void publisher_close(struct publisher *p)
{
    if (p->phase >= PUBLISHER_ASKING)
        rtmp_client_clear(&p->client);
    free(p->backlog);
    p->backlog = NULL;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    p->phase = PUBLISHER_IDLE;
}

static void fail(struct publisher *p, struct engine *e, const char *why)
{
    char text[TALLY_WHY_SIZE];
    snprintf(text, sizeof text, "publisher: %s", why);
    tally_add(&e->tally, text, 1);
    if (p->phase == PUBLISHER_LIVE)
        e->counts.publishers_live--;
    e->counts.publishers_failed++;
    publisher_close(p);
    p->phase = PUBLISHER_FAILED;
}

static int connect_publisher(struct publisher *p, struct engine *e)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 .data.u64 = ENGINE_PUBLISHER | p->index };
    int                on = 1;
    p->fd = socket(p->target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0)
        return -1;
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(p->fd, (const struct sockaddr *)&p->target->address, p->target->address_size) < 0 &&
        errno != EINPROGRESS)
        return -1;
    return epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, p->fd, &event);
}

void publisher_open(struct publisher *p, struct engine *e)
{
    p->phase = PUBLISHER_CONNECTING;
    p->asked_us = clock_monotonic_us();
    if (connect_publisher(p, e) < 0)
        fail(p, e, strerror(errno));
}

/* Send; what the socket does not take waits in the backlog. */
static void send_bytes(struct publisher *p, struct engine *e, struct bytes out)
{
    ssize_t n = p->backlog == NULL && out.size > 0 ? send(p->fd, out.data, out.size, MSG_NOSIGNAL) : 0;
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        fail(p, e, strerror(errno));
        return;
    }
    size_t taken = n > 0 ? (size_t)n : 0;
    if (taken == out.size)
        return;
    size_t waiting = p->backlog_size - p->backlog_at;
    if (waiting > 0)
        memmove(p->backlog, p->backlog + p->backlog_at, waiting);
    p->backlog = alloc_resize(p->backlog, waiting + out.size - taken, 1);
    memcpy(p->backlog + waiting, out.data + taken, out.size - taken);
    p->backlog_size = waiting + out.size - taken;
    p->backlog_at = 0;
}

static void flush(struct publisher *p, struct engine *e)
{
    while (p->backlog != NULL) {
        ssize_t n = send(p->fd, p->backlog + p->backlog_at, p->backlog_size - p->backlog_at, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            fail(p, e, strerror(errno));
        if (n < 0)
            return;
        p->backlog_at += (size_t)n;
        if (p->backlog_at < p->backlog_size)
            continue;
        free(p->backlog);
        p->backlog = NULL;
        p->backlog_size = p->backlog_at = 0;
    }
}

static void begin(struct publisher *p, struct engine *e)
{
    uint8_t       room[RTMP_CLIENT_OUT_SIZE];
    struct writer out = writer_over(room, sizeof room);
    int           error = 0;
    socklen_t     size = sizeof error;
    getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        fail(p, e, strerror(error));
        return;
    }
    p->phase = PUBLISHER_ASKING;
    rtmp_client_init(&p->client, p->target, true, &out);
    send_bytes(p, e, (struct bytes){ out.start, writer_size(&out) });
}

static void on_message(void *arg, const struct skim_message *m)
{
    (void)arg; /* a server may echo metadata; it is nothing to a publisher */
    (void)m;
}

static void start(struct publisher *p, struct engine *e)
{
    p->phase = PUBLISHER_LIVE;
    p->start_us = clock_monotonic_us() + (uint64_t)p->index * STAGGER_STEP_US % STAGGER_US;
    e->counts.publishers_live++;
    e->next_publish_us = 0;
}

static void read_answers(struct publisher *p, struct engine *e)
{
    while (p->fd >= 0) {
        uint8_t       room[RTMP_CLIENT_OUT_SIZE];
        struct writer out = writer_over(room, sizeof room);
        ssize_t       n = recv(p->fd, e->buffer, RTMP_CLIENT_OUT_SIZE, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            fail(p, e, n == 0 ? "closed by the server" : strerror(errno));
            return;
        }
        int error = rtmp_client_read(&p->client, (struct bytes){ e->buffer, (size_t)n }, &out, on_message, p);
        if (error < 0) {
            fail(p, e, p->client.why[0] != '\0' ? p->client.why : err_name(error));
            return;
        }
        send_bytes(p, e, (struct bytes){ out.start, writer_size(&out) });
        if (p->phase == PUBLISHER_ASKING && p->client.state == RTMP_CLIENT_RUNNING)
            start(p, e);
    }
}

void publisher_event(struct publisher *p, struct engine *e, uint32_t events)
{
    if (p->phase == PUBLISHER_CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        begin(p, e);
    if (p->phase != PUBLISHER_ASKING && p->phase != PUBLISHER_LIVE)
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        read_answers(p, e);
    if (events & EPOLLOUT && p->backlog != NULL) {
        flush(p, e);
        e->next_publish_us = 0;
    }
}

/* The body of the next message: the tag's, with a stamp in a picture, or a name before metadata. */
static struct bytes make_body(struct publisher *p, struct engine *e, const struct media_tag *tag)
{
    struct bytes  body = avpacket_bytes(tag->packet);
    struct writer w = writer_over(e->body, ENGINE_MESSAGE_SIZE);
    if (tag->packet->type == AV_DATA) {
        amf_write_string(&w, "@setDataFrame");
        write_bytes(&w, body.data, body.size);
    } else if (tag->stamp_at > 0) {
        struct sei_stamp stamp = { clock_monotonic_us(), p->sequence++, p->target->stream };
        uint8_t          nal[SEI_NAL_SIZE];
        sei_write(&stamp, nal);
        write_bytes(&w, body.data, tag->stamp_at);
        write_be(&w, sizeof nal, e->plan->media->nal_length_size);
        write_bytes(&w, nal, sizeof nal);
        write_bytes(&w, body.data + tag->stamp_at, body.size - tag->stamp_at);
    } else {
        return body;
    }
    return (struct bytes){ e->body, writer_size(&w) };
}

static void write_tag(struct publisher *p, struct engine *e, struct writer *out, const struct media_tag *tag)
{
    uint8_t  type = tag->packet->type;
    uint32_t csid = type == AV_AUDIO ? RTMP_CSID_AUDIO : type == AV_VIDEO ? RTMP_CSID_VIDEO : RTMP_CSID_DATA;
    rtmp_write_message(out, csid, type, p->client.msid, (uint32_t)(p->loop_ms + tag->time_ms),
                       make_body(p, e, tag), RTMP_CLIENT_CHUNK_SIZE);
}

/* The next tag, in the next loop if need be; headers go out once. */
static const struct media_tag *next_tag(struct publisher *p, const struct media *m)
{
    for (;;) {
        if (p->next == m->count) {
            p->next = 0;
            p->loop_ms += m->length_ms;
        }
        const struct media_tag *tag = &m->tags[p->next];
        if (!tag->once || p->loop_ms == 0)
            return tag;
        p->next++;
    }
}

uint64_t publisher_send(struct publisher *p, struct engine *e)
{
    struct writer out = writer_over(e->message, ENGINE_MESSAGE_SIZE);
    uint64_t      due_us = UINT64_MAX;
    if (p->phase != PUBLISHER_LIVE || p->backlog != NULL)
        return due_us;
    while (writer_size(&out) < BATCH_SIZE) {
        const struct media_tag *tag = next_tag(p, e->plan->media);
        due_us = p->start_us + (p->loop_ms + tag->time_ms) * 1000;
        if (due_us > e->now_us)
            break;
        if (writer_size(&out) > 0 && ENGINE_MESSAGE_SIZE - writer_size(&out) < tag->packet->size * 2 + 4096)
            break;
        if (atomic_load(&e->plan->phase) == PHASE_MEASURE)
            histogram_add(&e->lateness, e->now_us - due_us);
        write_tag(p, e, &out, tag);
        p->next++;
    }
    send_bytes(p, e, (struct bytes){ out.start, writer_size(&out) });
    return p->phase == PUBLISHER_LIVE && p->backlog == NULL ? due_us : UINT64_MAX;
}
