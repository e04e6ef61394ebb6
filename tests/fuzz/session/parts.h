/* parts.h - steps that a mutator puts into scripts: what clients say, one thing at a time. */
#ifndef MILLRACE_FUZZ_SESSION_PARTS_H
#define MILLRACE_FUZZ_SESSION_PARTS_H

#include "script.h"

struct part {
    enum step      what;
    const uint8_t *data;
    size_t         size;
};

extern const struct part parts[];
extern const size_t      part_count;

#endif
