/* config_apps.h - the values that apps have of their own, while a configuration is loaded.
 *
 * Each app that is named has a whole configuration: the global one as it is when the app is first
 * named, with the app's values over it.  So whatever is global comes first. */
#ifndef MILLRACE_CORE_CONFIG_APPS_H
#define MILLRACE_CORE_CONFIG_APPS_H

#include "core/config_keys.h"

struct config;

/* More would be a mistake, and each takes some memory. */
#define CONFIG_APPS_MAX 1000

/* The configuration of `app`, made if there is none yet; owned by `config`.  ERR_INVALID with a
 * sentence in `why` if no app can have that name, or if there are too many. */
int config_apps_add(struct config *config, const char *app, struct config **out, char *why, size_t why_size);

/* As config_key_set() for the configuration of an app.  An app with secrets of its own has none
 * of the global ones, whichever of the two keys holds them. */
int config_apps_set(const struct config_key *, struct config *app, const json_t *value, char *why,
                    size_t why_size);

/* In the order added: the configuration of the app and its name; NULL at the end. */
struct config *config_apps_at(const struct config *, size_t index, const char **app);

void config_apps_free(struct config *);

#endif
