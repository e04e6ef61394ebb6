/* meter.h - what sessions and streams are counted by.
 *
 *     bytes    of a session's connection, both ways, from its first byte on, as the session's protocol
 *              has them: with handshakes, heads, commands and frame headers; within TLS, and within the
 *              DATA frames of its stream on HTTP/2, whose heads are no DATA.  Out is what the socket
 *              has taken.  Of a recording: its packets as FLV tags.
 *     packets  messages of audio, video and data (tags of FLV), whole: in when they were read, also
 *              those that are dropped then; out when their last byte was taken.
 *
 * A session counts in plain numbers of its worker's.  About once a second, and when it leaves its
 * stream, what has come since is added to the stream's counts (core/session_meter.h).  So a stream
 * has, to the byte, what those who publish it have sent and those who watch it have taken, also when
 * they are gone; and the streams together, with those that are over, are the server's. */
#ifndef MILLRACE_CORE_METER_H
#define MILLRACE_CORE_METER_H

#include <stdatomic.h>
#include <stdint.h>

struct meter {
    uint64_t in_bytes, out_bytes;
    uint64_t in_packets, out_packets;
};

/* What is counted of a stream; each only grows. */
enum stream_count {
    STREAM_IN_BYTES,         /* from all who publish it, one that stands by included */
    STREAM_IN_PACKETS,
    STREAM_OUT_BYTES,        /* to viewers; recordings are none */
    STREAM_OUT_PACKETS,
    STREAM_DROPPED_BROKEN,   /* packets that no viewer could use */
    STREAM_DROPPED_EARLY,    /* video before a publisher's first keyframe */
    STREAM_SKIPS_LAG_MS,     /* viewers moved ahead, by the limit they had passed */
    STREAM_SKIPS_LAG_BYTES,
    STREAM_SKIPPED_PACKETS,
    STREAM_STALLS,           /* viewers ended because they took nothing */
    STREAM_JUMPS,            /* repairs: core/timeline.h */
    STREAM_DISORDERS,
    STREAM_DRIFTS,
    STREAM_TAKEOVERS,        /* a publisher made room for another */
    STREAM_SWITCHES,         /* between the main publisher and its backup */
    STREAM_COUNTS
};

enum { METER_VIEWER_KINDS = 4 };

/* Any thread adds and reads; nobody waits.  Part of its broadcast. */
struct stream_meter {
    atomic_uint_fast64_t counts[STREAM_COUNTS];
    atomic_uint_fast32_t viewers[METER_VIEWER_KINDS]; /* now, by enum wire_form; the last: recordings */
    atomic_uint_fast64_t in_bitrate, out_bitrate;     /* now, of those who publish and of viewers */
};

#define METER_RECORDINGS (METER_VIEWER_KINDS - 1)

static inline void meter_add(struct stream_meter *m, enum stream_count count, uint64_t amount)
{
    if (amount > 0)
        atomic_fetch_add_explicit(&m->counts[count], amount, memory_order_relaxed);
}

static inline uint64_t meter_get(const struct stream_meter *m, enum stream_count count)
{
    return atomic_load_explicit(&m->counts[count], memory_order_relaxed);
}

static inline void meter_count_viewer(struct stream_meter *m, unsigned kind, int change)
{
    atomic_fetch_add_explicit(&m->viewers[kind], (uint_fast32_t)change, memory_order_relaxed);
}

/* A counter that one thread alone changes: others may read it, and it costs no more than a plain one. */
static inline void meter_bump(atomic_uint_fast64_t *counter, uint64_t amount)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + amount, memory_order_relaxed);
}

static inline void meter_set(atomic_uint_fast64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

#endif
