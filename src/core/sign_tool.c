#include "core/sign_tool.h"

#include "base/clock.h"
#include "base/error.h"
#include "core/access.h"
#include "core/config.h"
#include "core/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SET = 1000, STREAM_PATH, URL, FOR, EXPIRES, NETWORK, LEGACY };

static const struct option long_options[] = {
    { "config",  required_argument, NULL, 'c'         },
    { "set",     required_argument, NULL, SET         },
    { "path",    required_argument, NULL, STREAM_PATH },
    { "url",     required_argument, NULL, URL         },
    { "for",     required_argument, NULL, FOR         },
    { "expires", required_argument, NULL, EXPIRES     },
    { "ip",      required_argument, NULL, NETWORK     },
    { "legacy",  no_argument,       NULL, LEGACY      },
    { "help",    no_argument,       NULL, 'h'         },
    { NULL,      0,                 NULL, 0           },
};

static void print_help(FILE *out)
{
    fputs("Usage: millrace sign [-c FILE] --path /APP/NAME [OPTION]...\n"
          "       millrace sign [-c FILE] --url URL [OPTION]...\n"
          "Print what makes a URL a signed one, or the URL with it.\n"
          "\n"
          "  -c, --config FILE    the server's configuration: the first secret there signs\n"
          "      --set KEY=VALUE  set one key, over the file\n"
          "      --path PATH      print the query for this stream, as in /live/film\n"
          "      --url URL        print this URL with its query\n"
          "      --for USE        play, publish or any; play if it is not given\n"
          "      --expires WHEN   30s, 15m, 12h, 7d: from now; @1767225600: in Unix time; or\n"
          "                       never.  1h if it is not given\n"
          "      --ip NETWORK     good from this address or network only\n"
          "      --legacy         in the form of Node Media Server: for both uses, from anywhere\n"
          "  -h, --help           print this and exit\n"
          "\n"
          "Examples:\n"
          "  millrace sign -c millrace.json --path /live/film --for publish --expires 30d\n"
          "  millrace sign -c millrace.json --url https://example.org/live/film.flv --ip 192.0.2.7\n"
          "\n"
          "docs/ACCESS.md says what signs are made of.\n",
          out);
}

/* What was asked for; texts are borrowed from argv. */
struct order {
    struct options    options; /* of the configuration */
    struct auth_grant grant;
    const char       *path;
    const char       *url;
    const char       *expires;
    bool              use_given;
    bool              legacy;
    int64_t           now_s;
    struct url_stream stream;
    char             *out; /* SIGN_TOOL_SIZE */
};

__attribute__((format(printf, 2, 3)))
static int refuse(struct order *o, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(o->out, SIGN_TOOL_SIZE, format, arguments);
    va_end(arguments);
    return ERR_INVALID;
}

static int set_use(struct order *o, const char *word)
{
    for (int use = AUTH_PLAY; use <= AUTH_ANY; use++)
        if (strcmp(word, auth_use_name((enum auth_use)use)) == 0) {
            o->grant.use = (enum auth_use)use;
            o->use_given = true;
            return 0;
        }
    return refuse(o, "--for %.50s: expected play, publish or any", word);
}

static int take(struct order *o, int opt, char **argv)
{
    switch (opt) {
    case 'c':
        o->options.config_path = optarg;
        return 0;
    case SET:
        return options_add_set(&o->options, optarg) == 0 ? 0 : refuse(o, "%s", o->options.error);
    case STREAM_PATH:
        o->path = optarg;
        return 0;
    case URL:
        o->url = optarg;
        return 0;
    case FOR:
        return set_use(o, optarg);
    case EXPIRES:
        o->expires = optarg;
        return 0;
    case NETWORK:
        o->grant.network = optarg;
        return 0;
    case LEGACY:
        o->legacy = true;
        return 0;
    case ':':
        return refuse(o, "%.100s needs a value; try millrace sign --help", argv[optind - 1]);
    }
    return refuse(o, "%.100s is not an option; try millrace sign --help", argv[optind - 1]);
}

/* Digits only, up to `max`, until `end`; -1 for anything else. */
static int64_t parse_number(const char *text, const char *end, int64_t max)
{
    int64_t value = 0;
    for (const char *at = text; at < end; at++) {
        if (*at < '0' || *at > '9' || value > max / 10)
            return -1;
        value = value * 10 + (*at - '0');
    }
    return text < end && value <= max ? value : -1;
}

static int set_expiry(struct order *o)
{
    static const struct { char unit; int64_t seconds; } units[] = {
        { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
    };
    const char *text = o->expires != NULL ? o->expires : "1h";
    const char *end = text + strlen(text);
    int64_t     expiry_s = -1;
    if (strcmp(text, "never") == 0) {
        o->grant.expiry_s = 0;
        return o->legacy ? refuse(o, "--expires never: not in the form of Node Media Server") : 0;
    }
    if (text[0] == '@')
        expiry_s = parse_number(text + 1, end, INT64_C(1) << 40);
    for (size_t i = 0; i < sizeof units / sizeof *units && end > text; i++) {
        int64_t count = end[-1] == units[i].unit ? parse_number(text, end - 1, 1000000000) : -1;
        if (count > 0)
            expiry_s = o->now_s + count * units[i].seconds;
    }
    o->grant.expiry_s = expiry_s;
    if (expiry_s > 0)
        return 0;
    return refuse(o, "--expires %.50s: expected 30s, 15m, 12h, 7d, @SECONDS or never", text);
}

/* The stream that --path or --url names. */
static int find_stream(struct order *o)
{
    struct url  url;
    char        path[URL_PATH_SIZE + 64];
    const char *why = NULL;
    if ((o->path == NULL) == (o->url == NULL))
        return refuse(o, "one of --path and --url is needed; try millrace sign --help");
    if (o->path != NULL)
        return url_stream_from_path(o->path, &o->stream, &why) == 0 ? 0 : refuse(o, "--path: %s", why);
    if (url_parse(bytes_of(o->url), &url) != 0 || url_decode(url.path, path, sizeof path) < 0)
        return refuse(o, "--url: expected a URL, as in rtmp://host/live/film");
    if (url_query_count(url.query, "sign") > 0)
        return refuse(o, "--url: it is signed already");
    if (url_stream_from_flv(path, &o->stream, &why) == 0 || url_stream_from_path(path, &o->stream, &why) == 0)
        return 0;
    return refuse(o, "--url: %s", why);
}

static int sign(struct order *o, const struct config *config, char out[AUTH_SIGN_SIZE])
{
    struct auth_keys keys;
    access_keys(config_of_app(config, o->stream.app), &keys);
    o->grant.path = o->stream.path;
    if (keys.count == 0)
        return refuse(o, "there is no secret to sign with: name the server's configuration with -c, and set "
                         "auth.secret there");
    if (o->legacy && !keys.legacy)
        return refuse(o, "--legacy: auth.legacy is false, so no such sign is accepted");
    if (o->legacy && (o->use_given || o->grant.network != NULL))
        return refuse(o, "--legacy: such a sign is good for all uses and addresses; leave out --for and "
                         "--ip");
    int error = o->legacy ? auth_sign_legacy(o->stream.path, o->grant.expiry_s, keys.secrets[0], out)
                          : auth_sign(&o->grant, keys.secrets[0], out);
    if (error == 0)
        return 0;
    return refuse(o, o->grant.network != NULL ? "--ip: expected an address or a network, as in 192.0.2.0/24"
                                              : "the sign could not be made");
}

static int write_result(struct order *o, const char *made)
{
    const char *separator = o->url == NULL ? "" : strchr(o->url, '?') != NULL ? "&" : "?";
    const char *url = o->url != NULL ? o->url : "";
    int         size = snprintf(o->out, SIGN_TOOL_SIZE, "%s%ssign=%s", url, separator, made);
    return size < SIGN_TOOL_SIZE ? 0 : refuse(o, "--url: too long");
}

static int fill(struct order *o)
{
    struct config *config = NULL;
    char           error[CONFIG_ERROR_SIZE], made[AUTH_SIGN_SIZE];
    int            result = find_stream(o);
    if (result == 0)
        result = set_expiry(o);
    if (result != 0)
        return result;
    if (config_load(o->options.config_path, o->options.sets, o->options.set_count, &config, error) != 0)
        return refuse(o, "%s", error);
    result = sign(o, config, made);
    config_free(config);
    return result == 0 ? write_result(o, made) : result;
}

int sign_tool_make(int argc, char **argv, int64_t now_s, char out[SIGN_TOOL_SIZE])
{
    struct order o = { .grant = { .use = AUTH_PLAY }, .now_s = now_s, .out = out };
    int          opt, result = 0;
    optind = 0; /* glibc and musl both: begin anew */
    opterr = 0;
    while (result == 0 && (opt = getopt_long(argc, argv, ":c:", long_options, NULL)) != -1)
        result = take(&o, opt, argv);
    if (result == 0 && optind < argc)
        result = refuse(&o, "%.100s: unexpected argument; try millrace sign --help", argv[optind]);
    if (result == 0)
        result = fill(&o);
    options_clear(&o.options);
    return result;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int sign_tool(int argc, char **argv)
{
    char out[SIGN_TOOL_SIZE];
    if (asks_for_help(argc, argv)) {
        print_help(stdout);
        return 0;
    }
    int result = sign_tool_make(argc, argv, clock_wall_ms() / 1000, out);
    if (result == 0)
        puts(out);
    else
        fprintf(stderr, "millrace: %s\n", out);
    return result == 0 ? 0 : OPTIONS_EXIT_USAGE;
}
