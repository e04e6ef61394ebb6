#include "bench/skim.h"

#include "media/avpacket.h"

enum {
    VIDEO_EXTENDED = 0x80, /* Enhanced RTMP: the low four bits are a packet type */
    VIDEO_COMMAND  = 5,    /* a frame type that is no frame */
    AVC            = 7,
    HEVC           = 12,   /* by convention */
    AV1            = 13,   /* the same */
    AAC            = 10,
    AUDIO_EXTENDED = 9,    /* Enhanced RTMP again */
};

/* SequenceStart, SequenceEnd, Metadata and MPEG2TSSequenceStart carry no picture. */
static bool is_extended_frame(uint8_t packet_type)
{
    return packet_type == 1 || packet_type == 3 || packet_type == 6;
}

static bool is_video_frame(struct bytes head)
{
    if (head.size < 2)
        return false;
    if (head.data[0] & VIDEO_EXTENDED)
        return is_extended_frame(head.data[0] & 0x0f);
    unsigned codec = head.data[0] & 0x0f;
    if (codec == AVC || codec == HEVC || codec == AV1)
        return head.data[1] == 1;
    return head.data[0] >> 4 != VIDEO_COMMAND;
}

static bool is_audio_frame(struct bytes head)
{
    if (head.size < 2)
        return false;
    unsigned codec = head.data[0] >> 4;
    if (codec == AAC)
        return head.data[1] == 1;
    return codec != AUDIO_EXTENDED || (head.data[0] & 0x0f) == 1 || (head.data[0] & 0x0f) == 5;
}

bool skim_is_frame(const struct skim_message *m)
{
    if (m->type == AV_VIDEO)
        return is_video_frame(m->head);
    return m->type == AV_AUDIO && is_audio_frame(m->head);
}
