/* url_fuzz.c - URLs, queries and stream names.  The input is "app NUL name"; without a NUL all
 * of it is both. */
#include "base/error.h"
#include "protocol/url.h"
#include "protocol/utf8.h"

#include <stdio.h>
#include <stdlib.h>

static void must(bool condition)
{
    if (!condition)
        abort();
}

/* A name that was let pass can be a file's, and reads back as itself. */
static void check_stream(const struct url_stream *s)
{
    struct url_stream again;
    char              path[URL_PATH_SIZE + 8];
    must(strlen(s->app) > 0 && strlen(s->app) <= URL_APP_MAX && s->app[0] != '.');
    must(strlen(s->name) > 0 && strlen(s->name) <= URL_NAME_MAX && s->name[0] != '.');
    must(strpbrk(s->app, "/\\%?#:*\"<>|& ") == NULL && strpbrk(s->name, "/\\%?#:*\"<>|& ") == NULL);
    must(utf8_valid(bytes_of(s->path)));
    for (const char *c = s->path; *c != '\0'; c++)
        must((uint8_t)*c > 0x20 && *c != 0x7f);
    snprintf(path, sizeof path, "/%s/%s", s->app, s->name);
    must(strcmp(path, s->path) == 0);
    must(url_stream_from_path(path, &again, NULL) == 0 && strcmp(again.path, s->path) == 0);
    strcat(path, ".flv");
    must(url_stream_from_flv(path, &again, NULL) == 0 && strcmp(again.path, s->path) == 0);
}

static void check_query(struct bytes query)
{
    struct bytes rest = query, name, value;
    char         out[32];
    size_t       size = 0;
    while (url_query_next(&rest, &name, &value)) {
        must(name.size + value.size > 0 || rest.size < query.size);
        size += name.size + value.size;
    }
    must(size <= query.size && rest.size == 0);
    ssize_t n = url_query_get(query, "sign", out, sizeof out);
    must((n == ERR_NOT_FOUND) == (url_query_count(query, "sign") == 0));
    must(strlen(out) == (n > 0 ? (size_t)n : 0));
}

static bool is_inside(struct bytes part, struct bytes whole)
{
    return part.size == 0 || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

static void check_url(struct bytes text)
{
    struct url u;
    if (url_parse(text, &u) < 0)
        return;
    must(u.scheme.size > 0 && u.host.size > 0);
    must(is_inside(u.scheme, text) && is_inside(u.host, u.authority) && is_inside(u.user, text));
    must(is_inside(u.path, text) && is_inside(u.query, text) && is_inside(u.authority, text));
    must(u.path.size == 0 || u.path.data[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t    *nul = size > 0 ? memchr(data, 0, size) : NULL;
    struct bytes      all = { data, size };
    struct bytes      app = { data, nul != NULL ? (size_t)(nul - data) : size };
    struct bytes      name = nul != NULL ? (struct bytes){ nul + 1, size - app.size - 1 } : all;
    struct url_stream s;
    const char       *why = NULL;
    char              out[64];
    if (url_stream_from_rtmp(app, name, &s, &why) == 0) {
        check_stream(&s);
        check_query(s.query);
    } else {
        must(why != NULL);
    }
    if (url_stream_from_parts(app, name, &s, NULL) == 0)
        check_stream(&s);
    char *path = malloc(size + 1);
    if (size > 0)
        memcpy(path, data, size);
    path[size] = '\0';
    if (url_stream_from_path(path, &s, NULL) == 0)
        check_stream(&s);
    if (url_stream_from_flv(path, &s, NULL) == 0)
        check_stream(&s);
    free(path);
    check_query(all);
    check_url(all);
    ssize_t n = url_decode(all, out, sizeof out);
    must(n < 0 || strlen(out) == (size_t)n);
    return 0;
}
