/* json_writer.h - JSON (RFC 8259) written straight into a text, on one line.
 *
 * For what is made once a second and is large; small answers are jansson's.  Strings must be UTF-8.
 * `key` is NULL in arrays and at the top.  Pure. */
#ifndef MILLRACE_PROTOCOL_JSON_WRITER_H
#define MILLRACE_PROTOCOL_JSON_WRITER_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct json_writer {
    struct text *out;  /* borrowed */
    bool         more; /* a value stands before this one */
};

void json_begin(struct json_writer *, const char *key, char bracket); /* '{' or '[' */
void json_end(struct json_writer *, char bracket);                    /* '}' or ']' */
void json_write_string(struct json_writer *, const char *key, const char *value);
void json_write_number(struct json_writer *, const char *key, uint64_t value);
void json_write_real(struct json_writer *, const char *key, double value);
void json_write_bool(struct json_writer *, const char *key, bool value);
void json_write_null(struct json_writer *, const char *key);

/* null for "" or NULL; for 0. */
void json_write_text(struct json_writer *, const char *key, const char *value);
void json_write_known(struct json_writer *, const char *key, uint64_t value);

/* Milliseconds since 1970 as protocol/iso_time.h writes them; null for 0. */
void json_write_time(struct json_writer *, const char *key, int64_t ms);

/* A value that is written already. */
void json_write_raw(struct json_writer *, const char *key, const char *data, size_t size);

#endif
