/* config_callers.h - the values of api.users and api.tokens: who may call the API.
 *
 *     [ { "username": "anna", "password": "scrypt:...", "role": "admin" } ]
 *     [ { "name": "grafana", "token": "sha256:...", "role": "viewer" } ]
 *
 * A token may be given as it is; what is kept of it is its digest. */
#ifndef MILLRACE_CORE_CONFIG_CALLERS_H
#define MILLRACE_CORE_CONFIG_CALLERS_H

#include "core/config.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_CALLER_NAME_MAX = 64, CONFIG_TOKEN_MIN = 16, CONFIG_TOKEN_MAX = 256 };

/* Put the list `value`, of users or tokens, in place of what is there.  0; or ERR_INVALID with a
 * sentence in `why` that holds no secret, and nothing changed. */
int config_callers_set(struct config_callers *, bool tokens, const json_t *value, size_t count_max, char *why,
                       size_t why_size);

/* As JSON; the caller owns the reference. */
json_t *config_callers_get(const struct config_callers *, bool tokens);

/* Put "********" in the place of the secrets in such a list. */
void config_callers_mask(json_t *value);

void config_callers_clear(struct config_callers *);

#endif
