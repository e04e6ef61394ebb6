#include "server/notify_request.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "server/notify_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns what was taken: less than was given breaks the transfer off. */
static size_t on_body(char *data, size_t unit, size_t count, void *request)
{
    struct notify_request *r = request;
    size_t                 size = unit * count;
    if (size > NOTIFY_ANSWER_MAX - r->answer_size) {
        r->too_long = true;
        return CURL_WRITEFUNC_ERROR;
    }
    if (r->answer_size + size > r->answer_capacity) {
        r->answer_capacity = r->answer_size + size < 1024 ? 1024 : 2 * (r->answer_size + size);
        r->answer = alloc_resize(r->answer, r->answer_capacity, 1);
    }
    if (size > 0)
        memcpy(r->answer + r->answer_size, data, size);
    r->answer_size += size;
    return size;
}

/* Headers are read by libcurl; how many there are is ours to bound. */
static size_t on_header(char *data, size_t unit, size_t count, void *request)
{
    struct notify_request *r = request;
    (void)data;
    r->header_size += unit * count;
    if (r->header_size <= NOTIFY_ANSWER_MAX)
        return unit * count;
    r->too_long = true;
    return 0;
}

__attribute__((format(printf, 2, 3)))
static void add_header(struct notify_request *r, const char *format, ...)
{
    char    line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    r->headers = curl_slist_append(r->headers, line);
}

static void add_headers(struct notify_request *r)
{
    const struct notify_job *job = r->job;
    int64_t                  now_s = clock_wall_ms() / 1000;
    add_header(r, "Content-Type: application/json");
    add_header(r, "Accept: application/json");
    add_header(r, "Expect:"); /* the body is small: libcurl need not ask first */
    add_header(r, "Millrace-Event: %s", events_name(job->text->type));
    add_header(r, "Millrace-Event-Id: %s", job->text->id);
    add_header(r, "Millrace-Timestamp: %lld", (long long)now_s);
    if (job->secret[0] == '\0')
        return;
    char sign[NOTIFY_SIGN_SIZE];
    notify_sign(job->secret, now_s, (struct bytes){ (const uint8_t *)job->text->body, job->text->size }, sign);
    add_header(r, "Millrace-Signature: %s", sign);
}

static void set_trust(CURL *easy, const struct notify_job *job)
{
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, job->tls_verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, job->tls_verify ? 2L : 0L);
    if (job->ca[0] != '\0')
        curl_easy_setopt(easy, CURLOPT_CAINFO, job->ca);
    curl_easy_setopt(easy, CURLOPT_PROXY, job->proxy); /* "": none, whatever the environment says */
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
}

static void set_up(struct notify_request *r, uint32_t timeout_ms)
{
    CURL                    *easy = r->easy;
    const struct notify_job *job = r->job;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
    curl_easy_setopt(easy, CURLOPT_URL, job->url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->error);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Millrace/" MILLRACE_VERSION);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)job->text->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->text->size);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
    set_trust(easy, job);
}

struct notify_request *notify_request_start(CURLM *multi, struct notify_job *job, uint32_t timeout_ms)
{
    struct notify_request *r = alloc_zeroed(sizeof *r);
    list_init(&r->link);
    r->job = job;
    r->easy = curl_easy_init();
    if (r->easy != NULL) {
        add_headers(r);
        set_up(r, timeout_ms > 0 ? timeout_ms : 1);
        if (curl_multi_add_handle(multi, r->easy) == CURLM_OK)
            return r;
    }
    notify_request_free(multi, r);
    return NULL;
}

void notify_request_free(CURLM *multi, struct notify_request *r)
{
    list_remove(&r->link);
    if (r->easy != NULL) {
        curl_multi_remove_handle(multi, r->easy);
        curl_easy_cleanup(r->easy);
    }
    curl_slist_free_all(r->headers);
    free(r->answer);
    free(r);
}

long notify_request_status(const struct notify_request *r, CURLcode result)
{
    long status = 0;
    if (result == CURLE_OK)
        curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

uint64_t notify_request_retry_after_s(const struct notify_request *r)
{
    curl_off_t after_s = 0;
    curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &after_s);
    return after_s > 0 ? (uint64_t)after_s : 0;
}

void notify_request_fault(const struct notify_request *r, CURLcode result, char out[NOTIFY_FAULT_SIZE])
{
    long status = notify_request_status(r, result);
    if (r->too_long)
        snprintf(out, NOTIFY_FAULT_SIZE, "an answer that is too long");
    else if (result != CURLE_OK)
        snprintf(out, NOTIFY_FAULT_SIZE, "%s", r->error[0] != '\0' ? r->error : curl_easy_strerror(result));
    else if (status >= 300 && status < 400)
        snprintf(out, NOTIFY_FAULT_SIZE, "HTTP status %ld: redirects are not followed", status);
    else
        snprintf(out, NOTIFY_FAULT_SIZE, "HTTP status %ld", status);
}
