/* record_json.h - recordings as the API tells of them; docs/openapi.json has the same in a form for
 * programs.  Times have the server's local offset, as the names of the files do. */
#ifndef MILLRACE_SERVER_RECORD_JSON_H
#define MILLRACE_SERVER_RECORD_JSON_H

#include <stdint.h>

struct json_t;
struct record_server;
struct record_status;

/* How a recording is doing; NULL: "/app/name" in `path` is not recorded.  The caller owns the reference. */
struct json_t *record_json_status(const char *path, const struct record_status *, int64_t now_ms);

/* A row of the catalogue as a file; what is being written is as `recordings` (may be NULL) knows it. */
struct json_t *record_json_file(const struct json_t *row, struct record_server *recordings, int64_t now_ms);

/* What each stream takes, from the rows of catalogue_usage(): { usedBytes, files, streams }. */
struct json_t *record_json_usage(const struct json_t *rows, struct record_server *recordings);

#endif
