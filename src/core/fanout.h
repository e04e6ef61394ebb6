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

/* Feed the steady viewers of any number of outlets all that has come: queue each, send, settle
 * each, and nothing else in between, so that the viewers of many streams share a batch.  Those
 * whose sockets did not take it all are BEHIND and blocked after the send; those whose sockets
 * failed are to be taken one by one, with `lost` set.  Settled: when it was more than goes into
 * one send, whoever is not at the end is BEHIND. */
void fanout_queue(struct fanout *, struct outlet *);
void fanout_send(struct fanout *);
void fanout_settle(struct outlet *);
struct viewer *fanout_take_lost(struct fanout *); /* NULL when there are no more */

/* Feed one viewer that is BEHIND, its connection's own queue first, at most about `budget`
 * bytes.  Returns the bytes sent.  Afterwards it has no more to get (its cursor is at the end),
 * or is blocked, or has `lost` set, or the budget is used up. */
uint64_t fanout_feed(struct fanout *, struct viewer *, uint64_t budget);

#endif
