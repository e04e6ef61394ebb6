/* record_keeper.h - looks after the files of recordings that nobody writes any more: completes those
 * that were cut off, and deletes the oldest as record.keep_* says.
 *
 * One thread of its own, which may wait for disks.  Files are told apart by their names; what is
 * not named as a recording is never touched, nor what lies outside of record.path, nor a file that
 * is being written. */
#ifndef MILLRACE_SERVER_RECORD_KEEPER_H
#define MILLRACE_SERVER_RECORD_KEEPER_H

#include "server/record_store.h"

struct record_keeper;

/* `root` is borrowed.  Begins with what an earlier run has left. */
struct record_keeper *record_keeper_new(const char *root, const struct record_limits *);
void                  record_keeper_free(struct record_keeper *);

/* Keep within other limits from now on.  From any thread. */
void record_keeper_limit(struct record_keeper *, const struct record_limits *);

/* There is something new to look at.  From any thread. */
void record_keeper_look(struct record_keeper *);

#endif
