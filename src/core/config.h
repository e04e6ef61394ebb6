/* config.h - everything an operator can set, as plain data.
 *
 * The members mirror the dotted keys of the JSON file: "rtmp.port" is config->rtmp.port.
 * config_keys.c has the one table of all keys, with type, default, range and meaning; a new
 * key is a member here and a row there, and a line in docs/CONFIGURATION.md.
 *
 * An app may have values of its own for some keys, "apps.live.auth.play" for the app "live":
 * config_of_app() gives all that counts for its streams, as a configuration of the same form.
 *
 * A configuration is not changed after it was loaded, so threads may share it unlocked. */
#ifndef MILLRACE_CORE_CONFIG_H
#define MILLRACE_CORE_CONFIG_H

#include "base/log.h"
#include "net/cidr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_t; /* jansson's */
struct config_apps;

#define CONFIG_PORT_OFF   (-1)
#define CONFIG_AUTOMATIC  UINT32_MAX /* the server finds a value by itself */
#define CONFIG_ERROR_SIZE 512

enum config_fsync {
    CONFIG_FSYNC_NONE,
    CONFIG_FSYNC_SEGMENT,
    CONFIG_FSYNC_INTERVAL,
};

enum config_backend {
    CONFIG_BACKEND_AUTO, /* io_uring where the kernel permits it, else sendmsg */
    CONFIG_BACKEND_SENDMSG,
    CONFIG_BACKEND_IO_URING,
};

enum config_takeover {
    CONFIG_TAKEOVER_REJECT,
    CONFIG_TAKEOVER_REPLACE,
    CONFIG_TAKEOVER_REPLACE_IF_STALLED,
};

enum config_on_error {
    CONFIG_ON_ERROR_DENY,
    CONFIG_ON_ERROR_ALLOW,
};

struct config_list {
    char **items; /* owned, as each item is */
    size_t count;
};

/* A certificate with its chain, and its private key: files in PEM. */
struct config_certificate {
    char *cert;
    char *key; /* "": in the same file */
};

struct config_certificates {
    struct config_certificate *items; /* owned */
    size_t                     count;
};

/* A secret name under which a stream is published. */
struct config_stream_key {
    char   *key;
    char   *path;      /* "/app/name" */
    int64_t expires_s; /* since 1970: the last second in which it is good; 0: for ever */
};

struct config_stream_keys {
    struct config_stream_key *items; /* owned */
    size_t                    count;
};

/* Who is told of events. */
struct config_hook {
    char              *url;
    char              *secret;     /* NULL: notify.secret */
    unsigned           events;     /* 1u << enum event_type, of each */
    struct config_list apps;       /* empty: all */
    uint32_t           timeout_ms; /* 0: notify.timeout_ms */
    int                retries;    /* -1: notify.retries */
    int                on_error;   /* enum config_on_error; -1: notify.on_error */
};

struct config_hooks {
    struct config_hook *items; /* owned */
    size_t              count;
};

/* Who may call the API: a user with a password, or a token. */
struct config_caller {
    char *name;
    char *secret; /* a hash (core/password.h): of the password, or the digest of the token */
    bool  is_admin;
};

struct config_callers {
    struct config_caller *items; /* owned */
    size_t                count;
};

/* One port that speaks TLS. */
struct config_tls_port {
    int   port; /* as rtmp.port */
    char *key;  /* files, "" for none */
    char *cert;
};

struct config {
    char    *bind;    /* an IPv4 or IPv6 address */
    uint32_t workers; /* 0: as many as there are cores we may use */
    uint32_t drain_s;
    bool     seccomp;
    struct {
        int      port; /* CONFIG_PORT_OFF: no listener; 0: any free port */
        uint64_t chunk_size;
        uint32_t ping;         /* seconds; this and the next are named as in Node Media Server */
        uint32_t ping_timeout; /* seconds */
    } rtmp;
    struct {
        int   port; /* as rtmp.port */
        char *allow_origin;
    } http;
    struct {
        uint32_t streams; /* 0: HTTP/2 is not spoken */
        uint32_t resets;
        uint32_t control_frames;
    } http2;
    struct config_tls_port rtmps;
    struct config_tls_port https;
    struct {
        struct config_certificates certificates;
        bool                       ktls;
    } tls;
    struct {
        bool     enable;
        uint32_t event_clients;
        char    *allow_origin;
        struct config_callers users;
        struct config_callers tokens;
    } api;
    struct {
        uint32_t streams; /* with series of their own */
    } metrics;
    struct {
        char *root;   /* "": no files are served */
        char *router; /* the prefix of their URLs */
    } static_files;   /* "static" is a word of C's */
    struct {
        enum log_level  level;
        enum log_format format;
    } log;
    struct {
        uint32_t            flush_ms; /* or CONFIG_AUTOMATIC */
        uint32_t            lag_ms;
        uint64_t            lag_bytes;
        uint32_t            stall_s;
        bool                gop_cache;
        uint32_t            gop_ms;
        uint64_t            gop_bytes;
        enum config_backend backend;
    } delivery;
    struct {
        bool               play;
        bool               publish;
        char              *secret;  /* "": none */
        struct config_list secrets; /* good beside it */
        bool               legacy;
        bool               own_secrets; /* of an app: the global ones do not count for it */
    } auth;
    struct {
        uint32_t             resume_s;
        uint32_t             timeout_s;
        enum config_takeover takeover;
        uint32_t             stalled_s;
        uint32_t             standby_after_ms;
        uint32_t             standby_return_s;
        uint64_t             standby_min_bitrate; /* bits a second; 0: none */
        struct config_stream_keys keys;
        struct cidr_list allow; /* empty: all */
        struct cidr_list deny;  /* wins over `allow` */
    } publish;
    struct {
        uint32_t         wait_s;
        struct cidr_list allow;
        struct cidr_list deny;
    } play;
    struct {
        char    *path; /* "": nothing is recorded */
        bool     auto_start;
        uint32_t segment_duration; /* seconds */
        uint64_t segment_bytes;    /* 0: no limit */
        uint64_t buffer_bytes;
        uint64_t buffers_bytes; /* of all recordings */
        enum config_fsync fsync;
        uint32_t fsync_s;
        uint64_t min_free;
        uint32_t keep_s; /* of this and those below: 0 is no limit */
        uint64_t keep_bytes;
        uint64_t keep_stream_bytes;
        uint64_t keep_free;
        uint32_t players;
    } record;
    struct {
        char    *path; /* "": in record.path */
        uint32_t keep_s; /* 0: for ever */
    } store;
    struct {
        struct config_list   url;
        struct config_hooks  hooks;
        char                *secret; /* "": requests are not signed */
        enum config_on_error on_error;
        bool                 strict;
        uint32_t             timeout_ms;
        uint32_t             retries;
        uint32_t             retry_ms;
        uint32_t             queue;
        uint32_t             connections;
        char                *ca; /* "": those that the system trusts */
        bool                 tls_verify;
        char                *proxy; /* "": none */
    } notify;
    struct {
        struct cidr_list from;
    } proxy;
    struct {
        uint32_t connections;
        uint32_t connections_per_ip; /* 0: no limit */
        uint32_t streams;
        uint32_t viewers_per_stream; /* 0: no limit */
        uint64_t publish_bitrate;    /* bits a second; 0: no limit */
        uint64_t message_size;
        uint32_t chunk_streams;
        uint64_t http_header_size;
        uint32_t handshake_s;
        uint32_t idle_s;
    } limits;
    struct config_apps *apps; /* NULL if no app has values of its own */
};

/* One value from the command line.  `source` is what an error calls it, such as "--set".
 * `value` is JSON, or else plain text; all are borrowed. */
struct config_set {
    const char *source;
    const char *key; /* dotted */
    const char *value;
};

/* The defaults.  The caller owns it. */
struct config *config_new(void);
void           config_free(struct config *); /* NULL is allowed */

/* What counts for the streams of `app`, or for the stream /app/name: borrowed from `config`, which
 * it may be. */
const struct config *config_of_app(const struct config *, const char *app);
const struct config *config_of_path(const struct config *, const char *path);

/* The defaults, with the JSON file `path` over them (none if NULL) and then `sets` in order.
 * 0 and *out, which the caller owns; or ERR_INVALID for a value, a key or the JSON itself,
 * ERR_SYSTEM for a file that cannot be read, with one sentence in `error` that names the key,
 * the file and the line, and *out untouched. */
int config_load(const char *path, const struct config_set *sets, size_t set_count,
                struct config **out, char error[CONFIG_ERROR_SIZE]);

/* The same for a file that is in memory; `name` is what errors call it. */
int config_load_text(const char *name, const char *text, size_t size, const struct config_set *sets,
                     size_t set_count, struct config **out, char error[CONFIG_ERROR_SIZE]);

/* Every key with its value in effect, secrets masked.  The caller owns the reference. */
struct json_t *config_to_json(const struct config *);
/* The same as indented text.  0 or ERR_SYSTEM. */
int config_print(const struct config *, FILE *out);

#endif
