#include "protocol/rtmp_command.h"

#include "base/error.h"
#include "protocol/rtmp_message.h"

enum {
    FCC_CAN_FORWARD = 4, /* enhanced RTMP v2, FourCcInfoMask */
    AMF0_STRING     = 2, /* type marker */
};

int rtmp_command_read(struct bytes payload, bool amf3, struct rtmp_command *out)
{
    /* A type 17 message begins with a format byte, 0, and goes on in AMF0, in which a value may
     * switch to AMF3.  A sender that leaves it out begins with the name's AMF0 marker instead. */
    if (amf3 && payload.size > 0 && payload.data[0] != AMF0_STRING) {
        if (payload.data[0] != 0)
            return ERR_PROTOCOL;
        payload = (struct bytes){ payload.data + 1, payload.size - 1 };
    }
    struct amf_reader r = amf_reader_over(payload);
    struct amf_value  name, transaction;
    if (!amf_read(&r, &name) || name.type != AMF_STRING)
        return ERR_PROTOCOL;
    if (!amf_read(&r, &transaction) || transaction.type != AMF_NUMBER)
        return ERR_PROTOCOL;
    *out = (struct rtmp_command){ .name = name.string, .transaction = transaction.number, .arguments = r };
    return 0;
}

/* A reply is written to a scratch buffer of its own, because its length stands in front of it. */
struct reply {
    uint8_t       room[RTMP_REPLY_SIZE_MAX];
    struct writer amf;
};

static struct writer *begin(struct reply *reply, const char *name)
{
    reply->amf = writer_over(reply->room, sizeof reply->room);
    amf_write_string(&reply->amf, name);
    return &reply->amf;
}

static struct writer *begin_answer(struct reply *reply, const char *name, double transaction)
{
    struct writer *amf = begin(reply, name);
    amf_write_number(amf, transaction);
    return amf;
}

static void send(struct writer *w, const struct reply *reply, uint32_t msid, uint32_t chunk_size)
{
    struct bytes payload = { reply->room, writer_size(&reply->amf) };
    if (reply->amf.overrun)
        w->overrun = true;
    else
        rtmp_write_message(w, RTMP_CSID_COMMAND, RTMP_COMMAND_AMF0, msid, 0, payload, chunk_size);
}

static void write_text_member(struct writer *amf, const char *key, const char *value)
{
    amf_write_key(amf, key);
    amf_write_string(amf, value);
}

static void write_number_member(struct writer *amf, const char *key, double value)
{
    amf_write_key(amf, key);
    amf_write_number(amf, value);
}

static void write_status_members(struct writer *amf, const struct rtmp_status *status)
{
    write_text_member(amf, "level", status->level);
    write_text_member(amf, "code", status->code);
    write_text_member(amf, "description", status->description);
}

static void write_status_object(struct writer *amf, const struct rtmp_status *status)
{
    amf_write_object_start(amf);
    write_status_members(amf, status);
    amf_write_object_end(amf);
}

static void write_forward_map(struct writer *amf, const char *key)
{
    amf_write_key(amf, key);
    amf_write_object_start(amf);
    write_number_member(amf, "*", FCC_CAN_FORWARD);
    amf_write_object_end(amf);
}

/* Enhanced RTMP v2, "Enhancing NetConnection connect Command": whatever the codec, it goes
 * through us unopened.  Clients of v1 know fourCcList only. */
static void write_capabilities(struct writer *amf, uint32_t caps_ex)
{
    if (caps_ex == 0)
        return;
    write_number_member(amf, "capsEx", caps_ex);
    write_forward_map(amf, "videoFourCcInfoMap");
    write_forward_map(amf, "audioFourCcInfoMap");
    amf_write_key(amf, "fourCcList");
    amf_write_strict_array_start(amf, 1);
    amf_write_string(amf, "*");
}

/* The specification wants the capabilities in "an object" of the answer, which has two: some
 * clients look into the properties, others into the information, where objectEncoding is. */
void rtmp_write_connect_result(struct writer *w, const struct rtmp_connect_result *result,
                               uint32_t chunk_size)
{
    static const struct rtmp_status success = { "status", "NetConnection.Connect.Success",
                                                "Connection succeeded." };
    struct reply   reply;
    struct writer *amf = begin_answer(&reply, "_result", result->transaction);
    amf_write_object_start(amf);
    write_text_member(amf, "fmsVer", "FMS/3,0,1,123");
    write_number_member(amf, "capabilities", 31);
    write_capabilities(amf, result->caps_ex);
    amf_write_object_end(amf);
    amf_write_object_start(amf);
    write_status_members(amf, &success);
    write_number_member(amf, "objectEncoding", result->object_encoding);
    write_capabilities(amf, result->caps_ex);
    amf_write_object_end(amf);
    send(w, &reply, 0, chunk_size);
}

void rtmp_write_number_result(struct writer *w, double transaction, double value, uint32_t chunk_size)
{
    struct reply   reply;
    struct writer *amf = begin_answer(&reply, "_result", transaction);
    amf_write_null(amf);
    amf_write_number(amf, value);
    send(w, &reply, 0, chunk_size);
}

void rtmp_write_create_stream_result(struct writer *w, double transaction, uint32_t msid,
                                     uint32_t chunk_size)
{
    rtmp_write_number_result(w, transaction, msid, chunk_size);
}

void rtmp_write_null_result(struct writer *w, double transaction, uint32_t chunk_size)
{
    struct reply   reply;
    struct writer *amf = begin_answer(&reply, "_result", transaction);
    amf_write_null(amf);
    amf_write_null(amf);
    send(w, &reply, 0, chunk_size);
}

void rtmp_write_error(struct writer *w, double transaction, const struct rtmp_status *status,
                      uint32_t chunk_size)
{
    struct reply   reply;
    struct writer *amf = begin_answer(&reply, "_error", transaction);
    amf_write_null(amf);
    write_status_object(amf, status);
    send(w, &reply, 0, chunk_size);
}

/* A command of ours that wants no answer: transaction 0 and no command object. */
static void write_notice(struct writer *w, const char *name, uint32_t msid, const struct rtmp_status *status,
                         uint32_t chunk_size)
{
    struct reply   reply;
    struct writer *amf = begin_answer(&reply, name, 0);
    amf_write_null(amf);
    if (status != NULL)
        write_status_object(amf, status);
    send(w, &reply, msid, chunk_size);
}

void rtmp_write_status(struct writer *w, uint32_t msid, const struct rtmp_status *status, uint32_t chunk_size)
{
    write_notice(w, "onStatus", msid, status, chunk_size);
}

void rtmp_write_fc_status(struct writer *w, const char *name, const struct rtmp_status *status,
                          uint32_t chunk_size)
{
    write_notice(w, name, 0, status, chunk_size);
}

void rtmp_write_bw_done(struct writer *w, uint32_t chunk_size)
{
    write_notice(w, "onBWDone", 0, NULL, chunk_size);
}

void rtmp_write_sample_access(struct writer *w, uint32_t msid, bool audio, bool video, uint32_t chunk_size)
{
    struct reply   reply;
    struct writer *amf = begin(&reply, "|RtmpSampleAccess");
    amf_write_boolean(amf, audio);
    amf_write_boolean(amf, video);
    struct bytes payload = { reply.room, writer_size(amf) };
    rtmp_write_message(w, RTMP_CSID_DATA, RTMP_DATA_AMF0, msid, 0, payload, chunk_size);
}
