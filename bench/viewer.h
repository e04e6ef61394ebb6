/* viewer.h - one viewer of the load generator: a socket, a client's half of a protocol, and the
 * watch over what comes.  About 2 KB without TLS; what it reads goes through its engine's one buffer. */
#ifndef MILLRACE_BENCH_VIEWER_H
#define MILLRACE_BENCH_VIEWER_H

#include "bench/engine.h"
#include "bench/flv_client.h"
#include "bench/rtmp_client.h"
#include "bench/secure.h"

enum viewer_phase {
    VIEWER_IDLE,
    VIEWER_CONNECTING,
    VIEWER_JOINING,  /* connected, no frame yet */
    VIEWER_WATCHING,
    VIEWER_FAILED,
    VIEWER_CUT_OFF,  /* a slow one that the server has closed */
};

struct viewer {
    int                  fd;    /* -1 if closed */
    uint32_t             index; /* in its engine */
    uint8_t              phase; /* enum viewer_phase */
    uint8_t              group; /* enum group */
    bool                 slow;
    uint8_t              source; /* last byte of the source address, less one */
    const struct target *target;
    struct secure       *tls;    /* NULL without */
    struct track         track;
    union {
        struct rtmp_client rtmp;
        struct flv_client  flv;
    } client;
};

/* Who the viewer is, by its number among all engines' viewers. */
void viewer_assign(struct viewer *, const struct plan *, uint32_t index, uint32_t number);

/* Connect; failures are counted in the engine, here and below. */
void viewer_open(struct viewer *, struct engine *);

/* What epoll says; edge-triggered, so this reads all there is. */
void viewer_event(struct viewer *, struct engine *, uint32_t events);

/* A slow viewer reads at most `size` bytes. */
void viewer_read_slowly(struct viewer *, struct engine *, size_t size);

/* Fails if the viewer has been waiting for its first frame for too long. */
void viewer_check_timeout(struct viewer *, struct engine *);

/* Leave, without a word. */
void viewer_leave(struct viewer *, struct engine *);

#endif
