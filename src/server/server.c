#include "server/server.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "core/catalogue.h"
#include "core/config.h"
#include "core/context.h"
#include "core/worker.h"
#include "net/listener.h"
#include "net/tls_store.h"
#include "server/api.h"
#include "server/confine.h"
#include "server/event_feed.h"
#include "server/event_stream.h"
#include "server/http_server.h"
#include "server/notify_server.h"
#include "server/record_server.h"
#include "server/reload.h"
#include "server/rtmp_server.h"
#include "server/signals.h"
#include "server/statistics.h"
#include "server/supervise.h"
#include "server/tls_setup.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is listened on: one port of the configuration. */
struct service {
    const char *scheme;
    const char *key; /* of the configuration, for errors */
    int         port;
    uint16_t   *taken; /* where to put the port that it comes to */
    void (*on_accept)(int fd, const struct sockaddr_storage *peer, void *worker);
};

static unsigned count_workers(const struct config *config)
{
    cpu_set_t cores;
    if (config->workers > 0)
        return config->workers;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&cores);
}

/* One socket a worker on the same port: the kernel spreads the connections. */
static int listen_for_all(struct context *context, const struct service *service)
{
    const char *bind = context->config->bind;
    uint16_t    port = (uint16_t)service->port;
    for (unsigned i = 0; i < context->worker_count; i++) {
        int fd = listener_open(bind, &port);
        if (fd < 0) {
            log_error(NULL, "cannot listen on %s port %u (%s): %s", bind, port, service->key,
                      fd == ERR_INVALID       ? "not an IP address"
                      : errno == EADDRINUSE ? "the port is in use by another program"
                                            : strerror(errno));
            return fd;
        }
        struct worker_listener listener = { fd, service->on_accept };
        worker_listen(context->workers[i], &listener);
    }
    bool v6 = strchr(bind, ':') != NULL;
    *service->taken = port;
    log_info(NULL, "listening on %s://%s%s%s:%u", service->scheme, v6 ? "[" : "", bind, v6 ? "]" : "", port);
    return 0;
}

/* SO_REUSEPORT would let a second server of the same user share our port in silence: whoever
 * holds it already is found by a bind without it. */
static int check_free(const struct config *config, const struct service *service)
{
    if (service->port == 0 || listener_is_free(config->bind, (uint16_t)service->port))
        return 0;
    log_error(NULL, "cannot listen on %s port %d (%s): the port is in use by another program", config->bind,
              service->port, service->key);
    return ERR_SYSTEM;
}

static int listen_all(struct context *context)
{
    const struct config *config = context->config;
    struct context_ports *ports = &context->ports;
    const struct service services[] = {
        { "rtmp", "rtmp.port", config->rtmp.port, &ports->rtmp, rtmp_server_accept },
        { "http", "http.port", config->http.port, &ports->http, http_server_accept },
        { "rtmps", "rtmps.port", config->rtmps.port, &ports->rtmps, rtmp_server_accept_tls },
        { "https", "https.port", config->https.port, &ports->https, http_server_accept_tls },
    };
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (services[i].port == CONFIG_PORT_OFF)
            continue;
        int error = check_free(config, &services[i]);
        if (error == 0)
            error = listen_for_all(context, &services[i]);
        if (error != 0)
            return error;
    }
    return 0;
}

/* Every connection is a descriptor: take as many as we are allowed to.  Some stay free for all else,
 * recordings, files and our own: who connects beyond that is refused, and knows. */
static void raise_descriptor_limit(struct context *context)
{
    const struct config *config = context->config;
    struct rlimit        limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > UINT32_MAX)
        return;
    rlim_t reserve = 64 + 24 * (rlim_t)count_workers(config) + limit.rlim_cur / 16;
    context->connections_max = limit.rlim_cur > 2 * reserve ? (uint32_t)(limit.rlim_cur - reserve)
                                                            : (uint32_t)(limit.rlim_cur / 2);
    if (context->connections_max < config->limits.connections)
        log_warn(NULL, "only %llu file descriptors are allowed, so not limits.connections (%u) but %u",
                 (unsigned long long)limit.rlim_cur, config->limits.connections, context->connections_max);
}

static void make_workers(struct context *context)
{
    unsigned count = count_workers(context->config);
    context->workers = alloc_zeroed(count * sizeof *context->workers);
    context->worker_count = count;
    for (unsigned i = 0; i < count; i++)
        context->workers[i] = worker_new(context, i);
}

static void read_again(struct reload *reload)
{
    struct reload_outcome outcome;
    supervise_tell("RELOADING=1");
    reload_run(reload, &outcome);
    reload_clear_outcome(&outcome);
    supervise_tell("READY=1");
}

/* Returns the signal that it was stopped by. */
static int run_until_stopped(struct context *context, struct reload *reload)
{
    int number;
    api_set_ready(context);
    log_info(NULL, "millrace " MILLRACE_VERSION " is ready, with %u worker%s", context->worker_count,
             context->worker_count == 1 ? "" : "s");
    supervise_tell("READY=1");
    while ((number = signals_wait()) == SIGHUP)
        read_again(reload);
    signals_heed_second();
    supervise_tell("STOPPING=1");
    log_info(NULL, "%s: stopping", strsignal(number));
    return number;
}

/* How it ends. */
struct ending {
    uint64_t           stop_by_ms; /* monotonic: when all should be over */
    struct supervisor *supervisor; /* watches the workers as long as there are any */
};

static int run_workers(struct context *context, struct reload *reload, struct ending *ending)
{
    unsigned started = 0;
    confine_start(context->config);
    while (started < context->worker_count && worker_start(context->workers[started]) == 0)
        started++;
    int number = 0;
    if (started == context->worker_count) {
        ending->supervisor = supervise_start(context);
        number = run_until_stopped(context, reload);
    } else {
        log_error(NULL, "cannot start a thread: %s", strerror(errno));
    }
    reload_close(reload);
    ending->stop_by_ms = clock_monotonic_ms() + (uint64_t)reload->config->drain_s * 1000;
    for (unsigned i = 0; i < started; i++)
        worker_stop(context->workers[i]);
    for (unsigned i = 0; i < started; i++)
        worker_join(context->workers[i]);
    return number != 0 ? 0 : ERR_SYSTEM;
}

/* Beside the recordings, unless it is to be elsewhere; NULL if nobody wants one. */
static struct catalogue *open_catalogue(struct context *context)
{
    const struct config *c = context->config;
    char                 path[4096];
    struct stat          there;
    if (c->store.path[0] == '\0' && c->record.path[0] == '\0')
        return NULL;
    if (c->record.path[0] != '\0')
        mkdir(c->record.path, 0755); /* record_server_new() says what is wrong with it */
    if (c->store.path[0] == '\0')
        snprintf(path, sizeof path, "%s/.catalogue.db", c->record.path);
    else if (stat(c->store.path, &there) == 0 && S_ISDIR(there.st_mode)) /* as Node Media Server's is */
        snprintf(path, sizeof path, "%s/millrace.db", c->store.path);
    else
        snprintf(path, sizeof path, "%s", c->store.path);
    return catalogue_new(context, path, c->store.keep_s);
}

/* What may be left to do when the workers have ended, beyond what record_server_finish() waits for. */
#define FINISH_S 20

static void on_late(int number)
{
    static const char text[] = "the server cannot end: a disk does not answer\n";
    (void)number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
        /* nobody is to be told */
    }
    _exit(1);
}

/* Whoever reads a file for a client, or asks the catalogue, may hang in the kernel as well. */
static void set_deadline(uint64_t stop_by_ms)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t left_s = stop_by_ms > now_ms ? (stop_by_ms - now_ms) / 1000 : 0;
    signal(SIGALRM, on_late);
    alarm((unsigned)left_s + FINISH_S);
}

/* A disk that does not answer holds threads that cannot be ended, and what they use. */
static void finish_recordings(struct record_server *recordings)
{
    if (recordings != NULL && record_server_finish(recordings) != 0)
        _exit(1);
}

int server_run(struct config *config, const struct options *options)
{
    struct ending ending = { 0 };
    int           error;
    signals_block();
    struct context       *context = context_new(config);
    raise_descriptor_limit(context);
    struct catalogue     *catalogue = open_catalogue(context);
    struct record_server *recordings = record_server_new(context, catalogue, &error);
    struct event_feed    *feed = event_feed_new(context);
    struct notify_server *notifier = notify_server_new(context, feed);
    struct event_stream  *events = event_stream_new(context, feed);
    struct reload         reload;
    struct api_parts      parts = { context, &reload, catalogue, recordings, events };
    context->catalogue = catalogue;
    reload_init(&reload, context, options, config);
    if (error == 0) {
        api_new(&parts);
        make_workers(context);
        error = tls_setup_load(config, &context->tls) ? listen_all(context) : ERR_INVALID;
        if (error == 0)
            error = statistics_start(context, recordings);
        if (error == 0) {
            event_stream_start(events);
            error = run_workers(context, &reload, &ending);
            event_stream_stop(events);
        }
        reload_close(&reload);
        set_deadline(ending.stop_by_ms);
        statistics_stop(context);
        finish_recordings(recordings);
        worker_settle_all(context); /* the last recordings are told of */
        notify_server_finish(notifier, ending.stop_by_ms);
        supervise_stop(ending.supervisor);
        worker_free_all(context);
        tls_store_free(context->tls);
        api_free(context);
        statistics_free(context);
    }
    notify_server_free(notifier);
    event_stream_free(events);
    event_feed_free(feed);
    record_server_free(recordings);
    catalogue_free(catalogue);
    context_free(context);
    reload_free(&reload);
    if (error == 0)
        log_info(NULL, "stopped");
    return error;
}
