/* pace.h - how long packets are gathered before they are sent, by how busy their worker is.
 *
 * Sending at once has the lowest latency and costs the most: a system call and a passage through
 * the kernel's network stack for each viewer and packet.  Gathering divides that.  So a worker that has
 * time sends at once, and one that has less and less gathers for longer and longer:
 *
 *     busy share   up to 30 %    in between       from 80 % on
 *     window       0             rises evenly     PACE_WINDOW_MAX_MS
 *
 * A wider window makes the worker less busy, which makes the window narrower.  The share is
 * smoothed over about a second, much longer than the window takes to have its effect, so that the
 * two settle where they meet, and neither swings.  Pure: the time is given. */
#ifndef MILLRACE_CORE_PACE_H
#define MILLRACE_CORE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_WINDOW_MAX_MS 20

/* Zeroed is the start. */
struct pace {
    bool     began;
    uint64_t at_ns;   /* when last looked at, and how long it had been busy by then */
    uint64_t busy_ns;
    double   share;   /* 0 to 1, smoothed */
};

/* `busy_ns` is how much of the time up to `now_ns` was spent working since any fixed point.  To be
 * called often; true if it was time to take a sample, and the answers below may be others. */
bool pace_observe(struct pace *, uint64_t now_ns, uint64_t busy_ns);

unsigned pace_busy_permille(const struct pace *);
unsigned pace_window_ms(const struct pace *);

#endif
