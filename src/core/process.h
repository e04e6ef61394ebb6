/* process.h - what the process costs the machine, as Linux says. */
#ifndef MILLRACE_CORE_PROCESS_H
#define MILLRACE_CORE_PROCESS_H

#include <stdint.h>

struct process_cost {
    uint64_t user_us, system_us;   /* CPU time of all threads, since the beginning */
    uint64_t resident_size;        /* bytes of memory */
    uint32_t descriptors;          /* open now */
    uint64_t descriptor_limit;
    unsigned cores;                /* that it may use */
};

/* What cannot be found out is 0.  Takes some microseconds, and no lock; not for a worker's thread. */
void process_read(struct process_cost *);

/* The bytes of memory that its control group allows; 0: no limit, or none that can be seen. */
uint64_t process_memory_limit(void);

/* The limit in the text of a memory.max (or memory.limit_in_bytes) file: 0 for none.  Pure. */
uint64_t process_parse_limit(const char *text);

#endif
