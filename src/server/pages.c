#include "server/pages.h"

#include "base/alloc.h"
#include "base/error.h"
#include "net/conn.h"
#include "protocol/http_fields.h"
#include "server/http_peer.h"
#include "server/mime.h"
#include "server/page_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a page may do: load from here, play what it has put together itself (blob:, of Media Source
 * Extensions), and nothing else.  'self' covers WebSockets to this host as well. */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "                    \
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "            \
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

/* In the names of assets is a digest of their content: what is behind a name never changes. */
#define ASSETS        "/assets/"
#define CACHE_FOREVER "public, max-age=31536000, immutable"

/* One that the client has not taken at once. */
struct page_answer {
    struct http_answer   answer;
    struct http_session *session;
    struct bytes         rest;
};

bool pages_match(const char *path)
{
    return page_store_find(path) != NULL;
}

/* The body. */

static void finish(struct page_answer *a)
{
    http_complete(a->session);
    free(a);
}

static void push(struct page_answer *a)
{
    struct conn *conn = a->session->conn;
    if (!conn_flush(conn)) /* the head; on_writable() follows, or the end */
        return;
    while (a->rest.size > 0) {
        struct iovec iov = { (void *)a->rest.data, a->rest.size };
        ssize_t      n = conn_send(conn, &iov, 1);
        if (n == -EAGAIN) {
            conn_want_write(conn);
            return;
        }
        if (n < 0) {
            session_close(&a->session->base, "connection failed");
            return;
        }
        a->rest.data += n;
        a->rest.size -= (size_t)n;
    }
    finish(a);
}

static void on_writable(struct http_answer *answer)
{
    push((struct page_answer *)answer);
}

static void on_cancel(struct http_answer *answer)
{
    free(answer);
}

/* The head. */

/* A page in the form that the client takes. */
struct form {
    struct bytes body;
    const char  *coding; /* NULL: none */
    char         etag[80];
};

static struct form choose_form(const struct page *page, const struct http_request *request)
{
    struct form form = { .body = page->plain };
    if (http_accepts_coding(request, "br")) {
        form.body = page->br;
        form.coding = "br";
    } else if (http_accepts_coding(request, "gzip")) {
        form.body = page->gzip;
        form.coding = "gzip";
    }
    snprintf(form.etag, sizeof form.etag, "\"%s%s%s\"", page->version, form.coding != NULL ? "-" : "",
             form.coding != NULL ? form.coding : "");
    return form;
}

static void add(struct http_reply *reply, const char *name, const char *value)
{
    size_t i = 0;
    while (reply->extra[i].name != NULL)
        i++;
    reply->extra[i].name = name;
    reply->extra[i].value = value;
}

/* What a document says of itself, its parts need not repeat. */
static void add_protection(struct http_reply *reply)
{
    add(reply, "Content-Security-Policy", POLICY);
    add(reply, "Cross-Origin-Opener-Policy", "same-origin");
    add(reply, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
    add(reply, "Referrer-Policy", "no-referrer");
    add(reply, "X-Frame-Options", "DENY");
}

static void answer_head(struct http_session *s, const struct page *page, const struct form *form, int status)
{
    char              length[24];
    bool              is_asset = strncmp(page->path, ASSETS, strlen(ASSETS)) == 0;
    struct http_reply reply = { .status = status, .cache_control = is_asset ? CACHE_FOREVER : "no-cache" };
    snprintf(length, sizeof length, "%zu", form->body.size);
    add(&reply, "ETag", form->etag);
    add(&reply, "Vary", "Accept-Encoding");
    if (!is_asset)
        add_protection(&reply);
    if (status == 200) {
        reply.content_type = mime_of(page->path).type;
        add(&reply, "Content-Length", length);
        if (form->coding != NULL)
            add(&reply, "Content-Encoding", form->coding);
    }
    http_answer(s, &reply);
}

static void send_body(struct http_session *s, struct bytes body)
{
    struct page_answer *a = alloc_zeroed(sizeof *a);
    a->answer = (struct http_answer){ .on_writable = on_writable, .on_cancel = on_cancel };
    a->session = s;
    a->rest = body;
    http_defer(s, &a->answer);
    push(a);
}

void pages_serve(struct http_session *s, const struct http_request *request)
{
    const struct page     *page = page_store_find(request->path);
    struct form            form = choose_form(page, request);
    struct http_validators ours = { form.etag, INT64_MAX }; /* no date: the tag is what counts */
    int                    condition = http_check_conditions(request, &ours);
    if (condition == 412) {
        http_answer_error(s, 412, "the page is another than the request wants");
        return;
    }
    answer_head(s, page, &form, condition == 304 ? 304 : 200);
    if (condition == 0 && !s->head_only)
        send_body(s, form.body);
}
