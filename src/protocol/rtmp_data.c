#include "protocol/rtmp_data.h"

#include "base/error.h"
#include "protocol/rtmp_message.h"

enum {
    AMF0_STRING       = 2, /* type marker, followed by a length of two bytes */
    BACK_POINTER_SIZE = 4, /* the size of header and body again; not checked, as no one reads it */
};

/* Move past the AMF0 string at `r` if it is `text`. */
static bool skip_string(struct reader *r, const char *text)
{
    struct reader look = *r;
    if (read_be(&look, 1) != AMF0_STRING)
        return false;
    size_t size = read_be(&look, 2);
    if (!bytes_equal(read_bytes(&look, size), bytes_of(text)) || look.overrun)
        return false;
    *r = look;
    return true;
}

struct bytes rtmp_data_strip(struct bytes body, bool amf3, enum rtmp_data_kind *kind)
{
    struct reader r = reader_over(body);
    if (amf3 && body.size > 0 && body.data[0] == 0)
        read_be(&r, 1);
    bool clear = skip_string(&r, "@clearDataFrame");
    if (!clear)
        skip_string(&r, "@setDataFrame");
    struct reader look = r;
    if (clear)
        *kind = RTMP_DATA_CLEAR;
    else
        *kind = skip_string(&look, "onMetaData") ? RTMP_DATA_METADATA : RTMP_DATA_OTHER;
    return (struct bytes){ r.at, reader_left(&r) };
}

struct rtmp_aggregate rtmp_aggregate_over(const struct rtmp_message *aggregate)
{
    return (struct rtmp_aggregate){
        .in = reader_over(avpacket_bytes(aggregate->packet)),
        .csid = aggregate->csid,
        .msid = aggregate->msid,
        .time_ms = aggregate->time_ms,
    };
}

int rtmp_aggregate_next(struct rtmp_aggregate *a, struct rtmp_message *out)
{
    out->packet = NULL;
    if (reader_left(&a->in) == 0)
        return 0;
    /* As an FLV tag: type, size, time with its high byte last, stream id, body, back pointer. */
    uint8_t  type = (uint8_t)read_be(&a->in, 1);
    uint32_t size = (uint32_t)read_be(&a->in, 3);
    uint32_t time_ms = (uint32_t)read_be(&a->in, 3);
    time_ms |= (uint32_t)read_be(&a->in, 1) << 24;
    read_be(&a->in, 3);
    struct bytes body = read_bytes(&a->in, size);
    read_be(&a->in, BACK_POINTER_SIZE);
    if (a->in.overrun)
        return ERR_PROTOCOL;
    if (type != RTMP_AUDIO && type != RTMP_VIDEO && type != RTMP_DATA_AMF0 && type != RTMP_DATA_AMF3)
        return ERR_PROTOCOL;
    if (!a->started) {
        a->started = true;
        a->first_time_ms = time_ms;
    }
    struct avpacket *packet = avpacket_new(type, size);
    if (packet == NULL)
        return ERR_OUT_OF_MEMORY;
    if (size > 0)
        memcpy(avpacket_body(packet), body.data, size);
    packet->size = size;
    *out = (struct rtmp_message){ .csid = a->csid, .msid = a->msid, .type = type, .packet = packet,
                                  .time_ms = a->time_ms + (time_ms - a->first_time_ms) };
    return 1;
}
