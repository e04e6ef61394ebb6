/* snapshot.c - the life of a snapshot: see core/sampler.h. */
#include "core/sampler_peer.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

struct snapshot *snapshot_new(size_t streams_max, unsigned worker_count)
{
    struct snapshot *s = alloc_zeroed(sizeof *s);
    atomic_init(&s->refs, 1);
    s->streams = alloc_resize(NULL, streams_max > 0 ? streams_max : 1, sizeof *s->streams);
    s->server.worker_count = worker_count;
    s->server.workers = alloc_zeroed((worker_count > 0 ? worker_count : 1) * sizeof *s->server.workers);
    return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->streams[i].tracks);
    free(s->streams);
    free(s->server.workers);
    free(s);
}

uint32_t snapshot_viewers(const uint32_t viewers[METER_VIEWER_KINDS])
{
    uint32_t total = 0;
    for (int i = 0; i < METER_RECORDINGS; i++)
        total += viewers[i];
    return total;
}

static int compare_path(const void *path, const void *stream)
{
    return strcmp(path, ((const struct stream_sample *)stream)->path);
}

const struct stream_sample *snapshot_find(const struct snapshot *s, const char *path)
{
    return bsearch(path, s->streams, s->count, sizeof *s->streams, compare_path);
}
