/* record_store.h - the files under record.path: all of them listed, some of them deleted.
 *
 * For threads that may wait. */
#ifndef MILLRACE_SERVER_RECORD_STORE_H
#define MILLRACE_SERVER_RECORD_STORE_H

#include "core/record_path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_entry {
    struct record_path path;
    bool               part;
    uint64_t           size;
    int64_t            changed_ms; /* wall clock: when the file was last written */
};

struct record_list {
    struct record_entry *entries;
    size_t               count;
    size_t               capacity;
};

struct record_limits {
    uint32_t keep_s;       /* all: 0 is no limit */
    uint64_t size;
    uint64_t stream_size;
    uint64_t free;         /* to be left on the file system */
};

/* List what is named as a recording, oldest first.  0 or ERR_SYSTEM; the caller frees entries. */
int record_store_list(const char *root, struct record_list *out);

/* Mark what is to go: *goes[i] for entries[i].  `available` is what the file system has left now.
 * Pure; never marks a part. */
void record_store_choose(const struct record_list *, const struct record_limits *, int64_t now_ms,
                         uint64_t available, bool *goes);

/* Whether the file can be had: 0; ERR_BUSY if it is not complete yet; ERR_NOT_FOUND; ERR_SYSTEM.  Path
 * alone counts, of this and the next. */
int record_store_look(const struct record_entry *);

/* Delete the file, or what is left of one that was cut off, and the folders that are empty then.  0;
 * ERR_BUSY if it is being written; ERR_NOT_FOUND; ERR_SYSTEM with errno. */
int record_store_delete(const struct record_entry *);

#endif
