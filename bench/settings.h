/* settings.h - the command line of millrace-bench. */
#ifndef MILLRACE_BENCH_SETTINGS_H
#define MILLRACE_BENCH_SETTINGS_H

#include "bench/target.h"

#include <stdio.h>
#include <sys/types.h>

enum {
    SETTINGS_MIX_MAX  = 16,
    SETTINGS_PIDS_MAX = 16,
    SETTINGS_WHY_SIZE = 200,
};

struct settings {
    char       *urls[PROTOCOL_COUNT]; /* owned; other strings are borrowed from the command line */
    const char *file;
    const char *json;
    uint32_t    publish;          /* publishers; 0 with --no-publish */
    uint32_t    streams;
    uint32_t    viewers;
    enum protocol mix[SETTINGS_MIX_MAX]; /* viewer i uses mix[i % mix_count] */
    unsigned    mix_count;
    double      zipf;             /* 0: streams are equally popular */
    double      join_rate;        /* viewers a second; 0: all at once */
    double      churn_rate;       /* viewers a second that leave and come back */
    double      slow_share;       /* 0 to 1 */
    uint64_t    slow_rate;        /* bytes a second; 0: not at all */
    uint32_t    slow_buffer;      /* their SO_RCVBUF */
    double      duration_s;
    double      lead_s;
    double      settle_s;
    double      timeout_s;
    pid_t       pids[SETTINGS_PIDS_MAX];
    unsigned    pid_count;
    int         cpu;              /* -1: anywhere */
    unsigned    threads;
    bool        allow_remote;
    bool        expect_lossless;
    bool        quiet;
    bool        help;
    bool        version;
};

void settings_print_help(FILE *);

/* 0; ERR_INVALID with a sentence in `why`.  Clear the settings in both cases. */
int  settings_parse(int argc, char **argv, struct settings *, char why[SETTINGS_WHY_SIZE]);
void settings_clear(struct settings *);

#endif
