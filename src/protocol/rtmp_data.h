/* rtmp_data.h - what lies in data and aggregate messages (RTMP 1.0, 7.1.2, 7.1.6). */
#ifndef MILLRACE_PROTOCOL_RTMP_DATA_H
#define MILLRACE_PROTOCOL_RTMP_DATA_H

#include "base/bytes.h"
#include "protocol/rtmp_chunk.h"

#include <stdbool.h>
#include <stdint.h>

enum rtmp_data_kind {
    RTMP_DATA_OTHER,    /* cue points, text, anything else: passed on as it is */
    RTMP_DATA_METADATA, /* onMetaData follows */
    RTMP_DATA_CLEAR,    /* @clearDataFrame: what was set before is to be forgotten */
};

/* The part of a data message (type 18, or with `amf3` type 15) that a viewer is to get, borrowed
 * from `body`: without the AMF3 format byte, and without "@setDataFrame" (or "@clearDataFrame"),
 * which are words to the server.  Only the first strings are looked at; the values behind them
 * are not checked.  Never fails: what is not understood is RTMP_DATA_OTHER. */
struct bytes rtmp_data_strip(struct bytes body, bool amf3, enum rtmp_data_kind *kind);

/* A walk over an aggregate message.  Plain data; `in` borrows the aggregate's body. */
struct rtmp_aggregate {
    struct reader in;
    uint32_t csid, msid;
    uint32_t time_ms;       /* of the aggregate */
    uint32_t first_time_ms; /* of its first message, in the sender's own reckoning */
    bool     started;
};

struct rtmp_aggregate rtmp_aggregate_over(const struct rtmp_message *aggregate);

/* The next message in it: 1, with *out set as rtmp_chunk_read() would and out->packet the
 * caller's; 0 at the end; ERR_PROTOCOL if it is cut short or holds what is neither audio, video
 * nor data (an aggregate within an aggregate too); ERR_OUT_OF_MEMORY.  The aggregate's stream id
 * stands for all, and times count from its own. */
int rtmp_aggregate_next(struct rtmp_aggregate *, struct rtmp_message *out);

#endif
