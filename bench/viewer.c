#include "bench/viewer.h"

#include "base/clock.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    SOURCE_CONNECTIONS = 20000, /* from one address; it has some 28000 ports */
    SOURCES            = 250,
    READS_MAX          = 64,    /* in one turn, so that none keeps the others waiting */
};

/* A number from 0 to 1 for each viewer, evenly spread however many there are. */
static double spread(uint32_t number)
{
    double value = number * 0.6180339887498949;
    return value - floor(value);
}

static uint32_t choose_stream(const struct plan *plan, uint32_t number)
{
    uint32_t low = 0, high = plan->settings->streams - 1;
    if (plan->popularity == NULL)
        return number % plan->settings->streams;
    double wanted = spread(number);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (plan->popularity[middle] > wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void viewer_assign(struct viewer *v, const struct plan *plan, uint32_t index, uint32_t number)
{
    const struct settings *s = plan->settings;
    enum protocol          protocol = s->mix[number % s->mix_count];
    uint32_t               turn = number / s->mix_count; /* streams and slowness meet every protocol */
    v->fd = -1;
    v->index = index;
    v->phase = VIEWER_IDLE;
    v->slow = floor((turn + 1) * s->slow_share) > floor(turn * s->slow_share);
    v->group = (uint8_t)(v->slow ? GROUP_SLOW : (enum group)protocol);
    v->source = (uint8_t)(number / SOURCE_CONNECTIONS % SOURCES);
    v->target = &plan->targets[protocol][choose_stream(plan, turn)];
    v->tls = NULL;
}

static bool is_rtmp(const struct viewer *v)
{
    return protocol_inside(v->target->protocol) == PROTOCOL_RTMP;
}

/* Give the socket back; what was counted of the viewer's phase is counted no more. */
static void close_viewer(struct viewer *v, struct engine *e)
{
    if (v->phase >= VIEWER_JOINING && is_rtmp(v))
        rtmp_client_clear(&v->client.rtmp);
    if (v->phase == VIEWER_WATCHING)
        e->counts.watching--;
    secure_free(v->tls);
    v->tls = NULL;
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
}

void viewer_leave(struct viewer *v, struct engine *e)
{
    if (v->phase == VIEWER_FAILED || v->phase == VIEWER_CUT_OFF)
        return;
    close_viewer(v, e);
    v->phase = VIEWER_IDLE;
}

static void fail(struct viewer *v, struct engine *e, const char *why)
{
    char text[TALLY_WHY_SIZE];
    bool cut_off = v->slow && v->phase == VIEWER_WATCHING;
    snprintf(text, sizeof text, "%s%s: %s", v->slow ? "slow " : "", protocol_name(v->target->protocol), why);
    close_viewer(v, e);
    v->phase = cut_off ? VIEWER_CUT_OFF : VIEWER_FAILED;
    tally_add(&e->tally, text, 1);
    if (cut_off) {
        e->counts.slow_closed++;
        return;
    }
    e->counts.failed++;
    e->group_failed[v->group]++;
}

/* A new connection's address and port must not meet those of the other twenty thousand. */
static int bind_source(const struct viewer *v)
{
    struct sockaddr_in source = { .sin_family = AF_INET };
    int                on = 1;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + v->source);
    if (v->source == 0 || !v->target->is_loopback4)
        return 0;
    if (setsockopt(v->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0)
        return -1;
    return bind(v->fd, (struct sockaddr *)&source, sizeof source);
}

static int connect_viewer(struct viewer *v, struct engine *e)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = v->index };
    int                on = 1, size = (int)e->plan->settings->slow_buffer;
    v->fd = socket(v->target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (v->fd < 0)
        return -1;
    setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (v->slow && setsockopt(v->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) < 0)
        return -1;
    if (bind_source(v) < 0)
        return -1;
    if (connect(v->fd, (const struct sockaddr *)&v->target->address, v->target->address_size) < 0 &&
        errno != EINPROGRESS)
        return -1;
    return epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, v->fd, &event);
}

void viewer_open(struct viewer *v, struct engine *e)
{
    v->phase = VIEWER_CONNECTING;
    v->track = (struct track){ .connect_us = clock_monotonic_us(), .stream = v->target->stream };
    if (connect_viewer(v, e) < 0)
        fail(v, e, strerror(errno));
}

/* Requests and answers are small and far between: a socket that does not take them is not read. */
static bool send_all(struct viewer *v, struct engine *e, const struct writer *out)
{
    size_t size = writer_size(out);
    if (size == 0)
        return true;
    ssize_t n = v->tls != NULL ? secure_send(v->tls, out->start, size)
                               : send(v->fd, out->start, size, MSG_NOSIGNAL);
    if (n == (ssize_t)size && !out->overrun)
        return true;
    fail(v, e, n < 0 && errno != EAGAIN ? strerror(errno) : "the server does not read");
    return false;
}

/* False while the handshake goes on, and when it has failed. */
static bool is_secured(struct viewer *v, struct engine *e)
{
    if (!protocol_is_secure(v->target->protocol))
        return true;
    if (v->tls == NULL)
        v->tls = secure_new(e->plan->tls, v->fd);
    if (v->tls != NULL && secure_handshake(v->tls) == 0)
        return true;
    if (v->tls == NULL || errno != EAGAIN)
        fail(v, e, v->tls == NULL ? "no memory for TLS" : "the TLS handshake failed");
    return false;
}

static void begin(struct viewer *v, struct engine *e)
{
    uint8_t       room[RTMP_CLIENT_OUT_SIZE];
    struct writer out = writer_over(room, sizeof room);
    int           error = 0;
    socklen_t     size = sizeof error;
    getsockopt(v->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        fail(v, e, strerror(error));
        return;
    }
    if (!is_secured(v, e))
        return;
    v->phase = VIEWER_JOINING;
    if (is_rtmp(v))
        rtmp_client_init(&v->client.rtmp, v->target, false, &out);
    else
        flv_client_init(&v->client.flv, v->target, &out);
    v->track.play_us = clock_monotonic_us();
    send_all(v, e, &out);
}

struct delivery {
    struct viewer  *viewer;
    struct engine  *engine;
    struct figures *figures;
    uint64_t        now_us;
};

/* A picture, if we know that there are some; else any frame will do. */
static bool sees_something(const struct viewer *v, const struct plan *plan)
{
    return plan->media != NULL ? v->track.has_first : v->track.last_us > 0;
}

static void on_message(void *arg, const struct skim_message *m)
{
    struct delivery *d = arg;
    struct viewer   *v = d->viewer;
    uint64_t         before = d->figures->latency.count, sum_us = d->figures->latency.sum_us;
    track_message(&v->track, d->figures, &d->engine->plan->limits, m, d->now_us);
    if (d->figures->latency.count > before && !v->slow)
        histogram_add(&d->engine->recent, d->figures->latency.sum_us - sum_us);
    if (v->phase != VIEWER_JOINING || !sees_something(v, d->engine->plan))
        return;
    v->phase = VIEWER_WATCHING;
    d->engine->counts.watching++;
    if (v->slow)
        d->engine->slow[d->engine->slow_count++] = v;
}

static const char *why_of(const struct viewer *v, int error)
{
    const char *why = is_rtmp(v) ? v->client.rtmp.why : v->client.flv.why;
    return why[0] != '\0' ? why : err_name(error);
}

/* RTMP asks to play in the middle of its dialogue. */
static int read_rtmp(struct viewer *v, struct bytes in, struct writer *out, struct delivery *d)
{
    bool asked = v->client.rtmp.state >= RTMP_CLIENT_STARTING;
    int  error = rtmp_client_read(&v->client.rtmp, in, out, on_message, d);
    if (!asked)
        v->track.play_us = d->now_us;
    return error;
}

/* False when the viewer is gone. */
static bool feed(struct viewer *v, struct engine *e, struct bytes in)
{
    uint8_t         room[RTMP_CLIENT_OUT_SIZE];
    struct writer   out = writer_over(room, sizeof room);
    struct delivery d = { v, e, engine_figures(e, v->group), clock_monotonic_us() };
    d.figures->bytes += in.size;
    int error = is_rtmp(v) ? read_rtmp(v, in, &out, &d)
                           : flv_client_read(&v->client.flv, in, &out, on_message, &d);
    if (error < 0) {
        fail(v, e, why_of(v, error));
        return false;
    }
    return send_all(v, e, &out);
}

/* One read.  True if there may be more: TLS gives a record at a time. */
static bool read_once(struct viewer *v, struct engine *e, size_t size)
{
    ssize_t n = v->tls != NULL ? secure_receive(v->tls, e->buffer, size) : recv(v->fd, e->buffer, size, 0);
    if (n > 0)
        return feed(v, e, (struct bytes){ e->buffer, (size_t)n }) && (v->tls != NULL || n == (ssize_t)size);
    if (n == 0)
        fail(v, e, "closed by the server");
    else if (errno != EAGAIN && errno != EINTR)
        fail(v, e, strerror(errno));
    return false;
}

static bool reads_slowly(const struct viewer *v)
{
    return v->slow && v->phase == VIEWER_WATCHING;
}

/* Edge-triggered: a short read has emptied the socket; after READS_MAX, epoll is asked to tell again. */
static void read_all(struct viewer *v, struct engine *e)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = v->index };
    for (unsigned i = 0; i < READS_MAX; i++)
        if (!read_once(v, e, v->slow ? RTMP_CLIENT_OUT_SIZE : ENGINE_BUFFER_SIZE) || reads_slowly(v))
            return;
    epoll_ctl(e->epoll_fd, EPOLL_CTL_MOD, v->fd, &event);
}

void viewer_event(struct viewer *v, struct engine *e, uint32_t events)
{
    if (v->phase == VIEWER_CONNECTING && (v->tls != NULL || events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
        begin(v, e);
    if (v->phase != VIEWER_JOINING && v->phase != VIEWER_WATCHING)
        return;
    if (reads_slowly(v) && events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        fail(v, e, "closed by the server");
    else if (!reads_slowly(v) && events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        read_all(v, e);
}

void viewer_read_slowly(struct viewer *v, struct engine *e, size_t size)
{
    if (v->phase == VIEWER_WATCHING && size > 0)
        read_once(v, e, size < ENGINE_BUFFER_SIZE ? size : ENGINE_BUFFER_SIZE);
}

void viewer_check_timeout(struct viewer *v, struct engine *e)
{
    uint64_t limit_us = (uint64_t)(e->plan->settings->timeout_s * 1e6);
    if ((v->phase == VIEWER_CONNECTING || v->phase == VIEWER_JOINING) &&
        e->now_us > v->track.connect_us + limit_us)
        fail(v, e, v->phase == VIEWER_CONNECTING ? "no connection in time" : "no frame in time");
}
