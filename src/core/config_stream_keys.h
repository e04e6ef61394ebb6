/* config_stream_keys.h - the value of publish.keys: which stream a secret name publishes.
 *
 *     [ { "key": "k3-9f2c", "stream": "live/show" },
 *       { "key": "k3-77aa", "stream": "live/show", "expires": 1798761600 } ] */
#ifndef MILLRACE_CORE_CONFIG_STREAM_KEYS_H
#define MILLRACE_CORE_CONFIG_STREAM_KEYS_H

#include "core/config.h"

#include <jansson.h>
#include <stddef.h>

/* Put the list `value` in place of what is there.  0; or ERR_INVALID with a sentence in `why` that
 * holds no key, and nothing changed. */
int config_stream_keys_set(struct config_stream_keys *, const json_t *value, size_t count_max, char *why,
                           size_t why_size);

/* As JSON; the caller owns the reference. */
json_t *config_stream_keys_get(const struct config_stream_keys *);

void config_stream_keys_clear(struct config_stream_keys *);

#endif
