/* http_reply.h - HTTP responses as all of Millrace gives them: with the date, the CORS headers of
 * http.allow_origin, and an error's reason as its body. */
#ifndef MILLRACE_SESSION_HTTP_REPLY_H
#define MILLRACE_SESSION_HTTP_REPLY_H

#include "base/bytes.h"

#include <stdbool.h>

struct config;
struct conn;

enum { HTTP_REPLY_EXTRA_MAX = 12 };

/* All borrowed for the call. */
struct http_reply {
    int         status;
    const char *content_type;  /* NULL: no body */
    const char *text;          /* the body; NULL: none, or one that the caller sends after the head */
    const char *cache_control; /* NULL: not to be kept by any cache */
    const char *allow;         /* Allow, for 405 and OPTIONS; may be NULL */
    struct {
        const char *name; /* NULL ends the list */
        const char *value;
    } extra[HTTP_REPLY_EXTRA_MAX]; /* more headers; Content-Length, when the caller sends the body */
    bool        keep_alive;
    bool        head_only;     /* to HEAD: the body's headers without the body */
    bool        is_api;        /* the web origin that may read it is api.allow_origin */
};

/* Queue the head, and the text if there is one: over HTTP/1, or on a stream of HTTP/2. */
void http_reply_send(struct conn *, const struct config *, const struct http_reply *);

/* A head as HTTP/1 has it, which was built elsewhere. */
void http_reply_head(struct conn *, struct bytes head);

/* The CORS headers of http.allow_origin, for responses built elsewhere. */
void http_reply_cors(struct writer *, const struct config *);

enum http_reply_flag {
    HTTP_REPLY_KEEP_ALIVE = 1 << 0,
    HTTP_REPLY_HEAD_ONLY  = 1 << 1,
    HTTP_REPLY_API        = 1 << 2, /* as http_reply.is_api */
};

/* An error with its reason, as text. */
void http_reply_error(struct conn *, const struct config *, int status, const char *reason, unsigned flags);

#endif
