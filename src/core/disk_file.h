/* disk_file.h - one file as a disk thread writes it; disk.c alone uses this.
 *
 * All calls may wait for the disk.  Errors are errno values, positive; 0 is success. */
#ifndef MILLRACE_CORE_DISK_FILE_H
#define MILLRACE_CORE_DISK_FILE_H

#include "core/disk.h"

enum { DISK_FILE_TAGS_MAX = 256 };

struct disk_tag {
    const struct avpacket *packet;
    uint32_t               time_ms;
};

struct disk_file {
    int                        folder; /* descriptors; -1: none */
    int                        fd;
    const struct disk_options *options;
    struct record_path         path;
    uint64_t                   size;      /* up to the last whole tag */
    uint32_t                   time_ms;   /* of that tag; 0: there is none */
    size_t                     written;   /* whole tags of the last disk_file_write() */
    uint64_t                   synced_ms; /* monotonic */
    uint64_t                   looked_ms; /* when the file was last seen to be there still */
    bool                       low;
};

void disk_file_init(struct disk_file *);

/* `options` is borrowed while the file is open. */
int disk_file_open(struct disk_file *, const struct record_path *, const struct disk_options *,
                   const void *head,
                   size_t size);
int disk_file_write(struct disk_file *, const struct disk_tag *, size_t count);
int disk_file_finish(struct disk_file *, const void *head, size_t size);

/* Let go of it as it is, cut after its last whole tag.  After an error of any of the others. */
void disk_file_abandon(struct disk_file *);

/* Whether the file system has less than min_free, as of the last look. */
static inline bool disk_file_is_low(const struct disk_file *f)
{
    return f->low;
}

#endif
