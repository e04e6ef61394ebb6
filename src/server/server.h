/* server.h - the whole of it: opens the listeners, starts the workers, waits for the signal to
 * stop, and takes everything down again.  SIGHUP has the configuration read again. */
#ifndef MILLRACE_SERVER_SERVER_H
#define MILLRACE_SERVER_SERVER_H

struct config;
struct options;

/* Runs until SIGTERM or SIGINT.  `config` was loaded as the options say, and is taken over.  0 after
 * a proper stop; ERR_SYSTEM or ERR_INVALID if it could not start, with one sentence logged that says
 * why. */
int server_run(struct config *config, const struct options *options);

#endif
