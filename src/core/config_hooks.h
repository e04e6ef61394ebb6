/* config_hooks.h - the values of notify.url and notify.hooks: whom to tell, of what.
 *
 *     "url": "http://127.0.0.1:3000/notify"                    or a list of such
 *
 *     "hooks": [ { "url": "https://example.org/hook", "events": ["postPublish", "donePublish"],
 *                  "apps": ["live"], "secret": "...", "timeout_ms": 2000, "retries": 0,
 *                  "on_error": "allow" } ]
 *
 * All but url may be left out: then it is told of the events of Node Media Server, of all apps, as
 * notify.secret, notify.timeout_ms, notify.retries and notify.on_error say. */
#ifndef MILLRACE_CORE_CONFIG_HOOKS_H
#define MILLRACE_CORE_CONFIG_HOOKS_H

#include "core/config.h"

#include <jansson.h>
#include <stddef.h>

/* Put the list `value`, or the one string that it is, in place of what is there.  0; or ERR_INVALID
 * with a sentence in `why` that holds no URL and no secret, and nothing changed. */
int config_urls_set(struct config_list *, const json_t *value, size_t count_max, char *why, size_t why_size);
int config_hooks_set(struct config_hooks *, const json_t *value, size_t count_max, char *why,
                     size_t why_size);

/* As JSON; the caller owns the reference. */
json_t *config_hooks_get(const struct config_hooks *);

void config_hooks_clear(struct config_hooks *);

/* Of both values as JSON: have no secret in it, nor what is secret of a URL: user and query. */
void config_hooks_mask(json_t *value);

/* The event types that are told to a hook that names none. */
unsigned config_hooks_usual_events(void);

#endif
