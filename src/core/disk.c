#include "core/disk_peer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>

void disk_schedule(struct disk_writer *w, enum writer_state state)
{
    struct disk *d = w->disk;
    list_remove(&w->link);
    w->state = (uint8_t)state;
    w->due_ms = clock_monotonic_ms() + DISK_GATHER_MS;
    list_append(state == URGENT ? &d->urgent : &d->gathering, &w->link);
    pthread_cond_signal(&d->wake);
}

/* The writer whose turn it is, after waiting for one; NULL when all is done. */
static struct disk_writer *next_writer(struct disk *d)
{
    for (;;) {
        struct list *from = !list_empty(&d->urgent) ? &d->urgent : &d->gathering;
        if (list_empty(from)) {
            if (d->stopping)
                return NULL;
            pthread_cond_wait(&d->wake, &d->lock);
            continue;
        }
        struct disk_writer *w = LIST_ITEM(from->next, struct disk_writer, link);
        if (from == &d->urgent || d->stopping || w->due_ms <= clock_monotonic_ms()) {
            list_remove(&w->link);
            w->state = RUNNING;
            return w;
        }
        struct timespec until = { .tv_sec = (time_t)(w->due_ms / 1000),
                                  .tv_nsec = (long)(w->due_ms % 1000) * 1000000 };
        pthread_cond_timedwait(&d->wake, &d->lock, &until);
    }
}

/* With the lock, which is let go in between. */
static void run_writer(struct disk_writer *w)
{
    struct disk    *d = w->disk;
    struct op_queue q = w->queue;
    w->queue = w->spare;
    w->spare = (struct op_queue){ 0 };
    w->urgent = false;
    disk_unlock(d);
    bool goes_on = disk_run_queue(w, &q);
    if (!goes_on) {
        free(q.ops);
        disk_report(w, DISK_ENDED, 0); /* the writer may be gone now */
        disk_lock(d);
        return;
    }
    disk_lock(d);
    w->spare = q;
    w->state = IDLE;
    if (w->queue.count > 0)
        disk_schedule(w, w->urgent ? URGENT : GATHERING);
}

static void *run(void *disk)
{
    struct disk        *d = disk;
    struct disk_writer *w;
    disk_lock(d);
    while ((w = next_writer(d)) != NULL)
        run_writer(w);
    d->thread_count--;
    pthread_cond_broadcast(&d->wake);
    pthread_cond_signal(&d->idle);
    disk_unlock(d);
    return NULL;
}

struct disk *disk_new(uint64_t buffer_size)
{
    struct disk       *d = alloc_zeroed(sizeof *d);
    pthread_condattr_t monotonic;
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&d->wake, &monotonic);
    pthread_cond_init(&d->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    d->buffer_size = buffer_size;
    list_init(&d->urgent);
    list_init(&d->gathering);
    for (; d->thread_count < DISK_THREADS; d->thread_count++)
        if (pthread_create(&d->threads[d->thread_count], NULL, run, d) != 0)
            abort(); /* at start only */
    return d;
}

int disk_free(struct disk *d, uint32_t wait_ms)
{
    uint64_t        until_ms = clock_monotonic_ms() + wait_ms;
    struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
                              .tv_nsec = (long)(until_ms % 1000) * 1000000 };
    int             error = 0;
    disk_lock(d);
    d->stopping = true;
    pthread_cond_broadcast(&d->wake);
    while (d->thread_count > 0 && error == 0)
        error = pthread_cond_timedwait(&d->idle, &d->lock, &until);
    bool done = d->thread_count == 0;
    disk_unlock(d);
    if (!done)
        return ERR_TIMEOUT;
    for (unsigned i = 0; i < DISK_THREADS; i++)
        pthread_join(d->threads[i], NULL);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->wake);
    pthread_cond_destroy(&d->idle);
    free(d);
    return 0;
}
