/* Fields as a peer may send them: each line is one, its name and value apart by a tab. */
#include "protocol/http2_request.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(condition)   \
    do {                   \
        if (!(condition))  \
            abort();       \
    } while (0)

static const struct http_limits limits = { .head_size = 2048, .target_size = 512, .header_count = 16 };

static void check_text(const char *text)
{
    for (; *text != '\0'; text++)
        CHECK(((uint8_t)*text >= 0x20 || *text == '\t') && *text != 0x7f);
}

static void check_request(const struct http_request *q, int status)
{
    CHECK(q->path[0] == '/' || strcmp(q->path, "*") == 0);
    CHECK(q->http2 && !q->keep_alive && q->header_count <= limits.header_count + 1);
    CHECK(strstr(q->path, "/../") == NULL);
    for (size_t i = 0; i < q->header_count; i++) {
        check_text(q->headers[i].name);
        check_text(q->headers[i].value);
    }
    if (status == 0)
        CHECK(strlen(q->target) <= limits.target_size);
}

static struct bytes cut(struct bytes *in, uint8_t end)
{
    const uint8_t *at = in->size > 0 ? memchr(in->data, end, in->size) : NULL;
    struct bytes   piece = { in->data, at != NULL ? (size_t)(at - in->data) : in->size };
    size_t         used = piece.size + (at != NULL);
    *in = (struct bytes){ in->data + used, in->size - used };
    return piece;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http2_request *r = http2_request_new(&limits);
    struct bytes          in = { data, size };
    const char           *reason = NULL;
    while (in.size > 0) {
        struct bytes value = cut(&in, '\n'), name = cut(&value, '\t');
        if (http2_request_add(r, name, value) != 0)
            break;
    }
    int status = http2_request_end(r, size % 2, &reason);
    CHECK(status == 0 || (status >= 400 && reason != NULL));
    check_request(http2_request_get(r), status);
    http2_request_free(r);
    return 0;
}
