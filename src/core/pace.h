/* pace.h - how long packets are gathered before they are sent, by how busy their worker is.
 *
 * Sending at once has the lowest latency and costs the most: a system call and a passage through
 * the kernel's network stack for each viewer and packet.  Gathering divides that.  So a worker that has
 * time sends at once, and one that has less and less gathers for longer and longer:
 *
 *     busy share   up to 10 %    in between       from 60 % on
 *     window       0             rises evenly     PACE_WINDOW_MAX_MS
 *
 * A wider window makes the worker less busy, which makes the window narrower.  The share is
 * smoothed over about a second, much longer than the window takes to have its effect, so that the
 * two settle where they meet, and neither swings.
 *
 * Where many connections have something to say all the time, as with hundreds of publishers, each
 * turn of the loop would be made for one or two of them: most of what it costs is to go to sleep and
 * to be woken.  Then half of the window is spent resting between two turns, for what comes
 * meanwhile to be read together.  Pure: the time is given. */
#ifndef MILLRACE_CORE_PACE_H
#define MILLRACE_CORE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_WINDOW_MAX_MS 20
#define PACE_REST_MAX_MS   10

/* Zeroed is the start. */
struct pace {
    bool     began;
    uint64_t at_ns;   /* when last looked at, and what had been counted by then */
    uint64_t busy_ns;
    uint64_t events;
    double   share;   /* of the time, 0 to 1; and how many events a second: smoothed */
    double   event_rate;
};

/* `busy_ns` is how much of the time up to `now_ns` was spent working, and `events` what there was to
 * be handled, since any fixed point.  To be called often; true if it was time to take a sample, and
 * the answers below may be others. */
bool pace_observe(struct pace *, uint64_t now_ns, uint64_t busy_ns, uint64_t events);

unsigned pace_busy_permille(const struct pace *);
unsigned pace_window_ms(const struct pace *);

/* How much of a window, this one or a fixed one, to rest between turns; the remainder is for
 * gathering what was read. */
unsigned pace_rest_ms(const struct pace *, unsigned window_ms);

#endif
