/* http_fuzz.c - a connection's bytes through the HTTP parser, whole and in small pieces: the two
 * must agree, and what a request says must be safe to use. */
#include "protocol/http.h"
#include "protocol/url.h"
#include "protocol/utf8.h"
#include "protocol/websocket.h"

#include <stdlib.h>

struct trace {
    uint64_t hash;
    size_t   request_count;
    size_t   body_size;
    int      status;
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void mix(struct trace *t, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        t->hash = (t->hash ^ bytes[i]) * 0x100000001b3;
}

static void look_at(const struct http_request *r, struct trace *t)
{
    struct url_stream stream;
    char              value[64];
    must(r->path[0] == '/' || strcmp(r->path, "*") == 0);
    must(utf8_valid(bytes_of(r->path)));
    must(strstr(r->path, "/../") == NULL);
    must(r->host != NULL && (r->minor == 0 || r->minor == 1));
    must(r->has_body == (r->chunked || r->content_length > 0));
    must(!(r->chunked && r->content_length > 0));
    for (const char *c = r->path; *c != '\0'; c++)
        must((uint8_t)*c >= 0x20 && *c != 0x7f);
    for (size_t i = 0; i < r->header_count; i++) {
        must(r->headers[i].name[0] != '\0');
        must(strpbrk(r->headers[i].value, "\r\n") == NULL);
        mix(t, r->headers[i].name, strlen(r->headers[i].name) + 1);
        mix(t, r->headers[i].value, strlen(r->headers[i].value) + 1);
        must(http_request_header(r, r->headers[i].name) != NULL);
    }
    mix(t, r->path, strlen(r->path) + 1);
    mix(t, r->host, strlen(r->host) + 1);
    mix(t, r->target, strlen(r->target) + 1);
    mix(t, r->query.data, r->query.size);
    url_query_get(r->query, "sign", value, sizeof value);
    url_stream_from_flv(r->path, &stream, NULL);
    if (websocket_check(r) == 0) {
        uint8_t       out[512];
        struct writer w = writer_over(out, sizeof out);
        websocket_write_accept(&w, r, http_request_header(r, "Sec-WebSocket-Protocol"));
    }
    t->request_count++;
}

static struct trace run(const uint8_t *data, size_t size, size_t step)
{
    struct trace        t = { .hash = 0xcbf29ce484222325 };
    struct http_parser *p = http_parser_new(&(struct http_limits){ 2048, 512, 16 });
    bool                in_body = false;
    for (size_t at = 0; at < size;) {
        size_t       n = size - at < step ? size - at : step;
        uint8_t     *copy = malloc(n);
        memcpy(copy, data + at, n);
        struct bytes in = { copy, n }, piece = { 0 };
        ssize_t      used = in_body ? http_parser_body(p, in, &piece) : http_parser_feed(p, in);
        must(used <= (ssize_t)n && used != 0);
        if (used > 0) {
            must(piece.size == 0 || (piece.data >= copy && piece.data + piece.size <= copy + used));
            mix(&t, piece.data, piece.size);
            t.body_size += piece.size;
            if (!in_body && http_parser_request(p) != NULL)
                look_at(http_parser_request(p), &t);
        }
        free(copy);
        if (used < 0) {
            must(http_parser_request(p) == NULL && http_parser_status(p) >= 400);
            break;
        }
        at += (size_t)used;
        in_body = http_parser_request(p) != NULL && !http_parser_done(p);
    }
    t.status = http_parser_status(p);
    http_parser_free(p);
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace whole = run(data, size, SIZE_MAX);
    struct trace pieces = run(data, size, 7);
    struct trace single = run(data, size, 1);
    must(whole.request_count == single.request_count && pieces.request_count == single.request_count);
    must(whole.status == single.status && pieces.status == single.status);
    if (whole.status == 0) { /* else pieces of the broken body may have been handed on, or not */
        must(whole.hash == single.hash && pieces.hash == single.hash);
        must(whole.body_size == single.body_size);
    }
    return 0;
}
