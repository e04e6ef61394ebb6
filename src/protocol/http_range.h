/* http_range.h - the Range header (RFC 9110, 14.1 and 14.2). */
#ifndef MILLRACE_PROTOCOL_HTTP_RANGE_H
#define MILLRACE_PROTOCOL_HTTP_RANGE_H

#include <stdint.h>

enum http_range_kind {
    HTTP_RANGE_WHOLE,         /* 200: nothing, or nothing that has to be heeded, is asked for */
    HTTP_RANGE_PART,          /* 206 */
    HTTP_RANGE_UNSATISFIABLE, /* 416 */
};

/* Bytes first to last, both included; first <= last < size. */
struct http_range {
    uint64_t first;
    uint64_t last;
};

/* What `value` asks of a representation of `size` bytes; *out is set for a PART alone.  NULL,
 * another unit, malformed ranges and several ranges are a WHOLE: the server may ignore the header,
 * and answers in several parts are what clients handle worst. */
enum http_range_kind http_range_read(const char *value, uint64_t size, struct http_range *out);

#endif
