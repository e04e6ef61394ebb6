/* disk.h - files that are written off the event loops: a few threads, and for each recording one
 * writer that does what it is told in order.
 *
 * Nothing that a worker calls here waits for a disk.  What is to be written is queued, by
 * reference, up to the writer's limit; what became of it comes back as reports, on the worker.
 * Packets are gathered for a moment (DISK_GATHER_MS), so that many small ones are one write.
 *
 * A file is named NAME.part until it is complete: then its head is written anew with what is
 * known by then, and it is renamed.  It is held by a lock while a writer has it (flock), so that
 * nobody repairs what is being written.
 *
 * When something fails the file stays behind as it is, cut at the last whole tag, for
 * core/flv_file.h to repair; what is queued up to the next disk_writer_open() is dropped and
 * counted. */
#ifndef MILLRACE_CORE_DISK_H
#define MILLRACE_CORE_DISK_H

#include "core/record_path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct avpacket;
struct disk;
struct disk_writer;
struct worker;

enum {
    DISK_THREADS   = 4,          /* so many disks can hang before the others wait */
    DISK_GATHER_MS = 200,
    DISK_BATCH     = 256 * 1024, /* as many bytes are written at once, however little time has passed */
    DISK_SHARE     = DISK_BATCH, /* what each writer may have waiting, however much all have */
};

enum disk_sync { DISK_SYNC_NONE, DISK_SYNC_SEGMENT, DISK_SYNC_INTERVAL };

struct disk_options {
    enum disk_sync sync;
    uint32_t       sync_s;
    uint64_t       min_free;    /* bytes that are left on the file system; 0: to the last */
    uint64_t       buffer_size; /* bytes queued; a packet that is larger goes alone */
};

enum disk_event {
    DISK_OPENED, /* the file exists under its .part name */
    DISK_CLOSED, /* it is complete and has its name */
    DISK_FAILED, /* it has come to an end, with `error`; or there was none */
    DISK_LOW,    /* less than min_free is left: close soon */
    DISK_ROOM,   /* disk_writer_room() said no: ask again */
    DISK_ENDED,  /* the last report; the writer is gone after the call */
};

struct disk_report {
    enum disk_event    event;
    int                error;  /* errno */
    uint64_t           size;   /* of the file */
    uint32_t           time_ms; /* of the last tag that is whole in it */
    void              *file;   /* what was given to disk_writer_open(); NULL for ROOM and ENDED */
    struct record_path path;   /* with the number that was free */
};

struct disk_writer_ops {
    /* On the writer's worker.  CLOSED and FAILED are the last for their file. */
    void (*on_report)(void *owner, const struct disk_report *);
};

/* All writers together have no more than `buffer_size` bytes waiting, but for DISK_SHARE each. */
struct disk *disk_new(uint64_t buffer_size);

/* After all writers were ended and the workers have stopped: finishes what is queued.  0; or
 * ERR_TIMEOUT if a disk has not answered for `wait_ms`: then threads are left behind that use
 * what must not be freed, and the process has to end. */
int disk_free(struct disk *, uint32_t wait_ms);

/* On `worker`, like all that follows.  The owner stays until ENDED. */
struct disk_writer *disk_writer_new(struct disk *, struct worker *, const struct disk_options *,
                                    const struct disk_writer_ops *, void *owner);

/* No more is to come.  ENDED follows when all is done. */
void disk_writer_end(struct disk_writer *);

/* Begin a file: folders are made, the number in `path` is the least that is tried.  `head` is
 * copied; `file` comes back in reports. */
void disk_writer_open(struct disk_writer *, const struct record_path *path, const void *head, size_t size,
                      void *file);

/* Write a packet as an FLV tag of this time.  Takes a reference of its own. */
void disk_writer_write(struct disk_writer *, struct avpacket *, uint32_t time_ms);

/* Complete the file: `head`, of the same size as before, is written over its start. */
void disk_writer_close(struct disk_writer *, const void *head, size_t size);

enum disk_room {
    DISK_HAS_ROOM,
    DISK_WRITER_FULL, /* this writer has as much waiting as it may */
    DISK_ALL_FULL,    /* all together have */
};

/* Whether so many bytes may be queued.  If not, ROOM is reported when it is worth asking again. */
enum disk_room disk_writer_room(struct disk_writer *, size_t size);

/* Packets dropped so far. */
uint64_t disk_writer_lost(struct disk_writer *);

#endif
