#include "core/context.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/log_flood.h"

#include <assert.h>
#include <stdlib.h>

struct context *context_new(const struct config *config)
{
    struct context *c = alloc_zeroed(sizeof *c);
    c->config = config;
    c->connections_max = UINT32_MAX;
    c->broadcasts = map_new();
    c->sessions = map_new();
    c->addresses = map_new();
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void context_free(struct context *c)
{
    if (c == NULL)
        return;
    assert(map_count(c->sessions) == 0);
    map_free(c->sessions);
    map_free(c->addresses);
    map_free(c->broadcasts);
    pthread_mutex_destroy(&c->lock);
    free(c->workers);
    free(c);
}

/* With the lock.  A count is kept in the map's value itself. */
static void set_count(struct context *c, const char *ip, uintptr_t count)
{
    if (count == 0)
        map_remove(c->addresses, ip);
    else
        map_put(c->addresses, ip, (void *)count);
}

uint32_t context_connections_max(const struct context *c, const struct config *config)
{
    uint32_t wanted = config->limits.connections;
    return wanted < c->connections_max ? wanted : c->connections_max;
}

/* The limit that a further connection would break; LIMIT_COUNT: none. */
static enum limit find_limit(const struct context *c, uintptr_t from_ip)
{
    uint32_t per_ip = c->config->limits.connections_per_ip;
    if (stats_get(&c->stats.connections) >= context_connections_max(c, c->config))
        return LIMIT_CONNECTIONS;
    return per_ip > 0 && from_ip >= per_ip ? LIMIT_CONNECTIONS_PER_IP : LIMIT_COUNT;
}

bool context_admit(struct context *c, const char *ip)
{
    pthread_mutex_lock(&c->lock);
    uintptr_t  from_ip = (uintptr_t)map_get(c->addresses, ip);
    enum limit limit = find_limit(c, from_ip);
    if (limit == LIMIT_COUNT) {
        set_count(c, ip, from_ip + 1);
        stats_add(&c->stats.connections, 1);
    }
    pthread_mutex_unlock(&c->lock);
    if (limit == LIMIT_COUNT) {
        stats_add(&c->stats.connections_accepted, 1);
        return true;
    }
    stats_add(&c->stats.connections_refused, 1);
    const char *why = limit_hit(&c->stats, limit);
    if (log_flood_pass(LOG_FLOOD_CONNECTIONS))
        log_warn(NULL, "connection from %s refused: %s", ip, why);
    return false;
}

void context_dismiss(struct context *c, const char *ip)
{
    pthread_mutex_lock(&c->lock);
    set_count(c, ip, (uintptr_t)map_get(c->addresses, ip) - 1);
    stats_add(&c->stats.connections, (uint64_t)-1);
    pthread_mutex_unlock(&c->lock);
}

struct gop_limits context_gop_limits(const struct config *config, const char *path)
{
    const struct config *own = config_of_path(config, path);
    return (struct gop_limits){
        .size_max = own->delivery.gop_cache ? own->delivery.gop_bytes : 0,
        .duration_ms = own->delivery.gop_ms,
    };
}
