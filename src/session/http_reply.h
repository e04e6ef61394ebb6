/* http_reply.h - HTTP responses as all of Millrace gives them: never cached, with the CORS
 * headers of http.allow_origin, and an error's reason as its body. */
#ifndef MILLRACE_SESSION_HTTP_REPLY_H
#define MILLRACE_SESSION_HTTP_REPLY_H

#include "base/bytes.h"

#include <stdbool.h>

struct config;
struct conn;

struct http_reply {
    int         status;
    const char *content_type; /* NULL: no body */
    const char *text;         /* the body; NULL: none, or one of unknown length that follows */
    const char *allow;        /* Allow, for 405 and OPTIONS; may be NULL */
    const char *extra_name;   /* one more header; may be NULL */
    const char *extra_value;
    bool        keep_alive;
    bool        head_only;    /* to HEAD: the body's headers without the body */
};

/* Queue the head, and the text if there is one. */
void http_reply_send(struct conn *, const struct config *, const struct http_reply *);

/* The CORS headers, for responses built elsewhere. */
void http_reply_cors(struct writer *, const struct config *);

/* An error with its reason, as text. */
void http_reply_error(struct conn *, const struct config *, int status, const char *reason, bool keep_alive);

#endif
