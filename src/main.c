/* main.c - the command line, and what it asks for. */
#include "base/log.h"
#include "core/config.h"
#include "core/options.h"
#include "core/passwd_tool.h"
#include "core/sign_tool.h"
#include "server/record_tool.h"
#include "server/server.h"

#include <stdio.h>
#include <string.h>

/* Words in the place of options: each does one thing and ends. */
static const struct {
    const char *name;
    int       (*run)(int argc, char **argv); /* argv[0] is the word; returns the exit status */
} commands[] = {
    { "repair", record_tool_repair },
    { "info",   record_tool_info   },
    { "sign",   sign_tool          },
    { "passwd", passwd_tool        },
};

static int run(const struct options *options, struct config *config)
{
    log_setup(config->log.level, config->log.format);
    return server_run(config, options) == 0 ? 0 : OPTIONS_EXIT_FAILURE;
}

static int print(const struct config *config)
{
    return config_print(config, stdout) == 0 ? 0 : OPTIONS_EXIT_FAILURE;
}

static int load_and_act(const struct options *options)
{
    struct config *config = NULL;
    char           error[CONFIG_ERROR_SIZE];
    if (config_load(options->config_path, options->sets, options->set_count, &config, error) != 0) {
        fprintf(stderr, "millrace: %s\n", error);
        return OPTIONS_EXIT_USAGE;
    }
    if (options->action == OPTIONS_RUN)
        return run(options, config);
    int exit_code = 0;
    if (options->action == OPTIONS_PRINT_CONFIG)
        exit_code = print(config);
    else
        puts("the configuration is right");
    config_free(config);
    return exit_code;
}

int main(int argc, char **argv)
{
    struct options options;
    int            exit_code = 0;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (options_parse(argc, argv, &options) != 0) {
        fprintf(stderr, "millrace: %s\n", options.error);
        exit_code = OPTIONS_EXIT_USAGE;
    } else if (options.action == OPTIONS_VERSION) {
        puts("millrace " MILLRACE_VERSION);
    } else if (options.action == OPTIONS_HELP) {
        options_print_help(stdout);
    } else {
        exit_code = load_and_act(&options);
    }
    options_clear(&options);
    return exit_code;
}
