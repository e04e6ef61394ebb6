/* skim_flv.h - an FLV stream, skimmed (FLV 10.1, annex E). */
#ifndef MILLRACE_BENCH_SKIM_FLV_H
#define MILLRACE_BENCH_SKIM_FLV_H

#include "bench/skim.h"

#include <sys/types.h>

/* Zeroed is the start of a stream. */
struct skim_flv {
    uint8_t  state;
    uint8_t  got;            /* bytes of the header being read, in `header` */
    uint8_t  error;          /* negated enum error, sticky */
    uint8_t  header[11];
    uint8_t  type;
    uint32_t time_ms;
    uint32_t size;           /* of the body, or of the rest of the file header */
    uint32_t taken;          /* of these */
    uint8_t  head[SKIM_HEAD_SIZE];
};

/* Read up to the end of the first complete tag.  Returns the bytes consumed, 0 only if `in` is
 * empty; ERR_PROTOCOL if it is no FLV or a PreviousTagSize does not agree. */
ssize_t skim_flv_read(struct skim_flv *, struct bytes in, struct skim_message *out);

#endif
