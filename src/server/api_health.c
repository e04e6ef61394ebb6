/* api_health.c - whether the server runs, for those who watch over it. */
#include "server/api_peer.h"

static void answer_word(struct api_call *call, int status, const char *word)
{
    api_answer_text(call, status, "text/plain; charset=utf-8", word, strlen(word), NULL);
}

static void answer_health(struct api_call *call)
{
    answer_word(call, 200, "ok\n");
}

/* Whether new streams and viewers should be sent here. */
static void answer_ready(struct api_call *call)
{
    bool starts = !atomic_load_explicit(&api_of(call)->ready, memory_order_relaxed);
    if (starts || call->worker->stopping)
        answer_word(call, 503, starts ? "starting\n" : "stopping\n");
    else
        answer_word(call, 200, "ok\n");
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET, "/healthz", API_NOBODY, .serve = answer_health },
    { HTTP_METHOD_GET, "/readyz",  API_NOBODY, .serve = answer_ready  },
};

const struct api_routes api_health_routes = { rows, sizeof rows / sizeof *rows };
