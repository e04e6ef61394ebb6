/* session_meter.h - how a session is counted, and what others may know of it: see core/meter.h for
 * what is.
 *
 * All that a session's connection has carried belongs to the stream that the session publishes or
 * plays, what came before it did so included; what comes after it has left, as words of farewell, to
 * none, or to the next. */
#ifndef MILLRACE_CORE_SESSION_METER_H
#define MILLRACE_CORE_SESSION_METER_H

#include "core/meter.h"
#include "core/rate.h"

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct session;
struct viewer;

/* What a session is made of, as far as it is counted; what it has not is NULL.  Borrowed. */
struct session_parts {
    const struct conn   *conn;
    const struct viewer *viewer;     /* while it plays */
    uint64_t             in_packets; /* taken from the publisher, while it publishes */
};

/* Part of the session. */
struct session_meter {
    struct stream_meter *stream;   /* it is counted for; NULL: none */
    bool                 publishes;
    struct meter         counted;  /* what has been added to streams */
    struct meter         before;   /* packets of the streams before this one */
    struct rate          in, out;
    uint64_t             shared_bitrate; /* its part in that of the stream */
    /* As of the last tick: any thread may read these while the session is known to be there. */
    atomic_uint_fast64_t in_bytes, in_bitrate, out_bitrate;
};

/* On the session's worker, as all of these.  From here on it is counted for `stream`, which must be
 * there until it leaves: as who publishes, or as one who watches. */
void session_meter_join(struct session *, struct stream_meter *stream, bool publishes);

/* Before it leaves the stream: what it has taken and given until now is the stream's. */
void session_meter_leave(struct session *);

/* About once a second. */
void session_meter_tick(struct session *, uint64_t now_ms);

/* All that it has taken and given until now. */
void session_meter_read(const struct session *, struct meter *out);

#endif
