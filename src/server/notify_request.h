/* notify_request.h - one job on its way: an HTTP request through libcurl.
 *
 * What must not happen does not: no redirect is followed, no proxy is taken from the environment, no
 * more than NOTIFY_ANSWER_MAX is read of an answer, and it is over in the job's time, name resolution
 * included.  The notify thread's. */
#ifndef MILLRACE_SERVER_NOTIFY_REQUEST_H
#define MILLRACE_SERVER_NOTIFY_REQUEST_H

#include "base/list.h"
#include "server/notify_answer.h"
#include "server/notify_job.h"

#include <curl/curl.h>
#include <stdbool.h>

struct notify_request {
    struct list        link; /* the server's list of those on their way */
    struct notify_job *job;  /* borrowed */
    CURL              *easy;
    struct curl_slist *headers;
    uint8_t           *answer;
    size_t             answer_size, answer_capacity, header_size;
    bool               too_long;
    char               error[CURL_ERROR_SIZE];
};

/* Send the job.  NULL if libcurl cannot.  `timeout_ms` is what is left of its time. */
struct notify_request *notify_request_start(CURLM *, struct notify_job *, uint32_t timeout_ms);

/* Breaks it off if it is on its way. */
void notify_request_free(CURLM *, struct notify_request *);

/* When it is over with `result`.  The status: 0 if there was no answer, or not all of it. */
long notify_request_status(const struct notify_request *, CURLcode result);

/* What the receiver says of when to come again, in seconds; 0: nothing. */
uint64_t notify_request_retry_after_s(const struct notify_request *);

/* Why it failed, for the log. */
#define NOTIFY_FAULT_SIZE 320
void notify_request_fault(const struct notify_request *, CURLcode result, char out[NOTIFY_FAULT_SIZE]);

#endif
