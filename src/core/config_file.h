/* config_file.h - the text of a configuration file, and on which line of it a key stands.
 *
 * jansson does not keep the lines of what it parses; this scanner finds them again in a text
 * that jansson has taken. */
#ifndef MILLRACE_CORE_CONFIG_FILE_H
#define MILLRACE_CORE_CONFIG_FILE_H

#include <stddef.h>

#define CONFIG_FILE_SIZE_MAX (1 << 20)

/* A member of an object: `key` within the object that is `parent`, or the top if NULL. */
struct config_path {
    const struct config_path *parent;
    const char               *key;
};

/* Read the whole file.  0 and *text, which the caller frees; or ERR_SYSTEM with errno, or
 * ERR_TOO_BIG above CONFIG_FILE_SIZE_MAX. */
int config_file_read(const char *path, char **text, size_t *size);

/* The line, from 1, of the key that `path` names in a JSON text; 0 if it is not there. */
unsigned config_file_line(const char *text, size_t size, const struct config_path *path);

#endif
