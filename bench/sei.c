#include "bench/sei.h"

#include "base/error.h"

#include <assert.h>

enum {
    NAL_SEI        = 6,
    NAL_DELIMITER  = 9,
    NAL_TYPE       = 0x1f,
    USER_DATA      = 5,    /* payloadType of user_data_unregistered */
    STOP_BIT       = 0x80, /* rbsp_trailing_bits */
    UUID_SIZE      = 16,
    TIME_SIZE      = 8,    /* seven bits a byte, as all our numbers */
    SEQUENCE_SIZE  = 5,
    STREAM_SIZE    = 3,
    PAYLOAD_SIZE   = UUID_SIZE + TIME_SIZE + SEQUENCE_SIZE + STREAM_SIZE,
    AVC            = 7,    /* FLV's CodecID */
    AVC_HEADER     = 0,    /* FLV's AVCPacketType */
    AVC_PICTURE    = 1,
    EXTENDED_VIDEO = 0x80, /* Enhanced RTMP: not an FLV codec at all */
    CONFIG_LENGTH_AT = SEI_BODY_HEADER + 4, /* of lengthSizeMinusOne in avcC */
};

static const uint8_t uuid[UUID_SIZE] = {
    0x8d, 0x2f, 0xb1, 0x5e, 0x63, 0xc9, 0x4a, 0x17, 0x9b, 0xe4, 0x71, 0xd6, 0x38, 0xfa, 0x25, 0xc3,
};

/* The top bit of each byte is set, so that none is zero. */
static void write_seven(struct writer *w, uint64_t value, unsigned size)
{
    for (unsigned i = size; i > 0; i--)
        write_be(w, 0x80 | (value >> (7 * (i - 1)) & 0x7f), 1);
}

static uint64_t read_seven(struct reader *r, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 7 | (read_be(r, 1) & 0x7f);
    return value;
}

void sei_write(const struct sei_stamp *stamp, uint8_t out[SEI_NAL_SIZE])
{
    struct writer w = writer_over(out, SEI_NAL_SIZE);
    write_be(&w, NAL_SEI, 1);
    write_be(&w, USER_DATA, 1);
    write_be(&w, PAYLOAD_SIZE, 1);
    write_bytes(&w, uuid, sizeof uuid);
    write_seven(&w, stamp->time_us, TIME_SIZE);
    write_seven(&w, stamp->sequence, SEQUENCE_SIZE);
    write_seven(&w, stamp->stream, STREAM_SIZE);
    write_be(&w, STOP_BIT, 1);
    assert(!w.overrun && writer_size(&w) == SEI_NAL_SIZE);
}

bool sei_find(struct bytes head, struct sei_stamp *out)
{
    const uint8_t *at = head.size > 0 ? memmem(head.data, head.size, uuid, sizeof uuid) : NULL;
    if (at == NULL)
        return false;
    struct reader r = { .at = at + UUID_SIZE, .end = head.data + head.size };
    struct sei_stamp stamp;
    stamp.time_us = read_seven(&r, TIME_SIZE);
    stamp.sequence = read_seven(&r, SEQUENCE_SIZE);
    stamp.stream = (uint32_t)read_seven(&r, STREAM_SIZE);
    if (r.overrun)
        return false;
    *out = stamp;
    return true;
}

static bool is_avc(struct bytes body, uint8_t packet_type)
{
    return body.size >= 2 && !(body.data[0] & EXTENDED_VIDEO) && (body.data[0] & 0x0f) == AVC &&
           body.data[1] == packet_type;
}

int sei_length_size(struct bytes body)
{
    if (!is_avc(body, AVC_HEADER))
        return ERR_UNSUPPORTED;
    if (body.size <= CONFIG_LENGTH_AT)
        return ERR_PROTOCOL;
    int size = (body.data[CONFIG_LENGTH_AT] & 3) + 1;
    return size == 3 ? ERR_PROTOCOL : size;
}

ssize_t sei_place(struct bytes body, unsigned length_size)
{
    if (!is_avc(body, AVC_PICTURE))
        return ERR_UNSUPPORTED;
    if (body.size < SEI_BODY_HEADER)
        return ERR_PROTOCOL;
    struct reader r = { .at = body.data + SEI_BODY_HEADER, .end = body.data + body.size };
    while (reader_left(&r) > 0) {
        ssize_t      at = r.at - body.data;
        size_t       size = (size_t)read_be(&r, length_size);
        struct bytes nal = read_bytes(&r, size);
        if (r.overrun || nal.size == 0)
            return ERR_PROTOCOL;
        if ((nal.data[0] & NAL_TYPE) != NAL_DELIMITER)
            return at;
    }
    return ERR_PROTOCOL; /* an access unit without a picture */
}
