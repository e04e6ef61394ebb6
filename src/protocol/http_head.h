/* http_head.h - what a request head means, once it is known to be well formed.  For
 * http_parser.c alone; see http.h. */
#ifndef MILLRACE_PROTOCOL_HTTP_HEAD_H
#define MILLRACE_PROTOCOL_HTTP_HEAD_H

#include "protocol/http.h"

/* What `decoded` must hold beyond the size of the target. */
#define HTTP_HEAD_DECODED_EXTRA 4

/* From the method, the target, the headers and the content length of `request`, set the rest:
 * path, query, host, the kind of body, expectations and upgrades.  `path` and `host` may point
 * into `decoded`.  Returns 0, or the status to refuse the request with and sets *reason. */
int http_head_interpret(struct http_request *request, char *decoded, const char **reason);

#endif
