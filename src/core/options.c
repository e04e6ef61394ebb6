#include "core/options.h"

#include "base/alloc.h"
#include "base/error.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SET = 1000, CHECK_CONFIG, PRINT_CONFIG, RTMP_PORT, RTMPS_PORT, HTTP_PORT, HTTPS_PORT };

static const char          short_options[] = ":c:b:Vh"; /* ':' first: a missing argument is told apart */
static const struct option long_options[] = {
    { "config",       required_argument, NULL, 'c'          },
    { "set",          required_argument, NULL, SET          },
    { "bind",         required_argument, NULL, 'b'          },
    { "rtmp-port",    required_argument, NULL, RTMP_PORT    },
    { "rtmps-port",   required_argument, NULL, RTMPS_PORT   },
    { "http-port",    required_argument, NULL, HTTP_PORT    },
    { "https-port",   required_argument, NULL, HTTPS_PORT   },
    { "check-config", no_argument,       NULL, CHECK_CONFIG },
    { "print-config", no_argument,       NULL, PRINT_CONFIG },
    { "version",      no_argument,       NULL, 'V'          },
    { "help",         no_argument,       NULL, 'h'          },
    { NULL,           0,                 NULL, 0            },
};

void options_print_help(FILE *out)
{
    fputs("Usage: millrace [-c FILE] [--set KEY=VALUE]...\n"
          "       millrace repair FILE...\n"
          "       millrace info FILE...\n"
          "       millrace sign [-c FILE] --path /APP/NAME\n"
          "       millrace passwd [--token]\n"
          "Take live streams over RTMP and serve them over RTMP, HTTP-FLV and WebSocket-FLV.\n"
          "\n"
          "  -c, --config FILE    read the configuration, a JSON file; without it every key\n"
          "                       has its default\n"
          "      --set KEY=VALUE  set one key, over the file; may be given again and again\n"
          "  -b, --bind ADDRESS   the same as --set bind=ADDRESS\n"
          "      --rtmp-port N    the same as --set rtmp.port=N\n"
          "      --rtmps-port N   the same as --set rtmps.port=N\n"
          "      --http-port N    the same as --set http.port=N\n"
          "      --https-port N   the same as --set https.port=N\n"
          "      --check-config   check the configuration and exit\n"
          "      --print-config   print every key with its value in effect, and exit\n"
          "  -V, --version        print the version and exit\n"
          "  -h, --help           print this and exit\n"
          "\n"
          "repair makes recorded FLV files whole that were cut off, and gives them an index to seek\n"
          "by; info says what is in them.  sign makes signed URLs, passwd the hashes of passwords.\n"
          "\n"
          "KEY is the dotted name of a configuration key and VALUE its value, in JSON or as it\n"
          "is.  docs/CONFIGURATION.md explains every key.\n"
          "\n"
          "Examples:\n"
          "  millrace                                     RTMP on port 1935, HTTP on 8000\n"
          "  millrace -c millrace.json --check-config     is this file right?\n"
          "  millrace --set log.level=debug --set workers=2\n"
          "  millrace --rtmp-port null                    no RTMP listener\n"
          "\n"
          "With the server up:\n"
          "  ffmpeg -re -i film.mp4 -c copy -f flv rtmp://127.0.0.1/live/film\n"
          "  ffplay http://127.0.0.1:8000/live/film.flv\n"
          "\n"
          "Exit status: 0 all went well, 1 the server could not start or had to stop, 2 the\n"
          "command line or the configuration is wrong.\n",
          out);
}

__attribute__((format(printf, 2, 3)))
static int refuse(struct options *options, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(options->error, sizeof options->error, format, arguments);
    va_end(arguments);
    return ERR_INVALID;
}

static void add_set(struct options *options, const char *source, const char *key, size_t key_size,
                    const char *value)
{
    options->sets = alloc_resize(options->sets, options->set_count + 1, sizeof *options->sets);
    options->sets[options->set_count++] = (struct config_set){
        .source = source,
        .key = alloc_string_of(key, key_size),
        .value = value,
    };
}

int options_add_set(struct options *options, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return refuse(options, "--set %.100s: expected KEY=VALUE, as in --set rtmp.port=1935", text);
    add_set(options, "--set", text, (size_t)(equals - text), equals + 1);
    return 0;
}

static void choose(struct options *options, enum options_action action)
{
    if (action > options->action)
        options->action = action;
}

/* `word` is where getopt stopped: the option itself, or a bundle of short ones. */
static int refuse_option(struct options *options, int opt, const char *word)
{
    const char *fault = opt == ':' ? "needs a value" : "is not an option";
    if (strncmp(word, "--", 2) == 0)
        return opt == '?' && optopt != 0 ? refuse(options, "%.100s takes no value; try --help", word)
                                         : refuse(options, "%.100s %s; try --help", word, fault);
    return refuse(options, "-%c %s; try --help", optopt, fault);
}

static int take(struct options *options, int opt, char **argv)
{
    switch (opt) {
    case 'c':
        options->config_path = optarg;
        return 0;
    case SET:
        return options_add_set(options, optarg);
    case 'b':
        add_set(options, "--bind", "bind", strlen("bind"), optarg);
        return 0;
    case RTMP_PORT:
        add_set(options, "--rtmp-port", "rtmp.port", strlen("rtmp.port"), optarg);
        return 0;
    case RTMPS_PORT:
        add_set(options, "--rtmps-port", "rtmps.port", strlen("rtmps.port"), optarg);
        return 0;
    case HTTPS_PORT:
        add_set(options, "--https-port", "https.port", strlen("https.port"), optarg);
        return 0;
    case HTTP_PORT:
        add_set(options, "--http-port", "http.port", strlen("http.port"), optarg);
        return 0;
    case CHECK_CONFIG:
        choose(options, OPTIONS_CHECK_CONFIG);
        return 0;
    case PRINT_CONFIG:
        choose(options, OPTIONS_PRINT_CONFIG);
        return 0;
    case 'V':
        choose(options, OPTIONS_VERSION);
        return 0;
    case 'h':
        choose(options, OPTIONS_HELP);
        return 0;
    }
    return refuse_option(options, opt, argv[optind - 1]);
}

int options_parse(int argc, char **argv, struct options *options)
{
    int opt;
    *options = (struct options){ .action = OPTIONS_RUN };
    optind = 0; /* glibc and musl both: begin anew */
    opterr = 0;
    while ((opt = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        int error = take(options, opt, argv);
        if (error < 0)
            return error;
    }
    if (optind < argc)
        return refuse(options, "%.100s: unexpected argument; try --help", argv[optind]);
    return 0;
}

void options_clear(struct options *options)
{
    for (size_t i = 0; i < options->set_count; i++)
        free((char *)options->sets[i].key);
    free(options->sets);
    options->sets = NULL;
    options->set_count = 0;
}
