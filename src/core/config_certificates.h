/* config_certificates.h - the value of tls.certificates: a list of { "cert": ..., "key": ... }. */
#ifndef MILLRACE_CORE_CONFIG_CERTIFICATES_H
#define MILLRACE_CORE_CONFIG_CERTIFICATES_H

#include "core/config.h"

#include <jansson.h>
#include <stddef.h>

/* Put the list `value` in place of what is there.  0; or ERR_INVALID with a sentence in `why`,
 * and nothing changed. */
int config_certificates_set(struct config_certificates *, const json_t *value, size_t count_max, char *why,
                            size_t why_size);

/* As JSON; the caller owns the reference. */
json_t *config_certificates_get(const struct config_certificates *);

void config_certificates_clear(struct config_certificates *);

#endif
