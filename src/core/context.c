#include "core/context.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

struct context *context_new(const struct config *config)
{
    struct context *c = alloc_zeroed(sizeof *c);
    c->config = config;
    c->broadcasts = map_new();
    c->sessions = map_new();
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void context_free(struct context *c)
{
    if (c == NULL)
        return;
    assert(map_count(c->sessions) == 0);
    map_free(c->sessions);
    map_free(c->broadcasts);
    pthread_mutex_destroy(&c->lock);
    free(c->workers);
    free(c);
}

struct gop_limits context_gop_limits(const struct context *c)
{
    return (struct gop_limits){
        .size_max = c->config->delivery.gop_cache ? c->config->delivery.gop_bytes : 0,
        .duration_ms = c->config->delivery.gop_ms,
    };
}
