#include "base/error.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/worker.h"
#include "media/avcodec.h"
#include "protocol/rtmp_data.h"
#include "protocol/rtmp_message.h"
#include "session/rtmp_peer.h"

#include <stdio.h>

static void refuse(struct rtmp_session *s, const char *code, const char *path, const char *why)
{
    char description[512];
    log_error(&s->base.log, "RTMP session %s %s push %s error, %s", s->base.id, s->base.ip, path, why);
    stats_add(&s->base.worker->context->stats.publishers_refused, 1);
    snprintf(description, sizeof description, "%s: %s", path, why);
    rtmp_refuse(s, s->msid, code, description);
}

static void accept_publisher(struct rtmp_session *s)
{
    char description[512];
    rtmp_set_state(s, RTMP_PUBLISH);
    log_info(&s->base.log, "RTMP session %s %s start push %s", s->base.id, s->base.ip, session_path(&s->base));
    struct rtmp_reply reply;
    rtmp_reply_begin(&reply);
    rtmp_write_user_control(&reply.w, RTMP_STREAM_BEGIN, s->msid);
    rtmp_reply_send(s, &reply);
    snprintf(description, sizeof description, "%s is now published.", session_path(&s->base));
    rtmp_send_status(s, s->msid, "status", "NetStream.Publish.Start", description);
}

void rtmp_on_publish(struct rtmp_session *s, struct rtmp_call *call)
{
    struct url_stream stream;
    const char       *why;
    rtmp_string_argument(&call->arguments); /* the command object: null */
    struct bytes name = rtmp_string_argument(&call->arguments);
    if (s->state != RTMP_READY) {
        rtmp_send_status(s, call->msid, "error", "NetStream.Publish.BadConnection",
                         "this connection publishes or plays already");
        return;
    }
    s->msid = call->msid != 0 ? call->msid : s->last_msid;
    if (url_stream_from_rtmp(bytes_of(s->app), name, &stream, &why) != 0) {
        refuse(s, "NetStream.Publish.BadName", "", why);
        return;
    }
    session_set_stream(&s->base, &stream);
    int error = broadcast_publish(&s->base, stream.path);
    if (error != 0)
        refuse(s, "NetStream.Publish.BadName", stream.path,
               error == ERR_BUSY ? "already publishing" : "too many streams");
    else
        accept_publisher(s);
}

/* Data other than metadata is passed on as it is; what an encoder takes back is not. */
static bool prepare_data(struct rtmp_message *m)
{
    enum rtmp_data_kind kind;
    struct avpacket    *p = m->packet;
    struct bytes        data = rtmp_data_strip(avpacket_bytes(p), m->type == RTMP_DATA_AMF3, &kind);
    memmove(avpacket_body(p), data.data, data.size);
    p->size = (uint32_t)data.size;
    p->type = AV_DATA;
    p->flags = kind == RTMP_DATA_METADATA ? AV_METADATA : 0;
    return kind != RTMP_DATA_CLEAR && p->size > 0;
}

int rtmp_take_media(struct rtmp_session *s, struct rtmp_message *m)
{
    bool is_data = m->type == RTMP_DATA_AMF0 || m->type == RTMP_DATA_AMF3;
    if (s->state != RTMP_PUBLISH) {
        avpacket_unref(&m->packet);
        return is_data ? 0 : ERR_WRONG_STATE; /* players send data of their own; nobody is to see it */
    }
    s->media_ms = worker_now_ms(s->base.worker);
    bool fit = is_data ? prepare_data(m) : avcodec_classify(m->packet) == 0;
    if (fit) {
        broadcast_append(&s->base, m->packet, m->time_ms);
        m->packet = NULL;
        return 0;
    }
    /* Flash Media Live Encoder sends empty audio messages: dropped, not held against it. */
    stats_add(&s->base.worker->context->stats.packets_dropped, 1);
    avpacket_unref(&m->packet);
    return 0;
}

void rtmp_stop_publishing(struct rtmp_session *s, bool tell, const char *reason)
{
    broadcast_unpublish(&s->base);
    log_info(&s->base.log, "RTMP session %s %s stop push %s: %s", s->base.id, s->base.ip,
             session_path(&s->base), reason);
    rtmp_set_state(s, RTMP_READY);
    if (tell)
        rtmp_send_status(s, s->msid, "status", "NetStream.Unpublish.Success", reason);
}

void rtmp_stop_stream(struct rtmp_session *s, bool tell, const char *reason)
{
    if (s->state == RTMP_PUBLISH)
        rtmp_stop_publishing(s, tell, reason);
    else if (s->state == RTMP_PLAY)
        rtmp_stop_playing(s, tell, reason);
}
