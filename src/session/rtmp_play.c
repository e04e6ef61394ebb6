#include "base/error.h"
#include "core/context.h"
#include "core/events.h"
#include "core/outlet.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/rtmp_message.h"
#include "session/playback.h"
#include "session/rtmp_peer.h"

#include <stdio.h>

static struct rtmp_session *session_of(struct viewer *v)
{
    return LIST_ITEM(v, struct rtmp_session, viewer);
}

static void send_event(struct rtmp_session *s, enum rtmp_event event)
{
    struct rtmp_reply reply;
    rtmp_reply_begin(&reply);
    rtmp_write_user_control(&reply.w, event, s->msid);
    rtmp_reply_send(s, &reply);
}

static void on_start(struct viewer *v, bool has_audio, bool has_video)
{
    struct rtmp_session *s = session_of(v);
    (void)has_audio;
    (void)has_video;
    s->play_began = true;
    if (!s->play_ended)
        return;
    s->play_ended = false; /* the stream is back for a viewer that stayed */
    send_event(s, RTMP_STREAM_BEGIN);
    rtmp_send_status(s, s->msid, "status", "NetStream.Play.PublishNotify", session_path(&s->base));
}

static void on_stream_end(struct viewer *v)
{
    struct rtmp_session *s = session_of(v);
    s->play_ended = true;
    rtmp_send_status(s, s->msid, "status", "NetStream.Play.UnpublishNotify", session_path(&s->base));
    send_event(s, RTMP_STREAM_EOF);
}

static void on_lost(struct viewer *v, int error)
{
    struct rtmp_session *s = session_of(v);
    session_close(&s->base, playback_lost(&s->base, error));
}

static void on_skip(struct viewer *v, uint64_t packets)
{
    events_skip(&session_of(v)->base, packets);
}

static const struct viewer_ops viewer_ops = {
    .on_start = on_start,
    .on_stream_end = on_stream_end,
    .on_skip = on_skip,
    .on_lost = on_lost,
};

/* librtmp knows this code, and would go on waiting after another. */
static void refuse(struct rtmp_session *s, const char *why)
{
    char description[512];
    snprintf(description, sizeof description, "%s: %s", session_path(&s->base), why);
    rtmp_refuse(s, s->msid, "NetStream.Play.Failed", description);
}

/* The words before the first packet, in the order that players expect. */
static void greet(struct rtmp_session *s)
{
    struct rtmp_reply  reply;
    const char        *path = session_path(&s->base);
    struct rtmp_status reset = { "status", "NetStream.Play.Reset", path };
    struct rtmp_status start = { "status", "NetStream.Play.Start", path };
    rtmp_reply_begin(&reply);
    rtmp_write_user_control(&reply.w, RTMP_STREAM_BEGIN, s->msid);
    rtmp_write_status(&reply.w, s->msid, &reset, s->chunk_size);
    rtmp_write_status(&reply.w, s->msid, &start, s->chunk_size);
    rtmp_write_sample_access(&reply.w, s->msid, false, false, s->chunk_size);
    rtmp_reply_send(s, &reply);
}

static void start_playing(struct rtmp_session *s, struct outlet *outlet)
{
    rtmp_set_state(s, RTMP_PLAY);
    s->play_began = s->play_ended = false;
    log_info(&s->base.log, "RTMP session %s %s start play %s", s->base.id, s->base.ip,
             session_path(&s->base));
    if (s->wants_fc_event)
        rtmp_send_fc_event(s, "onFCSubscribe", "NetStream.Play.Start");
    greet(s);
    playback_join(&s->base, &s->viewer, outlet);
    events_emit(EVENT_POST_PLAY, &s->base, NULL);
}

static void on_access(struct session *base, enum auth_use use, const struct access_answer *answer)
{
    struct rtmp_session *s = (struct rtmp_session *)base;
    struct outlet       *outlet;
    const char          *why;
    (void)use;
    rtmp_stop_asking(s);
    if (!answer->allowed) {
        playback_refuse(base, answer->log);
        refuse(s, answer->why);
        return;
    }
    viewer_init(&s->viewer, s->conn, WIRE_RTMP, &viewer_ops);
    s->viewer.cursor.msid = s->msid;
    if (playback_open(base, &s->viewer, &outlet, &why) != 0)
        refuse(s, why);
    else
        start_playing(s, outlet);
}

void rtmp_on_play(struct rtmp_session *s, struct rtmp_call *call)
{
    struct url_stream stream;
    const char       *why;
    rtmp_string_argument(&call->arguments); /* the command object: null */
    struct bytes name = rtmp_string_argument(&call->arguments);
    if (s->state != RTMP_READY) {
        rtmp_send_status(s, call->msid, "error", "NetStream.Play.BadConnection",
                         "this connection publishes or plays already");
        return;
    }
    s->msid = call->msid != 0 ? call->msid : s->last_msid;
    if (url_stream_from_rtmp(bytes_of(s->app), name, &stream, &why) != 0) {
        session_forget_stream(&s->base);
        playback_refuse(&s->base, why);
        refuse(s, why);
        return;
    }
    session_set_stream(&s->base, &stream);
    rtmp_ask(s, AUTH_PLAY, on_access);
}

/* Pausing holds back everything; going on starts at the newest keyframe, with the headers. */
void rtmp_on_pause(struct rtmp_session *s, struct rtmp_call *call)
{
    rtmp_string_argument(&call->arguments);
    bool pause = rtmp_boolean_argument(&call->arguments);
    send_event(s, pause ? RTMP_STREAM_EOF : RTMP_STREAM_BEGIN);
    rtmp_send_status(s, s->msid, "status", pause ? "NetStream.Pause.Notify" : "NetStream.Unpause.Notify",
                     session_path(&s->base));
    outlet_filter_viewer(&s->viewer, pause ? CURSOR_PAUSED : 0, !pause);
}

static void receive(struct rtmp_session *s, struct rtmp_call *call, uint8_t kind)
{
    rtmp_string_argument(&call->arguments);
    bool    wanted = rtmp_boolean_argument(&call->arguments);
    uint8_t filter = s->viewer.cursor.filter & CURSOR_PAUSED;
    if (wanted) { /* 7.2.2.4 and 7.2.2.5 */
        rtmp_send_status(s, s->msid, "status", "NetStream.Seek.Notify", session_path(&s->base));
        rtmp_send_status(s, s->msid, "status", "NetStream.Play.Start", session_path(&s->base));
    }
    outlet_filter_viewer(&s->viewer, wanted ? filter & (uint8_t)~kind : filter | kind, false);
}

void rtmp_on_receive_audio(struct rtmp_session *s, struct rtmp_call *call)
{
    receive(s, call, CURSOR_NO_AUDIO);
}

void rtmp_on_receive_video(struct rtmp_session *s, struct rtmp_call *call)
{
    receive(s, call, CURSOR_NO_VIDEO);
}

void rtmp_on_seek(struct rtmp_session *s, struct rtmp_call *call)
{
    (void)call;
    rtmp_send_status(s, s->msid, "error", "NetStream.Seek.Failed", "a live stream cannot be searched");
}

void rtmp_stop_playing(struct rtmp_session *s, bool tell, const char *reason)
{
    bool in_packet = s->viewer.cursor.offset > 0;
    playback_leave(&s->base, &s->viewer);
    log_info(&s->base.log, "RTMP session %s %s stop play %s: %s", s->base.id, s->base.ip,
             session_path(&s->base), reason);
    events_emit(EVENT_DONE_PLAY, &s->base, reason);
    rtmp_set_state(s, RTMP_READY);
    if (in_packet) {
        session_close(&s->base, reason); /* the packet's rest is gone: nothing can follow it */
        return;
    }
    if (!tell)
        return;
    send_event(s, RTMP_STREAM_EOF);
    rtmp_send_status(s, s->msid, "status", "NetStream.Play.Stop", reason);
}

void rtmp_play_tick(struct rtmp_session *s, uint64_t now_ms)
{
    uint64_t wait_ms = (uint64_t)s->base.worker->config->play.wait_s * 1000;
    if (s->play_began || now_ms - s->state_since_ms <= wait_ms)
        return;
    playback_leave(&s->base, &s->viewer);
    log_info(&s->base.log, "RTMP session %s %s stop play %s: nobody published it", s->base.id, s->base.ip,
             session_path(&s->base));
    events_emit(EVENT_DONE_PLAY, &s->base, "nobody published it");
    rtmp_set_state(s, RTMP_READY);
    rtmp_send_status(s, s->msid, "error", "NetStream.Play.StreamNotFound", session_path(&s->base));
}
