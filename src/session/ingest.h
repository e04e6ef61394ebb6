/* ingest.h - what publishing has in common, whatever protocol brings the packets: becoming the
 * publisher of a stream, making of a parsed message what viewers are to get, and the end.
 *
 * Embedded in the session; on the session's worker like all of it. */
#ifndef MILLRACE_SESSION_INGEST_H
#define MILLRACE_SESSION_INGEST_H

#include "core/bitrate.h"

#include <stdbool.h>
#include <stdint.h>

struct avpacket;
struct session;

struct ingest {
    struct session *session;
    bool            told;     /* observers know that it publishes */
    uint64_t        heard_ms; /* when the last packet came, or publishing began */
    uint64_t        packets;  /* taken from the publisher, and of those: */
    uint64_t        dropped;
    struct bitrate  bitrate;
};

/* Have the session publish the stream it was given by session_set_stream().  0; BROADCAST_PENDING
 * if another publisher leaves first (core/broadcast.h): from its on_published() the session calls
 * ingest_go_on(); or ERR_BUSY, ERR_TOO_BIG (too many streams), with a phrase in *why, logged and
 * counted: the session answers in the way of its protocol, and nothing is to be ended. */
int  ingest_begin(struct ingest *, struct session *, const char **why);
void ingest_go_on(struct ingest *);

/* Log and count a refusal for another reason. */
void ingest_refuse(struct session *, const char *why);

/* A packet as it was parsed: its type (AV_DATA or RTMP's 15 for data), size and body are set.
 * Takes the reference over.  What no viewer could use is dropped, not held against the publisher. */
void ingest_take(struct ingest *, struct avpacket *packet, uint32_t time_ms);

/* Whether nothing has come for publish.timeout_s: then the phrase to end with, told as a stall; else
 * NULL.  From the session's tick. */
const char *ingest_silence(struct ingest *, uint64_t now_ms);

/* Whether limits.publish_bitrate is exceeded: then the phrase to end with, counted; else NULL.
 * `bytes` is what the connection has received in all.  From the session's tick. */
const char *ingest_excess(struct ingest *, uint64_t bytes, uint64_t now_ms);

/* The session publishes no more, or does not wait to any more; the path is free for the next. */
void ingest_end(struct ingest *, const char *reason);

/* The part of ingest_take() that is pure: classify the packet and take off what was said to the
 * server alone.  False if nothing is left for viewers. */
bool ingest_prepare(struct avpacket *packet);

#endif
