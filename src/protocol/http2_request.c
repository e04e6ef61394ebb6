#include "protocol/http2_request.h"

#include "base/alloc.h"
#include "base/error.h"
#include "protocol/http_head.h"

#include <stdlib.h>

#define FIELD_OVERHEAD 32 /* RFC 9113, 10.5.1 */

enum pseudo { METHOD, SCHEME, AUTHORITY, PATH, PROTOCOL, PSEUDO_COUNT };

static const char *const pseudo_names[PSEUDO_COUNT] = {
    ":method", ":scheme", ":authority", ":path", ":protocol",
};

/* Texts are named by their place in `room` while it grows; 0 is no text. */
struct field {
    size_t name, value;
};

struct http2_request {
    struct http_limits  limits;
    char               *room; /* texts with their end marks, behind one that is empty */
    size_t              used, capacity;
    size_t              listed_size; /* as the limit counts */
    size_t              pseudo[PSEUDO_COUNT];
    struct field       *fields;
    size_t              count, field_capacity;
    int                 status; /* of the first fault; 0: none */
    const char         *reason;
    char               *decoded;
    struct http_header *headers;
    struct http_request request;
};

struct http2_request *http2_request_new(const struct http_limits *limits)
{
    struct http2_request *r = alloc_zeroed(sizeof *r);
    r->limits = limits != NULL ? *limits : HTTP_LIMITS_DEFAULT;
    r->room = alloc_zeroed(r->capacity = 512);
    r->used = 1;
    r->request = (struct http_request){
        .method = HTTP_METHOD_OTHER, .method_name = "", .target = "/", .path = "/", .host = "",
        .minor = 1, .http2 = true,
    };
    return r;
}

void http2_request_free(struct http2_request *r)
{
    if (r == NULL)
        return;
    free(r->room);
    free(r->fields);
    free(r->decoded);
    free(r->headers);
    free(r);
}

/* The first fault is the one that is told. */
static void refuse(struct http2_request *r, int status, const char *reason)
{
    if (r->status != 0)
        return;
    r->status = status;
    r->reason = reason;
}

static size_t store(struct http2_request *r, struct bytes text)
{
    size_t at = r->used;
    while (r->capacity - r->used <= text.size)
        r->room = alloc_resize(r->room, r->capacity *= 2, 1);
    if (text.size > 0)
        memcpy(r->room + at, text.data, text.size);
    r->room[at + text.size] = '\0';
    r->used += text.size + 1;
    return at;
}

static bool is_clean(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] < 0x20 && text.data[i] != '\t') || text.data[i] == 0x7f)
            return false;
    return true;
}

/* Small letters, and nothing that would be another thing in HTTP/1 (RFC 9113, 8.2.1). */
static bool is_name(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] <= ' ' || name.data[i] >= 0x7f || name.data[i] == ':' ||
            (name.data[i] >= 'A' && name.data[i] <= 'Z'))
            return false;
    return name.size > 0;
}

/* What belongs to one connection has no meaning here, and would have one behind a proxy (8.2.2). */
static bool is_of_connection(struct bytes name)
{
    static const char *const names[] = { "connection", "proxy-connection", "keep-alive", "transfer-encoding",
                                         "upgrade" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_equal(name, bytes_of(names[i])))
            return true;
    return false;
}

static void add_pseudo(struct http2_request *r, struct bytes name, struct bytes value)
{
    for (size_t i = 0; i < PSEUDO_COUNT; i++) {
        if (!bytes_equal(name, bytes_of(pseudo_names[i])))
            continue;
        if (r->pseudo[i] != 0 || r->count > 0)
            refuse(r, 400, "a pseudo-header twice, or behind the headers");
        if (i == PATH && value.size > r->limits.target_size)
            refuse(r, 414, "request target too long");
        else
            r->pseudo[i] = store(r, value);
        return;
    }
    refuse(r, 400, "unknown pseudo-header");
}

static void add_field(struct http2_request *r, struct bytes name, struct bytes value)
{
    if (!is_name(name) || is_of_connection(name)) {
        refuse(r, 400, "a header that HTTP/2 does not have");
        return;
    }
    if (r->count == r->limits.header_count) {
        refuse(r, 431, "too many headers");
        return;
    }
    if (r->count == r->field_capacity)
        r->fields = alloc_resize(r->fields, r->field_capacity = 2 * r->field_capacity + 8, sizeof *r->fields);
    size_t name_at = store(r, name);
    r->fields[r->count++] = (struct field){ name_at, store(r, value) };
}

int http2_request_add(struct http2_request *r, struct bytes name, struct bytes value)
{
    r->listed_size += name.size + value.size + FIELD_OVERHEAD;
    if (r->listed_size > 2 * r->limits.head_size)
        return ERR_TOO_BIG;
    if (r->listed_size > r->limits.head_size)
        refuse(r, 431, "request head too large");
    if (!is_clean(name) || !is_clean(value))
        refuse(r, 400, "control character in a header");
    if (r->status != 0)
        return 0;
    if (name.size > 0 && name.data[0] == ':')
        add_pseudo(r, name, value);
    else
        add_field(r, name, value);
    return 0;
}

static const char *text_of(const struct http2_request *r, enum pseudo which)
{
    return r->pseudo[which] != 0 ? r->room + r->pseudo[which] : NULL;
}

static enum http_method method_of(const char *name)
{
    static const struct { const char *name; enum http_method method; } known[] = {
        { "GET", HTTP_METHOD_GET },       { "HEAD", HTTP_METHOD_HEAD },       { "POST", HTTP_METHOD_POST },
        { "PUT", HTTP_METHOD_PUT },       { "DELETE", HTTP_METHOD_DELETE },   { "PATCH", HTTP_METHOD_PATCH },
        { "OPTIONS", HTTP_METHOD_OPTIONS },
    };
    for (size_t i = 0; name != NULL && i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].method;
    return HTTP_METHOD_OTHER;
}

/* The headers as HTTP/1 would have them: one Host, which :authority stands for (8.3.1). */
static void list_headers(struct http2_request *r)
{
    const char *authority = text_of(r, AUTHORITY);
    r->headers = alloc_zeroed((r->count + 1) * sizeof *r->headers);
    r->request.headers = r->headers;
    if (authority != NULL)
        r->headers[r->request.header_count++] = (struct http_header){ "host", authority };
    for (size_t i = 0; i < r->count; i++) {
        struct http_header h = { r->room + r->fields[i].name, r->room + r->fields[i].value };
        if (authority == NULL || strcmp(h.name, "host") != 0)
            r->headers[r->request.header_count++] = h;
    }
}

/* Digits alone; that the body keeps to it is seen by who reads the frames. */
static bool read_length(struct http_request *q)
{
    const char *text = http_request_header(q, "content-length");
    if (text == NULL)
        return true;
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text) || strlen(text) > 18)
        return false;
    q->content_length = strtoull(text, NULL, 10);
    return true;
}

/* An extended CONNECT is a request of its own kind: of these there is one (RFC 8441, 5). */
static bool read_kind(struct http2_request *r)
{
    const char *method = text_of(r, METHOD), *protocol = text_of(r, PROTOCOL), *path = text_of(r, PATH);
    if (method == NULL || path == NULL || text_of(r, SCHEME) == NULL)
        refuse(r, method != NULL && strcmp(method, "CONNECT") == 0 ? 501 : 400, "a pseudo-header is missing");
    else if (path[0] != '/' && (strcmp(path, "*") != 0 || strcmp(method, "OPTIONS") != 0))
        refuse(r, 400, "malformed path");
    else if (protocol != NULL && (strcmp(method, "CONNECT") != 0 || strcmp(protocol, "websocket") != 0))
        refuse(r, 501, "unknown :protocol");
    return r->status == 0;
}

static void read_request(struct http2_request *r, bool has_body)
{
    struct http_request *q = &r->request;
    bool                 websocket = text_of(r, PROTOCOL) != NULL;
    q->method_name = websocket ? "GET" : text_of(r, METHOD);
    q->method = method_of(q->method_name);
    q->target = text_of(r, PATH);
    list_headers(r);
    if (!read_length(q)) {
        refuse(r, 400, "malformed Content-Length");
        return;
    }
    r->decoded = alloc_zeroed(strlen(q->target) + HTTP_HEAD_DECODED_EXTRA);
    const char *reason = "";
    int         status = http_head_interpret(q, r->decoded, &reason);
    if (status != 0)
        refuse(r, status, reason);
    q->has_body = has_body && !websocket;
    q->expect_continue = q->has_body && http_request_has_token(q, "expect", "100-continue");
    q->upgrade_websocket = websocket;
}

int http2_request_end(struct http2_request *r, bool has_body, const char **reason)
{
    if (r->status == 0 && read_kind(r))
        read_request(r, has_body);
    if (r->status != 0) {
        r->request.path = "/";
        r->request.headers = NULL;
        r->request.header_count = 0;
        *reason = r->reason;
    }
    return r->status;
}

const struct http_request *http2_request_get(const struct http2_request *r)
{
    return &r->request;
}
