#include "server/api_origin.h"

#include "net/cidr.h"
#include "protocol/http.h"
#include "protocol/url.h"

#include <stdio.h>
#include <strings.h>

static bool is_allowed(const char *origin, const char *allowed)
{
    return allowed[0] != '\0' && (strcmp(allowed, "*") == 0 || strcasecmp(origin, allowed) == 0);
}

static uint16_t port_of(const struct url *url)
{
    if (url->port != 0)
        return url->port;
    return bytes_equal(url->scheme, bytes_of("https")) ? 443 : 80;
}

/* Whether the origin "http://host:port" is the host that the request is for.  Which scheme that came
 * by, a proxy may hide: a port that the Host does not name is the default one of either. */
static bool is_host(const char *origin, const char *host)
{
    struct url   url;
    struct bytes name;
    uint16_t     port;
    if (url_parse(bytes_of(origin), &url) != 0 || url_parse_host(bytes_of(host), &name, &port) != 0)
        return false;
    if (url.host.size != name.size ||
        strncasecmp((const char *)url.host.data, (const char *)name.data, name.size) != 0)
        return false;
    return port != 0 ? port_of(&url) == port : port_of(&url) == 80 || port_of(&url) == 443;
}

bool api_origin_may_change(const struct http_request *request, const char *allowed)
{
    const char *site = http_request_header(request, "Sec-Fetch-Site");
    const char *origin = http_request_header(request, "Origin");
    if (origin != NULL && is_allowed(origin, allowed))
        return true;
    if (site != NULL)
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    return origin == NULL || is_host(origin, request->host);
}

bool api_origin_is_local(const struct http_request *request)
{
    static const char *const forwarded[] = { "Forwarded", "X-Forwarded-For", "X-Real-IP", "Via" };
    struct bytes             host;
    struct cidr              address;
    uint16_t                 port;
    char                     name[80];
    for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
        if (http_request_header(request, forwarded[i]) != NULL)
            return false;
    if (request->host[0] == '\0')
        return true; /* HTTP/1.0, which no browser speaks */
    if (url_parse_host(bytes_of(request->host), &host, &port) != 0 || host.size >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)host.size, (const char *)host.data);
    const char *dot = strrchr(name, '.');
    return strcasecmp(name, "localhost") == 0 || (dot != NULL && strcasecmp(dot, ".localhost") == 0) ||
           cidr_of_ip(name, &address) == 0;
}
