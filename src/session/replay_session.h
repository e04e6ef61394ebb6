/* replay_session.h - one who watches what was recorded of a stream, as FLV over HTTP or WebSocket.
 *
 * A viewer to itself: it has no part in the live stream, and reads its own files (core/record_source.h),
 * as fast as it takes them or as time passes.  At the pace of time a little more is sent at the start, and a
 * gap of more than REPLAY_GAP_MAX_MS is not waited for.  An answer begins when the place was found, so its
 * status tells the truth. */
#ifndef MILLRACE_SESSION_REPLAY_SESSION_H
#define MILLRACE_SESSION_REPLAY_SESSION_H

#include <stdbool.h>

struct conn;
struct http_request;
struct session;
struct session_stream;

enum {
    REPLAY_LEAD_MS    = 2000,
    REPLAY_GAP_MAX_MS = 10 * 1000,
};

/* Take over the connection of `before`, whose request asks for recordings of `stream`, with a period in its
 * query; the caller then closes `before`.  `request` is borrowed for the call; if it upgrades to
 * WebSocket it has passed websocket_check(). */
void replay_session_start(struct session *before, struct conn *, const struct http_request *,
                          const struct session_stream *);

#endif
