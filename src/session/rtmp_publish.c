#include "base/error.h"
#include "core/broadcast.h"
#include "net/conn.h"
#include "protocol/rtmp_message.h"
#include "session/rtmp_peer.h"

#include <stdio.h>

static void refuse(struct rtmp_session *s, const char *code, const char *why)
{
    char        description[512];
    const char *path = session_path(&s->base);
    snprintf(description, sizeof description, "%s: %s", path, why);
    rtmp_refuse(s, s->msid, code, description);
}

static void accept_publisher(struct rtmp_session *s)
{
    char description[512];
    rtmp_set_state(s, RTMP_PUBLISH);
    struct rtmp_reply reply;
    rtmp_reply_begin(&reply);
    rtmp_write_user_control(&reply.w, RTMP_STREAM_BEGIN, s->msid);
    rtmp_reply_send(s, &reply);
    if (s->wants_fc_event)
        rtmp_send_fc_event(s, "onFCPublish", "NetStream.Publish.Start");
    snprintf(description, sizeof description, "%s is now published.", session_path(&s->base));
    rtmp_send_status(s, s->msid, "status", "NetStream.Publish.Start", description);
}

/* Whatever it sends waits with it. */
static void wait_to_publish(struct rtmp_session *s)
{
    rtmp_set_state(s, RTMP_WAIT);
    conn_pause(s->conn);
}

void rtmp_on_published(struct rtmp_session *s)
{
    ingest_go_on(&s->ingest);
    accept_publisher(s);
    conn_resume(s->conn);
}

static void on_access(struct session *base, enum auth_use use, const struct access_answer *answer)
{
    struct rtmp_session *s = (struct rtmp_session *)base;
    const char          *why;
    (void)use;
    rtmp_stop_asking(s);
    if (!answer->allowed) {
        ingest_refuse(base, answer->log);
        /* Without the stream's name: a key that is not let in must not tell what it stands for. */
        rtmp_refuse(s, s->msid, "NetStream.Publish.Unauthorized", answer->why);
        return;
    }
    int result = ingest_begin(&s->ingest, base, &why);
    if (result == 0)
        accept_publisher(s);
    else if (result == BROADCAST_PENDING)
        wait_to_publish(s);
    else
        refuse(s, "NetStream.Publish.BadName", why);
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
        session_forget_stream(&s->base);
        ingest_refuse(&s->base, why);
        refuse(s, "NetStream.Publish.BadName", why);
        return;
    }
    session_set_stream(&s->base, &stream);
    rtmp_ask(s, AUTH_PUBLISH, on_access);
}

int rtmp_take_media(struct rtmp_session *s, struct rtmp_message *m)
{
    bool is_data = m->type == RTMP_DATA_AMF0 || m->type == RTMP_DATA_AMF3;
    if (s->state != RTMP_PUBLISH) {
        avpacket_unref(&m->packet);
        return is_data ? 0 : ERR_WRONG_STATE; /* players send data of their own; nobody is to see it */
    }
    ingest_take(&s->ingest, m->packet, m->time_ms);
    m->packet = NULL;
    return 0;
}

void rtmp_stop_publishing(struct rtmp_session *s, bool tell, const char *reason)
{
    ingest_end(&s->ingest, reason);
    rtmp_set_state(s, RTMP_READY);
    if (tell)
        rtmp_send_status(s, s->msid, "status", "NetStream.Unpublish.Success", reason);
}

void rtmp_stop_stream(struct rtmp_session *s, bool tell, const char *reason)
{
    if (s->state == RTMP_PUBLISH)
        rtmp_stop_publishing(s, tell, reason);
    else if (s->state == RTMP_WAIT)
        ingest_end(&s->ingest, reason);
    else if (s->state == RTMP_PLAY)
        rtmp_stop_playing(s, tell, reason);
}
