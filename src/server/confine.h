/* confine.h - the running server gives up what it has no need of: see SECURITY.md. */
#ifndef MILLRACE_SERVER_CONFINE_H
#define MILLRACE_SERVER_CONFINE_H

#include <stdbool.h>

struct config;

/* What is asked for in the configuration, for all threads there are and will be, when everything is
 * open and nobody has been let in.  Where the kernel permits less, the log says so; it is no error. */
void confine_start(const struct config *);

#endif
