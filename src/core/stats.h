/* stats.h - what the server has counted since it began, beside what is counted of each stream
 * (core/meter.h).
 *
 * Relaxed atomics: any thread adds, any thread reads, nobody waits.  A reader sees each counter
 * whole, but not all of them at one moment. */
#ifndef MILLRACE_CORE_STATS_H
#define MILLRACE_CORE_STATS_H

#include "core/limit.h"

#include <stdatomic.h>
#include <stdint.h>

struct stats {
    atomic_uint_fast64_t connections;          /* open now */
    atomic_uint_fast64_t connections_accepted;
    atomic_uint_fast64_t connections_refused;  /* over a limit */
    atomic_uint_fast64_t proxy_waiting;        /* now, for their PROXY header */
    atomic_uint_fast64_t proxy_refused;        /* without a good one, from where it is required */
    atomic_uint_fast64_t sessions_failed;      /* ended for a fault of the peer */
    atomic_uint_fast64_t publishers_refused;   /* for whatever reason */
    atomic_uint_fast64_t viewers_refused;
    atomic_uint_fast64_t refused_by_address;   /* of those, and by which rule */
    atomic_uint_fast64_t refused_by_sign;
    atomic_uint_fast64_t refused_by_hook;
    atomic_uint_fast64_t limits_hit[LIMIT_COUNT]; /* refused or ended for a limit */
    atomic_uint_fast64_t record_players;       /* now: those who watch recordings */
    atomic_uint_fast64_t record_gaps;          /* times a recording lost packets */
    atomic_uint_fast64_t webhooks_queued;      /* now: requests that wait or are on their way */
    atomic_uint_fast64_t webhooks_sent;        /* answered as they should be */
    atomic_uint_fast64_t webhooks_failed;      /* attempts that were not */
    atomic_uint_fast64_t webhooks_retried;     /* attempts after the first */
    atomic_uint_fast64_t webhooks_dead;        /* notifications given up, or never queued */
};

static inline void stats_add(atomic_uint_fast64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

/* Count a limit that was hit; returns limit_phrase(), for the reason to give. */
static inline const char *limit_hit(struct stats *stats, enum limit limit)
{
    stats_add(&stats->limits_hit[limit], 1);
    return limit_phrase(limit);
}

static inline uint64_t stats_get(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
