#include "session/ingest.h"

#include "base/error.h"
#include "base/log_flood.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/events.h"
#include "core/session.h"
#include "core/worker.h"
#include "media/avcodec.h"
#include "protocol/rtmp_data.h"
#include "protocol/rtmp_message.h"

void ingest_refuse(struct session *s, const char *why)
{
    if (log_flood_pass(LOG_FLOOD_STREAMS))
        log_error(&s->log, "%s session %s %s push %s error, %s", s->ops->name, s->id, s->ip, session_path(s),
                  why);
    stats_add(&s->worker->context->stats.publishers_refused, 1);
}

int ingest_begin(struct ingest *in, struct session *s, const char **why)
{
    char backup[4];
    s->backup = url_query_get(s->stream->query, "backup", backup, sizeof backup) == 1 && backup[0] == '1';
    int error = broadcast_publish(s, session_path(s));
    if (error < 0) {
        *why = error == ERR_BUSY ? err_name(error) : limit_hit(&s->worker->context->stats, LIMIT_STREAMS);
        ingest_refuse(s, *why);
        return error;
    }
    *in = (struct ingest){ .session = s, .heard_ms = worker_now_ms(s->worker) };
    session_meter_join(s, &s->broadcast->meter, true);
    if (error == 0)
        ingest_go_on(in);
    else
        log_info(&s->log, "%s session %s %s waits to push %s: its publisher is replaced", s->ops->name, s->id,
                 s->ip, session_path(s));
    return error;
}

void ingest_go_on(struct ingest *in)
{
    struct session *s = in->session;
    in->heard_ms = worker_now_ms(s->worker);
    log_info(&s->log, "%s session %s %s start push %s", s->ops->name, s->id, s->ip, session_path(s));
    in->told = true;
    events_emit(EVENT_POST_PUBLISH, s, NULL);
}

/* Data other than metadata is passed on as it is; what an encoder takes back is not. */
static bool prepare_data(struct avpacket *p)
{
    enum rtmp_data_kind kind;
    struct bytes        data = rtmp_data_strip(avpacket_bytes(p), p->type == RTMP_DATA_AMF3, &kind);
    memmove(avpacket_body(p), data.data, data.size);
    p->size = (uint32_t)data.size;
    p->type = AV_DATA;
    p->flags = kind == RTMP_DATA_METADATA ? AV_METADATA : 0;
    return kind != RTMP_DATA_CLEAR && p->size > 0;
}

bool ingest_prepare(struct avpacket *p)
{
    bool is_data = p->type == AV_DATA || p->type == RTMP_DATA_AMF3;
    return is_data ? prepare_data(p) : avcodec_classify(p) == 0;
}

void ingest_take(struct ingest *in, struct avpacket *p, uint32_t time_ms)
{
    struct session *s = in->session;
    in->heard_ms = worker_now_ms(s->worker);
    in->packets++;
    if (ingest_prepare(p)) {
        broadcast_append(s, p, time_ms);
        return;
    }
    /* Flash Media Live Encoder sends empty audio messages. */
    in->dropped++;
    meter_add(&s->broadcast->meter, STREAM_DROPPED_BROKEN, 1);
    avpacket_unref(&p);
}

const char *ingest_silence(struct ingest *in, uint64_t now_ms)
{
    static const char silent[] = "publisher is silent";
    if (now_ms - in->heard_ms <= (uint64_t)in->session->worker->config->publish.timeout_s * 1000)
        return NULL;
    if (in->told)
        events_emit(EVENT_STALL, in->session, silent);
    return silent;
}

const char *ingest_excess(struct ingest *in, uint64_t bytes, uint64_t now_ms)
{
    struct worker       *w = in->session->worker;
    const struct config *config = config_of_app(w->config, in->session->stream->app);
    if (!bitrate_is_exceeded(&in->bitrate, bytes, now_ms, config->limits.publish_bitrate))
        return NULL;
    return limit_hit(&w->context->stats, LIMIT_PUBLISH_BITRATE);
}

void ingest_end(struct ingest *in, const char *reason)
{
    struct session *s = in->session;
    if (in->told) /* before the next publisher of the stream can be told of */
        events_emit(EVENT_DONE_PUBLISH, s, reason);
    in->told = false;
    session_meter_leave(s);
    broadcast_unpublish(s);
    log_info(&s->log, "%s session %s %s stop push %s: %s", s->ops->name, s->id, s->ip, session_path(s),
             reason);
}
