/* stats.h - what the server has counted since it began.
 *
 * Relaxed atomics: any thread adds, any thread reads, nobody waits.  A reader sees each counter
 * whole, but not all of them at one moment. */
#ifndef MILLRACE_CORE_STATS_H
#define MILLRACE_CORE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

struct stats {
    atomic_uint_fast64_t connections;          /* open now */
    atomic_uint_fast64_t connections_accepted;
    atomic_uint_fast64_t connections_refused;  /* over a limit */
    atomic_uint_fast64_t sessions_failed;      /* ended for a fault of the peer */
    atomic_uint_fast64_t publishers_refused;
    atomic_uint_fast64_t viewer_skips;         /* slow viewers moved ahead */
    atomic_uint_fast64_t viewer_skipped_packets;
    atomic_uint_fast64_t viewer_stalls;        /* viewers closed because they took nothing */
    atomic_uint_fast64_t packets_dropped;      /* broken, or video before a first keyframe */
    atomic_uint_fast64_t record_gaps;          /* times a recording lost packets */
    atomic_uint_fast64_t bytes_in;
    atomic_uint_fast64_t bytes_out;
};

static inline void stats_add(atomic_uint_fast64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static inline uint64_t stats_get(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
