/* config_check.h - what no key of a configuration can see by itself. */
#ifndef MILLRACE_CORE_CONFIG_CHECK_H
#define MILLRACE_CORE_CONFIG_CHECK_H

#include <stdbool.h>

struct config;

struct config_fault {
    const char *app; /* whose value it is; NULL: the global one */
    const char *key;
    char        text[256];
};

/* Whether the values fit each other; if not, the first that does not. */
bool config_check(const struct config *, struct config_fault *);

#endif
