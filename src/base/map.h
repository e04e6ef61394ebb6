/* map.h - a hash map from a string to a pointer.
 *
 * Open addressing over a keyed hash (SipHash-2-4, key drawn at start), so that names chosen
 * by peers cannot make it slow.  The map copies its keys and borrows its values.  It is not
 * locked: its owner is. */
#ifndef MILLRACE_BASE_MAP_H
#define MILLRACE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map;

struct map *map_new(void);
void        map_free(struct map *); /* not the values */

size_t map_count(const struct map *);

/* The value under `key`, or NULL. */
void *map_get(const struct map *, const char *key);

/* Set `key` to `value`, which must not be NULL; returns what it replaced, or NULL. */
void *map_put(struct map *, const char *key, void *value);

/* Take `key` out; returns its value, or NULL. */
void *map_remove(struct map *, const char *key);

/* Walk in no particular order: start with *at = 0; false at the end.  The map must not
 * change during the walk. */
bool map_next(const struct map *, size_t *at, const char **key, void **value);

#endif
