#include "server/statistics_peer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/config.h"
#include "core/context.h"
#include "server/record_server.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* A text that somebody has asked for so recently is made before anyone asks again. */
#define WANTED_MS 10000

struct shared_text {
    atomic_uint      refs;
    struct snapshot *snapshot; /* it was made of */
    size_t          *offsets;  /* of its items; NULL: it has none */
    size_t           size;
    char             data[];
};

enum kind { STREAMS, SERVER, SNAPSHOT, METRICS, OPEN_METRICS, KINDS };

struct statistics {
    struct context       *context;
    struct record_server *recordings;
    struct sampler       *sampler;
    pthread_mutex_t       lock;
    struct shared_text   *texts[KINDS];     /* lock; NULL: not made yet */
    uint64_t              wanted_ms[KINDS]; /* lock; when somebody last asked; 0: never */
    pthread_mutex_t       watch_lock;       /* held while the watcher is called */
    void                (*on_snapshot)(void *arg); /* watch_lock */
    void                 *watcher;          /* watch_lock */
};

/* Shared texts. */

struct bytes shared_text_bytes(const struct shared_text *t)
{
    return (struct bytes){ (const uint8_t *)t->data, t->size };
}

struct shared_text *shared_text_ref(struct shared_text *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void shared_text_unref(struct shared_text *t)
{
    if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    snapshot_unref(t->snapshot);
    free(t->offsets);
    free(t);
}

void shared_text_free_data(void *data)
{
    shared_text_unref((struct shared_text *)((char *)data - offsetof(struct shared_text, data)));
}

static struct shared_text *share(struct text *text, struct snapshot *snapshot, size_t *offsets)
{
    struct shared_text *t = alloc_zeroed(sizeof *t + text->size + 1);
    atomic_init(&t->refs, 1);
    t->snapshot = snapshot_ref(snapshot);
    t->offsets = offsets;
    t->size = text->size;
    if (text->size > 0)
        memcpy(t->data, text->data, text->size);
    text_clear(text);
    return t;
}

/* Making. */

static int compare_recordings(const void *a, const void *b)
{
    return strcmp(((const struct record_status *)a)->path, ((const struct record_status *)b)->path);
}

static int compare_path(const void *path, const void *recording)
{
    return strcmp(path, ((const struct record_status *)recording)->path);
}

const struct record_status *statistics_recording(const struct statistics_source *from, const char *path)
{
    if (from->recording_count == 0)
        return NULL;
    return bsearch(path, from->recordings, from->recording_count, sizeof *from->recordings, compare_path);
}

static void open_source(struct statistics *s, const struct snapshot *snapshot, struct statistics_source *out)
{
    *out = (struct statistics_source){ .context = s->context, .snapshot = snapshot };
    if (s->recordings == NULL)
        return;
    out->recording_count = record_server_list(s->recordings, &out->recordings);
    if (out->recording_count > 0)
        qsort(out->recordings, out->recording_count, sizeof *out->recordings, compare_recordings);
}

static size_t *write_streams(struct json_writer *w, const struct statistics_source *from, size_t count)
{
    size_t *offsets = alloc_zeroed((count + 1) * sizeof *offsets);
    for (size_t i = 0; i < count; i++) {
        statistics_write_stream(w, from, &from->snapshot->streams[i]);
        offsets[i + 1] = w->out->size + 1; /* behind the comma */
    }
    return offsets;
}

static void write_snapshot(struct json_writer *w, const struct statistics_source *from)
{
    size_t count = from->snapshot->count;
    bool   truncated = count > STATISTICS_STREAMS_MAX;
    struct text server = { 0 };
    struct json_writer into_server = { &server, false };
    statistics_write_server(&into_server, from);
    json_begin(w, NULL, '{');
    json_write_raw(w, "server", server.data, server.size);
    json_begin(w, "streams", '[');
    free(write_streams(w, from, truncated ? STATISTICS_STREAMS_MAX : count));
    json_end(w, ']');
    if (truncated)
        json_write_bool(w, "truncated", true);
    json_end(w, '}');
    text_clear(&server);
}

static uint32_t metrics_streams(struct context *context)
{
    pthread_mutex_lock(&context->lock);
    uint32_t streams = context->config->metrics.streams;
    pthread_mutex_unlock(&context->lock);
    return streams;
}

static struct shared_text *make(struct statistics *s, enum kind kind, struct snapshot *snapshot)
{
    struct text              text = { 0 };
    struct json_writer       w = { &text, false };
    size_t                  *offsets = NULL;
    struct statistics_source from;
    open_source(s, snapshot, &from);
    if (kind == STREAMS)
        offsets = write_streams(&w, &from, snapshot->count);
    else if (kind == SERVER)
        statistics_write_server(&w, &from);
    else if (kind == SNAPSHOT)
        write_snapshot(&w, &from);
    else
        statistics_write_metrics(&text, &from, kind == OPEN_METRICS, metrics_streams(s->context));
    free(from.recordings);
    return share(&text, snapshot, offsets);
}

/* Sharing. */

/* Put it in the place of the one before. */
static void replace(struct statistics *s, enum kind kind, struct shared_text *text)
{
    pthread_mutex_lock(&s->lock);
    struct shared_text *before = s->texts[kind];
    s->texts[kind] = text;
    pthread_mutex_unlock(&s->lock);
    shared_text_unref(before);
}

/* On the sampler's thread, with each snapshot. */
static void on_sample(void *statistics, struct snapshot *snapshot)
{
    struct statistics *s = statistics;
    uint64_t           now_ms = clock_monotonic_ms(), wanted_ms[KINDS];
    pthread_mutex_lock(&s->lock);
    memcpy(wanted_ms, s->wanted_ms, sizeof wanted_ms);
    pthread_mutex_unlock(&s->lock);
    for (int kind = 0; kind < KINDS; kind++) {
        bool wanted = wanted_ms[kind] != 0 && now_ms - wanted_ms[kind] <= WANTED_MS;
        replace(s, kind, wanted ? make(s, kind, snapshot) : NULL);
    }
    pthread_mutex_lock(&s->watch_lock);
    if (s->on_snapshot != NULL)
        s->on_snapshot(s->watcher);
    pthread_mutex_unlock(&s->watch_lock);
}

/* The one that is there; or else, as nobody has wanted it lately, one that is made here. */
static struct shared_text *get(struct context *context, enum kind kind)
{
    struct statistics *s = context->statistics;
    pthread_mutex_lock(&s->lock);
    s->wanted_ms[kind] = clock_monotonic_ms();
    struct shared_text *text = s->texts[kind] != NULL ? shared_text_ref(s->texts[kind]) : NULL;
    pthread_mutex_unlock(&s->lock);
    if (text != NULL)
        return text;
    struct snapshot *snapshot = sampler_get(s->sampler);
    text = make(s, kind, snapshot);
    snapshot_unref(snapshot);
    pthread_mutex_lock(&s->lock);
    if (s->texts[kind] == NULL)
        s->texts[kind] = shared_text_ref(text);
    pthread_mutex_unlock(&s->lock);
    return text;
}

struct shared_text *statistics_snapshot_text(struct context *context)
{
    return get(context, SNAPSHOT);
}

struct shared_text *statistics_server_text(struct context *context)
{
    return get(context, SERVER);
}

struct shared_text *statistics_metrics_text(struct context *context, bool open_metrics)
{
    return get(context, open_metrics ? OPEN_METRICS : METRICS);
}

void statistics_streams(struct context *context, struct statistics_streams *out)
{
    out->text = get(context, STREAMS);
    out->snapshot = out->text->snapshot;
    out->offsets = out->text->offsets;
}

void statistics_unref_streams(struct statistics_streams *streams)
{
    shared_text_unref(streams->text);
}

void statistics_watch(struct context *context, void (*on_snapshot)(void *arg), void *arg)
{
    struct statistics *s = context->statistics;
    pthread_mutex_lock(&s->watch_lock);
    s->on_snapshot = on_snapshot;
    s->watcher = arg;
    pthread_mutex_unlock(&s->watch_lock);
}

struct sampler *statistics_sampler(struct context *context)
{
    return context->statistics->sampler;
}

/* Beginning and end. */

int statistics_start(struct context *context, struct record_server *recordings)
{
    struct statistics *s = alloc_zeroed(sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->watch_lock, NULL);
    s->context = context;
    s->recordings = recordings;
    context->statistics = s;
    s->sampler = sampler_new(context, on_sample, s);
    return sampler_start(s->sampler);
}

void statistics_stop(struct context *context)
{
    if (context->statistics != NULL)
        sampler_stop(context->statistics->sampler);
}

void statistics_free(struct context *context)
{
    struct statistics *s = context->statistics;
    context->statistics = NULL;
    if (s == NULL)
        return;
    for (int kind = 0; kind < KINDS; kind++)
        shared_text_unref(s->texts[kind]);
    sampler_free(s->sampler);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->watch_lock);
    free(s);
}
