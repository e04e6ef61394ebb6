/* http_parser.c - one connection's requests.
 *
 * A head is gathered in a buffer of its own, and every byte passes a strict check of line ends
 * and characters on its way in.  Only a head that is complete goes to llhttp, in one piece, so
 * all texts of a request point into that buffer.  A body of known length is counted off; chunks
 * go through llhttp, and the bytes around them pass the same check of lines. */
#include "protocol/http.h"

#include "base/alloc.h"
#include "base/error.h"
#include "protocol/http_head.h"

#include <assert.h>
#include <stdlib.h>

#include <llhttp.h>

enum {
    HEAD_ROOM_AT_FIRST = 1024,
    BLANK_LINES_MAX    = 4,  /* in front of a request: some clients end a body with one */
};

/* Where in a line we are.  The same check serves heads, chunk lines and trailers. */
struct line {
    size_t size;
    bool   cr; /* the last byte was one */
};

enum line_event { LINE_INSIDE, LINE_ENDED, LINE_BLANK, LINE_BROKEN };

enum phase { HEAD, BODY, DONE, FAILED };

struct http_parser {
    struct http_limits  limits;
    llhttp_t            llhttp;
    enum phase          phase;
    int                 error;
    int                 status;
    const char         *reason;
    struct line         line;
    size_t              line_count;  /* lines of this head that are complete */
    size_t              blank_count; /* blank lines in front of it */
    char               *head;
    size_t              head_size;
    size_t              head_room;
    size_t              target_at; /* the target's place in `head` */
    size_t              target_size;
    struct http_header *headers;
    char               *decoded;       /* the path, then the host of an absolute target */
    uint64_t            body_left;     /* of a known length */
    size_t              overhead_size; /* bytes of chunk lines and trailers since the last body byte */
    struct bytes        piece;
    struct http_request request;
};

static void start_head(struct http_parser *p)
{
    p->phase = HEAD;
    p->line = (struct line){ 0 };
    p->line_count = p->blank_count = 0;
    p->head_size = 0;
    p->request = (struct http_request){ .headers = p->headers };
}

struct http_parser *http_parser_new(const struct http_limits *limits)
{
    struct http_parser *p = alloc_zeroed(sizeof *p);
    p->limits = limits != NULL ? *limits : HTTP_LIMITS_DEFAULT;
    p->headers = alloc_resize(NULL, p->limits.header_count + 1, sizeof *p->headers);
    p->reason = "";
    start_head(p);
    return p;
}

void http_parser_free(struct http_parser *p)
{
    if (p == NULL)
        return;
    free(p->head);
    free(p->headers);
    free(p->decoded);
    free(p);
}

const struct http_request *http_parser_request(const struct http_parser *p)
{
    return p->phase == BODY || p->phase == DONE ? &p->request : NULL;
}

bool http_parser_done(const struct http_parser *p)
{
    return p->phase == DONE;
}

bool http_parser_started(const struct http_parser *p)
{
    return p->phase == BODY || (p->phase == HEAD && p->head_size > 0);
}

bool http_parser_is_head(const struct http_parser *p)
{
    static const char name[] = "HEAD"; /* its end may have a mark by now */
    return p->head_size >= sizeof name && memcmp(p->head, name, sizeof name - 1) == 0 &&
           (p->head[sizeof name - 1] == ' ' || p->head[sizeof name - 1] == '\0');
}

int http_parser_status(const struct http_parser *p)
{
    return p->status;
}

const char *http_parser_reason(const struct http_parser *p)
{
    return p->reason;
}

/* The first fault is the one that is told.  Returns what the caller returns. */
static int fail(struct http_parser *p, int status, const char *reason)
{
    if (p->phase == FAILED)
        return p->error;
    p->phase = FAILED;
    p->status = status;
    p->reason = reason;
    p->error = status == 400 ? ERR_PROTOCOL : status == 414 || status == 431 ? ERR_TOO_BIG : ERR_UNSUPPORTED;
    return p->error;
}

/* Lines end in CR LF and in nothing else (RFC 9112, 2.2), and none is continued by a space at the
 * start of the next (5.2): each is a place where servers are known to disagree. */
static enum line_event line_take(struct line *l, uint8_t byte)
{
    if (l->cr) {
        bool blank = l->size == 0;
        *l = (struct line){ 0 };
        if (byte != '\n')
            return LINE_BROKEN;
        return blank ? LINE_BLANK : LINE_ENDED;
    }
    if (byte == '\r') {
        l->cr = true;
        return LINE_INSIDE;
    }
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
        return LINE_BROKEN;
    if (l->size == 0 && (byte == ' ' || byte == '\t'))
        return LINE_BROKEN;
    l->size++;
    return LINE_INSIDE;
}

static int fail_line(struct http_parser *p)
{
    return fail(p, 400, "bare CR or LF, control character or folded line");
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *p = llhttp->data;
    if (p->phase != HEAD) /* a trailer: bounded by overhead_size, and not kept */
        return 0;
    if (p->request.header_count == p->limits.header_count) {
        fail(p, 431, "too many headers");
        return -1;
    }
    p->headers[p->request.header_count] = (struct http_header){ at, at + size };
    return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *p = llhttp->data;
    if (p->phase == HEAD && size > 0)
        p->headers[p->request.header_count].value = at;
    return 0;
}

static int on_header_value_complete(llhttp_t *llhttp)
{
    struct http_parser *p = llhttp->data;
    if (p->phase == HEAD)
        p->request.header_count++;
    return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct http_parser *p = llhttp->data;
    p->piece = (struct bytes){ (const uint8_t *)at, size };
    return HPE_PAUSED;
}

static int on_pause(llhttp_t *llhttp)
{
    (void)llhttp;
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *llhttp)
{
    struct http_parser *p = llhttp->data;
    p->phase = DONE;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field          = on_header_field,
    .on_header_value          = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete      = on_pause,
    .on_body                  = on_body,
    .on_message_complete      = on_message_complete,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* method SP target SP HTTP/x.y, one space each (RFC 9112, 3).  Looked at as soon as the line is
 * complete, so that what is no HTTP at all is refused at once. */
static int read_start_line(struct http_parser *p)
{
    const char *line = p->head, *end = p->head + p->head_size - 2;
    const char *first = memchr(line, ' ', (size_t)(end - line));
    const char *last = memrchr(line, ' ', (size_t)(end - line));
    if (first == NULL || first == line || last <= first + 1 || end - last != 9 ||
        memcmp(last, " HTTP/", 6) != 0 || !is_digit(last[6]) || last[7] != '.' || !is_digit(last[8]) ||
        memchr(first + 1, ' ', (size_t)(last - first - 1)) != NULL)
        return fail(p, 400, "malformed request line");
    if (last[6] != '1' || last[8] > '1')
        return fail(p, 505, "HTTP version not supported");
    p->target_at = (size_t)(first + 1 - line);
    p->target_size = (size_t)(last - first - 1);
    if (p->target_size > p->limits.target_size)
        return fail(p, 414, "request target too long");
    return 0;
}

static int grow_head(struct http_parser *p)
{
    if (p->head_room >= p->limits.head_size)
        return fail(p, p->line_count == 0 ? 414 : 431, "request head too large");
    p->head_room = p->head_room > 0 ? p->head_room * 2 : HEAD_ROOM_AT_FIRST;
    if (p->head_room > p->limits.head_size)
        p->head_room = p->limits.head_size;
    p->head = alloc_resize(p->head, p->head_room, 1);
    return 0;
}

static int push(struct http_parser *p, char byte)
{
    if (p->head_size == p->head_room && grow_head(p) < 0)
        return p->error;
    p->head[p->head_size++] = byte;
    return 0;
}

/* 8-bit characters of a target are escaped: ffmpeg and VLC send a path as the user typed it. */
static int store(struct http_parser *p, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";
    if (p->line_count > 0 || byte < 0x80)
        return push(p, (char)byte);
    if (push(p, '%') < 0 || push(p, digits[byte >> 4]) < 0 || push(p, digits[byte & 15]) < 0)
        return p->error;
    return 0;
}

static enum http_method method_of(llhttp_t *llhttp)
{
    switch (llhttp_get_method(llhttp)) {
    case HTTP_GET:     return HTTP_METHOD_GET;
    case HTTP_HEAD:    return HTTP_METHOD_HEAD;
    case HTTP_POST:    return HTTP_METHOD_POST;
    case HTTP_PUT:     return HTTP_METHOD_PUT;
    case HTTP_DELETE:  return HTTP_METHOD_DELETE;
    case HTTP_OPTIONS: return HTTP_METHOD_OPTIONS;
    case HTTP_PATCH:   return HTTP_METHOD_PATCH;
    default:           return HTTP_METHOD_OTHER;
    }
}

/* Put an end mark behind each text: over the colon after a name, over the white space or the
 * line end after a value.  A header without a value has its value at the colon. */
static void end_texts(struct http_parser *p)
{
    for (size_t i = 0; i < p->request.header_count; i++) {
        char *name = p->head + (p->headers[i].name - p->head);
        char *value = p->head + (p->headers[i].value - p->head);
        name[strcspn(name, ":")] = '\0';
        size_t size = strcspn(value, "\r");
        while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t'))
            size--;
        value[size] = '\0';
    }
    p->head[p->target_at - 1] = '\0';
    p->head[p->target_at + p->target_size] = '\0';
    p->request.method_name = p->head;
    p->request.target = p->head + p->target_at;
}

static int refuse_head(struct http_parser *p, llhttp_errno_t error)
{
    if (error == HPE_INVALID_METHOD || error == HPE_INVALID_CONSTANT)
        return fail(p, 501, "unknown method");
    const char *reason = llhttp_get_error_reason(&p->llhttp);
    return fail(p, 400, reason != NULL ? reason : "malformed request");
}

/* The head is complete: let llhttp read it, then see what it says. */
static int read_head(struct http_parser *p)
{
    llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
    p->llhttp.data = p;
    llhttp_errno_t error = llhttp_execute(&p->llhttp, p->head, p->head_size);
    if (error != HPE_PAUSED || llhttp_get_error_pos(&p->llhttp) != p->head + p->head_size)
        return refuse_head(p, error);
    end_texts(p);
    struct http_request *r = &p->request;
    r->method = method_of(&p->llhttp);
    r->minor = llhttp_get_http_minor(&p->llhttp);
    r->keep_alive = llhttp_should_keep_alive(&p->llhttp) != 0;
    r->content_length = p->llhttp.flags & F_CONTENT_LENGTH ? p->llhttp.content_length : 0;
    p->decoded = alloc_resize(p->decoded, p->target_size + HTTP_HEAD_DECODED_EXTRA, 1);
    const char *reason = "";
    int         status = http_head_interpret(r, p->decoded, &reason);
    if (status != 0)
        return fail(p, status, reason);
    p->body_left = r->content_length;
    p->overhead_size = 0;
    p->phase = r->has_body ? BODY : DONE;
    return 0;
}

/* One byte of a head.  Returns 1 if it was the last, 0, or the error. */
static int take(struct http_parser *p, uint8_t byte)
{
    enum line_event event = line_take(&p->line, byte);
    if (event == LINE_BROKEN)
        return fail_line(p);
    if (store(p, byte) < 0)
        return p->error;
    if (event == LINE_BLANK && p->line_count == 0) {
        p->head_size = 0;
        return ++p->blank_count > BLANK_LINES_MAX ? fail(p, 400, "blank lines without a request") : 0;
    }
    if (event == LINE_BLANK)
        return read_head(p) < 0 ? p->error : 1;
    if (event == LINE_ENDED && ++p->line_count == 1)
        return read_start_line(p);
    return 0;
}

ssize_t http_parser_feed(struct http_parser *p, struct bytes in)
{
    assert(p->phase != BODY);
    if (p->phase == FAILED)
        return p->error;
    if (p->phase == DONE && in.size > 0)
        start_head(p);
    for (size_t i = 0; i < in.size; i++) {
        int end = take(p, in.data[i]);
        if (end < 0)
            return end;
        if (end > 0)
            return (ssize_t)(i + 1);
    }
    return (ssize_t)in.size;
}

/* The bytes around chunks: lines as strict as a head's, and not more of them than a head may
 * have, or chunk extensions and trailers could keep us busy for nothing. */
static int check_overhead(struct http_parser *p, const uint8_t *at, const uint8_t *end)
{
    for (; at < end; at++) {
        if (line_take(&p->line, *at) == LINE_BROKEN)
            return fail_line(p);
        if (++p->overhead_size > p->limits.head_size)
            return fail(p, 431, "chunk extensions or trailers too large");
    }
    return 0;
}

static ssize_t read_chunks(struct http_parser *p, struct bytes in)
{
    p->piece = (struct bytes){ in.data, 0 };
    llhttp_resume(&p->llhttp);
    llhttp_errno_t error = llhttp_execute(&p->llhttp, (const char *)in.data, in.size);
    if (error != HPE_OK && error != HPE_PAUSED)
        return fail(p, 400, llhttp_get_error_reason(&p->llhttp));
    const uint8_t *end = in.data + in.size;
    if (error == HPE_PAUSED)
        end = (const uint8_t *)llhttp_get_error_pos(&p->llhttp);
    if (p->piece.size == 0)
        return check_overhead(p, in.data, end) < 0 ? p->error : end - in.data;
    assert(end == p->piece.data + p->piece.size); /* on_body() pauses right behind its bytes */
    if (check_overhead(p, in.data, p->piece.data) < 0)
        return p->error;
    p->overhead_size = 0;
    return end - in.data;
}

ssize_t http_parser_body(struct http_parser *p, struct bytes in, struct bytes *piece)
{
    *piece = (struct bytes){ in.data, 0 };
    if (p->phase == FAILED)
        return p->error;
    if (p->phase != BODY || in.size == 0)
        return 0;
    if (p->request.chunked) {
        ssize_t used = read_chunks(p, in);
        if (used > 0)
            *piece = p->piece;
        return used;
    }
    piece->size = in.size < p->body_left ? in.size : (size_t)p->body_left;
    p->body_left -= piece->size;
    if (p->body_left == 0)
        p->phase = DONE;
    return (ssize_t)piece->size;
}
