/* http2_request.h - one request as HTTP/2 brings it, field by field (RFC 9113, 8.3), made into the
 * struct http_request that all of HTTP is served by.
 *
 * HPACK and the frames are somebody else's: this is about what the fields say.  The same limits hold
 * as for HTTP/1, and the same checks: a field counts with its 32 bytes of overhead (RFC 9113,
 * 10.5.1).  A WebSocket (RFC 8441) looks like the GET that opens one over HTTP/1. */
#ifndef MILLRACE_PROTOCOL_HTTP2_REQUEST_H
#define MILLRACE_PROTOCOL_HTTP2_REQUEST_H

#include "protocol/http.h"

struct http2_request; /* opaque */

/* `limits` may be NULL for the default. */
struct http2_request *http2_request_new(const struct http_limits *limits);
void                  http2_request_free(struct http2_request *); /* NULL is allowed */

/* The next field, copied.  What is wrong with it is kept for http2_request_end(), but for too much:
 * ERR_TOO_BIG when twice the limits are passed, and the peer is not worth an answer. */
int http2_request_add(struct http2_request *, struct bytes name, struct bytes value);

/* The fields are complete; `has_body`: a body follows.  0; or the status to refuse the request with
 * (400, 414, 417, 431 or 501), and *reason is a static phrase. */
int http2_request_end(struct http2_request *, bool has_body, const char **reason);

/* Borrowed.  After a refusal it has a method, a path and no headers. */
const struct http_request *http2_request_get(const struct http2_request *);

#endif
