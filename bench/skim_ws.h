/* skim_ws.h - the frames of a WebSocket server, as its client reads them (RFC 6455, 5.2). */
#ifndef MILLRACE_BENCH_SKIM_WS_H
#define MILLRACE_BENCH_SKIM_WS_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    SKIM_WS_CONTROL_MAX = 125,
};

/* Zeroed is the start of a connection. */
struct skim_ws {
    uint8_t  header[10];
    uint8_t  got;         /* bytes in `header` */
    uint8_t  control_size;
    bool     in_payload;
    uint64_t left;        /* payload bytes of the frame still to come */
    uint8_t  control[SKIM_WS_CONTROL_MAX];
};

struct skim_ws_event {
    uint8_t      opcode; /* 0: nothing yet; 2: a piece of binary data, continued frames too; 8, 9, 10:
                          * a whole control frame */
    struct bytes data;   /* in `in`, or in the skimmer until the next call */
};

/* Read up to the first event.  Returns the bytes consumed, 0 only if `in` is empty; ERR_PROTOCOL
 * for a masked frame, reserved bits, or a control frame that is too long; ERR_UNSUPPORTED for
 * text. */
ssize_t skim_ws_read(struct skim_ws *, struct bytes in, struct skim_ws_event *out);

/* A control frame as a client sends it: masked, with a mask of zeros (5.3 wants it unpredictable
 * against caches that misread it; to a server under test it makes no difference). */
void skim_ws_write_control(struct writer *, uint8_t opcode, struct bytes payload);

#endif
