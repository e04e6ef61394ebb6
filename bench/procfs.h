/* procfs.h - what processes and the machine use, as /proc tells it. */
#ifndef MILLRACE_BENCH_PROCFS_H
#define MILLRACE_BENCH_PROCFS_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
    double   user_s;   /* CPU time of all threads, also those that have ended */
    double   system_s;
    uint64_t rss_bytes;
};

/* The sum over `pids`.  0; ERR_NOT_FOUND if one of them is no process. */
int procfs_read_usage(const pid_t *pids, unsigned count, struct usage *out);

/* Of all CPUs together. */
struct machine_usage {
    double   busy_s;             /* softirq included */
    double   softirq_s;          /* charged to the process it interrupts as well, unless the kernel
                                    has CONFIG_IRQ_TIME_ACCOUNTING: then to none */
    double   steal_s;            /* wanted, but taken by the hypervisor */
    uint64_t tcp_memory_bytes;   /* socket buffers */
};

/* Zeros for what cannot be read. */
void procfs_read_machine(struct machine_usage *out);

#endif
