/* tally.h - why things failed, and how often; a zeroed one is empty. */
#ifndef MILLRACE_BENCH_TALLY_H
#define MILLRACE_BENCH_TALLY_H

#include <stdint.h>

enum {
    TALLY_ITEMS    = 16, /* the last one takes all that finds no place */
    TALLY_WHY_SIZE = 80,
};

struct tally {
    unsigned count;
    struct {
        uint64_t count;
        char     why[TALLY_WHY_SIZE];
    } items[TALLY_ITEMS];
};

void tally_add(struct tally *, const char *why, uint64_t count);
void tally_merge(struct tally *into, const struct tally *);

#endif
