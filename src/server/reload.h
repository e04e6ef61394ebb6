/* reload.h - a new configuration for a server that runs (SIGHUP, or the API).
 *
 * The same file is read again, with the same command line over it.  If anything is wrong with it,
 * or with a certificate that it names, the log says what, and nothing changes.  Otherwise all keys
 * that can change do, and those that cannot are named in the log.
 *
 * A worker changes between two of its turns, so whoever reads a value gets the same one
 * throughout.  What was decided before stays: nobody who plays or publishes is asked again. */
#ifndef MILLRACE_SERVER_RELOAD_H
#define MILLRACE_SERVER_RELOAD_H

#include "core/config.h"

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

struct context;
struct options;

struct reload {
    struct context       *context;
    const struct options *options;
    pthread_mutex_t       lock;
    struct config        *config; /* lock: the one in effect; owned */
    bool                  closed; /* lock: there are no workers to change */
};

/* What came of it: arrays of the names of keys, "rtmp.ping" or "apps.live", owned. */
struct reload_outcome {
    json_t *changed;
    json_t *needs_restart;
    char    error[CONFIG_ERROR_SIZE]; /* what is wrong, if nothing has changed; else "" */
};

/* `config` is taken over: it is freed by reload_free(), or by what follows it. */
void reload_init(struct reload *, struct context *, const struct options *, struct config *config);
void reload_free(struct reload *);

/* From any thread that may wait for the disk, while the workers run.  0; ERR_INVALID if nothing has
 * changed because something is wrong, ERR_CLOSED because the server stops.  What is logged is in
 * *out, too; it needs reload_clear_outcome() in any case. */
int  reload_run(struct reload *, struct reload_outcome *out);
void reload_clear_outcome(struct reload_outcome *);

/* The configuration in effect as JSON, secrets masked, without holding anybody up: from a thread that
 * may wait.  The caller owns the reference. */
json_t *reload_describe(struct reload *);

/* From here on nothing is changed any more; before the workers are freed. */
void reload_close(struct reload *);

#endif
