#include "session/playback.h"

#include "base/error.h"
#include "core/context.h"
#include "core/outlet.h"
#include "core/session.h"
#include "core/worker.h"

void playback_refuse(struct session *s, const char *why)
{
    log_error(&s->log, "%s session %s %s play %s error, %s", s->ops->name, s->id, s->ip, session_path(s), why);
    stats_add(&s->worker->context->stats.viewers_refused, 1);
}

int playback_open(struct session *s, struct viewer *v, struct outlet **out, const char **why)
{
    const struct config *config = config_of_app(s->worker->config, s->stream->app);
    enum limit           limit = LIMIT_STREAMS;
    int                  error = outlet_open(s->worker, session_path(s), out);
    if (error == 0) {
        limit = LIMIT_VIEWERS_PER_STREAM;
        error = outlet_admit(*out, v, config->limits.viewers_per_stream);
    }
    if (error == 0)
        return 0;
    *why = limit_hit(&s->worker->context->stats, limit);
    playback_refuse(s, *why);
    return error;
}
