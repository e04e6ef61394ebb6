#include "core/disk_peer.h"

#include "base/alloc.h"
#include "core/worker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Reports. */

struct delivery {
    struct disk_report report;
};

static void post_report(void *writer, void *delivery)
{
    struct disk_writer *w = writer;
    struct delivery    *d = delivery;
    enum disk_event     event = d->report.event;
    w->ops->on_report(w->owner, &d->report);
    free(d);
    if (event != DISK_ENDED)
        return;
    free(w->queue.ops);
    free(w->spare.ops);
    free(w);
}

void disk_report(struct disk_writer *w, enum disk_event event, int error)
{
    struct delivery *d = alloc_zeroed(sizeof *d);
    bool             of_file = event != DISK_ROOM && event != DISK_ENDED;
    d->report = (struct disk_report){ .event = event, .error = error };
    if (of_file) {
        d->report.size = w->out.size;
        d->report.time_ms = w->out.time_ms;
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
    disk_report(w, DISK_FAILED, error);
}

static void settle(struct disk_writer *w, size_t size, uint64_t lost)
{
    disk_lock(w->disk);
    w->queued -= size;
    w->disk->queued -= size;
    w->lost += lost;
    bool all = w->disk->queued <= w->disk->buffer_size || w->queued <= DISK_SHARE / 2;
    bool room = w->wants_room && all && w->queued <= w->options.buffer_size / 2;
    if (room)
        w->wants_room = false;
    disk_unlock(w->disk);
    if (room)
        disk_report(w, DISK_ROOM, 0);
}

static void run_open(struct disk_writer *w, const struct disk_begin *begin)
{
    assert(!w->is_open);
    w->file = begin->file;
    w->told_low = false;
    int error = disk_file_open(&w->out, &begin->path, &w->options, begin->head, begin->size);
    w->is_open = error == 0;
    disk_report(w, error == 0 ? DISK_OPENED : DISK_FAILED, error);
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
    disk_report(w, DISK_CLOSED, 0);
}

/* As many packets of `ops` as follow each other, in one go.  Returns how many. */
static size_t run_writes(struct disk_writer *w, struct disk_op *ops, size_t count)
{
    struct disk_tag tags[DISK_FILE_TAGS_MAX];
    size_t          used = 0, size = 0;
    while (used < count && used < DISK_FILE_TAGS_MAX && ops[used].type == OP_WRITE && size < 4 * DISK_BATCH) {
        tags[used] = (struct disk_tag){ ops[used].packet, ops[used].time_ms };
        size += disk_op_cost(&ops[used++]);
    }
    int error = w->is_open ? disk_file_write(&w->out, tags, used) : 0;
    uint64_t lost = w->is_open ? used - w->out.written : used;
    if (error != 0)
        fail(w, error);
    else if (w->is_open && disk_file_is_low(&w->out) && !w->told_low) {
        w->told_low = true;
        disk_report(w, DISK_LOW, ENOSPC);
    }
    for (size_t i = 0; i < used; i++)
        disk_op_clear(&ops[i]);
    settle(w, size, lost);
    return used;
}

static void run_control(struct disk_writer *w, struct disk_op *op)
{
    size_t size = disk_op_cost(op);
    if (op->type == OP_OPEN)
        run_open(w, op->begin);
    else
        run_close(w, op);
    disk_op_clear(op);
    settle(w, size, 0);
}

bool disk_run_queue(struct disk_writer *w, struct op_queue *q)
{
    for (size_t i = 0; i < q->count;) {
        if (q->ops[i].type == OP_END) {
            assert(i + 1 == q->count);
            if (w->is_open)
                fail(w, ECANCELED);
            settle(w, disk_op_cost(&q->ops[i]), 0);
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
