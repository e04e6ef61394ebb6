#include "core/config_check.h"

#include "core/config.h"
#include "core/config_apps.h"

#include <stdio.h>
#include <string.h>

static bool fault_at(struct config_fault *fault, const char *key, const char *text)
{
    fault->key = key;
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return false;
}

/* Listeners share ports with SO_REUSEPORT, so the system would not refuse two of ours on one
 * port, but hand connections to either. */
static bool check_ports(const struct config *c, struct config_fault *fault)
{
    char text[64];
    const struct {
        const char *key;
        int         port;
    } ports[] = { { "rtmp.port", c->rtmp.port }, { "http.port", c->http.port },
                  { "rtmps.port", c->rtmps.port }, { "https.port", c->https.port } };
    for (size_t i = 1; i < sizeof ports / sizeof *ports; i++)
        for (size_t j = 0; j < i; j++)
            if (ports[i].port > 0 && ports[i].port == ports[j].port) {
                snprintf(text, sizeof text, "%d is %s too", ports[i].port, ports[j].key);
                return fault_at(fault, ports[i].key, text);
            }
    return true;
}

/* Node Media Server up to 4.2.8 came with this secret, which anybody can sign with. */
static const char known_secret[] = "nodemedia2017privatekey";

static bool is_known(const struct config *c)
{
    bool known = strcmp(c->auth.secret, known_secret) == 0;
    for (size_t i = 0; i < c->auth.secrets.count; i++)
        known |= strcmp(c->auth.secrets.items[i], known_secret) == 0;
    return known;
}

/* With no secret the original lets everybody in, its operator believing the door locked. */
static bool check_auth(const struct config *c, struct config_fault *fault)
{
    bool wanted = c->auth.play || c->auth.publish;
    if (wanted && c->auth.secret[0] == '\0' && c->auth.secrets.count == 0)
        return fault_at(fault, c->auth.play ? "auth.play" : "auth.publish",
                        "signs are asked for, but there is no secret to check them with: set auth.secret, "
                        "or this to false");
    if (wanted && is_known(c))
        return fault_at(fault, "auth.secret",
                        "everybody knows this secret, the default of Node Media Server: choose another");
    return true;
}

/* On this machine every page that its browser shows could call what asks for no password. */
static bool check_api(const struct config *c, struct config_fault *fault)
{
    if (strcmp(c->api.allow_origin, "*") == 0 && c->api.users.count == 0 && c->api.tokens.count == 0)
        return fault_at(fault, "api.allow_origin",
                        "\"*\" lets any page that is open on this machine use the API: set api.users or "
                        "api.tokens, or name the origin");
    return true;
}

bool config_check(const struct config *config, struct config_fault *fault)
{
    *fault = (struct config_fault){ 0 };
    if (!check_ports(config, fault) || !check_auth(config, fault) || !check_api(config, fault))
        return false;
    const struct config *own;
    for (size_t i = 0; (own = config_apps_at(config, i, &fault->app)) != NULL; i++)
        if (!check_auth(own, fault))
            return false;
    return true;
}
