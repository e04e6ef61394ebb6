#include "bench/settings.h"

#include "base/alloc.h"
#include "base/error.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

enum option_id {
    SERVER = 1000, RTMP_PORT, HTTP_PORT, RTMPS_PORT, HTTPS_PORT, APP, PREFIX, RTMP_URL, FLV_URL, WS_URL,
    RTMPS_URL, HTTPS_URL, WSS_URL, PUBLISH, NO_PUBLISH,
    FILE_PATH, STREAMS, VIEWERS, PROTOCOLS, ZIPF, JOIN_RATE, CHURN, SLOW_SHARE, SLOW_RATE, SLOW_BUFFER,
    DURATION, LEAD, SETTLE, TIMEOUT, PID, CPU, THREADS, JSON, ALLOW_REMOTE, EXPECT_LOSSLESS, QUIET,
};

#define WITH    required_argument, NULL
#define WITHOUT no_argument, NULL
static const struct option long_options[] = {
    { "server", WITH, SERVER }, { "rtmp-port", WITH, RTMP_PORT }, { "http-port", WITH, HTTP_PORT },
    { "rtmps-port", WITH, RTMPS_PORT }, { "https-port", WITH, HTTPS_PORT },
    { "app", WITH, APP }, { "prefix", WITH, PREFIX },
    { "url", WITH, RTMP_URL }, { "rtmp-url", WITH, RTMP_URL }, { "flv-url", WITH, FLV_URL },
    { "ws-url", WITH, WS_URL }, { "rtmps-url", WITH, RTMPS_URL }, { "https-url", WITH, HTTPS_URL },
    { "wss-url", WITH, WSS_URL },
    { "publish", WITH, PUBLISH }, { "no-publish", WITHOUT, NO_PUBLISH }, { "file", WITH, FILE_PATH },
    { "streams", WITH, STREAMS }, { "viewers", WITH, VIEWERS }, { "protocol", WITH, PROTOCOLS },
    { "zipf", WITH, ZIPF }, { "join-rate", WITH, JOIN_RATE }, { "churn", WITH, CHURN },
    { "slow-share", WITH, SLOW_SHARE }, { "slow-rate", WITH, SLOW_RATE },
    { "slow-buffer", WITH, SLOW_BUFFER },
    { "duration", WITH, DURATION }, { "lead", WITH, LEAD }, { "settle", WITH, SETTLE },
    { "timeout", WITH, TIMEOUT },
    { "pid", WITH, PID }, { "cpu", WITH, CPU }, { "threads", WITH, THREADS }, { "json", WITH, JSON },
    { "allow-remote", WITHOUT, ALLOW_REMOTE }, { "expect-lossless", WITHOUT, EXPECT_LOSSLESS },
    { "quiet", WITHOUT, QUIET }, { "version", WITHOUT, 'V' }, { "help", WITHOUT, 'h' },
    { NULL, 0, NULL, 0 },
};

/* The parts of the default URLs. */
struct place {
    const char *server, *app, *prefix;
    uint16_t    rtmp_port, http_port, rtmps_port, https_port;
};

void settings_print_help(FILE *out)
{
    fputs("Usage: millrace-bench --file FILE.flv [OPTION]...\n"
          "Load a live streaming server with publishers and viewers, and measure what comes through.\n"
          "\n"
          "Streams\n"
          "  --file FILE.flv        publish this file over RTMP, in a loop, at its own pace\n"
          "  --publish N            as N streams (1)\n"
          "  --no-publish           the streams are there already; no latency without our stamps\n"
          "  --streams N            how many streams are watched (those published)\n"
          "\n"
          "Where\n"
          "  --server HOST          (127.0.0.1)\n"
          "  --rtmp-port N, --http-port N   (1935, 8000)\n"
          "  --rtmps-port N, --https-port N (1936, 8443)\n"
          "  --app NAME, --prefix NAME      stream 0 is /APP/PREFIX0 and so on (live, bench)\n"
          "  --rtmp-url URL, --flv-url URL, --ws-url URL   the same in full, {} for the stream's number;\n"
          "                         --url is --rtmp-url\n"
          "  --rtmps-url URL, --https-url URL, --wss-url URL\n"
          "  --allow-remote         load another machine than this one\n"
          "\n"
          "Viewers\n"
          "  --viewers N            (0)\n"
          "  --protocol LIST        rtmp, flv, ws, over TLS rtmps, https, wss; or several in turn: rtmp,flv,ws\n"
          "                         (rtmp); publishers speak rtmp\n"
          "  --zipf S               stream k is watched in proportion to 1/k^S (0: all alike)\n"
          "  --join-rate N          viewers that join each second; 0: all at once (200)\n"
          "  --churn N              viewers that leave and come back each second, once all are there (0)\n"
          "  --slow-share X         share of viewers that read slowly, 0 to 1 (0)\n"
          "  --slow-rate BYTES      which they read each second, as 20k; 0: none (20k)\n"
          "  --slow-buffer BYTES    their receive buffer (32k)\n"
          "\n"
          "Measuring\n"
          "  --duration S           measure for S seconds, once all viewers watch (15)\n"
          "  --lead S               publish for S seconds before the first viewer (2)\n"
          "  --settle S             wait S seconds between the last viewer and the measurement (1)\n"
          "  --timeout S            a viewer that sees nothing for so long has failed (20)\n"
          "  --pid PID[,PID]        the server's processes: their CPU time and memory are measured\n"
          "  --cpu N                run on this CPU only\n"
          "  --threads N            spread the load over N threads (1)\n"
          "  --json FILE            write all figures there; - is standard output, without the table\n"
          "  --expect-lossless      to lose, repeat or reorder anything is a failure\n"
          "  --quiet                no progress lines\n"
          "  -V, --version; -h, --help\n"
          "\n"
          "Each picture of H.264 carries the time at which it was sent, in an SEI NAL unit that servers\n"
          "pass on and players ignore.  So latency is real, from send to read, and loss is exact.  Of\n"
          "other video, and of sound, the timestamps are watched.\n"
          "\n"
          "Examples:\n"
          "  millrace-bench --file test.flv --viewers 1500 --protocol flv --pid $(pidof millrace)\n"
          "  millrace-bench --file test.flv --viewers 300 --protocol rtmp,flv,ws --slow-share 0.3\n"
          "  millrace-bench --no-publish --url rtmp://127.0.0.1/live/film --viewers 500\n"
          "  millrace-bench --file test.flv --publish 200 --viewers 2000 --zipf 1 --json result.json\n"
          "\n"
          "Exit status: 0 all went well; 1 publishers or viewers failed, or with --expect-lossless\n"
          "something was lost; 2 the command line is wrong.\n",
          out);
}

__attribute__((format(printf, 2, 3)))
static int refuse(char why[SETTINGS_WHY_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, SETTINGS_WHY_SIZE, format, arguments);
    va_end(arguments);
    return ERR_INVALID;
}

/* A number from `low` to `high`, with k or m behind it for 1000 or 1000000. */
static int read_number(const char *text, double low, double high, double *out)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || errno != 0 || !isfinite(value))
        return ERR_INVALID;
    if ((*end == 'k' || *end == 'm') && end[1] == '\0')
        value *= *end++ == 'k' ? 1e3 : 1e6;
    if (*end != '\0' || value < low || value > high)
        return ERR_INVALID;
    *out = value;
    return 0;
}

static int read_count(const char *text, double low, double high, uint32_t *out)
{
    double value;
    if (read_number(text, low, high, &value) < 0 || value != floor(value))
        return ERR_INVALID;
    *out = (uint32_t)value;
    return 0;
}

static int read_port(const char *text, uint16_t *out)
{
    uint32_t value;
    int      error = read_count(text, 1, 65535, &value);
    if (error == 0)
        *out = (uint16_t)value;
    return error;
}

static int read_mix(struct settings *s, const char *text)
{
    s->mix_count = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, ",");
        int    protocol = 0;
        while (protocol < PROTOCOL_COUNT &&
               (strlen(protocol_name(protocol)) != size || strncmp(protocol_name(protocol), text, size) != 0))
            protocol++;
        if (protocol == PROTOCOL_COUNT || s->mix_count == SETTINGS_MIX_MAX)
            return ERR_INVALID;
        s->mix[s->mix_count++] = protocol;
        text += size + (text[size] == ',' ? 1 : 0);
    }
    return s->mix_count > 0 ? 0 : ERR_INVALID;
}

static int read_pids(struct settings *s, const char *text)
{
    while (*text != '\0') {
        char *end;
        long  pid = strtol(text, &end, 10);
        if (end == text || (*end != ',' && *end != '\0') || pid < 1 || pid > INT32_MAX ||
            s->pid_count == SETTINGS_PIDS_MAX)
            return ERR_INVALID;
        s->pids[s->pid_count++] = (pid_t)pid;
        text = end + (*end == ',' ? 1 : 0);
    }
    return s->pid_count > 0 ? 0 : ERR_INVALID;
}

static int set_url(struct settings *s, enum protocol protocol, const char *url)
{
    free(s->urls[protocol]);
    s->urls[protocol] = alloc_string(url);
    return 0;
}

static int take_place(struct place *p, struct settings *s, int id, const char *value)
{
    switch (id) {
    case SERVER:    p->server = value; return 0;
    case APP:       p->app = value; return 0;
    case PREFIX:    p->prefix = value; return 0;
    case RTMP_PORT: return read_port(value, &p->rtmp_port);
    case HTTP_PORT: return read_port(value, &p->http_port);
    case RTMPS_PORT: return read_port(value, &p->rtmps_port);
    case HTTPS_PORT: return read_port(value, &p->https_port);
    case RTMP_URL:  return set_url(s, PROTOCOL_RTMP, value);
    case FLV_URL:   return set_url(s, PROTOCOL_FLV, value);
    case WS_URL:    return set_url(s, PROTOCOL_WS, value);
    case RTMPS_URL: return set_url(s, PROTOCOL_RTMPS, value);
    case HTTPS_URL: return set_url(s, PROTOCOL_HTTPS, value);
    case WSS_URL:   return set_url(s, PROTOCOL_WSS, value);
    }
    return ERR_NOT_FOUND;
}

static int take_flag(struct settings *s, int id)
{
    switch (id) {
    case NO_PUBLISH:      s->publish = 0; return 0;
    case ALLOW_REMOTE:    s->allow_remote = true; return 0;
    case EXPECT_LOSSLESS: s->expect_lossless = true; return 0;
    case QUIET:           s->quiet = true; return 0;
    case 'V':             s->version = true; return 0;
    case 'h':             s->help = true; return 0;
    }
    return ERR_NOT_FOUND;
}

static int take_viewers(struct settings *s, int id, const char *value)
{
    double number;
    int    error;
    switch (id) {
    case VIEWERS:     return read_count(value, 0, 1e6, &s->viewers);
    case PROTOCOLS:   return read_mix(s, value);
    case ZIPF:        return read_number(value, 0, 10, &s->zipf);
    case JOIN_RATE:   return read_number(value, 0, 1e6, &s->join_rate);
    case CHURN:       return read_number(value, 0, 1e6, &s->churn_rate);
    case SLOW_SHARE:  return read_number(value, 0, 1, &s->slow_share);
    case SLOW_RATE:
        error = read_number(value, 0, 1e9, &number);
        s->slow_rate = error == 0 ? (uint64_t)number : 0;
        return error;
    case SLOW_BUFFER: return read_count(value, 1024, 1e9, &s->slow_buffer);
    }
    return ERR_NOT_FOUND;
}

static int take_rest(struct settings *s, int id, const char *value)
{
    uint32_t number;
    int      error;
    switch (id) {
    case FILE_PATH: s->file = value; return 0;
    case JSON:      s->json = value; return 0;
    case PUBLISH:   return read_count(value, 1, 100000, &s->publish);
    case STREAMS:   return read_count(value, 1, 100000, &s->streams);
    case DURATION:  return read_number(value, 1, 1e6, &s->duration_s);
    case LEAD:      return read_number(value, 0, 1e4, &s->lead_s);
    case SETTLE:    return read_number(value, 0, 1e4, &s->settle_s);
    case TIMEOUT:   return read_number(value, 1, 1e4, &s->timeout_s);
    case PID:       return read_pids(s, value);
    case THREADS:   return read_count(value, 1, 64, &s->threads);
    case CPU:
        error = read_count(value, 0, 1023, &number);
        s->cpu = error == 0 ? (int)number : -1;
        return error;
    }
    return ERR_NOT_FOUND;
}

static const char *name_of(int id)
{
    for (size_t i = 0; long_options[i].name != NULL; i++)
        if (long_options[i].val == id)
            return long_options[i].name;
    return "";
}

static int take(struct settings *s, struct place *p, int id, const char *value, char why[SETTINGS_WHY_SIZE])
{
    int error = take_flag(s, id);
    if (error == ERR_NOT_FOUND)
        error = take_place(p, s, id, value);
    if (error == ERR_NOT_FOUND)
        error = take_viewers(s, id, value);
    if (error == ERR_NOT_FOUND)
        error = take_rest(s, id, value);
    return error < 0 ? refuse(why, "--%s %.80s: not a value it takes; try --help", name_of(id), value) : 0;
}

/* An IPv6 address is in brackets in a URL. */
static char *make_url(const char *scheme, const struct place *p, uint16_t port, const char *end)
{
    char text[1024];
    bool is_v6 = strchr(p->server, ':') != NULL && p->server[0] != '[';
    snprintf(text, sizeof text, "%s://%s%s%s:%u/%s/%s{}%s", scheme, is_v6 ? "[" : "", p->server,
             is_v6 ? "]" : "", port, p->app, p->prefix, end);
    return alloc_string(text);
}

static void fill_url(struct settings *s, enum protocol protocol, const char *scheme, const struct place *p,
                     uint16_t port, const char *end)
{
    if (s->urls[protocol] == NULL)
        s->urls[protocol] = make_url(scheme, p, port, end);
}

static void fill_urls(struct settings *s, const struct place *p)
{
    fill_url(s, PROTOCOL_RTMP, "rtmp", p, p->rtmp_port, "");
    fill_url(s, PROTOCOL_FLV, "http", p, p->http_port, ".flv");
    fill_url(s, PROTOCOL_WS, "ws", p, p->http_port, ".flv");
    fill_url(s, PROTOCOL_RTMPS, "rtmps", p, p->rtmps_port, "");
    fill_url(s, PROTOCOL_HTTPS, "https", p, p->https_port, ".flv");
    fill_url(s, PROTOCOL_WSS, "wss", p, p->https_port, ".flv");
}

static int check(struct settings *s, char why[SETTINGS_WHY_SIZE])
{
    if (s->publish > 0 && s->file == NULL)
        return refuse(why, "nothing to publish: give --file FILE.flv, or --no-publish; try --help");
    if (s->streams == 0)
        s->streams = s->publish > 0 ? s->publish : 1;
    if (s->publish > 0 && s->streams > s->publish)
        return refuse(why, "--streams %u: only %u are published", s->streams, s->publish);
    if (s->publish == 0 && s->viewers == 0)
        return refuse(why, "neither publishers nor viewers; try --help");
    return 0;
}

int settings_parse(int argc, char **argv, struct settings *s, char why[SETTINGS_WHY_SIZE])
{
    struct place place = { "127.0.0.1", "live", "bench", 1935, 8000, 1936, 8443 };
    int          id;
    *s = (struct settings){ .publish = 1, .mix = { PROTOCOL_RTMP }, .mix_count = 1, .join_rate = 200,
                            .slow_rate = 20000, .slow_buffer = 32000, .duration_s = 15, .lead_s = 2,
                            .settle_s = 1, .timeout_s = 20, .cpu = -1, .threads = 1 };
    optind = 0;
    opterr = 0;
    while ((id = getopt_long(argc, argv, ":hV", long_options, NULL)) != -1) {
        if (id == '?' || id == ':')
            return refuse(why, "%.80s: %s; try --help", argv[optind - 1],
                          id == ':' ? "needs a value" : "not an option");
        int error = take(s, &place, id, optarg != NULL ? optarg : "", why);
        if (error < 0)
            return error;
    }
    if (optind < argc)
        return refuse(why, "%.80s: unexpected argument; try --help", argv[optind]);
    fill_urls(s, &place);
    return s->help || s->version ? 0 : check(s, why);
}

void settings_clear(struct settings *s)
{
    for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
        free(s->urls[protocol]);
        s->urls[protocol] = NULL;
    }
}
