/* event_ring.h - the last events as Server-Sent Events have them, for all who listen and for those who
 * come back.
 *
 *     id: 17
 *     event: postPlay
 *     data: {...}
 *
 * Each is framed once and shared.  Ids count up, and go on doing so when the server is started anew,
 * as they begin at the time of day.  From any thread. */
#ifndef MILLRACE_SERVER_EVENT_RING_H
#define MILLRACE_SERVER_EVENT_RING_H

#include "base/bytes.h"
#include "core/events.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_ring;

/* Counted, and never changed. */
struct event_frame {
    atomic_uint     refs;
    uint64_t        id;
    enum event_type type;
    size_t          size;
    char            text[];
};

void event_frame_unref(struct event_frame *); /* NULL is allowed */

/* The first id for a server that begins at `wall_ms`: exact as a number in JavaScript. */
uint64_t event_ring_first_id(int64_t wall_ms);

/* Keeps up to `count_max` events, and `size_max` bytes; `has_ids` is false for a form without the line
 * of the id. */
struct event_ring *event_ring_new(size_t count_max, size_t size_max, uint64_t first_id, bool has_ids);
void               event_ring_free(struct event_ring *);

/* `body` is JSON on one line. */
void event_ring_add(struct event_ring *, enum event_type, struct bytes body);

/* The id of the newest, or of none that came before the first. */
uint64_t event_ring_last_id(struct event_ring *);

/* Whether who has had everything up to `id` misses nothing: what came since is all there. */
bool event_ring_can_resume(struct event_ring *, uint64_t id);

/* The next event after *id that is one of `types` (1u << enum event_type), with a reference for the
 * caller; *id is that of the last that was looked at.  NULL if there is none.  *missed is set if there
 * were some that are not kept any more. */
struct event_frame *event_ring_next(struct event_ring *, uint64_t *id, unsigned types, bool *missed);

#endif
