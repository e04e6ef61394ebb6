/* publisher.h - one publisher of the load generator: it sends a file over RTMP, in a loop, at the
 * file's own pace, with a stamp in each picture. */
#ifndef MILLRACE_BENCH_PUBLISHER_H
#define MILLRACE_BENCH_PUBLISHER_H

#include "bench/engine.h"
#include "bench/rtmp_client.h"

enum publisher_phase {
    PUBLISHER_IDLE,
    PUBLISHER_CONNECTING,
    PUBLISHER_ASKING, /* connected, not yet allowed to publish */
    PUBLISHER_LIVE,
    PUBLISHER_FAILED,
};

struct publisher {
    int                  fd;       /* -1 if closed */
    uint32_t             index;    /* in its engine */
    uint8_t              phase;    /* enum publisher_phase */
    const struct target *target;
    uint64_t             asked_us; /* when it connected */
    uint64_t             start_us; /* the time of timestamp 0 */
    uint64_t             loop_ms;  /* the timestamp at which this loop began */
    uint64_t             sequence; /* of the next stamp */
    uint32_t             next;     /* tag of the file */
    uint8_t             *backlog;  /* bytes the socket has not taken; nothing more is made until it has */
    size_t               backlog_size;
    size_t               backlog_at;
    struct rtmp_client   client;
};

void publisher_init(struct publisher *, const struct plan *, uint32_t index, uint32_t number);

/* Connect; failures are counted in the engine, here and below. */
void publisher_open(struct publisher *, struct engine *);

/* What epoll says, edge-triggered. */
void publisher_event(struct publisher *, struct engine *, uint32_t events);

/* Send what is due.  Returns when more will be, in microseconds of the monotonic clock;
 * UINT64_MAX if that depends on the server. */
uint64_t publisher_send(struct publisher *, struct engine *);

void publisher_close(struct publisher *);

#endif
