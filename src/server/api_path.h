/* api_path.h - the path of a request, and whether it is one of a pattern's.
 *
 * A path is split at its slashes before it is decoded, so an escaped slash stays within its segment.
 * A pattern is "/api/cats/{id}/name": what stands in braces is one segment, not empty and without a
 * slash in it; {streamPath}, at the end, is a stream, "live/show" or "%2Flive%2Fshow".
 *
 * Pure functions. */
#ifndef MILLRACE_SERVER_API_PATH_H
#define MILLRACE_SERVER_API_PATH_H

#include "base/bytes.h"
#include "protocol/url.h"

#include <stdbool.h>
#include <stddef.h>

enum { API_PATH_SIZE = 4096, API_SEGMENTS_MAX = 12, API_PARAMS_MAX = 4 };

struct api_path {
    char        text[API_PATH_SIZE + API_SEGMENTS_MAX]; /* the decoded segments, each with an end mark */
    const char *segments[API_SEGMENTS_MAX];
    size_t      count;
};

struct api_params {
    struct {
        const char *name;      /* borrowed from the pattern; ends at "}" */
        const char *value;     /* borrowed from the path */
        const char *next;      /* {streamPath} of two segments: the second; else NULL */
    } items[API_PARAMS_MAX];
    size_t count;
};

/* Split the path of a request target, which may have a query.  false if it is too long, has too many
 * segments, or cannot be decoded into UTF-8 without control characters. */
bool api_path_split(const char *target, struct api_path *out);

/* Whether it matches; then *out has what stands for the braces. */
bool api_path_match(const struct api_path *, const char *pattern, struct api_params *out);

/* The value of {name}, or NULL; {streamPath} is for api_params_stream(). */
const char *api_params_get(const struct api_params *, const char *name);

/* The stream that {app} and {name}, or {streamPath}, stand for: 0; ERR_NOT_FOUND if there are none;
 * or ERR_INVALID with a static phrase in *why. */
int api_params_stream(const struct api_params *, struct url_stream *out, const char **why);

/* Whether `text` is UTF-8 without control characters, which may go to logs, SQL and JSON. */
bool api_text_is_clean(const char *text);

#endif
