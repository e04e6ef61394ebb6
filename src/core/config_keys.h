/* config_keys.h - the one table of all configuration keys, and how a value of each type is
 * checked, stored, read back and freed.
 *
 * The file, the command line, the defaults, the printed configuration and the documentation
 * all come from this table. */
#ifndef MILLRACE_CORE_CONFIG_KEYS_H
#define MILLRACE_CORE_CONFIG_KEYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The comment names the member of struct config that holds a value of the type. */
enum config_type {
    CONFIG_BOOL,     /* bool */
    CONFIG_INTEGER,  /* uint32_t */
    CONFIG_DURATION, /* uint32_t, in the key's unit */
    CONFIG_SIZE,     /* uint64_t, in bytes */
    CONFIG_PORT,     /* int: JSON null is CONFIG_PORT_OFF */
    CONFIG_ENUM,     /* an enum, by the place of the word in `choices` */
    CONFIG_STRING,   /* char *, owned, never NULL; no control characters */
    CONFIG_ADDRESS,  /* the same, an IPv4 or IPv6 address */
    CONFIG_PATH,     /* the same, a file or folder; "" is none */
    CONFIG_LIST,     /* struct config_list of strings */
    CONFIG_NETWORKS, /* struct cidr_list: IPv4 and IPv6 addresses and networks */
    CONFIG_STREAM_KEYS,  /* struct config_stream_keys (core/config.h) */
    CONFIG_CERTIFICATES, /* struct config_certificates (core/config.h) */
    CONFIG_URLS,         /* struct config_list of URLs; one alone may be a string */
    CONFIG_HOOKS,        /* struct config_hooks (core/config.h) */
    CONFIG_USERS,        /* struct config_callers (core/config.h) */
    CONFIG_TOKENS,       /* the same */
};

enum config_flag {
    CONFIG_LIVE   = 1 << 0, /* a reload takes the new value; without it, only a restart does */
    CONFIG_SECRET = 1 << 1, /* never printed, in no error either */
    CONFIG_APP    = 1 << 2, /* an app may have a value of its own */
    CONFIG_AUTO   = 1 << 3, /* CONFIG_DURATION: "auto" is a value, too, stored as CONFIG_AUTOMATIC */
};

struct config_key {
    const char      *name; /* dotted */
    enum config_type type;
    size_t           offset; /* in struct config */
    size_t           size;   /* of the member there */
    const char      *initial; /* the default, as JSON */
    int64_t          min;    /* of numbers; of the count of bytes in strings, of items in lists */
    int64_t          max;
    const char      *unit;    /* "s", "ms", "bytes" or "" */
    const char      *choices; /* CONFIG_ENUM: the words, separated by '|' */
    unsigned         flags;   /* enum config_flag */
    const char      *doc;     /* one line */
};

extern const struct config_key config_keys[];
extern const size_t            config_key_count;

/* The key of this dotted name, or NULL. */
const struct config_key *config_key_find(const char *name);

/* Do keys below `name` exist?  "rtmp" is a section, "rtmp.port" is not. */
bool config_key_is_section(const char *name);

/* The key that "apps.<app>.<key>" sets, and where the app's name is in it; NULL if there is none.
 * It may be one that apps cannot have. */
const struct config_key *config_key_find_app(const char *name, const char **app, size_t *app_size);

/* Put `value` into the configuration that begins at `base`, in place of what is there.  0; or
 * ERR_INVALID with a sentence about the value in `why`, and nothing changed. */
int config_key_set(const struct config_key *, void *base, const json_t *value, char *why, size_t why_size);

/* The value as JSON; the caller owns the reference. */
json_t *config_key_get(const struct config_key *, const void *base);

/* Copy the value from one configuration to another. */
void config_key_copy(const struct config_key *, void *to, const void *from);

bool config_key_is_equal(const struct config_key *, const void *a, const void *b);

/* Free what the value owns; it must not be used after that. */
void config_key_clear(const struct config_key *, void *base);

/* What the command line means by `text`: for keys that hold text, that text, unless it is a
 * JSON string; for the others JSON, or else a string.  The caller owns the reference; NULL if
 * `text` is not UTF-8. */
json_t *config_key_parse(const struct config_key *, const char *text);

#endif
