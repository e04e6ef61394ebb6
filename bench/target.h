/* target.h - where the streams are: one URL for each, made from a template in which {} stands
 * for the number of the stream. */
#ifndef MILLRACE_BENCH_TARGET_H
#define MILLRACE_BENCH_TARGET_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The second three are the first over TLS. */
enum protocol { PROTOCOL_RTMP, PROTOCOL_FLV, PROTOCOL_WS, PROTOCOL_RTMPS, PROTOCOL_HTTPS, PROTOCOL_WSS };

enum {
    PROTOCOL_COUNT  = 6,
    TARGET_WHY_SIZE = 200,
};

/* One stream over one protocol. */
struct target {
    enum protocol           protocol;
    uint32_t                stream;
    struct sockaddr_storage address;
    socklen_t               address_size;
    bool                    is_loopback4; /* 127.0.0.0/8: other source addresses will do */
    char                   *host;         /* host[:port], as a Host header has it */
    char                   *app;          /* RTMP: all of the path but its last part */
    char                   *name;         /* RTMP: the last part, its query included */
    char                   *path;         /* HTTP: path and query, as the request line has it */
    char                   *tc_url;       /* RTMP: scheme, host and app */
};

/* "rtmp", "flv", "ws", "rtmps", "https", "wss". */
const char *protocol_name(enum protocol);

static inline bool protocol_is_secure(enum protocol protocol)
{
    return protocol >= PROTOCOL_RTMPS;
}

/* The same without TLS. */
static inline enum protocol protocol_inside(enum protocol protocol)
{
    return protocol_is_secure(protocol) ? protocol - PROTOCOL_RTMPS : protocol;
}

/* Make targets[0..count-1] for streams 0 to count - 1 of `url`; resolves its host once.  0, or
 * ERR_INVALID with a sentence in `why`: no URL, a scheme of another protocol, several streams but
 * no {}, an unknown host, or one that is not this machine without `allow_remote`. */
int target_make(enum protocol, const char *url, uint32_t count, bool allow_remote, struct target *targets,
                char why[TARGET_WHY_SIZE]);

void target_clear(struct target *);

#endif
