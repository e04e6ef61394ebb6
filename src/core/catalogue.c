#include "core/catalogue_peer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORGET_MS (3600 * 1000)

/* The queue. */

static void take_session(struct catalogue_note *n, const struct session *s)
{
    memcpy(n->id, s->id, sizeof n->id);
    memcpy(n->ip, s->ip, sizeof n->ip);
    snprintf(n->protocol, sizeof n->protocol, "%s", session_protocol_name(s));
    session_meter_read(s, &n->carried);
}

static void take_event(struct catalogue_note *n, const struct event *e)
{
    memset(n, 0, sizeof *n);
    n->type = e->type;
    n->time_ms = e->time_ms;
    take_session(n, e->session);
    snprintf(n->path, sizeof n->path, "%s", e->path);
    snprintf(n->reason, sizeof n->reason, "%s", e->reason != NULL ? e->reason : "");
    if (e->record == NULL)
        return;
    const char *slash = strrchr(e->record->file, '/');
    n->record = *e->record;
    snprintf(n->file, sizeof n->file, "%s", slash != NULL ? slash + 1 : e->record->file);
}

static bool is_noted(enum event_type type)
{
    return type <= EVENT_DONE_RECORD && type != EVENT_PRE_PUBLISH && type != EVENT_PRE_PLAY;
}

static void on_event(struct event_observer *observer, const struct event *e)
{
    struct catalogue *c = (struct catalogue *)observer;
    if (!is_noted(e->type))
        return;
    pthread_mutex_lock(&c->lock);
    if (c->count == CATALOGUE_QUEUE) {
        c->dropped++;
    } else {
        take_event(&c->notes[(c->first + c->count++) % CATALOGUE_QUEUE], e);
        pthread_cond_signal(&c->wake);
    }
    pthread_mutex_unlock(&c->lock);
}

enum { TAKE_MAX = 128 };

/* With the lock: up to TAKE_MAX notes, in order. */
static size_t take_notes(struct catalogue *c, struct catalogue_note *out)
{
    size_t count = c->count < TAKE_MAX ? c->count : TAKE_MAX;
    for (size_t i = 0; i < count; i++)
        out[i] = c->notes[(c->first + i) % CATALOGUE_QUEUE];
    c->first = (c->first + count) % CATALOGUE_QUEUE;
    c->count -= count;
    return count;
}

/* With the lock. */
static void wait_for_notes(struct catalogue *c)
{
    uint64_t        until_ms = clock_monotonic_ms() + FORGET_MS;
    struct timespec until = { .tv_sec = (time_t)(until_ms / 1000) };
    while (c->count == 0 && !c->stopping)
        if (pthread_cond_timedwait(&c->wake, &c->lock, &until) != 0)
            return;
}

static void write_taken(struct catalogue *c, struct catalogue_note *taken, size_t count, uint64_t dropped)
{
    if (count > 0)
        catalogue_write_notes(c, taken, count);
    else
        catalogue_forget_old(c);
    if (dropped > 0)
        log_warn(NULL, "catalogue: %llu events were not noted: the disk is too slow",
                 (unsigned long long)dropped);
}

static void *run(void *catalogue)
{
    struct catalogue *c = catalogue;
    struct catalogue_note      *taken = alloc_zeroed(TAKE_MAX * sizeof *taken);
    catalogue_forget_old(c);
    pthread_mutex_lock(&c->lock);
    for (;;) {
        wait_for_notes(c);
        size_t   count = take_notes(c, taken);
        uint64_t dropped = c->dropped;
        c->dropped = 0;
        if (count == 0 && c->stopping)
            break;
        pthread_mutex_unlock(&c->lock);
        write_taken(c, taken, count, dropped);
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    free(taken);
    return NULL;
}

/* Opening and closing. */

struct catalogue *catalogue_new(struct context *context, const char *path, uint32_t keep_s)
{
    struct catalogue  *c = alloc_zeroed(sizeof *c);
    pthread_condattr_t monotonic;
    c->observer.on_event = on_event;
    c->keep_s = keep_s;
    if (!catalogue_open_db(c, path)) {
        log_error(NULL, "there is no catalogue: recordings and history cannot be listed");
        free(c);
        return NULL;
    }
    pthread_mutex_init(&c->db_lock, NULL);
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&c->thread, NULL, run, c) != 0)
        abort(); /* at start only */
    events_add(context, &c->observer);
    return c;
}

void catalogue_free(struct catalogue *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    catalogue_close_db(c);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->db_lock);
    pthread_cond_destroy(&c->wake);
    free(c);
}
