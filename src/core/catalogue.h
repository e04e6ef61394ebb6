/* catalogue.h - what was recorded, and who published and played when: a SQLite database (WAL).
 *
 * The files are the truth about recordings; the catalogue is there to be asked, and is made anew
 * from them when it is missing, broken or behind.  It hears of things as an observer of events
 * (core/events.h): they are queued, in a bounded queue, and written by a thread of its own, so no
 * worker waits for a disk.  What does not fit is counted and logged. */
#ifndef MILLRACE_CORE_CATALOGUE_H
#define MILLRACE_CORE_CATALOGUE_H

#include "core/record_path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalogue;
struct context;
struct json_t;

enum { CATALOGUE_QUEUE = 2048 };

/* One recorded file.  Texts are borrowed. */
struct catalogue_recording {
    const char *file;        /* app/name/FILE */
    const char *stream;      /* /app/name */
    int64_t     start_ms;    /* wall clock */
    uint64_t    duration_ms;
    uint64_t    size;
    const char *video;       /* names of codecs; "" for none */
    const char *audio;
    const char *state;       /* "recording", "complete", "interrupted" */
    const char *reason;      /* why it ended */
};

/* What is asked for; a member that is 0 or NULL does not restrict. */
struct catalogue_filter {
    const char *stream;
    const char *app;
    const char *kind;    /* of sessions: "publish" or "play" */
    int64_t     from_ms; /* what overlaps [from, to) */
    int64_t     to_ms;
    uint64_t    offset;
    uint32_t    count;   /* at most; 0: 100 */
};

/* A place in the order in which a stream was recorded. */
struct catalogue_place {
    int64_t start_ms;
    char    file[URL_PATH_SIZE + RECORD_FILE_SIZE];
    bool    is_recording; /* as far as is known */
};

/* Open or make the database `path` and begin to observe.  Before the workers start.  A database
 * that cannot be used is put aside, and a new one made.  History older than keep_s is forgotten; 0
 * keeps all.  NULL with one sentence logged if there can be none. */
struct catalogue *catalogue_new(struct context *, const char *path, uint32_t keep_s);

/* Writes what is queued.  After the workers are freed; NULL is allowed. */
void catalogue_free(struct catalogue *);

/* All that follows waits for the disk: not for a worker's thread. */

/* A recording as it is now, in the place of what was known of the file. */
void catalogue_put(struct catalogue *, const struct catalogue_recording *);
void catalogue_remove(struct catalogue *, const char *file);

/* Whether the file is known as complete, with this size. */
bool catalogue_knows(struct catalogue *, const char *file, uint64_t size);

/* Forget the files that `exists` does not know. */
void catalogue_prune(struct catalogue *, bool (*exists)(void *arg, const char *file), void *arg);

/* Newest first, as an array of objects with the columns of the table; the caller owns the reference.
 * NULL on an error. */
struct json_t *catalogue_recordings(struct catalogue *, const struct catalogue_filter *);
struct json_t *catalogue_sessions(struct catalogue *, const struct catalogue_filter *);

/* How many there are, whatever offset and count say; or ERR_SYSTEM. */
int64_t catalogue_count_recordings(struct catalogue *, const struct catalogue_filter *);
int64_t catalogue_count_sessions(struct catalogue *, const struct catalogue_filter *);

/* How long they last and how large they are together, likewise: 0 or ERR_SYSTEM. */
int catalogue_sum_recordings(struct catalogue *, const struct catalogue_filter *, int64_t *duration_ms,
                             int64_t *size);

/* One file; NULL if it is not known. */
struct json_t *catalogue_recording(struct catalogue *, const char *file);

/* Of each stream { stream, files, size, start_ms, end_ms }; NULL on an error. */
struct json_t *catalogue_usage(struct catalogue *);

/* The first recording that passes the filter (its stream must be set) and comes after *place, which it
 * becomes; begin with a place of zeros.  0, ERR_NOT_FOUND or ERR_SYSTEM. */
int catalogue_next(struct catalogue *, const struct catalogue_filter *, struct catalogue_place *);

#endif
