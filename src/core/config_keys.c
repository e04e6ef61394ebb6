#include "core/config_keys.h"

#include "core/auth.h"
#include "core/config.h"

#include <string.h>

#define BYTES_PER_MIB (INT64_C(1) << 20)
#define TIB           (INT64_C(1) << 40)

/* The name and the place of a key cannot differ.  A key whose last word is reserved in C
 * (static.root) spells both out instead. */
#define KEY(member) .name = #member, PLACE(member)
#define PLACE(member) .offset = offsetof(struct config, member), .size = sizeof((struct config *)0)->member
#define RANGE(low, high) .min = (low), .max = (high)

#define BOOL(value) .type = CONFIG_BOOL, .initial = #value, .unit = ""
#define INTEGER(value, low, high) .type = CONFIG_INTEGER, .initial = #value, RANGE(low, high), .unit = ""
#define SECONDS(value, low, high) .type = CONFIG_DURATION, .initial = #value, RANGE(low, high), .unit = "s"
#define MILLISECONDS(value, low, high) \
    .type = CONFIG_DURATION, .initial = #value, RANGE(low, high), .unit = "ms"
#define SIZE(value, low, high) .type = CONFIG_SIZE, .initial = #value, RANGE(low, high), .unit = "bytes"
#define BITRATE(value, low, high) .type = CONFIG_SIZE, .initial = #value, RANGE(low, high), .unit = "bit/s"
#define PORT(value) .type = CONFIG_PORT, .initial = #value, RANGE(0, 65535), .unit = ""
#define ENUM(value, words) .type = CONFIG_ENUM, .initial = "\"" value "\"", .choices = words, .unit = ""
#define STRING(value, high) .type = CONFIG_STRING, .initial = "\"" value "\"", RANGE(0, high), .unit = ""
#define PATH(value, high) .type = CONFIG_PATH, .initial = "\"" value "\"", RANGE(0, high), .unit = ""
#define CERTIFICATES(high) .type = CONFIG_CERTIFICATES, .initial = "[]", RANGE(0, high), .unit = ""
#define ADDRESS(value) .type = CONFIG_ADDRESS, .initial = "\"" value "\"", RANGE(1, 45), .unit = ""

#define LIST(high) .type = CONFIG_LIST, .initial = "[]", RANGE(0, high), .unit = ""
#define NETWORKS(high) .type = CONFIG_NETWORKS, .initial = "[]", RANGE(0, high), .unit = ""

#define LIVE .flags = CONFIG_LIVE
#define LIVE_APP .flags = CONFIG_LIVE | CONFIG_APP
#define LIVE_APP_SECRET .flags = CONFIG_LIVE | CONFIG_APP | CONFIG_SECRET

const struct config_key config_keys[] = {
    { KEY(bind), ADDRESS("0.0.0.0"),
      .doc = "The address that every listener binds to; `::` is all addresses, IPv6 and IPv4." },
    { KEY(workers), INTEGER(0, 0, 256),
      .doc = "Threads that serve connections; 0 is one for each core the process may use." },
    { KEY(drain_s), SECONDS(10, 0, 3600), LIVE,
      .doc = "How long a stopping server lets its connections end by themselves." },
    { KEY(seccomp), BOOL(true),
      .doc = "Restrict the running server to the system calls it needs; see SECURITY.md." },

    { KEY(rtmp.port), PORT(1935),
      .doc = "Where RTMP is served; 0 is any free port, which the log names; null is no RTMP." },
    { KEY(rtmp.chunk_size), SIZE(65535, 128, 65536),
      .doc = "The size of the RTMP chunks that we send." },
    { KEY(rtmp.ping), SECONDS(60, 1, 3600), LIVE,
      .doc = "How often an RTMP peer is sent a ping." },
    { KEY(rtmp.ping_timeout), SECONDS(30, 1, 3600), LIVE,
      .doc = "An RTMP peer that stays silent for so long after a ping is disconnected." },

    { KEY(http.port), PORT(8000),
      .doc = "Where HTTP and WebSocket are served; 0 is any free port, null is none, as for RTMP." },
    { KEY(http.allow_origin), STRING("*", 1024), LIVE,
      .doc = "The web origin that may read responses, as a browser sends it; `*` is any, empty is none." },

    { KEY(http2.streams), INTEGER(100, 0, 1000),
      .doc = "Requests at a time on one HTTP/2 connection; 0 is no HTTP/2." },
    { KEY(http2.resets), INTEGER(100, 1, 100000), LIVE,
      .doc = "Requests that an HTTP/2 client may break off in a second." },
    { KEY(http2.control_frames), INTEGER(1000, 10, 1000000), LIVE,
      .doc = "Frames without a request or a byte in them that an HTTP/2 client may send in a second." },

    { KEY(api.enable), BOOL(true), LIVE,
      .doc = "Answer under `/api`; see API.md." },
    { KEY(api.event_clients), INTEGER(100, 0, 10000), LIVE,
      .doc = "Clients that may listen to `/api/events` at a time." },
    { KEY(api.allow_origin), STRING("", 1024), LIVE,
      .doc = "The web origin whose pages may use the API; empty is none but the server's own pages." },

    { KEY(api.users), .type = CONFIG_USERS, .initial = "[]", RANGE(0, 100), .unit = "",
      .flags = CONFIG_LIVE | CONFIG_SECRET,
      .doc = "Who may use the API with a password." },
    { KEY(api.tokens), .type = CONFIG_TOKENS, .initial = "[]", RANGE(0, 100), .unit = "",
      .flags = CONFIG_LIVE | CONFIG_SECRET,
      .doc = "Which tokens open the API; without users and tokens it answers this machine only." },

    { KEY(metrics.streams), INTEGER(200, 0, 100000), LIVE,
      .doc = "Streams that have series of their own under `/metrics`; see METRICS.md." },

    { .name = "static.root", PLACE(static_files.root), PATH("", 4095), LIVE,
      .doc = "A folder whose files are served over HTTP; empty is none." },
    { .name = "static.router", PLACE(static_files.router), STRING("/", 1024), LIVE,
      .doc = "The path under which they are served. Under `/` streams go first, under any other the files." },
    { KEY(rtmps.port), PORT(null),
      .doc = "Where RTMP over TLS is served, usually 1936; 0 is any free port, null is none." },
    { KEY(rtmps.key), PATH("", 4095), LIVE,
      .doc = "The private key for `rtmps.cert`, in PEM without a passphrase; if empty, it is in that file." },
    { KEY(rtmps.cert), PATH("", 4095), LIVE,
      .doc = "The certificate for RTMP over TLS and the chain after it, in PEM." },
    { KEY(https.port), PORT(null),
      .doc = "Where HTTP and WebSocket over TLS are served, usually 8443; 0 is any free port, null none." },
    { KEY(https.key), PATH("", 4095), LIVE,
      .doc = "The private key for `https.cert`, as `rtmps.key`." },
    { KEY(https.cert), PATH("", 4095), LIVE,
      .doc = "The certificate for HTTP and WebSocket over TLS, as `rtmps.cert`." },
    { KEY(tls.certificates), CERTIFICATES(256), LIVE,
      .doc = "More certificates, each chosen by the host name that a client asks for." },
    { KEY(tls.ktls), BOOL(false),
      .doc = "Have the kernel encrypt what is sent, where it can (Linux with the `tls` module)." },

    { KEY(log.level), ENUM("info", "none|error|warn|info|debug"), LIVE,
      .doc = "The least important lines that are logged." },
    { KEY(log.format), ENUM("text", "text|json"), LIVE,
      .doc = "Log lines for people, or one JSON object a line." },

    { KEY(delivery.flush_ms), .type = CONFIG_DURATION, .initial = "\"auto\"", RANGE(0, 1000), .unit = "ms",
      .flags = CONFIG_LIVE | CONFIG_AUTO,
      .doc = "How long packets are gathered before they go to viewers; 0 sends each at once, `auto` gathers for "
             "up to 20 ms as the worker gets busy." },
    { KEY(delivery.lag_ms), MILLISECONDS(5000, 100, 600000), LIVE,
      .doc = "A viewer whose connection is full and that is further behind than this skips to the newest keyframe." },
    { KEY(delivery.lag_bytes), SIZE(16777216, 65536, 1024 * BYTES_PER_MIB), LIVE,
      .doc = "The same, measured in bytes." },
    { KEY(delivery.stall_s), SECONDS(30, 1, 3600), LIVE,
      .doc = "A viewer that takes no byte for so long, while there are some to take, is disconnected." },
    { KEY(delivery.gop_cache), BOOL(true), LIVE_APP,
      .doc = "Start new viewers at the last keyframe instead of waiting for the next." },
    { KEY(delivery.gop_ms), MILLISECONDS(20000, 100, 600000), LIVE_APP,
      .doc = "The longest time that is kept of a stream for new viewers." },
    { KEY(delivery.gop_bytes), SIZE(33554432, 65536, 1024 * BYTES_PER_MIB), LIVE_APP,
      .doc = "The most bytes that are kept of a stream for new viewers." },
    { KEY(delivery.backend), ENUM("auto", "auto|sendmsg|io_uring"),
      .doc = "The system calls that send to viewers; `auto` is io_uring where the kernel permits it." },

    { KEY(auth.play), BOOL(false), LIVE_APP,
      .doc = "Viewers need a sign; see ACCESS.md." },
    { KEY(auth.publish), BOOL(false), LIVE_APP,
      .doc = "Publishers need a sign." },
    { KEY(auth.secret), STRING("", 1024), LIVE_APP_SECRET,
      .doc = "What signs are made with and checked against." },
    { KEY(auth.secrets), LIST(AUTH_SECRETS_MAX - 1), LIVE_APP_SECRET,
      .doc = "More secrets that signs may be made with, while one replaces another." },
    { KEY(auth.legacy), BOOL(true), LIVE_APP,
      .doc = "Accept signs in the form of Node Media Server (MD5), too." },

    { KEY(publish.resume_s), SECONDS(10, 0, 3600), LIVE,
      .doc = "How long viewers are held for a publisher that was cut off and may come back." },
    { KEY(publish.timeout_s), SECONDS(60, 1, 86400), LIVE,
      .doc = "A publisher that sends nothing for so long is disconnected." },
    { KEY(publish.takeover), ENUM("replace_if_stalled", "reject|replace|replace_if_stalled"), LIVE_APP,
      .doc = "What becomes of a publisher of a stream that has one: refused, or put in its place, always or "
             "if it stalls." },
    { KEY(publish.stalled_s), SECONDS(5, 1, 3600), LIVE_APP,
      .doc = "A publisher that has sent nothing for so long has stalled." },
    { KEY(publish.standby_after_ms), MILLISECONDS(2000, 100, 60000), LIVE_APP,
      .doc = "A publisher that has sent nothing for so long yields to the stream's other, if there is one." },
    { KEY(publish.standby_return_s), SECONDS(10, 0, 3600), LIVE_APP,
      .doc = "How long the main publisher must have been well before it takes the stream back from the "
             "backup." },
    { KEY(publish.standby_min_bitrate), BITRATE(0, 0, INT64_C(100000000000)), LIVE_APP,
      .doc = "A publisher that sends less yields to the stream's other, if that sends enough; 0 is off." },
    { KEY(publish.keys), .type = CONFIG_STREAM_KEYS, .initial = "[]", RANGE(0, 10000), .unit = "",
      .flags = CONFIG_LIVE | CONFIG_SECRET,
      .doc = "Secret names that publish streams of another name; see PUBLISHING.md." },
    { KEY(publish.allow), NETWORKS(1024), LIVE_APP,
      .doc = "The addresses and networks that may publish; an empty list is all." },
    { KEY(publish.deny), NETWORKS(1024), LIVE_APP,
      .doc = "Those that may not, whatever `publish.allow` says." },
    { KEY(play.wait_s), SECONDS(30, 0, 86400), LIVE,
      .doc = "How long a viewer may wait for a stream that nobody publishes." },
    { KEY(play.allow), NETWORKS(1024), LIVE_APP,
      .doc = "The addresses and networks that may play; an empty list is all." },
    { KEY(play.deny), NETWORKS(1024), LIVE_APP,
      .doc = "Those that may not, whatever `play.allow` says." },

    { KEY(notify.url), .type = CONFIG_URLS, .initial = "[]", RANGE(0, 16), .unit = "",
      .flags = CONFIG_LIVE | CONFIG_APP | CONFIG_SECRET,
      .doc = "A URL, or a list of them, that is sent each event of Node Media Server; see WEBHOOKS.md." },
    { KEY(notify.hooks), .type = CONFIG_HOOKS, .initial = "[]", RANGE(0, 64), .unit = "",
      .flags = CONFIG_LIVE | CONFIG_APP | CONFIG_SECRET,
      .doc = "URLs with the events and apps that each is told of; see WEBHOOKS.md." },
    { KEY(notify.secret), STRING("", 1024), LIVE_APP_SECRET,
      .doc = "What requests are signed with; empty is no signature." },
    { KEY(notify.on_error), ENUM("deny", "deny|allow"), LIVE_APP,
      .doc = "What becomes of who wants to publish or play if the one who decides does not answer." },
    { KEY(notify.strict), BOOL(true), LIVE_APP,
      .doc = "An answer 4xx to `postPublish` or `postPlay` ends the session." },
    { KEY(notify.timeout_ms), MILLISECONDS(5000, 100, 60000), LIVE_APP,
      .doc = "How long an answer may take." },
    { KEY(notify.retries), INTEGER(5, 0, 100), LIVE_APP,
      .doc = "How often an event is sent again that was not taken; pauses grow." },
    { KEY(notify.retry_ms), MILLISECONDS(1000, 10, 60000), LIVE_APP,
      .doc = "The pause before the first time; each one after is twice as long, up to a minute." },
    { KEY(notify.queue), INTEGER(10000, 1, 1000000), LIVE,
      .doc = "Events that may wait for one URL; more are lost, counted and logged." },
    { KEY(notify.connections), INTEGER(64, 2, 1000), LIVE,
      .doc = "Requests on their way at a time." },
    { KEY(notify.ca), PATH("", 4095), LIVE,
      .doc = "Certificates in PEM that `https` URLs are checked with, in place of the system's." },
    { KEY(notify.tls_verify), BOOL(true), LIVE,
      .doc = "Check the certificates of `https` URLs." },
    { KEY(notify.proxy), STRING("", 1024), .flags = CONFIG_LIVE | CONFIG_SECRET,
      .doc = "A proxy that requests go through; that of the environment is not used." },

    { KEY(proxy.from), NETWORKS(1024), LIVE,
      .doc = "Proxies that begin each connection with a PROXY protocol header, version 1 or 2." },

    { KEY(record.path), PATH("", 1024),
      .doc = "The folder for recordings; empty is no recording. See RECORDING.md." },
    { .name = "record.auto", PLACE(record.auto_start), BOOL(true), LIVE_APP,
      .doc = "Record every stream that is published, while `record.path` is set." },
    { .name = "record.segmentDuration", PLACE(record.segment_duration), SECONDS(1800, 1, 86400), LIVE_APP,
      .doc = "How long a file lasts: it ends at the first keyframe from then on." },
    { KEY(record.segment_bytes), SIZE(0, 0, TIB), LIVE_APP,
      .doc = "The size at which a file ends as well; 0 is none." },
    { KEY(record.buffer_bytes), SIZE(8388608, 65536, 1024 * BYTES_PER_MIB), LIVE_APP,
      .doc = "What one recording may have waiting for the disk." },
    { KEY(record.buffers_bytes), SIZE(536870912, 1048576, TIB),
      .doc = "What all recordings together may, but for 256 KiB that each has in any case." },
    { KEY(record.fsync), ENUM("segment", "none|segment|interval"), LIVE_APP,
      .doc = "Have files on the disk itself: never asked for, when complete, or every `record.fsync_s` too." },
    { KEY(record.fsync_s), SECONDS(5, 1, 3600), LIVE_APP,
      .doc = "How often that is, with `interval`." },
    { KEY(record.min_free), SIZE(268435456, 0, 1024 * TIB), LIVE_APP,
      .doc = "Recording stops when the file system has less left, and goes on when it has more again." },
    { KEY(record.keep_s), SECONDS(0, 0, 4000000000), LIVE,
      .doc = "Files older than this are deleted; 0 is never." },
    { KEY(record.keep_bytes), SIZE(0, 0, 1024 * TIB), LIVE,
      .doc = "The most that all recordings may take, the oldest go first; 0 is no limit." },
    { KEY(record.keep_stream_bytes), SIZE(0, 0, 1024 * TIB), LIVE,
      .doc = "The same for the recordings of each stream." },
    { KEY(record.keep_free), SIZE(0, 0, 1024 * TIB), LIVE,
      .doc = "Free space that is made by deleting the oldest files; 0 is none." },
    { KEY(record.players), INTEGER(100, 0, 100000), LIVE,
      .doc = "Those who may watch recordings at a time; 0 is nobody." },

    { KEY(store.path), PATH("", 1024),
      .doc = "The database of recordings and history, or a folder for it; empty is `.catalogue.db` in `record.path`." },
    { KEY(store.keep_s), SECONDS(2592000, 0, 4000000000),
      .doc = "How long the history of publishers and viewers is kept; 0 is for ever." },

    { KEY(limits.connections), INTEGER(20000, 1, 1000000), LIVE,
      .doc = "Connections at a time; more are refused." },
    { KEY(limits.connections_per_ip), INTEGER(0, 0, 1000000), LIVE,
      .doc = "Connections at a time from one address; 0 is no limit of its own." },
    { KEY(limits.streams), INTEGER(10000, 1, 1000000), LIVE,
      .doc = "Streams at a time, published or waited for." },
    { KEY(limits.viewers_per_stream), INTEGER(0, 0, 1000000), LIVE_APP,
      .doc = "Viewers of one stream at a time; 0 is no limit." },
    { KEY(limits.publish_bitrate), BITRATE(0, 0, INT64_C(100000000000)), LIVE_APP,
      .doc = "What a publisher may send for longer than a few seconds; 0 is no limit." },
    { KEY(limits.message_size), SIZE(8388608, 65536, 16777215), LIVE,
      .doc = "The largest message or FLV tag that a publisher may send: one frame must fit." },
    { KEY(limits.chunk_streams), INTEGER(64, 8, 1024), LIVE,
      .doc = "RTMP chunk streams that one connection may use." },
    { KEY(limits.http_header_size), SIZE(8192, 1024, 65536), LIVE,
      .doc = "The largest HTTP request line with its headers." },
    { KEY(limits.handshake_s), SECONDS(10, 1, 300), LIVE,
      .doc = "A connection that has not finished its handshake or request by then is closed." },
    { KEY(limits.idle_s), SECONDS(60, 1, 86400), LIVE,
      .doc = "A connection that neither publishes nor plays for so long is closed." },
};

const size_t config_key_count = sizeof config_keys / sizeof *config_keys;

const struct config_key *config_key_find(const char *name)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

bool config_key_is_section(const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < config_key_count; i++)
        if (strncmp(config_keys[i].name, name, size) == 0 && config_keys[i].name[size] == '.')
            return true;
    return false;
}

const struct config_key *config_key_find_app(const char *name, const char **app, size_t *app_size)
{
    static const char apps[] = "apps.";
    if (strncmp(name, apps, strlen(apps)) != 0)
        return NULL;
    *app = name + strlen(apps);
    for (const char *dot = strchr(*app, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        const struct config_key *key = config_key_find(dot + 1); /* a name may have dots in it */
        *app_size = (size_t)(dot - *app);
        if (key != NULL && *app_size > 0)
            return key;
    }
    return NULL;
}
