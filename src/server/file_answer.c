#include "server/file_answer.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/context.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/http_fields.h"
#include "protocol/http_range.h"
#include "server/file_lookup.h"
#include "server/http_peer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What an answer holds in memory, and how many a worker has at a time: 32 MiB together. */
#define BUFFER_SIZE (128 * 1024)
#define FILES_MAX   256

struct file_answer {
    struct http_answer   answer;
    struct http_session *session; /* NULL once it has ended */
    struct worker       *worker;
    uv_work_t            work;
    bool                 working; /* a thread of the pool has this answer */
    char                *root, *path;
    char                *save_as; /* NULL: nothing is said about that */
    void               (*otherwise)(struct http_session *, const struct http_request *); /* may be NULL */
    struct file_lookup   file;
    uint64_t             at, end; /* of the file: what is to be read */
    uint8_t             *buffer;
    size_t               capacity;
    size_t               filled, sent; /* of the buffer */
    ssize_t              result;  /* of the last read; negative: errno */
};

static void free_answer(struct file_answer *a)
{
    a->worker->file_count--;
    if (a->file.fd >= 0)
        close(a->file.fd);
    free(a->root);
    free(a->path);
    free(a->save_as);
    free(a->buffer);
    free(a);
}

/* The answer is complete. */
static void finish(struct file_answer *a)
{
    http_complete(a->session);
    free_answer(a);
}

static void fail(struct file_answer *a, int status, const char *reason)
{
    http_answer_error(a->session, status, reason);
    finish(a);
}

/* The thread pool. */

static void run_in_pool(struct file_answer *a, uv_work_cb work, uv_after_work_cb after)
{
    a->working = true;
    a->work.data = a;
    uv_queue_work(&a->worker->loop.uv, &a->work, work, after);
}

/* Back on the loop: false if the answer is not wanted any more, and is gone. */
static bool came_back(struct file_answer *a)
{
    a->working = false;
    if (a->session != NULL)
        return true;
    free_answer(a);
    return false;
}

/* The bytes. */

static void read_more(struct file_answer *);

/* Give the client what is in the buffer. */
static void push(struct file_answer *a)
{
    struct conn *conn = a->session->conn;
    if (!conn_flush(conn)) /* the head; on_writable() follows, or the end */
        return;
    while (a->sent < a->filled) {
        struct iovec iov = { a->buffer + a->sent, a->filled - a->sent };
        ssize_t      n = conn_send(conn, &iov, 1);
        if (n == -EAGAIN) {
            conn_want_write(conn);
            return;
        }
        if (n < 0) {
            session_close(&a->session->base, "connection failed");
            return;
        }
        a->sent += (size_t)n;
    }
    if (a->at < a->end)
        read_more(a);
    else
        finish(a);
}

static void read_in_pool(uv_work_t *work)
{
    struct file_answer *a = work->data;
    uint64_t            left = a->end - a->at;
    size_t              size = left < a->capacity ? (size_t)left : a->capacity;
    do
        a->result = pread(a->file.fd, a->buffer, size, (off_t)a->at);
    while (a->result < 0 && errno == EINTR);
    if (a->result < 0)
        a->result = -errno;
}

/* A file that has become shorter, or a disk that fails: the length we promised cannot be kept. */
static void after_read(uv_work_t *work, int status)
{
    struct file_answer *a = work->data;
    (void)status;
    if (!came_back(a))
        return;
    if (a->result <= 0) {
        log_warn(&a->session->base.log, "file %s/%s ends before its time: %s", a->root, a->path,
                 a->result < 0 ? strerror((int)-a->result) : "it was cut");
        session_close(&a->session->base, "the file was cut short");
        return;
    }
    a->at += (uint64_t)a->result;
    a->filled = (size_t)a->result;
    a->sent = 0;
    push(a);
}

static void read_more(struct file_answer *a)
{
    run_in_pool(a, read_in_pool, after_read);
}

/* The head. */

/* A segment of a path, escaped (RFC 3986, 3.3). */
static void write_segment(struct writer *w, const char *segment)
{
    for (const char *c = segment; *c != '\0'; c++) {
        char escaped[4];
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     strchr("-._~", *c) != NULL;
        snprintf(escaped, sizeof escaped, plain ? "%c" : "%%%02X", (uint8_t)*c);
        write_bytes(w, escaped, strlen(escaped));
    }
}

/* Relative, so that it holds behind a proxy too; with "./", so that no colon makes a scheme of it. */
static void answer_elsewhere(struct file_answer *a, const struct http_request *request)
{
    char          location[8192];
    struct writer w = writer_over((uint8_t *)location, sizeof location);
    write_bytes(&w, "./", 2);
    write_segment(&w, strrchr(request->path, '/') + 1);
    write_bytes(&w, "/?", request->query.size > 0 ? 2 : 1);
    write_bytes(&w, request->query.data, request->query.size);
    write_bytes(&w, "", 1);
    if (w.overrun) {
        fail(a, 404, "there is nothing here");
        return;
    }
    struct http_reply reply = {
        .status = 308,
        .content_type = "text/plain; charset=utf-8",
        .text = "308 Permanent Redirect: this is a folder\n",
        .cache_control = "no-cache",
        .extra = { { "Location", location } },
    };
    http_answer(a->session, &reply);
    finish(a);
}

static void answer_unsatisfiable(struct file_answer *a)
{
    char range[40];
    snprintf(range, sizeof range, "bytes */%" PRIu64, a->file.size);
    struct http_reply reply = {
        .status = 416,
        .content_type = "text/plain; charset=utf-8",
        .text = "416 Range Not Satisfiable: the file is shorter\n",
        .extra = { { "Content-Range", range } },
    };
    http_answer(a->session, &reply);
    finish(a);
}

/* The texts of a head that is about this file. */
struct head {
    struct http_reply reply;
    unsigned          count; /* of reply.extra */
    char              date[HTTP_DATE_SIZE];
    char              length[24];
    char              range[80];
    char              disposition[160];
};

static void add(struct head *h, const char *name, const char *value)
{
    h->reply.extra[h->count].name = name;
    h->reply.extra[h->count++].value = value;
}

/* Rounded down, before 1970 too. */
static int64_t modified_s_of(const struct file_answer *a)
{
    int64_t ns = a->file.modified_ns, second = 1000000000;
    return ns / second - (ns % second < 0);
}

/* What every answer about the file says, 304 too (RFC 9110, 15.4.5). */
static void begin_head(struct head *h, const struct file_answer *a, int status)
{
    int64_t now_s = clock_wall_ms() / 1000; /* a date to come may not be told (8.8.2.1) */
    int64_t modified_s = modified_s_of(a);
    *h = (struct head){ .reply = { .status = status, .cache_control = "no-cache" } };
    http_format_date(modified_s < now_s ? modified_s : now_s, h->date);
    add(h, "ETag", a->file.etag);
    add(h, "Last-Modified", h->date);
    if (a->file.mime.is_text)
        add(h, "Vary", "Accept-Encoding");
}

static void answer_unchanged(struct file_answer *a)
{
    struct head head;
    begin_head(&head, a, 304);
    http_answer(a->session, &head.reply);
    finish(a);
}

/* A 200, or a 206 with *range. */
static void answer_bytes(struct file_answer *a, const struct http_range *range)
{
    struct head head;
    a->at = range != NULL ? range->first : 0;
    a->end = range != NULL ? range->last + 1 : a->file.size;
    a->capacity = a->end - a->at < BUFFER_SIZE ? (size_t)(a->end - a->at) : BUFFER_SIZE;
    bool wants_body = !a->session->head_only && a->capacity > 0;
    if (wants_body && (a->buffer = alloc_try(a->capacity)) == NULL) {
        fail(a, 503, "out of memory");
        return;
    }
    begin_head(&head, a, range != NULL ? 206 : 200);
    head.reply.content_type = a->file.mime.type;
    snprintf(head.length, sizeof head.length, "%" PRIu64, a->end - a->at);
    add(&head, "Content-Length", head.length);
    add(&head, "Accept-Ranges", "bytes");
    if (a->save_as != NULL) {
        snprintf(head.disposition, sizeof head.disposition, "attachment; filename=\"%s\"", a->save_as);
        add(&head, "Content-Disposition", head.disposition);
    }
    if (a->file.coding != NULL)
        add(&head, "Content-Encoding", a->file.coding);
    if (range != NULL) {
        snprintf(head.range, sizeof head.range, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
                 range->last, a->file.size);
        add(&head, "Content-Range", head.range);
    }
    http_answer(a->session, &head.reply);
    if (wants_body)
        read_more(a);
    else
        finish(a);
}

static void answer_file(struct file_answer *a, const struct http_request *request)
{
    struct http_validators ours = { a->file.etag, modified_s_of(a) };
    struct http_range      range;
    enum http_range_kind   kind = HTTP_RANGE_WHOLE;
    int                    condition = http_check_conditions(request, &ours);
    if (condition == 304) {
        answer_unchanged(a);
        return;
    }
    if (condition != 0) {
        fail(a, condition, "the file is another than the request wants");
        return;
    }
    if (!a->session->head_only && http_range_applies(request, &ours)) /* ranges are GET's alone (14.2) */
        kind = http_range_read(http_request_header(request, "Range"), a->file.size, &range);
    if (kind == HTTP_RANGE_UNSATISFIABLE)
        answer_unsatisfiable(a);
    else
        answer_bytes(a, kind == HTTP_RANGE_PART ? &range : NULL);
}

static void answer_otherwise(struct file_answer *a, const struct http_request *request)
{
    struct http_session *s = a->session;
    void (*otherwise)(struct http_session *, const struct http_request *) = a->otherwise;
    s->pending = NULL;
    free_answer(a);
    otherwise(s, request);
    if (!s->base.closed && s->pending == NULL)
        http_complete(s);
}

static void look_up_in_pool(uv_work_t *work)
{
    struct file_answer *a = work->data;
    file_lookup_run(&a->file);
}

static void after_look_up(uv_work_t *work, int status)
{
    struct file_answer *a = work->data;
    (void)status;
    if (!came_back(a))
        return;
    const struct http_request *request = http_request_of(a->session);
    if (a->file.error == ERR_NOT_FOUND && a->otherwise != NULL)
        answer_otherwise(a, request);
    else if (a->file.error == ERR_NOT_FOUND)
        fail(a, 404, "there is nothing here");
    else if (a->file.error == ERR_REFUSED)
        fail(a, 403, "the server may not read it");
    else if (a->file.error != 0)
        fail(a, 500, "the file cannot be read");
    else if (a->file.is_elsewhere)
        answer_elsewhere(a, request);
    else
        answer_file(a, request);
}

/* As an answer. */

static void on_writable(struct http_answer *answer)
{
    struct file_answer *a = (struct file_answer *)answer;
    if (!a->working)
        push(a);
}

static void on_cancel(struct http_answer *answer)
{
    struct file_answer *a = (struct file_answer *)answer;
    a->session = NULL;
    if (!a->working)
        free_answer(a);
}

void file_answer_start(struct http_session *s, const struct http_request *request,
                       const struct file_wanted *wanted)
{
    struct worker *worker = s->base.worker;
    if (worker->file_count >= FILES_MAX) {
        http_answer_error(s, 503, "too many files are being sent");
        return;
    }
    worker->file_count++;
    struct file_answer *a = alloc_zeroed(sizeof *a);
    a->answer = (struct http_answer){ .on_writable = on_writable, .on_cancel = on_cancel };
    a->session = s;
    a->worker = worker;
    a->root = alloc_string(wanted->root);
    a->path = alloc_string(wanted->path);
    a->save_as = wanted->save_as != NULL ? alloc_string(wanted->save_as) : NULL;
    a->otherwise = wanted->otherwise;
    a->file = (struct file_lookup){
        .root = a->root,
        .path = a->path,
        .is_folder = request->path[strlen(request->path) - 1] == '/',
        .takes_br = http_accepts_coding(request, "br"),
        .takes_gzip = http_accepts_coding(request, "gzip"),
        .fd = -1,
    };
    http_defer(s, &a->answer);
    run_in_pool(a, look_up_in_pool, after_look_up);
}
