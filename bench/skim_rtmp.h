/* skim_rtmp.h - the chunk stream of an RTMP server, skimmed (RTMP 1.0, 5.3).
 *
 * Set Chunk Size and Abort are obeyed here and handed out like any other message.  A type 3
 * chunk is taken to repeat an extended timestamp, as 5.3.1.3 says. */
#ifndef MILLRACE_BENCH_SKIM_RTMP_H
#define MILLRACE_BENCH_SKIM_RTMP_H

#include "bench/skim.h"

#include <sys/types.h>

enum {
    SKIM_RTMP_STREAMS = 12, /* chunk streams a server may use; those we know of use six */
};

struct skim_rtmp_stream {
    uint32_t csid;
    uint32_t msid;
    uint32_t time_ms;
    uint32_t field;    /* the timestamp field: absolute in type 0, a delta in types 1 and 2 */
    uint32_t length;
    uint32_t taken;    /* bytes of the message so far */
    uint8_t  type;
    bool     extended;
    bool     open;     /* in a message */
    uint8_t  head[SKIM_HEAD_SIZE];
};

struct skim_rtmp {
    uint32_t chunk_size;
    uint32_t chunk_left;
    uint8_t  header[18];
    uint8_t  header_got;
    uint8_t  error;    /* negated enum error, sticky */
    uint8_t  count;
    uint8_t  current;  /* the stream of the chunk being read */
    bool     in_chunk;
    struct skim_rtmp_stream streams[SKIM_RTMP_STREAMS];
};

void skim_rtmp_init(struct skim_rtmp *);

/* Read up to the end of the first complete message.  Returns the bytes consumed, 0 only if `in`
 * is empty; ERR_PROTOCOL; ERR_TOO_BIG if the server uses more than SKIM_RTMP_STREAMS chunk
 * streams. */
ssize_t skim_rtmp_read(struct skim_rtmp *, struct bytes in, struct skim_message *out);

#endif
