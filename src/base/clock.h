/* clock.h - the two clocks.  A limit or a rate uses the monotonic one; only what people or
 * other machines read uses the wall clock. */
#ifndef MILLRACE_BASE_CLOCK_H
#define MILLRACE_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds or microseconds since some fixed point; never goes back. */
uint64_t clock_monotonic_ms(void);
uint64_t clock_monotonic_us(void);

/* Milliseconds since 1970-01-01 00:00 UTC. */
int64_t clock_wall_ms(void);

/* `wall_ms` as ISO 8601 with milliseconds and the local offset, as in
 * 2026-01-31T09:05:07.123+01:00.  `out` must hold 30 bytes. */
#define CLOCK_ISO_SIZE 30
void clock_format_iso(int64_t wall_ms, char *out);

#endif
