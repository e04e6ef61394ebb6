#include "core/limit.h"

static const struct {
    const char *key;
    const char *phrase;
} limits[LIMIT_COUNT] = {
    [LIMIT_CONNECTIONS]        = { "limits.connections", "limits.connections is reached" },
    [LIMIT_CONNECTIONS_PER_IP] = { "limits.connections_per_ip", "limits.connections_per_ip is reached" },
    [LIMIT_STREAMS]            = { "limits.streams", "too many streams: limits.streams is reached" },
    [LIMIT_VIEWERS_PER_STREAM] = { "limits.viewers_per_stream",
                                   "too many viewers: limits.viewers_per_stream is reached" },
    [LIMIT_PUBLISH_BITRATE]    = { "limits.publish_bitrate",
                                   "too much data for too long: limits.publish_bitrate is exceeded" },
    [LIMIT_MESSAGE_SIZE]       = { "limits.message_size",
                                   "a message is too large: limits.message_size is exceeded" },
    [LIMIT_CHUNK_STREAMS]      = { "limits.chunk_streams",
                                   "too many chunk streams: limits.chunk_streams is exceeded" },
    [LIMIT_HTTP_HEADER_SIZE]   = { "limits.http_header_size",
                                   "the request is too large: limits.http_header_size is exceeded" },
    [LIMIT_HTTP2_STREAMS]      = { "http2.streams", "too many requests at a time: http2.streams is reached" },
    [LIMIT_HTTP2_RESETS]       = { "http2.resets", "too many requests broken off: http2.resets is exceeded" },
    [LIMIT_HTTP2_CONTROL_FRAMES] = { "http2.control_frames",
                                     "too many frames for nothing: http2.control_frames is exceeded" },
    [LIMIT_HANDSHAKE]          = { "limits.handshake_s",
                                   "no handshake or request came in time: limits.handshake_s is over" },
    [LIMIT_IDLE]               = { "limits.idle_s", "idle: limits.idle_s is over" },
    [LIMIT_RECORD_PLAYERS]     = { "record.players",
                                   "too many recordings are played: record.players is reached" },
};

const char *limit_key(enum limit limit)
{
    return limits[limit].key;
}

const char *limit_phrase(enum limit limit)
{
    return limits[limit].phrase;
}
