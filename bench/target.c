#include "bench/target.h"

#include "base/alloc.h"
#include "base/error.h"
#include "protocol/url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *scheme;
    uint16_t    port;
} protocols[PROTOCOL_COUNT] = {
    [PROTOCOL_RTMP]  = { "rtmp",  "rtmp",  1935 },
    [PROTOCOL_FLV]   = { "flv",   "http",  80   },
    [PROTOCOL_WS]    = { "ws",    "ws",    80   },
    [PROTOCOL_RTMPS] = { "rtmps", "rtmps", 1936 },
    [PROTOCOL_HTTPS] = { "https", "https", 443  },
    [PROTOCOL_WSS]   = { "wss",   "wss",   443  },
};

const char *protocol_name(enum protocol protocol)
{
    return protocols[protocol].name;
}

__attribute__((format(printf, 2, 3)))
static int refuse(char why[TARGET_WHY_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, TARGET_WHY_SIZE, format, arguments);
    va_end(arguments);
    return ERR_INVALID;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* Sets the address of *t.  Returns 0, or what getaddrinfo() says. */
static int resolve(struct bytes host, uint16_t port, struct target *t)
{
    struct addrinfo  hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *found = NULL;
    char            *name = alloc_string_of(host.data, host.size);
    char             service[8];
    snprintf(service, sizeof service, "%u", port);
    int status = getaddrinfo(name, service, &hints, &found);
    free(name);
    if (status != 0)
        return status;
    memcpy(&t->address, found->ai_addr, found->ai_addrlen);
    t->address_size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

static char *join(struct bytes a, const char *between, struct bytes b)
{
    size_t between_size = strlen(between), size = a.size + between_size + b.size;
    char  *text = alloc_zeroed(size + 1);
    struct writer w = writer_over((uint8_t *)text, size);
    write_bytes(&w, a.data, a.size);
    write_bytes(&w, between, between_size);
    write_bytes(&w, b.data, b.size);
    return text;
}

/* host[:port] as the URL has it: what is between "//" and the path. */
static struct bytes authority_of(const char *text)
{
    const char *start = strstr(text, "://") + 3;
    return (struct bytes){ (const uint8_t *)start, strcspn(start, "/?#") };
}

/* rtmp://host/app/name?query: the app is all up to the last slash. */
static int split_rtmp(const struct url *u, const char *text, struct target *t, char why[TARGET_WHY_SIZE])
{
    const uint8_t *slash = u->path.size > 0 ? memrchr(u->path.data, '/', u->path.size) : NULL;
    if (slash == NULL || slash == u->path.data || slash + 1 == u->path.data + u->path.size)
        return refuse(why, "%.100s: expected rtmp://HOST/APP/NAME", text);
    struct bytes app = { u->path.data + 1, (size_t)(slash - u->path.data) - 1 };
    struct bytes name = { slash + 1, (size_t)(u->path.data + u->path.size - slash) - 1 };
    struct bytes authority = authority_of(text);
    t->app = alloc_string_of(app.data, app.size);
    t->name = join(name, u->query.size > 0 ? "?" : "", u->query);
    t->tc_url = alloc_zeroed(authority.size + app.size + 16);
    sprintf(t->tc_url, "%s://%.*s/%s", protocols[t->protocol].scheme, (int)authority.size, (const char *)authority.data, t->app);
    return 0;
}

static int make_one(enum protocol protocol, const char *text, struct target *t, char why[TARGET_WHY_SIZE])
{
    struct url u;
    if (url_parse(bytes_of(text), &u) < 0)
        return refuse(why, "%.100s: not a URL", text);
    if (!bytes_equal(u.scheme, bytes_of(protocols[protocol].scheme)))
        return refuse(why, "%.100s: expected %s://...", text, protocols[protocol].scheme);
    int status = resolve(u.host, u.port != 0 ? u.port : protocols[protocol].port, t);
    if (status != 0)
        return refuse(why, "%.100s: %s", text, gai_strerror(status));
    struct bytes authority = authority_of(text);
    t->host = alloc_string_of(authority.data, authority.size);
    t->is_loopback4 = t->address.ss_family == AF_INET && is_loopback((struct sockaddr *)&t->address);
    if (protocol_inside(protocol) == PROTOCOL_RTMP)
        return split_rtmp(&u, text, t, why);
    t->path = join(u.path.size > 0 ? u.path : bytes_of("/"), u.query.size > 0 ? "?" : "", u.query);
    return 0;
}

/* `url` with `number` for each {}. */
static char *fill_in(const char *url, uint32_t number)
{
    char  *text = alloc_string("");
    size_t size = 0;
    while (*url != '\0') {
        char        digits[12];
        const char *brace = strstr(url, "{}");
        size_t      plain = brace != NULL ? (size_t)(brace - url) : strlen(url);
        size_t      digits_size = brace != NULL ? (size_t)snprintf(digits, sizeof digits, "%u", number) : 0;
        text = alloc_resize(text, size + plain + digits_size + 1, 1);
        memcpy(text + size, url, plain);
        memcpy(text + size + plain, digits, digits_size);
        size += plain + digits_size;
        url += plain + (brace != NULL ? 2 : 0);
    }
    text[size] = '\0';
    return text;
}

int target_make(enum protocol protocol, const char *url, uint32_t count, bool allow_remote,
                struct target *targets, char why[TARGET_WHY_SIZE])
{
    if (count > 1 && strstr(url, "{}") == NULL)
        return refuse(why, "%.100s: several streams need a {} in the URL", url);
    for (uint32_t i = 0; i < count; i++) {
        char *text = fill_in(url, i);
        targets[i] = (struct target){ .protocol = protocol, .stream = i };
        int error = make_one(protocol, text, &targets[i], why);
        free(text);
        if (error < 0)
            return error;
        if (!allow_remote && !is_loopback((struct sockaddr *)&targets[i].address))
            return refuse(why, "%.100s is another machine: --allow-remote, if you may load it", url);
    }
    return 0;
}

void target_clear(struct target *t)
{
    free(t->host);
    free(t->app);
    free(t->name);
    free(t->path);
    free(t->tc_url);
    *t = (struct target){ .protocol = t->protocol };
}
