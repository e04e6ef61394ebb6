/* reload.h - a new configuration for a server that runs (SIGHUP).
 *
 * The same file is read again, with the same command line over it.  If anything is wrong with it,
 * or with a certificate that it names, the log says what, and nothing changes.  Otherwise all keys
 * that can change do, and those that cannot are named in the log.
 *
 * A worker changes between two of its turns, so whoever reads a value gets the same one
 * throughout.  What was decided before stays: nobody who plays or publishes is asked again. */
#ifndef MILLRACE_SERVER_RELOAD_H
#define MILLRACE_SERVER_RELOAD_H

struct config;
struct context;
struct options;

struct reload {
    struct context       *context;
    const struct options *options;
    struct config        *config; /* the one in effect; owned */
};

/* On the main thread, while the workers run. */
void reload_run(struct reload *);

#endif
