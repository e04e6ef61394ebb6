/* options.h - the command line. */
#ifndef MILLRACE_CORE_OPTIONS_H
#define MILLRACE_CORE_OPTIONS_H

#include "core/config.h"

#include <stdio.h>

/* What the process exits with, beside 0. */
enum options_exit {
    OPTIONS_EXIT_FAILURE = 1, /* it could not start or had to stop */
    OPTIONS_EXIT_USAGE   = 2, /* the command line or the configuration is wrong */
};

/* In the order in which they win when several are given. */
enum options_action {
    OPTIONS_RUN,
    OPTIONS_CHECK_CONFIG,
    OPTIONS_PRINT_CONFIG,
    OPTIONS_VERSION,
    OPTIONS_HELP,
};

struct options {
    enum options_action action;
    const char         *config_path; /* borrowed from argv; NULL: the built-in defaults */
    struct config_set  *sets;        /* what lies over the file, in the order given */
    size_t              set_count;
    char                error[256];
};

/* Read the command line.  0; or ERR_INVALID with one sentence in `error`.  Either way
 * options_clear() follows.  As getopt does, it may reorder argv, and is for one thread only. */
int  options_parse(int argc, char **argv, struct options *);
void options_clear(struct options *);

/* "KEY=VALUE", as --set takes it; borrowed.  0, or ERR_INVALID with a sentence in `error`. */
int options_add_set(struct options *, const char *text);

void options_print_help(FILE *out);

#endif
