/* config_hint.h - what to tell the operator who wrote a key that does not exist. */
#ifndef MILLRACE_CORE_CONFIG_HINT_H
#define MILLRACE_CORE_CONFIG_HINT_H

#include <stddef.h>

/* What to write instead of the unknown dotted key `name`, as the rest of a sentence that begins
 * `unknown key "<name>"`: where a key of Node Media Server went, or the nearest key of ours, as
 * `; did you mean "rtmp.port"?`; or nothing. */
void config_hint(const char *name, char *out, size_t size);

#endif
