#include "base/alloc.h"
#include "base/error.h"
#include "core/context.h"
#include "core/worker.h"
#include "net/conn.h"
#include "protocol/rtmp_message.h"
#include "session/rtmp_peer.h"

#include <stdlib.h>

/* The windows that the original announces, and that its clients are used to. */
#define WINDOW_SIZE 5000000

/* Longer than any app with a signed query; what is longer is no app of ours. */
#define APP_SIZE_MAX 2048

/* The next argument, whatever it is.  Its members, if it has any, are passed over. */
static struct amf_value next_argument(struct amf_reader *r)
{
    struct amf_value v;
    if (!amf_read_flat(r, &v))
        v = (struct amf_value){ .type = AMF_UNDEFINED };
    return v;
}

struct bytes rtmp_string_argument(struct amf_reader *r)
{
    struct amf_value v = next_argument(r);
    return v.type == AMF_STRING ? v.string : (struct bytes){ (const uint8_t *)"", 0 };
}

double rtmp_number_argument(struct amf_reader *r)
{
    struct amf_value v = next_argument(r);
    return v.type == AMF_NUMBER ? v.number : 0;
}

bool rtmp_boolean_argument(struct amf_reader *r)
{
    struct amf_value v = next_argument(r);
    return v.type == AMF_BOOLEAN ? v.boolean : v.type == AMF_NUMBER && v.number != 0;
}

/* What we do of Enhanced RTMP v2: whatever a publisher sends goes on as it came.  We ask nobody
 * to reconnect. */
#define CAPS_EX (RTMP_CAPS_MULTITRACK | RTMP_CAPS_MOD_EX | RTMP_CAPS_TIMESTAMP_NANO_OFFSET)

/* What connect says of itself, as far as we need it. */
struct connect_object {
    struct bytes app;
    struct bytes tc_url;
    struct bytes flash_ver; /* who it is, as User-Agent */
    double       encoding;
    bool         enhanced; /* the client speaks Enhanced RTMP */
};

/* A member that Enhanced RTMP v1 or v2 has added, whatever it says. */
static bool is_enhancement(struct bytes key)
{
    static const char *const keys[] = { "fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (bytes_equal(key, bytes_of(keys[i])))
            return true;
    return false;
}

static struct connect_object read_connect_object(struct amf_reader *r)
{
    struct connect_object object = { 0 };
    struct amf_value      v;
    if (!amf_read(r, &v) || (v.type != AMF_OBJECT && v.type != AMF_ECMA_ARRAY))
        return object;
    while (amf_read_flat(r, &v) && v.type != AMF_END) {
        if (v.type == AMF_STRING && bytes_equal(v.key, bytes_of("app")))
            object.app = v.string;
        else if (v.type == AMF_STRING && bytes_equal(v.key, bytes_of("tcUrl")))
            object.tc_url = v.string;
        else if (v.type == AMF_STRING && bytes_equal(v.key, bytes_of("flashVer")))
            object.flash_ver = v.string;
        else if (v.type == AMF_NUMBER && bytes_equal(v.key, bytes_of("objectEncoding")))
            object.encoding = v.number;
        object.enhanced |= is_enhancement(v.key);
    }
    return object;
}

/* The app with the query that may stand on it, or else on tcUrl, where users of encoders with a
 * "server" and a "stream key" box put it.  NULL if there is none. */
static char *choose_app(const struct connect_object *object)
{
    struct url   url = { 0 };
    bool         has_url = url_parse(object->tc_url, &url) == 0;
    struct bytes app = object->app.size > 0 ? object->app : url.path;
    if (app.size == 0 || app.size > APP_SIZE_MAX || url.query.size > APP_SIZE_MAX)
        return NULL;
    bool   has_query = memchr(app.data, '?', app.size) != NULL;
    size_t query_size = has_url && !has_query && url.query.size > 0 ? 1 + url.query.size : 0;
    char  *out = alloc_zeroed(app.size + query_size + 1);
    memcpy(out, app.data, app.size);
    if (query_size > 0) {
        out[app.size] = '?';
        memcpy(out + app.size + 1, url.query.data, url.query.size);
    }
    return out;
}

static void refuse_connect(struct rtmp_session *s, double transaction, const char *description)
{
    struct rtmp_reply  reply;
    struct rtmp_status status = { "error", "NetConnection.Connect.InvalidApp", description };
    rtmp_reply_begin(&reply);
    rtmp_write_error(&reply.w, transaction, &status, s->chunk_size);
    rtmp_reply_send(s, &reply);
    session_close(&s->base, description);
}

static void on_connect(struct rtmp_session *s, struct rtmp_call *call)
{
    struct connect_object object = read_connect_object(&call->arguments);
    struct rtmp_reply     reply;
    session_set_agent(&s->base, object.flash_ver);
    s->app = choose_app(&object);
    if (s->app == NULL) {
        refuse_connect(s, call->transaction, "connect names no app");
        return;
    }
    s->encoding = object.encoding == 3 ? 3 : 0;
    rtmp_reply_begin(&reply);
    rtmp_write_window_ack_size(&reply.w, WINDOW_SIZE);
    rtmp_write_set_peer_bandwidth(&reply.w, WINDOW_SIZE, RTMP_LIMIT_DYNAMIC);
    s->chunk_size = (uint32_t)s->base.worker->config->rtmp.chunk_size;
    rtmp_write_set_chunk_size(&reply.w, s->chunk_size);
    struct rtmp_connect_result result = {
        .transaction = call->transaction,
        .object_encoding = s->encoding,
        .caps_ex = object.enhanced ? CAPS_EX : 0,
    };
    rtmp_write_connect_result(&reply.w, &result, s->chunk_size);
    rtmp_reply_send(s, &reply);
    rtmp_set_state(s, RTMP_READY);
}

static void on_create_stream(struct rtmp_session *s, struct rtmp_call *call)
{
    struct rtmp_reply reply;
    rtmp_reply_begin(&reply);
    rtmp_write_create_stream_result(&reply.w, call->transaction, ++s->last_msid, s->chunk_size);
    rtmp_reply_send(s, &reply);
}

static void answer_null(struct rtmp_session *s, struct rtmp_call *call)
{
    struct rtmp_reply reply;
    rtmp_reply_begin(&reply);
    rtmp_write_null_result(&reply.w, call->transaction, s->chunk_size);
    rtmp_reply_send(s, &reply);
}

static void on_get_stream_length(struct rtmp_session *s, struct rtmp_call *call)
{
    struct rtmp_reply reply;
    rtmp_reply_begin(&reply);
    rtmp_write_number_result(&reply.w, call->transaction, 0, s->chunk_size); /* live: no length */
    rtmp_reply_send(s, &reply);
}

void rtmp_send_fc_event(struct rtmp_session *s, const char *event, const char *code)
{
    struct rtmp_reply  reply;
    struct rtmp_status status = { "status", code, "" };
    rtmp_reply_begin(&reply);
    rtmp_write_fc_status(&reply.w, event, &status, s->chunk_size);
    rtmp_reply_send(s, &reply);
}

/* FCPublish and FCSubscribe get an event of their own, which speaks of success: so it comes when
 * the stream that is named has been granted, not before. */
static void on_fc_start(struct rtmp_session *s, struct rtmp_call *call)
{
    s->wants_fc_event = true;
    if (call->transaction != 0)
        answer_null(s, call);
}

static void on_fc_unpublish(struct rtmp_session *s, struct rtmp_call *call)
{
    if (call->transaction != 0)
        answer_null(s, call);
    rtmp_send_fc_event(s, "onFCUnpublish", "NetStream.Unpublish.Success");
    if (s->state == RTMP_PUBLISH)
        rtmp_stop_publishing(s, true, "unpublished");
}

static void on_delete_stream(struct rtmp_session *s, struct rtmp_call *call)
{
    next_argument(&call->arguments); /* the command object: null */
    double msid = rtmp_number_argument(&call->arguments);
    if (msid == 0 || msid == (double)s->msid)
        rtmp_stop_stream(s, true, "stream deleted");
}

static void on_close_stream(struct rtmp_session *s, struct rtmp_call *call)
{
    if (call->msid == 0 || call->msid == s->msid)
        rtmp_stop_stream(s, true, "stream closed");
}

/* Answers to calls that we never make. */
static void on_answer(struct rtmp_session *s, struct rtmp_call *call)
{
    (void)s;
    (void)call;
}

#define IN(state)  (1u << (state))
#define STARTED    (IN(RTMP_READY) | IN(RTMP_PUBLISH) | IN(RTMP_PLAY))
#define ANY        (IN(RTMP_CONNECT) | STARTED)

static const struct {
    const char *name;
    unsigned    legal; /* states it may arrive in */
    void (*handle)(struct rtmp_session *, struct rtmp_call *);
} commands[] = {
    { "connect",         IN(RTMP_CONNECT), on_connect },       /* -> READY */
    { "createStream",    STARTED,          on_create_stream },
    { "publish",         STARTED,          rtmp_on_publish },  /* -> PUBLISH */
    { "play",            STARTED,          rtmp_on_play },     /* -> PLAY */
    { "deleteStream",    STARTED,          on_delete_stream }, /* -> READY */
    { "closeStream",     STARTED,          on_close_stream },  /* -> READY */
    { "releaseStream",   STARTED,          answer_null },
    { "FCPublish",       STARTED,          on_fc_start },
    { "FCUnpublish",     STARTED,          on_fc_unpublish },  /* -> READY */
    { "FCSubscribe",     STARTED,          on_fc_start },
    { "FCUnsubscribe",   STARTED,          answer_null },
    { "getStreamLength", STARTED,          on_get_stream_length },
    { "_checkbw",        ANY,              answer_null },
    { "checkBandwidth",  ANY,              answer_null },
    { "pause",           IN(RTMP_PLAY),    rtmp_on_pause },
    { "pauseRaw",        IN(RTMP_PLAY),    rtmp_on_pause },
    { "receiveAudio",    IN(RTMP_PLAY),    rtmp_on_receive_audio },
    { "receiveVideo",    IN(RTMP_PLAY),    rtmp_on_receive_video },
    { "seek",            IN(RTMP_PLAY),    rtmp_on_seek },
    { "_result",         ANY,              on_answer },
    { "_error",          ANY,              on_answer },
    { "onStatus",        ANY,              on_answer },
};

/* A command that we do not have, or that makes no sense now, gets an error, not an end: the
 * first is harmless, and of the second players send some (pause before play). */
static void answer_failed(struct rtmp_session *s, struct rtmp_call *call, const char *description)
{
    struct rtmp_reply  reply;
    struct rtmp_status status = { "error", "NetConnection.Call.Failed", description };
    if (call->transaction == 0)
        return;
    rtmp_reply_begin(&reply);
    rtmp_write_error(&reply.w, call->transaction, &status, s->chunk_size);
    rtmp_reply_send(s, &reply);
}

int rtmp_handle_command(struct rtmp_session *s, uint32_t msid, struct bytes payload, bool amf3)
{
    struct rtmp_command command;
    int                 error = rtmp_command_read(payload, amf3, &command);
    if (error != 0)
        return error;
    struct rtmp_call call = { command.transaction, msid, command.arguments };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!bytes_equal(command.name, bytes_of(commands[i].name)))
            continue;
        if (commands[i].legal & IN(s->state)) {
            commands[i].handle(s, &call);
            return 0;
        }
        if (s->state == RTMP_CONNECT)
            return ERR_WRONG_STATE;
        answer_failed(s, &call, "not allowed now");
        return 0;
    }
    if (s->state == RTMP_CONNECT)
        return ERR_WRONG_STATE;
    answer_failed(s, &call, "unknown command");
    return 0;
}
