/* rtmp_message.h - RTMP messages: their types, the control messages read and written, and any
 * message cut into chunks (RTMP 1.0, 5.3, 5.4, 7.1).
 *
 * Writers append whole messages, chunk headers included, to a `struct writer`, whose `overrun`
 * tells that there was no room.  `chunk_size` is what we last announced to the peer, 128 before
 * that.  Control messages fit one chunk of any size, since theirs is never below 128. */
#ifndef MILLRACE_PROTOCOL_RTMP_MESSAGE_H
#define MILLRACE_PROTOCOL_RTMP_MESSAGE_H

#include "base/bytes.h"

#include <stdint.h>

enum rtmp_type {
    RTMP_SET_CHUNK_SIZE     = 1,
    RTMP_ABORT              = 2,
    RTMP_ACKNOWLEDGEMENT    = 3,
    RTMP_USER_CONTROL       = 4,
    RTMP_WINDOW_ACK_SIZE    = 5,
    RTMP_SET_PEER_BANDWIDTH = 6,
    RTMP_AUDIO              = 8,
    RTMP_VIDEO              = 9,
    RTMP_DATA_AMF3          = 15,
    RTMP_SHARED_OBJECT_AMF3 = 16,
    RTMP_COMMAND_AMF3       = 17,
    RTMP_DATA_AMF0          = 18,
    RTMP_SHARED_OBJECT_AMF0 = 19,
    RTMP_COMMAND_AMF0       = 20,
    RTMP_AGGREGATE          = 22,
};

/* The chunk streams we send on: fixed, one byte of basic header each. */
enum rtmp_csid {
    RTMP_CSID_CONTROL = 2, /* reserved by 5.4, with msid 0 */
    RTMP_CSID_COMMAND = 3,
    RTMP_CSID_AUDIO   = 4,
    RTMP_CSID_VIDEO   = 5,
    RTMP_CSID_DATA    = 6,
};

/* User control events (7.1.7). */
enum rtmp_event {
    RTMP_STREAM_BEGIN       = 0,
    RTMP_STREAM_EOF         = 1,
    RTMP_STREAM_DRY         = 2,
    RTMP_SET_BUFFER_LENGTH  = 3,
    RTMP_STREAM_IS_RECORDED = 4,
    RTMP_PING_REQUEST       = 6,
    RTMP_PING_RESPONSE      = 7,
};

enum rtmp_bandwidth_limit {
    RTMP_LIMIT_HARD    = 0,
    RTMP_LIMIT_SOFT    = 1,
    RTMP_LIMIT_DYNAMIC = 2,
};

/* A protocol or user control message, types 1 to 6. */
struct rtmp_control {
    uint8_t  type;      /* enum rtmp_type */
    uint8_t  limit;     /* SET_PEER_BANDWIDTH: enum rtmp_bandwidth_limit, as sent */
    uint16_t event;     /* USER_CONTROL: enum rtmp_event; others exist, and are to be ignored */
    uint32_t value;     /* chunk size, csid to abort, bytes received, window size; of an event its
                         * stream id or ping time, 0 for an event not listed above */
    uint32_t buffer_ms; /* RTMP_SET_BUFFER_LENGTH */
};

/* Decode the payload of a message of `type`.  0; ERR_PROTOCOL if it is too short for its type
 * or event, or a chunk size is not in 1..0x7fffffff; ERR_UNSUPPORTED if `type` is not 1 to 6.
 * Bytes behind the known fields are ignored. */
int rtmp_control_read(uint8_t type, struct bytes payload, struct rtmp_control *out);

/* One message: a type 0 chunk, then type 3 chunks; csid 2 to 63.  A time_ms above 0xfffffe goes
 * into the extended timestamp of every chunk (5.3.1.3). */
void rtmp_write_message(struct writer *, uint32_t csid, uint8_t type, uint32_t msid, uint32_t time_ms,
                        struct bytes payload, uint32_t chunk_size);

/* Bytes rtmp_write_message() needs for a payload of `size`. */
size_t rtmp_message_wire_size(size_t size, uint32_t time_ms, uint32_t chunk_size);

void rtmp_write_set_chunk_size(struct writer *, uint32_t size);
void rtmp_write_acknowledgement(struct writer *, uint32_t received_size);
void rtmp_write_window_ack_size(struct writer *, uint32_t size);
void rtmp_write_set_peer_bandwidth(struct writer *, uint32_t size, enum rtmp_bandwidth_limit);

/* `value`: the stream id, or the time of a ping. */
void rtmp_write_user_control(struct writer *, enum rtmp_event, uint32_t value);

#endif
