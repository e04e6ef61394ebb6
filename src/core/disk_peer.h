/* disk_peer.h - what the files of the disk share; nobody else includes it.
 *
 *     disk.c          the threads, and whose turn it is
 *     disk_writer.c   a writer as its worker sees it: what is queued
 *     disk_run.c      the same as the thread sees it whose turn it is: what is done, and told
 *     disk_file.c     one file */
#ifndef MILLRACE_CORE_DISK_PEER_H
#define MILLRACE_CORE_DISK_PEER_H

#include "base/list.h"
#include "core/disk.h"
#include "core/disk_file.h"

#include <pthread.h>

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
    size_t          queued;    /* bytes, of all writers */
    uint64_t        buffer_size;
    bool            stopping;
    unsigned        thread_count;
    pthread_t       threads[DISK_THREADS];
};

static inline void disk_lock(struct disk *d)
{
    pthread_mutex_lock(&d->lock);
}

static inline void disk_unlock(struct disk *d)
{
    pthread_mutex_unlock(&d->lock);
}

size_t disk_op_cost(const struct disk_op *);
void   disk_op_clear(struct disk_op *);

/* Have a thread look after it.  With the lock. */
void disk_schedule(struct disk_writer *, enum writer_state);

/* Do what is queued, on the thread whose turn it is.  False if that was the end of the writer, which is
 * not to be touched after the report of that. */
bool disk_run_queue(struct disk_writer *, struct op_queue *);
void disk_report(struct disk_writer *, enum disk_event, int error);

#endif
