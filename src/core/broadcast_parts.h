/* broadcast_parts.h - what the files of the broadcast share; nobody else includes it.
 *
 *     broadcast.c          the registry, the outlets, and a packet's way to them
 *     broadcast_publish.c  who publishes, who is next, who stands by */
#ifndef MILLRACE_CORE_BROADCAST_PARTS_H
#define MILLRACE_CORE_BROADCAST_PARTS_H

#include "core/broadcast.h"

#include <stddef.h>

void broadcast_ref(struct broadcast *);
void broadcast_unref(struct broadcast *);

/* With the lock: the stream, made if need be; NULL if there are too many. */
struct broadcast *broadcast_find_or_add(struct context *, const char *path);

/* With the lock: take a stream that nobody publishes or sees out of the registry. */
void broadcast_remove_if_unused(struct broadcast *);

/* With the lock, by the packets' owner: list the outlets anew, or forget them.  The first returns
 * how many of the targets, at their end, have not been given the cache yet. */
size_t broadcast_list_targets(struct broadcast *, struct worker *from);
void   broadcast_drop_targets(struct broadcast *, struct worker *from);

/* By the packets' owner: give outlets that have come since the last packet what is cached. */
void broadcast_welcome_outlets(struct broadcast *, struct worker *from);

/* By a new owner: what the outlets know of the publisher before is over. */
void broadcast_restart_outlets(struct broadcast *, struct worker *);

/* With the lock: all outlets hear that the stream is over. */
void broadcast_end(struct broadcast *, struct worker *from);

/* A packet of the session that is not on the air.  Takes the reference over. */
void broadcast_append_warm(struct broadcast *, struct session *, struct avpacket *, uint32_t time_ms);

#endif
