/* rtmp_client.h - the client's half of an RTMP connection: simple handshake, connect, then play
 * or publish (RTMP 1.0, 5.2 and 7.2).  No sockets: bytes in, bytes out. */
#ifndef MILLRACE_BENCH_RTMP_CLIENT_H
#define MILLRACE_BENCH_RTMP_CLIENT_H

#include "bench/skim_rtmp.h"

struct target;

enum rtmp_client_state {
    RTMP_CLIENT_S1,         /* reading S0 and S1 */
    RTMP_CLIENT_S2,
    RTMP_CLIENT_CONNECTING, /* waiting for the answer to connect */
    RTMP_CLIENT_CREATING,   /* to createStream */
    RTMP_CLIENT_STARTING,   /* to play or publish; a viewer may get media already */
    RTMP_CLIENT_RUNNING,
};

enum {
    RTMP_CLIENT_WHY_SIZE   = 48,
    RTMP_CLIENT_CHUNK_SIZE = 60000, /* of a publisher: what ffmpeg announces */
    RTMP_CLIENT_OUT_SIZE   = 8192,  /* room that is enough for what one call writes */
};

struct rtmp_client {
    const struct target *target;    /* borrowed */
    uint8_t              state;     /* enum rtmp_client_state */
    bool                 publishes;
    uint16_t             handshake_got;
    uint32_t             msid;
    uint32_t             window_size; /* the server wants an acknowledgement so often; 0: never */
    uint32_t             received;    /* modulo 2^32, as acknowledgements are */
    uint32_t             acknowledged;
    uint8_t             *s1;        /* only in the handshake */
    char                 why[RTMP_CLIENT_WHY_SIZE];
    struct skim_rtmp     skim;
};

typedef void skim_fn(void *arg, const struct skim_message *);

/* Begin, with C0 and C1. */
void rtmp_client_init(struct rtmp_client *, const struct target *, bool publishes, struct writer *out);
void rtmp_client_clear(struct rtmp_client *);

/* Take all of `in`; answers are appended to `out`, audio, video and data messages go to `fn`.
 * 0, or an error with a phrase in `why`: the server breaks the protocol or says no. */
int rtmp_client_read(struct rtmp_client *, struct bytes in, struct writer *out, skim_fn *fn, void *arg);

#endif
