/* limit.h - the limits that end or refuse something, by the key of the configuration that sets
 * each.  Whoever finds one reached counts it and names it: limit_hit() in core/stats.h. */
#ifndef MILLRACE_CORE_LIMIT_H
#define MILLRACE_CORE_LIMIT_H

enum limit {
    LIMIT_CONNECTIONS,
    LIMIT_CONNECTIONS_PER_IP,
    LIMIT_STREAMS,
    LIMIT_VIEWERS_PER_STREAM,
    LIMIT_PUBLISH_BITRATE,
    LIMIT_MESSAGE_SIZE,
    LIMIT_CHUNK_STREAMS,
    LIMIT_HTTP_HEADER_SIZE,
    LIMIT_HTTP2_STREAMS,
    LIMIT_HTTP2_RESETS,
    LIMIT_HTTP2_CONTROL_FRAMES,
    LIMIT_HANDSHAKE,
    LIMIT_IDLE,
    LIMIT_RECORD_PLAYERS,
    LIMIT_COUNT,
};

/* Its key: "limits.connections". */
const char *limit_key(enum limit);

/* What to say when it is reached, with the key in it: to the peer and in the log. */
const char *limit_phrase(enum limit);

#endif
