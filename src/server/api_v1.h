/* api_v1.h - what the files of Node Media Server's API share; nobody else includes it.
 *
 *     api_v1.c          the server, logging in, sessions
 *     api_v1_streams.c  streams, and recording them by hand
 *     api_v1_records.c  recordings, history */
#ifndef MILLRACE_SERVER_API_V1_H
#define MILLRACE_SERVER_API_V1_H

#include <stdint.h>

struct api_call;
struct json_t;
struct json_writer;
struct text;

/* { "success": true, "data": ..., "message": ... }; takes `data` over. */
void api_v1_answer(struct api_call *, struct json_t *data, const char *message);

/* The same with data that is written already; it is cleared. */
void api_v1_answer_text(struct api_call *, struct text *data, const char *message);

/* "192.0.2.1:1234" */
void api_v1_write_address(struct json_writer *, const char *key, const char *ip, uint16_t port);

#endif
