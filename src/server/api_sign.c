/* api_sign.c - signed URLs for streams (core/auth.h), by the secrets of the configuration. */
#include "base/clock.h"
#include "base/error.h"
#include "core/access.h"
#include "core/config.h"
#include "net/cidr.h"
#include "protocol/iso_time.h"
#include "server/api_peer.h"

#include <stdio.h>

#define TTL_DEFAULT_S 3600
#define TTL_MAX_S     (INT64_C(10) * 365 * 86400)

struct order {
    struct url_stream stream;
    enum auth_use     use;
    int64_t           expiry_s;
    const char       *network; /* NULL: any address */
};

static bool refuse(struct api_call *call, const char *message)
{
    api_fail(call, 400, "%s", message);
    return false;
}

static bool read_stream(struct api_call *call, struct order *o)
{
    const char *path = json_string_value(json_object_get(call->body, "path")), *why = "";
    if (path != NULL && url_stream_from_path(path, &o->stream, &why) == 0)
        return true;
    api_fail(call, 400, "path: expected a stream, as in /live/show%s%s", why[0] != '\0' ? ": " : "", why);
    return false;
}

static bool read_use(struct api_call *call, struct order *o)
{
    const char *use = json_string_value(json_object_get(call->body, "use"));
    o->use = use != NULL && strcmp(use, "publish") == 0 ? AUTH_PUBLISH : AUTH_PLAY;
    if (use != NULL && strcmp(use, auth_use_name(o->use)) == 0)
        return true;
    return refuse(call, "use: expected \"play\" or \"publish\"");
}

/* A time as text, or as seconds or milliseconds since 1970. */
static bool read_time(const json_t *value, int64_t *out_ms)
{
    char number[24];
    if (json_is_string(value))
        return iso_time_parse(json_string_value(value), out_ms) == 0;
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    return json_is_integer(value) && iso_time_parse(number, out_ms) == 0;
}

static bool read_expiry(struct api_call *call, struct order *o)
{
    const json_t *ttl = json_object_get(call->body, "ttlS"), *end = json_object_get(call->body, "expiresAt");
    int64_t       now_s = clock_wall_ms() / 1000, end_ms;
    if (ttl != NULL && end != NULL)
        return refuse(call, "ttlS and expiresAt say the same: give one of them");
    if (end != NULL) {
        if (!read_time(end, &end_ms))
            return refuse(call,
                          "expiresAt: expected a time, as in 2026-01-31T09:05:07Z, or seconds since 1970");
        o->expiry_s = end_ms / 1000;
        return o->expiry_s > now_s || refuse(call, "expiresAt: that is over");
    }
    int64_t ttl_s = ttl != NULL ? json_integer_value(ttl) : TTL_DEFAULT_S;
    if (ttl_s < 1 || ttl_s > TTL_MAX_S || (ttl != NULL && !json_is_integer(ttl)))
        return refuse(call, "ttlS: expected seconds, from 1 to 315360000");
    o->expiry_s = now_s + ttl_s;
    return true;
}

static bool read_network(struct api_call *call, struct order *o)
{
    const json_t *ip = json_object_get(call->body, "ip");
    struct cidr   network;
    const char   *why;
    o->network = json_string_value(ip);
    if (ip == NULL || (o->network != NULL && cidr_parse(o->network, &network, &why) == 0 && network.bits > 0))
        return true;
    return refuse(call, "ip: expected an address or a network, as in 192.0.2.0/24");
}

/* URLs. */

/* What a stream's path has may all stand in a URL, but for what is not ASCII and what shells and
 * chat programs take for the end of one. */
static void write_path(struct writer *w, const char *path)
{
    for (; *path != '\0'; path++) {
        char escaped[4];
        bool plain = (*path >= '0' && *path <= '9') || (*path >= 'a' && *path <= 'z') ||
                     (*path >= 'A' && *path <= 'Z') || strchr("/-._~", *path) != NULL;
        snprintf(escaped, sizeof escaped, plain ? "%c" : "%%%02X", (uint8_t)*path);
        write_bytes(w, escaped, strlen(escaped));
    }
}

struct place {
    const char *name, *scheme, *suffix;
    uint16_t    port, usual;
};

/* The name that the request was sent to, without its port. */
static void find_host(const struct api_call *call, char *out, size_t size)
{
    const char  *given = http_request_of(call->session)->host;
    struct bytes host;
    uint16_t     port;
    if (url_parse_host(bytes_of(given), &host, &port) != 0)
        host = bytes_of("localhost");
    bool v6 = memchr(host.data, ':', host.size) != NULL;
    snprintf(out, size, v6 ? "[%.*s]" : "%.*s", (int)host.size, (const char *)host.data);
}

static void add_url(json_t *urls, const struct place *place, const char *host, const char *path,
                    const char *query)
{
    char          room[4096], port[8] = "";
    struct writer w = writer_over((uint8_t *)room, sizeof room - 1);
    if (place->port == 0)
        return;
    if (place->port != place->usual)
        snprintf(port, sizeof port, ":%u", place->port);
    write_bytes(&w, place->scheme, strlen(place->scheme));
    write_bytes(&w, "://", 3);
    write_bytes(&w, host, strlen(host));
    write_bytes(&w, port, strlen(port));
    write_path(&w, path);
    write_bytes(&w, place->suffix, strlen(place->suffix));
    write_bytes(&w, "?", query[0] != '\0');
    write_bytes(&w, query, strlen(query));
    if (!w.overrun)
        json_object_set_new(urls, place->name, json_stringn(room, writer_size(&w)));
}

json_t *api_stream_urls(const struct api_call *call, const char *path, const char *query)
{
    const struct context_ports *ports = &call->worker->context->ports;
    const struct place          places[] = {
        { "rtmp", "rtmp", "", ports->rtmp, 1935 },      { "rtmps", "rtmps", "", ports->rtmps, 443 },
        { "flv", "http", ".flv", ports->http, 80 },     { "https", "https", ".flv", ports->https, 443 },
        { "ws", "ws", ".flv", ports->http, 80 },        { "wss", "wss", ".flv", ports->https, 443 },
    };
    char    host[300];
    json_t *urls = json_object();
    find_host(call, host, sizeof host);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        add_url(urls, &places[i], host, path, query);
    return urls;
}

static void answer_signed(struct api_call *call, const struct order *o, const char *secret)
{
    char              sign[AUTH_SIGN_SIZE], query[AUTH_SIGN_SIZE + 8];
    struct auth_grant grant = {
        .use = o->use,
        .path = o->stream.path,
        .expiry_s = o->expiry_s,
        .network = o->network,
    };
    if (auth_sign(&grant, secret, sign) != 0) {
        api_fail(call, 400, "ip: no sign can be made for that");
        return;
    }
    snprintf(query, sizeof query, "sign=%s", sign);
    json_t *body = json_object();
    json_object_set_new(body, "query", json_string(query));
    json_object_set_new(body, "expiresAt", api_time(o->expiry_s * 1000));
    json_object_set_new(body, "urls", api_stream_urls(call, o->stream.path, query));
    api_answer(call, 200, body);
}

static void sign(struct api_call *call)
{
    struct order     o = { 0 };
    struct auth_keys keys;
    if (!read_use(call, &o) || !read_stream(call, &o) || !read_expiry(call, &o) || !read_network(call, &o))
        return;
    access_keys(config_of_app(call->config, o.stream.app), &keys);
    if (keys.count == 0)
        api_fail(call, 409, "there is no secret to sign with: set auth.secret");
    else
        answer_signed(call, &o, keys.secrets[0]);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_POST, "/api/sign", API_ADMIN, .serve = sign, .body = "use path ttlS expiresAt ip",
      .needs_body = true },
};

const struct api_routes api_sign_routes = { rows, sizeof rows / sizeof *rows };
