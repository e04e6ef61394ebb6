#include "session/playback.h"

#include "base/error.h"
#include "base/log_flood.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/events.h"
#include "core/outlet.h"
#include "core/session.h"
#include "core/worker.h"
#include "session/play_options.h"

void playback_refuse(struct session *s, const char *why)
{
    if (log_flood_pass(LOG_FLOOD_STREAMS))
        log_error(&s->log, "%s session %s %s play %s error, %s", s->ops->name, s->id, s->ip, session_path(s),
                  why);
    stats_add(&s->worker->context->stats.viewers_refused, 1);
}

const char *playback_lost(struct session *s, int error)
{
    static const char stalled[] = "stalled: took nothing in time";
    if (error != ERR_TIMEOUT)
        return err_name(error);
    events_emit(EVENT_STALL, s, stalled);
    return stalled;
}

/* 0, or the error for which there is no place, and its phrase. */
static int find_place(struct session *s, struct viewer *v, const struct track_choice *tracks,
                      struct outlet **out, const char **why)
{
    struct stats        *stats = &s->worker->context->stats;
    const struct config *config = config_of_app(s->worker->config, s->stream->app);
    int                  error = outlet_open(s->worker, session_path(s), tracks, out);
    if (error == ERR_REFUSED)
        *why = "too many choices of tracks are played of this stream";
    else if (error != 0)
        *why = limit_hit(stats, LIMIT_STREAMS);
    if (error != 0)
        return error;
    error = outlet_admit(*out, v, config->limits.viewers_per_stream);
    if (error != 0)
        *why = limit_hit(stats, LIMIT_VIEWERS_PER_STREAM);
    return error;
}

void playback_join(struct session *s, struct viewer *v, struct outlet *o)
{
    session_meter_join(s, &o->broadcast->meter, false);
    outlet_join(o, v);
}

void playback_leave(struct session *s, struct viewer *v)
{
    session_meter_leave(s);
    outlet_leave(v);
}

int playback_open(struct session *s, struct viewer *v, struct outlet **out, const char **why)
{
    struct play_options options;
    int                 error = play_options_read(s->stream->query, &options, why);
    if (error == 0) {
        v->starts_live = options.starts_live;
        error = find_place(s, v, &options.tracks, out, why);
    }
    if (error != 0)
        playback_refuse(s, *why);
    return error;
}
