/* http_peer.h - what the files of the HTTP server share; nobody else includes it.
 *
 *     http_server.c   the connection: reading requests one after the other, time limits, the end
 *     http2_server.c  the same for the one request on a stream of HTTP/2
 *     http_routes.c   which request goes where
 *     api.c           the API, as server/api_peer.h has it
 *     static_files.c  files below static.root
 *     file_answer.c   a file as an answer, whoever asks for it
 *     pages.c         our own pages */
#ifndef MILLRACE_SERVER_HTTP_PEER_H
#define MILLRACE_SERVER_HTTP_PEER_H

#include "core/session.h"
#include "protocol/http.h"
#include "session/http_reply.h"

#include <stdbool.h>
#include <stdint.h>

/* An answer that takes more than one turn; embedded by who makes it.  No further request is read
 * from the connection until it is complete. */
struct http_answer {
    /* The connection takes bytes again, after conn_want_write(). */
    void (*on_writable)(struct http_answer *);
    /* The session ends before its answer is complete: the last call, neither the session nor the
     * connection may be touched any more. */
    void (*on_cancel)(struct http_answer *);
    /* After http_read_body(): a piece of the request's body, maybe empty, and whether it is the last.
     * NULL: nobody wants the body. */
    void (*on_body)(struct http_answer *, struct bytes in, bool complete);
    bool endless; /* it ends with the server: nothing of it is waited for then */
    bool idle;    /* the client has all of it that there is: it is not slow to take the rest */
};

/* One connection while it speaks HTTP/1, or one stream of HTTP/2. */
struct http_session {
    struct session      base;
    struct conn        *conn;       /* NULL once handed on or finished */
    struct http_parser *parser;     /* NULL once handed on, and for HTTP/2 */
    struct http_answer *pending;    /* NULL: none */
    uint64_t            since_ms;   /* of waiting for a request, or for the client to take its answer */
    uint64_t            taken;      /* bytes that the client had taken then */
    uint64_t            unwanted;   /* body bytes dropped of this request */
    bool                answered;   /* this request, or it is about to be: see `pending` */
    bool                asking;     /* may it have the stream?  nothing is read meanwhile */
    bool                keep_alive;
    bool                head_only;  /* the request is a HEAD */
    bool                is_api;     /* it is for the API, whose web origin is another (api.allow_origin) */
    bool                body_waits; /* of a pending answer: the body stays where it is for now */
};

/* The request whose head is complete. */
const struct http_request *http_request_of(const struct http_session *);

/* If the request is answered and read to its end: wait for the next, or end. */
void http_go_on(struct http_session *);

/* As the session's: time limits, and the end. */
extern const struct session_ops http_session_ops;

/* Serve the request whose head is complete. */
void http_route(struct http_session *, const struct http_request *);

/* Answer the request; keep_alive and head_only are set here. */
void http_answer(struct http_session *, struct http_reply *);
void http_answer_error(struct http_session *, int status, const char *reason);

/* The answer will be given later: by http_answer() and maybe more bytes, then http_complete(). */
void http_defer(struct http_session *, struct http_answer *);
void http_complete(struct http_session *);

/* Meanwhile the pending answer wants the request's body; http_session.body_waits is over. */
void http_read_body(struct http_session *);

#endif
