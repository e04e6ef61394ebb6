/* fanout.h - how the packets of an outlet reach its viewers' sockets.
 *
 * Viewers that stand at the same place need the same bytes: the iovec array (a run) is built
 * once for each place and wire form, and shared by the batch of sends that net/sender does in
 * one go.  One fanout a worker; it holds nothing between flushes but its memory, and nothing
 * here allocates. */
#ifndef MILLRACE_CORE_FANOUT_H
#define MILLRACE_CORE_FANOUT_H

#include "base/list.h"
#include "net/sender.h"

#include <stdint.h>

struct fanout;
struct outlet;
struct viewer;

/* On the thread that will use it: an io_uring belongs to one.  NULL if the backend is not to
 * be had. */
struct fanout *fanout_new(enum sender_backend);
void           fanout_free(struct fanout *);
const char    *fanout_backend_name(const struct fanout *);

/* Feed the steady viewers of an outlet all that has come.  Those whose sockets did not take it
 * all are BEHIND and blocked afterwards; those whose sockets failed are on *lost by their `turn`
 * link, with `lost` set. */
void fanout_flush(struct fanout *, struct outlet *, struct list *lost);

/* Feed one viewer that is BEHIND, its connection's own queue first, at most about `budget`
 * bytes.  Returns the bytes sent.  Afterwards it has no more to get (its cursor is at the end),
 * or is blocked, or has `lost` set, or the budget is used up. */
uint64_t fanout_feed(struct fanout *, struct viewer *, uint64_t budget);

#endif
