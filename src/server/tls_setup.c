#include "server/tls_setup.h"

#include "base/alloc.h"
#include "base/log.h"
#include "core/config.h"
#include "net/tls.h"
#include "net/tls_store.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_SIZE sizeof "tls.certificates[000000]"

/* The settings, and what they need kept: names of the shared ones. */
struct setup {
    struct tls_settings settings;
    struct tls_pair    *shared;
    char (*names)[NAME_SIZE];
};

static struct tls_pair pair_of(const char *name, const struct config_tls_port *port)
{
    return (struct tls_pair){ name, port->cert, port->key };
}

static struct setup begin(const struct config *config)
{
    const struct config_certificates *list = &config->tls.certificates;
    struct setup                      s = { 0 };
    s.shared = alloc_zeroed((list->count + 1) * sizeof *s.shared);
    s.names = alloc_zeroed((list->count + 1) * sizeof *s.names);
    for (size_t i = 0; i < list->count; i++) {
        snprintf(s.names[i], NAME_SIZE, "tls.certificates[%u]", (unsigned)(i % 1000000));
        s.shared[i] = (struct tls_pair){ s.names[i], list->items[i].cert, list->items[i].key };
    }
    s.settings = (struct tls_settings){
        .on = { [TLS_RTMPS] = config->rtmps.port != CONFIG_PORT_OFF,
                [TLS_HTTPS] = config->https.port != CONFIG_PORT_OFF },
        .own = { [TLS_RTMPS] = pair_of("rtmps", &config->rtmps),
                 [TLS_HTTPS] = pair_of("https", &config->https) },
        .shared = s.shared,
        .shared_count = list->count,
        .kernel = config->tls.ktls,
        .http2 = config->http2.streams > 0,
    };
    return s;
}

static void end(struct setup *s)
{
    free(s->shared);
    free(s->names);
}

/* tls.ktls asks for what the kernel may not have. */
static void choose_kernel(struct setup *s)
{
    bool able = tls_kernel_is_able();
    if (s->settings.kernel && !able)
        log_warn(NULL, "tls.ktls: this kernel cannot encrypt TLS (its module \"tls\" is not loaded)");
    else if (s->settings.kernel)
        log_info(NULL, "TLS is encrypted by the kernel, where a connection's cipher allows it");
    else
        log_info(NULL, "TLS is encrypted by OpenSSL%s",
                 able ? "; the kernel could do it as well (tls.ktls)" : "; the kernel offers no TLS");
    s->settings.kernel &= able;
}

bool tls_setup_load(const struct config *config, struct tls_store **out)
{
    char error[TLS_ERROR_SIZE];
    *out = NULL;
    if (config->rtmps.port == CONFIG_PORT_OFF && config->https.port == CONFIG_PORT_OFF)
        return true;
    struct setup s = begin(config);
    choose_kernel(&s);
    *out = tls_store_new(&s.settings, error);
    end(&s);
    if (*out == NULL)
        log_error(NULL, "%s", error);
    return *out != NULL;
}

bool tls_setup_reload(struct tls_store *store, const struct config *config, char *error, size_t error_size)
{
    char why[TLS_ERROR_SIZE];
    if (store == NULL)
        return true;
    struct setup s = begin(config);
    bool         loaded = tls_store_reload(store, &s.settings, why);
    end(&s);
    if (!loaded)
        snprintf(error, error_size, "%s", why);
    return loaded;
}
