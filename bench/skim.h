/* skim.h - what a viewer of the load generator sees of a message: its frame and its first bytes.
 *
 * A skimmer follows a protocol from message to message and lets the payload pass.  Input may be
 * cut anywhere; nothing is allocated, and only the first bytes of a message are kept. */
#ifndef MILLRACE_BENCH_SKIM_H
#define MILLRACE_BENCH_SKIM_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SKIM_HEAD_SIZE = 128, /* enough for a stamp (sei.h) and for an RTMP status code */
};

struct skim_message {
    bool         complete; /* else nothing below is set */
    uint8_t      type;     /* RTMP message type, or FLV tag type */
    uint32_t     msid;     /* RTMP only */
    uint32_t     time_ms;
    uint32_t     size;     /* of the body */
    struct bytes head;     /* its first SKIM_HEAD_SIZE bytes at most; valid until the next call */
};

/* Whether this is a video or audio frame: no sequence header, no end of sequence, no metadata. */
bool skim_is_frame(const struct skim_message *);

#endif
