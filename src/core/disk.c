#include "core/disk.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "core/disk_file.h"
#include "core/worker.h"
#include "media/avpacket.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What an operation counts for beside its bytes, so that a flood of tiny packets is bounded. */
#define OP_COST sizeof(struct disk_op)

enum op_type { OP_OPEN, OP_WRITE, OP_CLOSE, OP_END };

struct disk_op {
    uint8_t            type;
    uint32_t           time_ms;
    struct avpacket   *packet;  /* WRITE: a reference */
    struct disk_begin *begin;   /* OPEN */
    uint8_t           *head;    /* CLOSE */
    size_t             size;    /* of the head */
};

struct disk_begin {
    struct record_path path;
    void              *file;
    size_t             size;
    uint8_t            head[];
};

struct op_queue {
    struct disk_op *ops;
    size_t          count;
    size_t          capacity;
};

enum writer_state { IDLE, GATHERING, URGENT, RUNNING };

struct disk_writer {
    struct list                   link;     /* disk's; lock */
    struct disk                  *disk;
    struct worker                *worker;
    const struct disk_writer_ops *ops;
    void                         *owner;    /* the worker's thread only */
    struct disk_options           options;
    struct op_queue               queue;    /* lock */
    struct op_queue               spare;    /* lock */
    size_t                        queued;   /* bytes; lock */
    bool                          wants_room; /* lock */
    bool                          urgent;   /* lock; not to be gathered */
    uint8_t                       state;    /* lock */
    uint64_t                      due_ms;   /* lock */
    uint64_t                      lost;     /* lock */
    /* The running thread's. */
    struct disk_file              out;
    void                         *file;
    bool                          is_open;
    bool                          told_low;
};

struct disk {
    pthread_mutex_t lock;
    pthread_cond_t  wake;      /* there is something to do, or to wait for */
    pthread_cond_t  idle;      /* a thread has ended */
    struct list     urgent;    /* writers */
    struct list     gathering; /* the same, longest waiting first */
    bool            stopping;
    unsigned        thread_count;
    pthread_t       threads[DISK_THREADS];
};

static void lock(struct disk *d)
{
    pthread_mutex_lock(&d->lock);
}

static void unlock(struct disk *d)
{
    pthread_mutex_unlock(&d->lock);
}

static size_t cost_of(const struct disk_op *op)
{
    return OP_COST + (op->packet != NULL ? op->packet->size : 0) + op->size + (op->begin != NULL ? op->begin->size : 0);
}

static void clear_op(struct disk_op *op)
{
    avpacket_unref(&op->packet);
    free(op->begin);
    free(op->head);
}

/* Scheduling: all with the lock held. */

static void schedule(struct disk_writer *w, enum writer_state state)
{
    struct disk *d = w->disk;
    list_remove(&w->link);
    w->state = (uint8_t)state;
    w->due_ms = clock_monotonic_ms() + DISK_GATHER_MS;
    list_append(state == URGENT ? &d->urgent : &d->gathering, &w->link);
    pthread_cond_signal(&d->wake);
}

static void push(struct disk_writer *w, const struct disk_op *op)
{
    struct op_queue *q = &w->queue;
    lock(w->disk);
    if (q->count == q->capacity) {
        q->capacity = q->capacity > 0 ? 2 * q->capacity : 64;
        q->ops = alloc_resize(q->ops, q->capacity, sizeof *q->ops);
    }
    q->ops[q->count++] = *op;
    w->queued += cost_of(op);
    w->urgent |= op->type != OP_WRITE || w->queued >= DISK_BATCH;
    if (w->state == IDLE || (w->state == GATHERING && w->urgent))
        schedule(w, w->urgent ? URGENT : GATHERING);
    unlock(w->disk);
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
        struct timespec until = { .tv_sec = (time_t)(w->due_ms / 1000), .tv_nsec = (long)(w->due_ms % 1000) * 1000000 };
        pthread_cond_timedwait(&d->wake, &d->lock, &until);
    }
}

/* Reports. */

struct delivery {
    struct disk_report report;
};

static void post_report(void *writer, void *delivery)
{
    struct disk_writer *w = writer;
    struct delivery    *d = delivery;
    enum disk_event     event = d->report.event;
    if (w->owner != NULL)
        w->ops->on_report(w->owner, &d->report);
    else if (event == DISK_CLOSED || event == DISK_FAILED)
        w->ops->free_file(d->report.file);
    free(d);
    if (event != DISK_ENDED)
        return;
    free(w->queue.ops);
    free(w->spare.ops);
    free(w);
}

static void report(struct disk_writer *w, enum disk_event event, int error)
{
    struct delivery *d = alloc_zeroed(sizeof *d);
    bool             of_file = event != DISK_ROOM && event != DISK_ENDED;
    d->report = (struct disk_report){ .event = event, .error = error, .size = w->out.size };
    if (of_file) {
        d->report.file = w->file;
        d->report.path = w->out.path;
    }
    worker_post(NULL, w->worker, post_report, w, d);
}

/* The thread's side, without the lock. */

static void fail(struct disk_writer *w, int error)
{
    disk_file_abandon(&w->out);
    w->is_open = false;
    report(w, DISK_FAILED, error);
}

static void settle(struct disk_writer *w, size_t size, uint64_t lost)
{
    lock(w->disk);
    w->queued -= size;
    w->lost += lost;
    bool room = w->wants_room && w->queued <= w->options.buffer_size / 2;
    if (room)
        w->wants_room = false;
    unlock(w->disk);
    if (room)
        report(w, DISK_ROOM, 0);
}

static void run_open(struct disk_writer *w, const struct disk_begin *begin)
{
    assert(!w->is_open);
    w->file = begin->file;
    w->told_low = false;
    int error = disk_file_open(&w->out, &begin->path, &w->options, begin->head, begin->size);
    w->is_open = error == 0;
    report(w, error == 0 ? DISK_OPENED : DISK_FAILED, error);
}

static void run_close(struct disk_writer *w, const struct disk_op *op)
{
    if (!w->is_open)
        return;
    int error = disk_file_finish(&w->out, op->head, op->size);
    if (error != 0) {
        fail(w, error);
        return;
    }
    w->is_open = false;
    report(w, DISK_CLOSED, 0);
}

/* As many packets of `ops` as follow each other, in one go.  Returns how many. */
static size_t run_writes(struct disk_writer *w, struct disk_op *ops, size_t count)
{
    struct disk_tag tags[DISK_FILE_TAGS_MAX];
    size_t          used = 0, size = 0;
    while (used < count && used < DISK_FILE_TAGS_MAX && ops[used].type == OP_WRITE && size < 4 * DISK_BATCH) {
        tags[used] = (struct disk_tag){ ops[used].packet, ops[used].time_ms };
        size += cost_of(&ops[used++]);
    }
    int error = w->is_open ? disk_file_write(&w->out, tags, used) : 0;
    uint64_t lost = w->is_open ? used - w->out.written : used;
    if (error != 0)
        fail(w, error);
    else if (w->is_open && disk_file_is_low(&w->out) && !w->told_low) {
        w->told_low = true;
        report(w, DISK_LOW, ENOSPC);
    }
    for (size_t i = 0; i < used; i++)
        clear_op(&ops[i]);
    settle(w, size, lost);
    return used;
}

static void run_control(struct disk_writer *w, struct disk_op *op)
{
    size_t size = cost_of(op);
    if (op->type == OP_OPEN)
        run_open(w, op->begin);
    else
        run_close(w, op);
    clear_op(op);
    settle(w, size, 0);
}

/* Do what is queued.  False if that was the end of the writer. */
static bool run_queue(struct disk_writer *w, struct op_queue *q)
{
    for (size_t i = 0; i < q->count;) {
        if (q->ops[i].type == OP_END) {
            assert(i + 1 == q->count);
            if (w->is_open)
                fail(w, ECANCELED);
            return false;
        }
        if (q->ops[i].type == OP_WRITE)
            i += run_writes(w, q->ops + i, q->count - i);
        else
            run_control(w, &q->ops[i++]);
    }
    q->count = 0;
    return true;
}

/* With the lock, which is let go in between. */
static void run_writer(struct disk_writer *w)
{
    struct disk    *d = w->disk;
    struct op_queue q = w->queue;
    w->queue = w->spare;
    w->spare = (struct op_queue){ 0 };
    w->urgent = false;
    unlock(d);
    bool goes_on = run_queue(w, &q);
    if (!goes_on) {
        free(q.ops);
        report(w, DISK_ENDED, 0); /* the writer may be gone now */
        lock(d);
        return;
    }
    lock(d);
    w->spare = q;
    w->state = IDLE;
    if (w->queue.count > 0)
        schedule(w, w->urgent ? URGENT : GATHERING);
}

static void *run(void *disk)
{
    struct disk        *d = disk;
    struct disk_writer *w;
    lock(d);
    while ((w = next_writer(d)) != NULL)
        run_writer(w);
    d->thread_count--;
    pthread_cond_broadcast(&d->wake);
    pthread_cond_signal(&d->idle);
    unlock(d);
    return NULL;
}

struct disk *disk_new(void)
{
    struct disk       *d = alloc_zeroed(sizeof *d);
    pthread_condattr_t monotonic;
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&d->wake, &monotonic);
    pthread_cond_init(&d->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
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
    struct timespec until = { .tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000 };
    int             error = 0;
    lock(d);
    d->stopping = true;
    pthread_cond_broadcast(&d->wake);
    while (d->thread_count > 0 && error == 0)
        error = pthread_cond_timedwait(&d->idle, &d->lock, &until);
    bool done = d->thread_count == 0;
    unlock(d);
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

/* The worker's side. */

struct disk_writer *disk_writer_new(struct disk *d, struct worker *worker, const struct disk_options *options,
                                    const struct disk_writer_ops *ops, void *owner)
{
    struct disk_writer *w = alloc_zeroed(sizeof *w);
    w->disk = d;
    w->worker = worker;
    w->options = *options;
    w->ops = ops;
    w->owner = owner;
    list_init(&w->link);
    disk_file_init(&w->out);
    return w;
}

void disk_writer_end(struct disk_writer *w)
{
    struct disk_op op = { .type = OP_END };
    push(w, &op);
}

void disk_writer_forget_owner(struct disk_writer *w)
{
    w->owner = NULL;
}

void disk_writer_open(struct disk_writer *w, const struct record_path *path, const void *head, size_t size, void *file)
{
    struct disk_op op = { .type = OP_OPEN, .begin = alloc_zeroed(sizeof *op.begin + size) };
    op.begin->path = *path;
    op.begin->file = file;
    op.begin->size = size;
    memcpy(op.begin->head, head, size);
    push(w, &op);
}

void disk_writer_write(struct disk_writer *w, struct avpacket *packet, uint32_t time_ms)
{
    struct disk_op op = { .type = OP_WRITE, .time_ms = time_ms, .packet = avpacket_ref(packet) };
    push(w, &op);
}

void disk_writer_close(struct disk_writer *w, const void *head, size_t size)
{
    struct disk_op op = { .type = OP_CLOSE, .head = alloc_zeroed(size), .size = size };
    memcpy(op.head, head, size);
    push(w, &op);
}

bool disk_writer_has_room(struct disk_writer *w, size_t size)
{
    lock(w->disk);
    bool room = w->queued == 0 || w->queued + size + OP_COST <= w->options.buffer_size;
    if (!room)
        w->wants_room = true;
    unlock(w->disk);
    return room;
}

uint64_t disk_writer_lost(struct disk_writer *w)
{
    lock(w->disk);
    uint64_t lost = w->lost;
    unlock(w->disk);
    return lost;
}
