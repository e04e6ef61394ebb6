#include "sim.h"

#include "base/map.h"
#include "core/context.h"
#include "core/fanout.h"
#include "core/session.h"
#include "core/worker.h"
#include "base/alloc.h"
#include "net/address.h"
#include "net/conn.h"
#include "server/http_server.h"
#include "server/rtmp_server.h"
#include "sim_peer.h"

#include <stdlib.h>

/* Turns that sim_settle() makes at most: whoever is not done then never will be. */
#define SETTLE_TURNS 10000

/* Clocks are looked at every quarter of a second, and those of sessions every fourth time. */
#define TICK_MS 250
#define TICKS   5

static struct context *context;

struct context *sim_context(void)
{
    return context;
}

void sim_begin(const struct config *config, unsigned workers)
{
    sim_time_begin();
    sim_memory_begin();
    context = context_new(config);
    context->worker_count = workers;
    context->workers = alloc_zeroed(workers * sizeof *context->workers);
    for (unsigned i = 0; i < workers; i++)
        context->workers[i] = worker_new(context, i);
    for (unsigned i = 0; i < workers; i++)
        context->workers[i]->fanout = fanout_new(SENDER_SENDMSG);
}

bool sim_turn(void)
{
    for (unsigned i = 0; i < context->worker_count; i++)
        uv_run(&context->workers[i]->loop.uv, UV_RUN_NOWAIT);
    return sim_sockets_poll();
}

void sim_settle(void)
{
    unsigned quiet = 0; /* a post to another worker, and its answer, take turns without sockets */
    for (unsigned i = 0; i < SETTLE_TURNS && quiet < 4; i++)
        quiet = sim_turn() ? 0 : quiet + 1;
    if (quiet < 4)
        abort(); /* the server spins */
}

void sim_wait(uint64_t ms)
{
    uint64_t in_ticks = ms < TICKS * TICK_MS ? ms : TICKS * TICK_MS;
    sim_time_pass(ms - in_ticks);
    sim_turn();
    while (in_ticks > 0) {
        uint64_t step = in_ticks < TICK_MS ? in_ticks : TICK_MS;
        sim_time_pass(step);
        sim_turn();
        in_ticks -= step;
    }
}

struct sim_socket *sim_connect(enum sim_port port, unsigned worker, const char *ip)
{
    struct worker          *w = context->workers[worker % context->worker_count];
    struct sim_socket      *s = sim_socket_new();
    struct sockaddr_storage peer;
    socklen_t               size;
    if (s == NULL || address_parse(ip, 40000, &peer, &size) != 0)
        return NULL;
    if (port == SIM_RTMP)
        rtmp_server_accept(sim_socket_fd(s), &peer, w);
    else
        http_server_accept(sim_socket_fd(s), &peer, w);
    sim_socket_agree(s, port == SIM_HTTP2);
    return s;
}

/* What a session leaves behind is found here: in the registries, or by the sanitizer. */
static void require_nothing_left(void)
{
    if (map_count(context->sessions) != 0 || map_count(context->addresses) != 0 ||
        map_count(context->broadcasts) != 0 || stats_get(&context->stats.connections) != 0 ||
        stats_get(&context->stats.proxy_waiting) != 0)
        abort();
}

void sim_stop(void)
{
    for (unsigned i = 0; i < context->worker_count; i++)
        worker_stop(context->workers[i]);
    sim_wait((uint64_t)context->config->drain_s * 1000 + 1000);
}

static void close_sessions(struct worker *w)
{
    while (!list_empty(&w->sessions))
        session_close(LIST_ITEM(w->sessions.next, struct session, link), "the end");
}

void sim_end(void)
{
    for (unsigned i = 0; i < context->worker_count; i++)
        close_sessions(context->workers[i]);
    sim_wait(CONN_LINGER_MS + 1000); /* nobody answers our end */
    sim_wait((uint64_t)context->config->publish.resume_s * 1000 + 1000); /* no publisher comes back */
    require_nothing_left();
    worker_free_all(context);
    sim_sockets_free();
    context_free(context);
    context = NULL;
}
