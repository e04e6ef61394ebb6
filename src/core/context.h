/* context.h - what all threads share: the configuration, the workers, and the registries of
 * streams and sessions.
 *
 * One mutex guards both registries.  It is taken when something begins or ends, never for a
 * packet, and nothing is called back while it is held.  Members marked "lock" need it. */
#ifndef MILLRACE_CORE_CONTEXT_H
#define MILLRACE_CORE_CONTEXT_H

#include "base/map.h"
#include "core/config.h"
#include "core/events.h"
#include "core/gop_cache.h"
#include "core/meter.h"
#include "core/stats.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct api;
struct catalogue;
struct session;
struct statistics;
struct tls_store;
struct worker;

/* What is listened on; 0: nothing. */
struct context_ports {
    uint16_t rtmp, http, rtmps, https;
};

struct context {
    const struct config *config;     /* lock; a worker reads its own pointer (core/worker.h) */
    struct stats         stats;
    struct events        events;     /* those who are told; fixed once the workers run */
    struct context_ports ports;      /* fixed once the workers run */
    struct worker      **workers;
    unsigned             worker_count;
    uint32_t             connections_max; /* that there are descriptors for; fixed once the workers run */
    pthread_mutex_t      lock;
    struct map          *broadcasts; /* lock: stream path to struct broadcast */
    struct map          *sessions;   /* lock: session id to struct session */
    uint64_t             ended[STREAM_COUNTS]; /* lock; of streams that are over */
    struct tls_store    *tls;        /* NULL if no port speaks TLS; safe from any thread */
    struct statistics   *statistics; /* server/statistics.h's; NULL without a server */
    struct catalogue    *catalogue;  /* NULL: there is none; safe from any thread that may wait */
    struct api          *api;        /* server/api.h's; NULL without a server */
    struct map          *addresses;  /* lock: IP address to its number of connections, as a pointer */
};

/* `config` is borrowed and must outlive the context. */
struct context *context_new(const struct config *config);
void            context_free(struct context *); /* after all workers have ended */

/* limits.connections, or less where descriptors do not reach so far. */
uint32_t context_connections_max(const struct context *, const struct config *);

/* Count a connection from `ip`, unless limits.connections or limits.connections_per_ip forbid
 * it: then `false`, counted and logged, and the caller closes it. */
bool context_admit(struct context *, const char *ip);
void context_dismiss(struct context *, const char *ip);

/* What may be cached of the stream `path`. */
struct gop_limits context_gop_limits(const struct config *, const char *path);

#endif
