/* flv_client.h - a viewer's half of HTTP-FLV and WebSocket-FLV.  No sockets: bytes in, bytes
 * out.  The response head goes through llhttp, which also undoes chunked transfer. */
#ifndef MILLRACE_BENCH_FLV_CLIENT_H
#define MILLRACE_BENCH_FLV_CLIENT_H

#include "bench/rtmp_client.h"
#include "bench/skim_flv.h"
#include "bench/skim_ws.h"

#include <llhttp.h>

enum {
    FLV_CLIENT_WHY_SIZE = 48,
};

struct flv_client {
    const struct target *target; /* borrowed */
    bool                 is_ws;
    bool                 started;  /* the response head has been read */
    bool                 upgraded; /* what follows are WebSocket frames */
    int                  error;
    llhttp_t             http;
    struct skim_flv      flv;
    struct skim_ws       ws;
    struct writer       *out;      /* these three only during a call */
    skim_fn             *fn;
    void                *arg;
    char                 why[FLV_CLIENT_WHY_SIZE];
};

/* Begin, with the request. */
void flv_client_init(struct flv_client *, const struct target *, struct writer *out);

/* As rtmp_client_read(); ERR_CLOSED when the server ends the stream in order. */
int flv_client_read(struct flv_client *, struct bytes in, struct writer *out, skim_fn *fn, void *arg);

#endif
