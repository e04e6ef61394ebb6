/* api_config.c - the configuration in effect, and reading it anew. */
#include "core/config.h"
#include "server/api_peer.h"

static void show_config(struct api_call *call)
{
    api_answer(call, 200, config_to_json(call->config));
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET, "/api/config", API_ADMIN, .serve = show_config },
};

const struct api_routes api_config_routes = { rows, sizeof rows / sizeof *rows };
