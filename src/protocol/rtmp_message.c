#include "protocol/rtmp_message.h"

#include "base/error.h"

#include <assert.h>

enum {
    EXTENDED            = 0xffffff,
    TYPE0_SIZE          = 12,
    CHUNK_SIZE_WIRE_MAX = 0x7fffffff,
    CONTROL_CHUNK_SIZE  = 128, /* no control message is longer */
};

static void read_event(struct reader *r, struct rtmp_control *out)
{
    out->event = (uint16_t)read_be(r, 2);
    switch (out->event) {
    case RTMP_STREAM_BEGIN:
    case RTMP_STREAM_EOF:
    case RTMP_STREAM_DRY:
    case RTMP_STREAM_IS_RECORDED:
    case RTMP_PING_REQUEST:
    case RTMP_PING_RESPONSE:
        out->value = (uint32_t)read_be(r, 4);
        break;
    case RTMP_SET_BUFFER_LENGTH:
        out->value = (uint32_t)read_be(r, 4);
        out->buffer_ms = (uint32_t)read_be(r, 4);
        break;
    }
}

int rtmp_control_read(uint8_t type, struct bytes payload, struct rtmp_control *out)
{
    struct reader       r = reader_over(payload);
    struct rtmp_control control = { .type = type };
    switch (type) {
    case RTMP_SET_CHUNK_SIZE:
    case RTMP_ABORT:
    case RTMP_ACKNOWLEDGEMENT:
    case RTMP_WINDOW_ACK_SIZE:
        control.value = (uint32_t)read_be(&r, 4);
        break;
    case RTMP_SET_PEER_BANDWIDTH:
        control.value = (uint32_t)read_be(&r, 4);
        control.limit = (uint8_t)read_be(&r, 1);
        break;
    case RTMP_USER_CONTROL:
        read_event(&r, &control);
        break;
    default:
        return ERR_UNSUPPORTED;
    }
    if (r.overrun)
        return ERR_PROTOCOL;
    if (type == RTMP_SET_CHUNK_SIZE && (control.value == 0 || control.value > CHUNK_SIZE_WIRE_MAX))
        return ERR_PROTOCOL;
    *out = control;
    return 0;
}

static void write_extended(struct writer *w, uint32_t time_ms)
{
    if (time_ms >= EXTENDED)
        write_be(w, time_ms, 4);
}

void rtmp_write_message(struct writer *w, uint32_t csid, uint8_t type, uint32_t msid, uint32_t time_ms,
                        struct bytes payload, uint32_t chunk_size)
{
    assert(csid >= 2 && csid < 64 && chunk_size > 0);
    if (payload.size > EXTENDED) { /* a length has 24 bits */
        w->overrun = true;
        return;
    }
    write_be(w, csid, 1);
    write_be(w, time_ms < EXTENDED ? time_ms : EXTENDED, 3);
    write_be(w, payload.size, 3);
    write_be(w, type, 1);
    write_le(w, msid, 4);
    write_extended(w, time_ms);
    while (payload.size > chunk_size) {
        write_bytes(w, payload.data, chunk_size);
        write_be(w, 3u << 6 | csid, 1);
        write_extended(w, time_ms);
        payload = (struct bytes){ payload.data + chunk_size, payload.size - chunk_size };
    }
    write_bytes(w, payload.data, payload.size);
}

size_t rtmp_message_wire_size(size_t size, uint32_t time_ms, uint32_t chunk_size)
{
    size_t extended = time_ms >= EXTENDED ? 4 : 0;
    size_t more_chunks = size > 0 ? (size - 1) / chunk_size : 0;
    return TYPE0_SIZE + extended + size + more_chunks * (1 + extended);
}

static void write_control(struct writer *w, uint8_t type, const struct writer *payload)
{
    struct bytes body = { payload->start, writer_size(payload) };
    rtmp_write_message(w, RTMP_CSID_CONTROL, type, 0, 0, body, CONTROL_CHUNK_SIZE);
}

static void write_control_number(struct writer *w, uint8_t type, uint32_t value)
{
    uint8_t       room[4];
    struct writer payload = writer_over(room, sizeof room);
    write_be(&payload, value, 4);
    write_control(w, type, &payload);
}

void rtmp_write_set_chunk_size(struct writer *w, uint32_t size)
{
    assert(size > 0 && size <= CHUNK_SIZE_WIRE_MAX);
    write_control_number(w, RTMP_SET_CHUNK_SIZE, size);
}

void rtmp_write_acknowledgement(struct writer *w, uint32_t received_size)
{
    write_control_number(w, RTMP_ACKNOWLEDGEMENT, received_size);
}

void rtmp_write_window_ack_size(struct writer *w, uint32_t size)
{
    write_control_number(w, RTMP_WINDOW_ACK_SIZE, size);
}

void rtmp_write_set_peer_bandwidth(struct writer *w, uint32_t size, enum rtmp_bandwidth_limit limit)
{
    uint8_t       room[5];
    struct writer payload = writer_over(room, sizeof room);
    write_be(&payload, size, 4);
    write_be(&payload, limit, 1);
    write_control(w, RTMP_SET_PEER_BANDWIDTH, &payload);
}

void rtmp_write_user_control(struct writer *w, enum rtmp_event event, uint32_t value)
{
    uint8_t       room[6];
    struct writer payload = writer_over(room, sizeof room);
    write_be(&payload, event, 2);
    write_be(&payload, value, 4);
    write_control(w, RTMP_USER_CONTROL, &payload);
}
