/* rtmp_command.h - RTMP commands read, and the replies of a server written (RTMP 1.0, 7.2).
 *
 * Replies are AMF0, in a message of type 20 on csid 3 with time 0, whole chunks included, and
 * go to a `struct writer` as in rtmp_message.h: `overrun` if there is no room, or if the reply
 * is longer than RTMP_REPLY_SIZE_MAX. */
#ifndef MILLRACE_PROTOCOL_RTMP_COMMAND_H
#define MILLRACE_PROTOCOL_RTMP_COMMAND_H

#include "base/bytes.h"
#include "protocol/amf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    RTMP_REPLY_SIZE_MAX = 4096, /* AMF bytes of one reply */
};

struct rtmp_command {
    struct bytes      name;        /* borrowed from the payload */
    double            transaction; /* 0: no answer wanted */
    struct amf_reader arguments;   /* before the command object, mostly an object or null */
};

/* Decode the start of a command message: type 20, or with `amf3` type 17.  0; ERR_PROTOCOL if
 * there is no name or no transaction number. */
int rtmp_command_read(struct bytes payload, bool amf3, struct rtmp_command *out);

/* What Enhanced RTMP v2 counts up in capsEx. */
enum rtmp_caps_ex {
    RTMP_CAPS_RECONNECT             = 1 << 0,
    RTMP_CAPS_MULTITRACK            = 1 << 1,
    RTMP_CAPS_MOD_EX                = 1 << 2,
    RTMP_CAPS_TIMESTAMP_NANO_OFFSET = 1 << 3,
};

/* The answer to connect (7.2.1.1). */
struct rtmp_connect_result {
    double   transaction;
    double   object_encoding; /* the client's, 0 or 3 */
    uint32_t caps_ex;         /* enum rtmp_caps_ex: stated with the codecs; 0: none of it, as of old */
};
void rtmp_write_connect_result(struct writer *, const struct rtmp_connect_result *, uint32_t chunk_size);

/* The answer to createStream: the new stream's id. */
void rtmp_write_create_stream_result(struct writer *, double transaction, uint32_t msid, uint32_t chunk_size);

/* An answer that says no more than yes: `_result`, null, null.  For releaseStream,
 * FCPublish, FCUnpublish, _checkbw and whatever else wants an answer and no value. */
void rtmp_write_null_result(struct writer *, double transaction, uint32_t chunk_size);

/* `_result` with one number, for getStreamLength and the like. */
void rtmp_write_number_result(struct writer *, double transaction, double value, uint32_t chunk_size);

/* A status (7.2.2): also what _error and onFCPublish carry.  Strings are borrowed; `level` is
 * "status", "error" or "warning". */
struct rtmp_status {
    const char *level;
    const char *code;        /* NetStream.Publish.Start and so on */
    const char *description;
};
void rtmp_write_error(struct writer *, double transaction, const struct rtmp_status *, uint32_t chunk_size);
void rtmp_write_status(struct writer *, uint32_t msid, const struct rtmp_status *, uint32_t chunk_size);

/* onFCPublish, onFCUnpublish, onFCSubscribe: `name` with the status, on msid 0. */
void rtmp_write_fc_status(struct writer *, const char *name, const struct rtmp_status *, uint32_t chunk_size);

/* onBWDone, without which older Flash clients and librtmp's bandwidth check wait. */
void rtmp_write_bw_done(struct writer *, uint32_t chunk_size);

/* The data message |RtmpSampleAccess, which lets a Flash client read samples; csid 6. */
void rtmp_write_sample_access(struct writer *, uint32_t msid, bool audio, bool video, uint32_t chunk_size);

#endif
