/* file_answer.h - a file as the answer to a request: conditions, ranges, and its bytes, one buffer
 * after the other as the client takes them. */
#ifndef MILLRACE_SERVER_FILE_ANSWER_H
#define MILLRACE_SERVER_FILE_ANSWER_H

struct http_request;
struct http_session;

/* Answer a GET or HEAD with the file at `path` (decoded, relative) below the folder `root`.
 * `otherwise` answers if there is no such file; NULL is a 404. */
void file_answer_start(struct http_session *, const struct http_request *, const char *root, const char *path,
                       void (*otherwise)(struct http_session *, const struct http_request *));

#endif
