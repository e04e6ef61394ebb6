#include "core/sampler_peer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/broadcast_parts.h"
#include "core/context.h"
#include "core/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Streams that are read under one lock: some microseconds. */
#define BATCH 16

struct sampler {
    struct context  *context;
    void           (*on_sample)(void *, struct snapshot *);
    void            *arg;
    int64_t          started_ms;
    uint64_t         memory_limit;
    struct rate      cpu;         /* microseconds of it */
    struct broadcast **listed;    /* those of this second */
    size_t           listed_capacity;
    pthread_t        thread;
    bool             running;
    pthread_mutex_t  lock;
    pthread_cond_t   wake;
    bool             stopping;    /* lock */
    struct snapshot *newest;      /* lock */
    pthread_mutex_t  memory_lock;
    struct map      *memories;    /* memory_lock: stream path to struct stream_memory */
    struct history   history;     /* memory_lock */
};

/* The streams. */

/* A reference to each stream, and what those had that are over. */
static size_t list_streams(struct sampler *s, uint64_t ended[STREAM_COUNTS])
{
    struct context *c = s->context;
    size_t          at = 0, count = 0;
    const char     *path;
    void           *value;
    pthread_mutex_lock(&c->lock);
    if (map_count(c->broadcasts) > s->listed_capacity) {
        s->listed_capacity = 2 * map_count(c->broadcasts);
        s->listed = alloc_resize(s->listed, s->listed_capacity, sizeof *s->listed);
    }
    while (map_next(c->broadcasts, &at, &path, &value)) {
        broadcast_ref(value);
        s->listed[count++] = value;
    }
    memcpy(ended, c->ended, sizeof c->ended);
    pthread_mutex_unlock(&c->lock);
    return count;
}

static int compare_streams(const void *a, const void *b)
{
    return strcmp(((const struct stream_sample *)a)->path, ((const struct stream_sample *)b)->path);
}

/* All that were listed, also what a stream had that has ended meanwhile, is in the sums. */
static void read_streams(struct sampler *s, size_t count, struct snapshot *out)
{
    for (size_t i = 0; i < count;) {
        pthread_mutex_lock(&s->context->lock);
        for (size_t end = i + BATCH; i < count && i < end; i++) {
            struct stream_sample *stream = &out->streams[out->count];
            bool                  there = sampler_read_stream(s->listed[i], stream);
            for (int k = 0; k < STREAM_COUNTS; k++)
                out->server.counts[k] += stream->counts[k];
            if (there)
                out->count++;
            else
                free(stream->tracks);
        }
        pthread_mutex_unlock(&s->context->lock);
    }
    for (size_t i = 0; i < count; i++)
        broadcast_unref(s->listed[i]);
    qsort(out->streams, out->count, sizeof *out->streams, compare_streams);
}

/* With the memory's lock. */
static struct stream_memory *memory_of(struct sampler *s, const char *path)
{
    struct stream_memory *m = map_get(s->memories, path);
    if (m == NULL) {
        m = stream_memory_new(path);
        map_put(s->memories, path, m);
    }
    return m;
}

/* With the memory's lock: streams that are no more leave nothing behind. */
static void forget_ended(struct sampler *s, uint64_t number)
{
    struct stream_memory **ended = NULL;
    size_t                 at = 0, count = 0, capacity = map_count(s->memories);
    const char            *path;
    void                  *value;
    while (map_next(s->memories, &at, &path, &value)) {
        struct stream_memory *m = value;
        if (m->number == number)
            continue;
        if (ended == NULL)
            ended = alloc_resize(NULL, capacity, sizeof *ended);
        ended[count++] = m;
    }
    for (size_t i = 0; i < count; i++) {
        map_remove(s->memories, ended[i]->path);
        stream_memory_free(ended[i]);
    }
    free(ended);
}

static void note_history(struct sampler *s, const struct snapshot *snapshot)
{
    const struct server_sample *server = &snapshot->server;
    uint64_t                    viewers = 0;
    for (size_t i = 0; i < snapshot->count; i++)
        viewers += snapshot_viewers(snapshot->streams[i].viewers);
    struct history_point point = {
        .in_bitrate = (float)server->in_bitrate,
        .out_bitrate = (float)server->out_bitrate,
        .extra = (float)server->cpu_percent,
        .viewers = (uint32_t)viewers,
    };
    history_add(&s->history, &point, snapshot->wall_ms);
}

/* The bit rates of the streams add up to the server's. */
static void measure_streams(struct sampler *s, struct snapshot *out, uint64_t now_ms)
{
    pthread_mutex_lock(&s->memory_lock);
    for (size_t i = 0; i < out->count; i++) {
        struct stream_sample *stream = &out->streams[i];
        struct stream_memory *m = memory_of(s, stream->path);
        m->number = out->number;
        sampler_measure_stream(m, stream, now_ms, out->wall_ms);
        out->server.in_bitrate += stream->in_bitrate;
        out->server.out_bitrate += stream->out_bitrate;
        out->server.live += stream->status == STREAM_LIVE;
    }
    forget_ended(s, out->number);
    note_history(s, out);
    pthread_mutex_unlock(&s->memory_lock);
}

/* The server. */

static uint64_t get(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void read_worker(struct sampler *s, unsigned index, struct server_sample *out)
{
    const struct worker  *w = s->context->workers[index];
    struct worker_sample *sample = &out->workers[index];
    out->traffic_in += get(&w->meter.in_bytes);
    out->traffic_out += get(&w->meter.out_bytes);
    for (int i = 0; i < SESSION_PROTOCOLS; i++)
        sample->protocols[i] = get(&w->meter.protocols[i]);
    for (int i = 0; i < SESSION_ROLES; i++)
        sample->roles[i] = get(&w->meter.roles[i]);
    sample->backend = atomic_load_explicit(&w->meter.backend, memory_order_relaxed);
    sample->busy_percent = atomic_load_explicit(&w->busy_permille, memory_order_relaxed) / 10.0;
}

static void read_server(struct sampler *s, struct server_sample *out, uint64_t now_ms)
{
    process_read(&out->cost);
    out->memory_limit = s->memory_limit;
    rate_sample(&s->cpu, out->cost.user_us + out->cost.system_us, now_ms);
    out->cpu_percent = rate_get(&s->cpu) / 10000;
    for (unsigned i = 0; i < out->worker_count; i++)
        read_worker(s, i, out);
}

void sampler_take(struct sampler *s, uint64_t now_ms, int64_t wall_ms)
{
    uint64_t         ended[STREAM_COUNTS];
    size_t           count = list_streams(s, ended);
    struct snapshot *out = snapshot_new(count, s->context->worker_count);
    out->number = s->newest != NULL ? s->newest->number + 1 : 1;
    out->wall_ms = wall_ms;
    out->started_ms = s->started_ms;
    memcpy(out->server.counts, ended, sizeof ended);
    read_streams(s, count, out);
    read_server(s, &out->server, now_ms);
    measure_streams(s, out, now_ms);
    pthread_mutex_lock(&s->lock);
    struct snapshot *before = s->newest;
    s->newest = out;
    pthread_mutex_unlock(&s->lock);
    snapshot_unref(before);
    if (s->on_sample != NULL)
        s->on_sample(s->arg, out);
}

/* Reading. */

struct snapshot *sampler_get(struct sampler *s)
{
    pthread_mutex_lock(&s->lock);
    struct snapshot *snapshot = snapshot_ref(s->newest);
    pthread_mutex_unlock(&s->lock);
    return snapshot;
}

uint32_t sampler_history(struct sampler *s, const char *path, struct history_point out[HISTORY_POINTS],
                         int64_t *end_ms)
{
    uint32_t count = 0;
    pthread_mutex_lock(&s->memory_lock);
    const struct stream_memory *m = path != NULL ? map_get(s->memories, path) : NULL;
    const struct history       *h = path == NULL ? &s->history : m != NULL ? &m->history : NULL;
    *end_ms = h != NULL ? h->end_ms : 0;
    if (h != NULL)
        count = history_read(h, out);
    pthread_mutex_unlock(&s->memory_lock);
    return count;
}

/* The thread. */

static void *run(void *sampler)
{
    struct sampler *s = sampler;
    uint64_t        next_ms = clock_monotonic_ms() + HISTORY_STEP_MS;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        struct timespec until = { (time_t)(next_ms / 1000), (long)(next_ms % 1000) * 1000000 };
        if (pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
            continue;
        pthread_mutex_unlock(&s->lock);
        uint64_t now_ms = clock_monotonic_ms();
        sampler_take(s, now_ms, clock_wall_ms());
        next_ms += HISTORY_STEP_MS;
        if (next_ms < now_ms) /* the machine slept */
            next_ms = now_ms + HISTORY_STEP_MS;
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct sampler *sampler_new(struct context *context, void (*on_sample)(void *, struct snapshot *), void *arg)
{
    struct sampler    *s = alloc_zeroed(sizeof *s);
    pthread_condattr_t monotonic;
    s->context = context;
    s->on_sample = on_sample;
    s->arg = arg;
    s->started_ms = clock_wall_ms();
    s->memory_limit = process_memory_limit();
    s->memories = map_new();
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->memory_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sampler_take(s, clock_monotonic_ms(), s->started_ms); /* so that there always is a newest */
    return s;
}

int sampler_start(struct sampler *s)
{
    int error = pthread_create(&s->thread, NULL, run, s);
    s->running = error == 0;
    errno = error;
    return error == 0 ? 0 : ERR_SYSTEM;
}

void sampler_stop(struct sampler *s)
{
    if (!s->running)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    s->running = false;
}

void sampler_free(struct sampler *s)
{
    if (s == NULL)
        return;
    forget_ended(s, UINT64_MAX);
    map_free(s->memories);
    history_clear(&s->history);
    snapshot_unref(s->newest);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->memory_lock);
    pthread_cond_destroy(&s->wake);
    free(s->listed);
    free(s);
}
