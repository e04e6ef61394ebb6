/* api_answer.c - the answer to a call, given to the client as it takes it. */
#include "core/config.h"
#include "net/conn.h"
#include "protocol/utf8.h"
#include "server/api_peer.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Names of errors, for programs. */
static const char *code_of(int status)
{
    switch (status) {
    case 400: return "bad_request";
    case 401: return "unauthorized";
    case 403: return "forbidden";
    case 404: return "not_found";
    case 405: return "method_not_allowed";
    case 408: return "timeout";
    case 409: return "conflict";
    case 413: return "payload_too_large";
    case 415: return "unsupported_media_type";
    case 429: return "too_many_requests";
    case 503: return "unavailable";
    }
    return "internal";
}

void api_header(struct api_call *call, const char *name, const char *value)
{
    assert(call->header_count < API_HEADERS_MAX);
    call->headers[call->header_count].name = name;
    snprintf(call->headers[call->header_count++].value, sizeof call->headers[0].value, "%s", value);
}

static void send_head(struct api_call *call, int status, const char *content_type)
{
    char              length[24];
    struct http_reply reply = { .status = status, .content_type = content_type, .cache_control = "no-store" };
    unsigned          count = 0;
    for (; count < call->header_count; count++) {
        reply.extra[count].name = call->headers[count].name;
        reply.extra[count].value = call->headers[count].value;
    }
    if (content_type != NULL) {
        snprintf(length, sizeof length, "%zu", call->text_size);
        reply.extra[count].name = "Content-Length";
        reply.extra[count].value = length;
    }
    http_answer(call->session, &reply);
}

void api_call_push(struct api_call *call)
{
    struct conn *conn = call->session->conn;
    if (!conn_flush(conn)) /* the head; on_writable() follows, or the end */
        return;
    while (call->text_at < call->text_size) {
        struct iovec iov = { (char *)call->text + call->text_at, call->text_size - call->text_at };
        ssize_t      n = conn_send(conn, &iov, 1);
        if (n == -EAGAIN) {
            conn_want_write(conn);
            return;
        }
        if (n < 0) {
            session_close(&call->session->base, "connection failed");
            return;
        }
        call->text_at += (size_t)n;
    }
    struct http_session *s = call->session;
    api_call_leave(call);
    http_complete(s);
}

void api_answer_text(struct api_call *call, int status, const char *content_type, const char *text,
                     size_t size, void (*free_text)(void *))
{
    assert(!call->answered);
    call->answered = true;
    call->text = text;
    call->text_size = size;
    call->free_text = free_text;
    if (call->session == NULL)
        return;
    send_head(call, status, content_type);
    if (call->session->head_only)
        call->text_at = call->text_size;
    api_call_push(call);
}

void api_answer(struct api_call *call, int status, json_t *body)
{
    static const char no_memory[] =
        "{\"error\":{\"status\":500,\"code\":\"internal\",\"message\":\"the answer could not be made\"}}";
    size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(10);
    char  *text = body != NULL ? json_dumps(body, flags) : NULL;
    bool   failed = body != NULL && text == NULL;
    json_decref(body);
    if (failed)
        api_answer_text(call, 500, "application/json", no_memory, sizeof no_memory - 1, NULL);
    else if (text == NULL)
        api_answer_text(call, status, NULL, NULL, 0, NULL);
    else
        api_answer_text(call, status, "application/json", text, strlen(text), free);
}

void api_fail(struct api_call *call, int status, const char *format, ...)
{
    char    message[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    while (!utf8_valid(bytes_of(message))) /* cut in the middle of a character */
        message[strlen(message) - 1] = '\0';
    if (call->session != NULL)
        log_debug(&call->session->base.log, "API %d: %s", status, message);
    json_t *error = json_object(), *body = json_object();
    if (call->route != NULL && strncmp(call->route->path, "/api/v1/", 8) == 0)
        json_object_update_new(body, json_pack("{s:b, s:{}, s:s}", "success", 0, "data", "message", message));
    json_object_set_new(error, "status", json_integer(status));
    json_object_set_new(error, "code", json_string(code_of(status)));
    json_object_set_new(error, "message", json_string(message));
    json_object_set_new(body, "error", error);
    api_answer(call, status, body);
}
