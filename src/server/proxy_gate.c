#include "server/proxy_gate.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/log_flood.h"
#include "core/context.h"
#include "core/session.h"
#include "core/worker.h"
#include "net/proxy.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* The poll handle lives on for a moment after the gate: libuv says when. */
struct watch {
    uv_poll_t    poll;
    struct gate *gate;
};

struct gate {
    struct session          base;
    struct watch           *watch;
    int                     fd; /* -1 once it is handed on */
    struct sockaddr_storage peer;
    proxy_gate_fn          *go_on;
    uint64_t                since_ms;
    size_t                  size;
    uint8_t                 header[PROXY_SIZE_MAX];
};

static struct context *context_of(const struct gate *g)
{
    return g->base.worker->context;
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(LIST_ITEM(handle, struct watch, poll));
}

/* Out of epoll at once, so that the descriptor can be another's. */
static void stop_watching(struct gate *g)
{
    uv_close((uv_handle_t *)&g->watch->poll, on_watch_closed);
    g->watch = NULL;
}

static void on_close(struct session *base, const char *reason)
{
    struct gate *g = (struct gate *)base;
    (void)reason;
    if (g->watch != NULL)
        stop_watching(g);
    if (g->fd >= 0)
        close(g->fd);
    g->fd = -1;
    stats_add(&context_of(g)->stats.proxy_waiting, (uint64_t)-1);
}

static void hand_on(struct gate *g, const struct sockaddr_storage *client)
{
    int            fd = g->fd;
    struct worker *w = g->base.worker;
    stop_watching(g);
    g->fd = -1;
    g->go_on(fd, client->ss_family != AF_UNSPEC ? client : &g->peer, w);
    session_close(&g->base, "handed on");
}

static void refuse(struct gate *g, const char *reason)
{
    stats_add(&context_of(g)->stats.proxy_refused, 1);
    if (log_flood_pass(LOG_FLOOD_PROXY))
        log_warn(&g->base.log, "connection from proxy %s refused: %s", g->base.ip, reason);
    session_close(&g->base, reason);
}

/* Take `size` bytes that were seen before: they are there. */
static bool take(struct gate *g, size_t size)
{
    ssize_t n = recv(g->fd, g->header + g->size, size, 0);
    g->size += n > 0 ? (size_t)n : 0;
    return n == (ssize_t)size;
}

/* Bytes are looked at before they are taken, so that what is not of the header stays. */
static void read_header(struct gate *g)
{
    struct sockaddr_storage client;
    assert(g->size < sizeof g->header);
    ssize_t seen = recv(g->fd, g->header + g->size, sizeof g->header - g->size, MSG_PEEK);
    if (seen < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (seen <= 0) {
        session_close(&g->base, err_name(seen == 0 ? ERR_CLOSED : ERR_SYSTEM)); /* as health checks do */
        return;
    }
    ssize_t n = proxy_read((struct bytes){ g->header, g->size + (size_t)seen }, &client);
    if (n < 0)
        refuse(g, "it begins with no PROXY header, which proxy.from asks of it");
    else if (!take(g, n > 0 ? (size_t)n - g->size : (size_t)seen))
        session_close(&g->base, err_name(ERR_SYSTEM));
    else if (n > 0)
        hand_on(g, &client);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct gate *g = LIST_ITEM(poll, struct watch, poll)->gate;
    (void)events;
    loop_wake(&g->base.worker->loop);
    if (status < 0)
        session_close(&g->base, err_name(ERR_SYSTEM));
    else
        read_header(g);
}

static void on_tick(struct session *base, uint64_t now_ms)
{
    struct gate *g = (struct gate *)base;
    if (now_ms - g->since_ms <= (uint64_t)base->worker->config->limits.handshake_s * 1000)
        return;
    limit_hit(&context_of(g)->stats, LIMIT_HANDSHAKE);
    refuse(g, "no PROXY header came in time (limits.handshake_s)");
}

static void on_stop(struct session *base)
{
    session_close(base, "server stops");
}

static void destroy(struct session *base)
{
    free(base);
}

static const struct session_ops ops = {
    .name = "PROXY",
    .on_tick = on_tick,
    .on_stop = on_stop,
    .on_close = on_close,
    .destroy = destroy,
};

static void wait_for_header(int fd, const struct sockaddr_storage *peer, struct worker *w, proxy_gate_fn *go_on)
{
    struct gate *g = alloc_zeroed(sizeof *g);
    g->fd = fd;
    g->peer = *peer;
    g->go_on = go_on;
    g->since_ms = worker_now_ms(w);
    g->base.unadmitted = true;
    stats_add(&w->context->stats.proxy_waiting, 1);
    session_init(&g->base, w, &ops, peer);
    g->watch = alloc_zeroed(sizeof *g->watch);
    g->watch->gate = g;
    uv_poll_init(&w->loop.uv, &g->watch->poll, fd);
    uv_poll_start(&g->watch->poll, UV_READABLE, on_poll);
}

/* Who waits here is not counted yet as a connection, but is one. */
static bool has_room(struct worker *w, const char *ip)
{
    struct stats *stats = &w->context->stats;
    uint32_t      max = context_connections_max(w->context, w->config);
    if (stats_get(&stats->proxy_waiting) + stats_get(&stats->connections) < max)
        return true;
    stats_add(&stats->connections_refused, 1);
    const char *why = limit_hit(stats, LIMIT_CONNECTIONS);
    if (log_flood_pass(LOG_FLOOD_CONNECTIONS))
        log_warn(NULL, "connection from %s refused: %s", ip, why);
    return false;
}

void proxy_gate_accept(int fd, const struct sockaddr_storage *peer, void *worker, proxy_gate_fn *go_on)
{
    struct worker *w = worker;
    char           ip[ADDRESS_IP_SIZE];
    address_format_ip(peer, ip);
    if (!cidr_list_has(&w->config->proxy.from, ip))
        go_on(fd, peer, w);
    else if (has_room(w, ip))
        wait_for_header(fd, peer, w, go_on);
    else
        close(fd);
}
