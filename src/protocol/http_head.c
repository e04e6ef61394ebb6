#include "protocol/http_head.h"

#include "protocol/url.h"
#include "protocol/utf8.h"

#include <strings.h>

static int refuse(int status, const char *text, const char **reason)
{
    *reason = text;
    return status;
}

/* The header of that name; *count is how many there are. */
static const char *find(const struct http_request *r, const char *name, size_t *count)
{
    const char *value = NULL;
    *count = 0;
    for (size_t i = 0; i < r->header_count; i++) {
        if (strcasecmp(r->headers[i].name, name) != 0)
            continue;
        value = r->headers[i].value;
        (*count)++;
    }
    return value;
}

/* Exactly one in HTTP/1.1, and a name that can be one (RFC 9112, 3.2). */
static int read_host(struct http_request *r, const char **reason)
{
    size_t       count;
    const char  *value = find(r, "Host", &count);
    struct bytes host;
    uint16_t     port;
    if (count > 1 || (count == 0 && r->minor > 0))
        return refuse(400, "not exactly one Host", reason);
    r->host = count == 1 ? value : "";
    if (r->host[0] != '\0' && url_parse_host(bytes_of(r->host), &host, &port) < 0)
        return refuse(400, "malformed Host", reason);
    return 0;
}

/* Chunks are the one transfer coding we undo.  Beside a Content-Length, or from a client too old
 * to know it, it is the classic way to smuggle a request (RFC 9112, 6.1 and 11.2). */
static int read_body_kind(struct http_request *r, const char **reason)
{
    size_t      coding_count, length_count;
    const char *coding = find(r, "Transfer-Encoding", &coding_count);
    const char *length = find(r, "Content-Length", &length_count);
    if (length_count > 1 || (length != NULL && coding != NULL))
        return refuse(400, "more than one length of the body", reason);
    if (coding != NULL) {
        if (r->minor == 0)
            return refuse(400, "Transfer-Encoding in HTTP/1.0", reason);
        if (coding_count > 1 || strcasecmp(coding, "chunked") != 0)
            return refuse(501, "transfer coding not supported", reason);
        r->chunked = true;
    }
    r->has_body = r->chunked || r->content_length > 0;
    return 0;
}

static int read_expect(struct http_request *r, const char **reason)
{
    size_t      count;
    const char *value = find(r, "Expect", &count);
    if (value == NULL || r->minor == 0) /* 1.0 knows no expectations: to be ignored (RFC 9110, 10.1.1) */
        return 0;
    if (count > 1 || strcasecmp(value, "100-continue") != 0)
        return refuse(417, "expectation not supported", reason);
    r->expect_continue = r->has_body;
    return 0;
}

/* The path is for routes, files and logs: what would be a trap in any of them is refused. */
static bool is_clean_path(const char *path)
{
    for (const char *c = path; *c != '\0'; c++) {
        if ((uint8_t)*c < 0x20 || *c == 0x7f)
            return false;
        if (*c == '/') {
            size_t size = strcspn(c + 1, "/");
            if ((size == 1 && c[1] == '.') || (size == 2 && c[1] == '.' && c[2] == '.'))
                return false;
        }
    }
    return utf8_valid(bytes_of(path));
}

static int read_path(struct http_request *r, struct bytes path, char *decoded, size_t room,
                     const char **reason)
{
    if (path.size == 0)
        path = bytes_of("/");
    if (url_decode(path, decoded, room) < 0 || !is_clean_path(decoded))
        return refuse(400, "malformed path", reason);
    r->path = decoded;
    return 0;
}

/* Clients send http://host/path to proxies, and a proxy may pass it on; its host counts, not the
 * header's (RFC 9112, 3.2.2). */
static int read_absolute_target(struct http_request *r, struct bytes target, char *decoded,
                                const char **reason)
{
    static const char *const schemes[] = { "http", "https", "ws", "wss" };
    struct url url;
    bool       known = false;
    if (url_parse(target, &url) < 0 || url.user.size > 0)
        return refuse(400, "malformed request target", reason);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        known |= url.scheme.size == strlen(schemes[i]) &&
                 strncasecmp((const char *)url.scheme.data, schemes[i], url.scheme.size) == 0;
    if (!known)
        return refuse(400, "request target of an unknown scheme", reason);
    memcpy(decoded, url.authority.data, url.authority.size);
    decoded[url.authority.size] = '\0';
    r->host = decoded;
    r->query = url.query;
    size_t used = url.authority.size + 1;
    return read_path(r, url.path, decoded + used, target.size + HTTP_HEAD_DECODED_EXTRA - used, reason);
}

static int read_target(struct http_request *r, char *decoded, const char **reason)
{
    struct bytes target = bytes_of(r->target);
    if (memchr(target.data, '#', target.size) != NULL)
        return refuse(400, "fragment in the request target", reason);
    if (target.data[0] == '/') {
        const char *mark = strchr(r->target, '?');
        if (mark == NULL)
            return read_path(r, target, decoded, target.size + HTTP_HEAD_DECODED_EXTRA, reason);
        struct bytes path = { target.data, (size_t)(mark - r->target) };
        r->query = bytes_of(mark + 1);
        return read_path(r, path, decoded, target.size + HTTP_HEAD_DECODED_EXTRA, reason);
    }
    if (strcmp(r->target, "*") == 0 && r->method == HTTP_METHOD_OPTIONS) {
        r->path = r->target;
        return 0;
    }
    return read_absolute_target(r, target, decoded, reason);
}

int http_head_interpret(struct http_request *r, char *decoded, const char **reason)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (r->headers[i].name[0] == '\0') /* llhttp lets it pass */
            return refuse(400, "header without a name", reason);
    if (strcmp(r->method_name, "CONNECT") == 0)
        return refuse(501, "CONNECT is for proxies", reason);
    int status = read_host(r, reason);
    if (status == 0)
        status = read_body_kind(r, reason);
    if (status == 0)
        status = read_expect(r, reason);
    if (status == 0)
        status = read_target(r, decoded, reason);
    r->upgrade_websocket = r->minor > 0 && http_request_has_token(r, "Connection", "upgrade") &&
                           http_request_has_token(r, "Upgrade", "websocket");
    return status;
}
