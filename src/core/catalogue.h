/* catalogue.h - what was recorded, and who published and played when: a SQLite database (WAL).
 *
 * The files are the truth about recordings; the catalogue is there to be asked, and is made anew
 * from them when it is missing, broken or behind.  It hears of things as an observer of events
 * (core/events.h): they are queued, in a bounded queue, and written by a thread of its own, so no
 * worker waits for a disk.  What does not fit is counted and logged. */
#ifndef MILLRACE_CORE_CATALOGUE_H
#define MILLRACE_CORE_CATALOGUE_H

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
    int64_t     from_ms; /* what overlaps [from, to) */
    int64_t     to_ms;
    uint32_t    offset;
    uint32_t    count;   /* at most; 0: 100 */
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

/* Newest first, as an array of objects; the caller owns the reference.  NULL on an error. */
struct json_t *catalogue_recordings(struct catalogue *, const struct catalogue_filter *);
struct json_t *catalogue_sessions(struct catalogue *, const struct catalogue_filter *);

#endif
