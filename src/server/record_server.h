/* record_server.h - who is recorded: starts recordings when publishing begins, and on demand, and
 * knows all that are running.
 *
 * One for the process.  A recording that was stopped by hand stays so until the stream is published
 * anew, or it is started by hand.  Calls may be made from any thread unless said. */
#ifndef MILLRACE_SERVER_RECORD_SERVER_H
#define MILLRACE_SERVER_RECORD_SERVER_H

#include "session/record_session.h"

#include <stddef.h>
#include <stdint.h>

struct config;
struct context;
struct record_server;

/* Before the workers start.  NULL if record.path is empty, *error is 0 then; or if it cannot be
 * written to: *error is ERR_SYSTEM, with one sentence logged. */
struct record_server *record_server_new(struct context *, int *error);

/* What holds for files that are there already is of this configuration from now on; borrowed for
 * the call.  NULL is allowed. */
void record_server_configure(struct record_server *, const struct config *);

/* After the workers have stopped: all that is queued is written.  0; or ERR_TIMEOUT if a disk
 * does not answer: then the process must end without freeing anything. */
int record_server_finish(struct record_server *);

/* After the workers are freed; NULL is allowed. */
void record_server_free(struct record_server *);

/* Record the stream "/app/name", which somebody publishes.  0; ERR_NOT_FOUND if nobody does;
 * ERR_BUSY if it is recorded already; ERR_INVALID for what is no stream path.  It begins a
 * moment later. */
int record_server_start(struct record_server *, const char *path);

/* The document's stopRecord(streamPath).  0, or ERR_NOT_FOUND.  The file is complete a moment
 * later. */
int record_server_stop(struct record_server *, const char *path);

/* stopAllRecords().  Returns how many there were. */
size_t record_server_stop_all(struct record_server *);

/* getActiveRecords(): a snapshot.  The caller frees *out. */
size_t record_server_list(struct record_server *, struct record_status **out);

/* One of them.  0, or ERR_NOT_FOUND. */
int record_server_status(struct record_server *, const char *path, struct record_status *out);

#endif
