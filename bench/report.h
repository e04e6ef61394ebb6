/* report.h - the end of a run: a table for people, JSON for programs, and the verdict. */
#ifndef MILLRACE_BENCH_REPORT_H
#define MILLRACE_BENCH_REPORT_H

#include "bench/director.h"

#include <stdbool.h>
#include <stdio.h>

/* What CPU time, memory and time come to, from the marks. */
struct summary {
    double   measured_s;
    double   viewers;          /* that watched during the measurement */
    double   server_cores;     /* busy, as a share of one */
    double   user_us;          /* CPU of the server for each viewer-second */
    double   system_us;
    double   own_cores;
    double   machine_cores;
    double   softirq_cores;
    double   steal_cores;
    double   rss_per_viewer;   /* bytes */
};

/* Of viewers: "rtmp" and so on, "slow". */
const char *report_group_name(unsigned group);

struct summary report_summary(const struct outcome *);

/* Whether all went well; else a sentence in `why`. */
bool report_passed(const struct outcome *, char why[200]);

void report_print(const struct outcome *, FILE *);

/* Write the JSON document to `path`; "-" is standard output.  0 or ERR_SYSTEM. */
int report_write_json(const struct outcome *, const char *path);

#endif
