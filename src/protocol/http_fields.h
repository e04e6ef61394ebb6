/* http_fields.h - header fields with a meaning of their own: validators and the conditions on them
 * (RFC 9110, 8.8 and 13), and which codings a client takes (12.5.3). */
#ifndef MILLRACE_PROTOCOL_HTTP_FIELDS_H
#define MILLRACE_PROTOCOL_HTTP_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

struct http_request;

/* What a representation is known by. */
struct http_validators {
    const char *etag;       /* with its quotes; a strong one */
    int64_t     modified_s; /* seconds since 1970 */
};

/* What the conditions of a GET or HEAD come to, in their order of precedence (13.2.2):
 *   0    answer as if there were none
 *   304  the client has it
 *   412  it is not the one the client wants */
int http_check_conditions(const struct http_request *, const struct http_validators *);

/* Whether the request's Range is to be heeded: no If-Range, or one that names this very
 * representation (13.1.5). */
bool http_range_applies(const struct http_request *, const struct http_validators *);

/* Whether the client takes `coding`, such as "gzip", by name or by "*", and not at quality 0. */
bool http_accepts_coding(const struct http_request *, const char *coding);

#endif
