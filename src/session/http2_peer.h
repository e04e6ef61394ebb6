/* http2_peer.h - what the files of HTTP/2 share; nobody else includes it.
 *
 *     http2_connection.c  the session: reading, time limits, the end
 *     http2_frames.c      what comes, as nghttp2 tells it
 *     http2_output.c      what goes: frames to the socket
 *     http2_stream.c      a stream as a connection
 *     http2_flood.c       what a peer may cost
 *
 * nghttp2 may not be asked to read or send while it does so.  `busy` says that it does: then whoever
 * wants to send waits, as for a socket that is full, and is called when the reading is done. */
#ifndef MILLRACE_SESSION_HTTP2_PEER_H
#define MILLRACE_SESSION_HTTP2_PEER_H

#include "core/config.h"
#include "core/limit.h"
#include "core/session.h"
#include "core/worker.h"
#include "net/conn_inner.h"
#include "protocol/http2_request.h"
#include "session/http2_connection.h"
#include "session/http2_flood.h"

#include <nghttp2/nghttp2.h>

/* What a peer may send on a stream before its owner has taken it: less than LOOP_SCRATCH_SIZE. */
#define HTTP2_STREAM_WINDOW     (192 * 1024)
#define HTTP2_CONNECTION_WINDOW (1024 * 1024)

#define HTTP2_FRAME_HEAD_SIZE 9 /* RFC 9113, 4.1 */

/* A DATA frame with its header fills a TLS record. */
#define HTTP2_DATA_MAX (16384 - HTTP2_FRAME_HEAD_SIZE)

struct http2_batch;

struct http2_connection {
    struct session     base;
    struct conn       *conn;          /* NULL once finished */
    nghttp2_session   *session;
    http2_request_fn  *on_request;
    struct list        streams;       /* struct http2_stream, that nghttp2 knows */
    struct list        waiting;       /* those that want to send, longest not served first */
    struct http2_batch *batch;        /* while frames are made */
    struct http2_flood flood;
    uint64_t           turns;         /* of sending, to know who is served when */
    uint64_t           since_ms;      /* when there was last a stream, or the beginning */
    uint64_t           head_since_ms; /* of a request head that is not complete; 0: none */
    const char        *why;           /* it is to be ended for */
    bool               busy;
    bool               greeted;       /* the peer's SETTINGS have come */
    bool               stopping;
};

struct http2_stream {
    struct list              link, wait;
    struct http2_connection *connection; /* NULL once it is gone */
    struct conn             *conn;       /* NULL once its owner let go */
    struct http2_request    *request;
    int32_t                  id;
    int                      refusal;    /* http2_stream_refusal() */
    const char              *refusal_reason;
    bool                     open;       /* nghttp2 knows it */
    bool                     has_conn;   /* the conn's memory is there */
    bool                     answered;   /* a final head is submitted */
    bool                     at_end;     /* nothing more comes to be sent */
    bool                     reset;      /* by us, for a reason of our own */
    uint64_t                 let_go_ms;  /* when the owner did */
    uint64_t                 turn;       /* connection's, when it was last served */
    const struct iovec      *iov;        /* what is offered now, and where in it we are */
    unsigned                 iov_count;
    size_t                   iov_offset, iov_left;
};

/* http2_connection.c */

/* End the connection at the end of the turn; `why` is static. */
void http2_connection_end(struct http2_connection *, const char *why);

/* A limit is passed: say so to the peer, and end it. */
void http2_connection_refuse(struct http2_connection *, enum limit);

static inline const struct config *http2_config(const struct http2_connection *h)
{
    return h->base.worker->config;
}

static inline uint64_t http2_now_ms(const struct http2_connection *h)
{
    return loop_now_ms(&h->base.worker->loop);
}

/* http2_frames.c */

void http2_frames_set_callbacks(nghttp2_session_callbacks *);

/* http2_output.c */

void http2_output_set_callbacks(nghttp2_session_callbacks *);

/* For nghttp2_submit_response(): the bytes that http2_stream.c offers. */
nghttp2_data_provider http2_output_provider(struct http2_stream *);

/* Have nghttp2 make frames of what it has, as long as there is room; nothing while busy. */
void http2_output_run(struct http2_connection *);

/* Whether the socket takes bytes now; if not, the streams are woken when it does. */
bool http2_output_has_room(struct http2_connection *);

/* http2_stream.c */

struct http2_stream *http2_stream_new(struct http2_connection *, int32_t id);

/* nghttp2 or the connection has let go of it; `why` it ended is static. */
void http2_stream_detach(struct http2_stream *, const char *why);

/* Call those that wait and can send. */
void http2_stream_wake_all(struct http2_connection *);

#endif
