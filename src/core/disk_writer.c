#include "core/disk_peer.h"

#include "base/alloc.h"
#include "core/worker.h"
#include "media/avpacket.h"

#include <stdlib.h>
#include <string.h>

/* What an operation counts for beside its bytes, so that a flood of tiny packets is bounded. */
#define OP_COST sizeof(struct disk_op)

size_t disk_op_cost(const struct disk_op *op)
{
    size_t body = op->packet != NULL ? op->packet->size : 0;
    size_t head = op->begin != NULL ? op->begin->size : op->size;
    return OP_COST + body + head;
}

void disk_op_clear(struct disk_op *op)
{
    avpacket_unref(&op->packet);
    free(op->begin);
    free(op->head);
}

static void push(struct disk_writer *w, const struct disk_op *op)
{
    struct op_queue *q = &w->queue;
    disk_lock(w->disk);
    if (q->count == q->capacity) {
        q->capacity = q->capacity > 0 ? 2 * q->capacity : 64;
        q->ops = alloc_resize(q->ops, q->capacity, sizeof *q->ops);
    }
    q->ops[q->count++] = *op;
    w->queued += disk_op_cost(op);
    w->disk->queued += disk_op_cost(op);
    w->urgent |= op->type != OP_WRITE || w->queued >= DISK_BATCH;
    if (w->state == IDLE || (w->state == GATHERING && w->urgent))
        disk_schedule(w, w->urgent ? URGENT : GATHERING);
    disk_unlock(w->disk);
}

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

void disk_writer_open(struct disk_writer *w, const struct record_path *path, const void *head, size_t size,
                      void *file)
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

enum disk_room disk_writer_room(struct disk_writer *w, size_t size)
{
    struct disk   *d = w->disk;
    enum disk_room room = DISK_HAS_ROOM;
    size += OP_COST;
    disk_lock(d);
    if (w->queued > 0 && w->queued + size > w->options.buffer_size)
        room = DISK_WRITER_FULL;
    else if (d->queued + size > d->buffer_size && w->queued >= DISK_SHARE)
        room = DISK_ALL_FULL;
    if (room != DISK_HAS_ROOM)
        w->wants_room = true;
    disk_unlock(d);
    return room;
}

uint64_t disk_writer_lost(struct disk_writer *w)
{
    disk_lock(w->disk);
    uint64_t lost = w->lost;
    disk_unlock(w->disk);
    return lost;
}
