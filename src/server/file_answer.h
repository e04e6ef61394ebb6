/* file_answer.h - a file as the answer to a request: conditions, ranges, and its bytes, one buffer
 * after the other as the client takes them. */
#ifndef MILLRACE_SERVER_FILE_ANSWER_H
#define MILLRACE_SERVER_FILE_ANSWER_H

struct http_request;
struct http_session;

/* Texts are copied. */
struct file_wanted {
    const char *root;    /* a folder */
    const char *path;    /* below it: decoded, relative */
    const char *save_as; /* a name of ASCII letters, digits and such to save it under; NULL: to be shown */
    /* Answers if there is no such file; NULL: that is a 404. */
    void      (*otherwise)(struct http_session *, const struct http_request *);
};

/* Answer a GET or HEAD with a file. */
void file_answer_start(struct http_session *, const struct http_request *, const struct file_wanted *);

#endif
