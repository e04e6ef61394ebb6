/* url.h - what a URL says: percent-decoding, queries, and the name of a stream.
 *
 * A stream is /app/name.  Both parts become folder and file names, log text and page text, so
 * each is held to a safe alphabet after decoding:
 *
 *   letters, digits, - . _ ~ + = @ , and any UTF-8 character above U+009F that is visible;
 *   1 to URL_APP_MAX or URL_NAME_MAX bytes; no dot at the front, hence no "." or "..".
 *
 * An app is one segment: "live/inst" (an RTMP application instance) is refused, because its
 * streams could not be told from streams with a slash in their name.
 *
 * All functions are pure; texts that go in are borrowed. */
#ifndef MILLRACE_PROTOCOL_URL_H
#define MILLRACE_PROTOCOL_URL_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    URL_APP_MAX   = 128, /* bytes, without an end mark */
    URL_NAME_MAX  = 256,
    URL_PATH_SIZE = 1 + URL_APP_MAX + 1 + URL_NAME_MAX + 1, /* with its end mark */
};

/* Decode %XX (RFC 3986, 2.1) into `out`, which gets an end mark.  Returns the bytes written
 * without it; ERR_PROTOCOL on a broken escape or a NUL, plain or escaped; ERR_TOO_BIG if
 * `size` is not enough.  `out` holds an empty string after an error. */
ssize_t url_decode(struct bytes in, char *out, size_t size);

/* Split the first name=value off *query, undecoded; empty items are skipped.  A name without
 * "=" has an empty value.  false at the end.  Start with a copy of the query. */
bool url_query_next(struct bytes *query, struct bytes *name, struct bytes *value);

/* The value of the first `name` in `query` (the text after "?"), with %XX decoded and "+" as a
 * space, in `out` with an end mark.  Names are compared decoded.  Returns its length,
 * ERR_NOT_FOUND, ERR_PROTOCOL or ERR_TOO_BIG; `out` holds an empty string after an error. */
ssize_t url_query_get(struct bytes query, const char *name, char *out, size_t size);

/* How often `name` occurs: a name that means something to us must not occur twice. */
size_t url_query_count(struct bytes query, const char *name);

/* The parts of an absolute URL (RFC 3986, 3), all borrowed from it and undecoded. */
struct url {
    struct bytes scheme;
    struct bytes user;      /* what is before "@", or empty */
    struct bytes authority; /* host and port as they are, without the user */
    struct bytes host;      /* without the brackets of an IPv6 address; never empty */
    uint16_t     port;      /* 0: none given */
    struct bytes path;      /* empty, or begins with "/" */
    struct bytes query;     /* without "?" */
};

/* 0, or ERR_PROTOCOL (*out unchanged) if it is no scheme://host[:port][/path][?query]. */
int url_parse(struct bytes text, struct url *out);

/* Split "host", "host:port", "[v6]" or "[v6]:port", as in a Host header.  0 or ERR_PROTOCOL. */
int url_parse_host(struct bytes text, struct bytes *host, uint16_t *port);

struct url_stream {
    char         app[URL_APP_MAX + 1];
    char         name[URL_NAME_MAX + 1];
    char         path[URL_PATH_SIZE]; /* "/" app "/" name */
    struct bytes query;               /* borrowed from the input, undecoded; empty if there was none */
};

/* All four return 0 and fill *out, or ERR_PROTOCOL, ERR_TOO_BIG or ERR_NOT_FOUND (the path is
 * of another shape than a stream's); then *out is unchanged and *why, unless `why` is NULL, is a
 * static phrase for the log, such as "stream name begins with a dot". */

/* From an RTMP connect's app and the name given to publish or play; both may be escaped.
 *   app    slashes around it are dropped; a "?query" is taken off (encoders that let the user
 *          type "rtmp://host/live?sign=..." as the server and the name on its own)
 *   name   one "mp4:", "flv:", "mp3:" or "f4v:" at the front is dropped (librtmp and ffmpeg put
 *          it there by the extension), then its "?query" and one ".flv" at the end, so that
 *          both protocols mean the same stream
 * The query is the name's, or else the app's. */
int url_stream_from_rtmp(struct bytes app, struct bytes name, struct url_stream *out, const char **why);

/* From "/app/name.flv", already decoded (http_request's path).  ERR_NOT_FOUND if the path does
 * not end in ".flv" or is not two segments.  out->query is left empty. */
int url_stream_from_flv(const char *path, struct url_stream *out, const char **why);

/* The same for "/app/name", with or without its first slash; nothing is stripped. */
int url_stream_from_path(const char *path, struct url_stream *out, const char **why);

/* From the two parts as they are, already decoded. */
int url_stream_from_parts(struct bytes app, struct bytes name, struct url_stream *out, const char **why);

#endif
