#include "bench/flv_client.h"

#include "base/error.h"
#include "bench/target.h"

#include <stdio.h>

enum {
    OPCODE_BINARY = 2,
    OPCODE_CLOSE  = 8,
    OPCODE_PING   = 9,
    OPCODE_PONG   = 10,
};

static int fail(struct flv_client *c, int error, const char *why)
{
    if (c->error == 0) {
        c->error = error;
        snprintf(c->why, sizeof c->why, "%s", why);
    }
    return c->error;
}

static int take_flv(struct flv_client *c, struct bytes in)
{
    while (in.size > 0) {
        struct skim_message m;
        ssize_t             n = skim_flv_read(&c->flv, in, &m);
        if (n < 0)
            return fail(c, (int)n, "broken FLV");
        if (m.complete)
            c->fn(c->arg, &m);
        in = (struct bytes){ in.data + n, in.size - (size_t)n };
    }
    return 0;
}

static int on_ws_event(struct flv_client *c, const struct skim_ws_event *event)
{
    switch (event->opcode) {
    case OPCODE_BINARY:
        return take_flv(c, event->data);
    case OPCODE_PING:
        skim_ws_write_control(c->out, OPCODE_PONG, event->data);
        return 0;
    case OPCODE_CLOSE:
        return fail(c, ERR_CLOSED, "closed by the server");
    }
    return 0;
}

static int take_ws(struct flv_client *c, struct bytes in)
{
    while (in.size > 0 && c->error == 0) {
        struct skim_ws_event event;
        ssize_t              n = skim_ws_read(&c->ws, in, &event);
        if (n < 0)
            return fail(c, (int)n, "broken WebSocket frames");
        on_ws_event(c, &event);
        in = (struct bytes){ in.data + n, in.size - (size_t)n };
    }
    return c->error;
}

static int on_headers_complete(llhttp_t *http)
{
    struct flv_client *c = http->data;
    unsigned           status = llhttp_get_status_code(http);
    char               text[32];
    c->started = true;
    if (status == (c->is_ws ? 101 : 200))
        return 0;
    snprintf(text, sizeof text, "HTTP status %u", status);
    fail(c, ERR_REFUSED, text);
    return -1;
}

static int on_body(llhttp_t *http, const char *at, size_t size)
{
    return take_flv(http->data, (struct bytes){ (const uint8_t *)at, size }) < 0 ? -1 : 0;
}

static int on_message_complete(llhttp_t *http)
{
    struct flv_client *c = http->data;
    if (!c->is_ws)
        fail(c, ERR_CLOSED, "ended by the server");
    return 0;
}

static const llhttp_settings_t settings = {
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

static void write_text(struct writer *out, const char *text)
{
    write_bytes(out, text, strlen(text));
}

void flv_client_init(struct flv_client *c, const struct target *target, struct writer *out)
{
    *c = (struct flv_client){ .target = target, .is_ws = protocol_inside(target->protocol) == PROTOCOL_WS };
    llhttp_init(&c->http, HTTP_RESPONSE, &settings);
    write_text(out, "GET ");
    write_text(out, target->path);
    write_text(out, " HTTP/1.1\r\nHost: ");
    write_text(out, target->host);
    write_text(out, "\r\nUser-Agent: millrace-bench\r\nAccept: */*\r\n");
    if (c->is_ws) /* the key of RFC 6455, 1.3: a server must not care */
        write_text(out, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    write_text(out, "\r\n");
}

/* Through the parser: the head, and for HTTP-FLV all that follows. */
static int take_http(struct flv_client *c, struct bytes in)
{
    c->http.data = c;
    enum llhttp_errno status = llhttp_execute(&c->http, (const char *)in.data, in.size);
    if (c->error < 0 || status == HPE_OK)
        return c->error;
    if (status != HPE_PAUSED_UPGRADE || !c->is_ws)
        return fail(c, ERR_PROTOCOL, "broken HTTP");
    size_t taken = (size_t)(llhttp_get_error_pos(&c->http) - (const char *)in.data);
    c->upgraded = true;
    return take_ws(c, (struct bytes){ in.data + taken, in.size - taken });
}

int flv_client_read(struct flv_client *c, struct bytes in, struct writer *out, skim_fn *fn, void *arg)
{
    c->out = out;
    c->fn = fn;
    c->arg = arg;
    return c->upgraded ? take_ws(c, in) : take_http(c, in);
}
