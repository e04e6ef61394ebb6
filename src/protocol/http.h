/* http.h - HTTP/1.0 and 1.1 on the server side: requests in, response heads out (RFC 9110, 9112).
 *
 * One parser serves one connection, request after request:
 *
 *     http_parser_feed() until http_parser_request() is not NULL
 *     http_parser_body() until http_parser_done()
 *     and again
 *
 * llhttp does the parsing.  What it or its older versions let pass is refused here first,
 * because two servers that read the same bytes differently let one smuggle requests past the
 * other: bare CR or LF, folded lines, control characters, a space before the colon, a second or
 * signed length, a length beside chunks, any transfer coding but "chunked", a missing or second
 * Host.  After an error the connection cannot be read further: send http_parser_status()'s
 * answer and close.
 *
 * A parser holds one request head and no body: memory is bounded by http_limits. */
#ifndef MILLRACE_PROTOCOL_HTTP_H
#define MILLRACE_PROTOCOL_HTTP_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum http_method {
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_OTHER, /* a registered method that Millrace has no use for: 405 */
};

struct http_limits {
    size_t head_size;    /* bytes of a request head in all; above it 431 */
    size_t target_size;  /* bytes of the request target; above it 414 */
    size_t header_count; /* above it 431 */
};

#define HTTP_LIMITS_DEFAULT                                                                  \
    ((struct http_limits){ .head_size = 8192, .target_size = 4096, .header_count = 64 })

struct http_header {
    const char *name;  /* as sent; compare without case */
    const char *value; /* trimmed; no control characters but tabs; 8-bit bytes need not be UTF-8 */
};

/* Texts end in a NUL and have none inside; all are borrowed from the parser. */
struct http_request {
    enum http_method method;
    const char  *method_name;
    int          minor;            /* of HTTP/1.minor: 0 or 1 */
    const char  *target;           /* as sent, 8-bit characters escaped */
    const char  *path;             /* decoded UTF-8, begins with "/"; "*" for OPTIONS * alone.
                                      No control characters, no "." or ".." segments */
    struct bytes query;            /* undecoded, without "?"; see url_query_get() */
    const char  *host;             /* with its port; of an absolute target, else of the header; "" if none */
    bool         keep_alive;       /* the client lets the connection be used again */
    bool         has_body;         /* body bytes or chunks follow */
    bool         chunked;
    bool         expect_continue;  /* waits for "100 Continue" before it sends its body */
    bool         http2;            /* came by protocol/http2_request.h; `minor` is 1 */
    bool         upgrade_websocket; /* Connection: upgrade and Upgrade: websocket; see websocket_check() */
    uint64_t     content_length;   /* 0 if chunked or without a body */
    const struct http_header *headers;
    size_t       header_count;
};

/* The value of the first header of that name (any case), or NULL. */
const char *http_request_header(const struct http_request *, const char *name);

/* Whether `token` (any case) is in a comma-separated list header, such as Connection, over all
 * headers of that name; what follows a ";" in an item is not looked at. */
bool http_request_has_token(const struct http_request *, const char *name, const char *token);

struct http_parser; /* opaque */

/* `limits` may be NULL for the default. */
struct http_parser *http_parser_new(const struct http_limits *limits);
void                http_parser_free(struct http_parser *); /* NULL is allowed */

/* Read a request head.  Returns the bytes consumed, at most up to the end of the head, whatever
 * they were: a head that is incomplete is kept in the parser.  ERR_PROTOCOL, ERR_TOO_BIG or
 * ERR_UNSUPPORTED, again on each later call; then see http_parser_status().  Not to be called
 * between a request and its done(). */
ssize_t http_parser_feed(struct http_parser *, struct bytes in);

/* The request whose head is complete, or NULL.  Valid up to the next feed() that takes a byte. */
const struct http_request *http_parser_request(const struct http_parser *);

/* Read a piece of the body.  Returns the bytes consumed and sets *piece to the body bytes among
 * them, borrowed from `in`; it may be empty (chunk framing).  Call while input is left and
 * not http_parser_done(); consumes nothing after the end of the message.  Errors as feed(). */
ssize_t http_parser_body(struct http_parser *, struct bytes in, struct bytes *piece);

/* Whether the request has been read to its end, body included. */
bool http_parser_done(const struct http_parser *);

/* Whether a byte of a request has come that is not complete yet: which timeout applies. */
bool http_parser_started(const struct http_parser *);

/* Whether the request is a HEAD, as far as it has come: its answer has no body, after an error too. */
bool http_parser_is_head(const struct http_parser *);

/* After an error: the status to answer with (400, 414, 417, 431, 501, 505), 0 before; and a
 * static phrase for the log and the body, "" before. */
int         http_parser_status(const struct http_parser *);
const char *http_parser_reason(const struct http_parser *);

/* Responses.  The writer's `overrun` tells if anything did not fit, or if a header's value has
 * a control character in it, which would let a peer write headers of its own. */
void http_response_start(struct writer *, int status); /* always HTTP/1.1 (RFC 9110, 2.5) */
void http_response_header(struct writer *, const char *name, const char *value);
void http_response_header_number(struct writer *, const char *name, uint64_t value);
void http_response_end(struct writer *);

/* "Not Found" for 404; "Unknown" for a status that Millrace never sends. */
const char *http_status_text(int status);

/* Seconds since 1970 as an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), and back;
 * the obsolete date forms are not read.  -1 if `text` is no such date. */
#define HTTP_DATE_SIZE 30
void    http_format_date(int64_t seconds, char out[HTTP_DATE_SIZE]);
int64_t http_parse_date(const char *text);

#endif
