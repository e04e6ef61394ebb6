#include "media/track_info.h"

#include "base/error.h"
#include "media/aac.h"
#include "media/ac3.h"
#include "media/av1.h"
#include "media/avcodec.h"
#include "media/flac.h"
#include "media/h264.h"
#include "media/hevc.h"
#include "media/legacy.h"
#include "media/mp3.h"
#include "media/opus.h"
#include "media/vpx.h"
#include "media/vvc.h"

enum { FRAME_RATE_MAX = 480 };

_Static_assert(sizeof(struct track_info) == 8 * 4 + 32 + 8 + 8 + 64, "members without padding");

bool track_info_is_picture(uint64_t width, uint64_t height)
{
    return width > 0 && width <= TRACK_INFO_SIDE_MAX && height > 0 && height <= TRACK_INFO_SIDE_MAX;
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void track_info_set_frame_rate(struct track_info *info, uint64_t num, uint64_t den)
{
    info->frame_rate_num = info->frame_rate_den = 0;
    if (num == 0 || den == 0 || num / den > FRAME_RATE_MAX)
        return;
    uint64_t common = greatest_common_divisor(num, den);
    if (num / common <= UINT32_MAX && den / common <= UINT32_MAX) {
        info->frame_rate_num = (uint32_t)(num / common);
        info->frame_rate_den = (uint32_t)(den / common);
    }
}

static int read_video_header(const struct multitrack_part *part, struct track_info *out)
{
    switch (part->codec) {
    case AVCODEC_H264:
        return h264_read_config(part->payload, out);
    case AVCODEC_HEVC:
        return hevc_read_config(part->payload, out);
    case AVCODEC_VVC:
        return vvc_read_config(part->payload, out);
    case AVCODEC_AV1:
        return part->payload.size > 0 ? av1_read_config(part->payload, out) : 0;
    case AVCODEC_VP8:
    case AVCODEC_VP9:
        return vpx_read_config(part->payload, out);
    default:
        return 0;
    }
}

static int read_keyframe(const struct multitrack_part *part, struct track_info *out)
{
    switch (part->codec) {
    case AVCODEC_AV1:
        return av1_read_frame(part->payload, out);
    case AVCODEC_VP8:
        return vpx_read_vp8_frame(part->payload, out);
    case AVCODEC_VP9:
        return vpx_read_vp9_frame(part->payload, out);
    default:
        return legacy_read_keyframe(part->payload, out);
    }
}

static int read_audio_header(const struct multitrack_part *part, struct track_info *out)
{
    switch (part->codec) {
    case AVCODEC_AAC:
        return aac_read_config(part->payload, out);
    case AVCODEC_OPUS:
        return opus_read_config(part->payload, out);
    case AVCODEC_FLAC:
        return flac_read_config(part->payload, out);
    default:
        return 0;
    }
}

static int read_sound(const struct multitrack_part *part, struct track_info *out)
{
    switch (part->codec) {
    case AVCODEC_AAC:
    case AVCODEC_FLAC:
    case AVCODEC_DEVICE:
        return 0;
    case AVCODEC_OPUS:
        return opus_read_frame(part->payload, out);
    case AVCODEC_AC3:
    case AVCODEC_EAC3:
        return ac3_read_frame(part->payload, out);
    case AVCODEC_MP3:
        /* FLV's own bits cannot say 48000 Hz; they serve if the frame does not begin with a header. */
        if (mp3_read_frame(part->payload, out) == 0)
            return 0;
        if (part->sound == 0)
            return ERR_PROTOCOL;
        break;
    default:
        break;
    }
    legacy_read_sound(part->sound, out);
    return 0;
}

static int read_by_kind(const struct multitrack_part *part, struct track_info *out)
{
    if (part->flags & AV_SEQUENCE_HEADER)
        return part->type == AV_VIDEO ? read_video_header(part, out) : read_audio_header(part, out);
    if (part->type == AV_VIDEO)
        return part->flags & AV_KEYFRAME ? read_keyframe(part, out) : 0;
    return read_sound(part, out);
}

/* Whether a sequence header says everything, so that nothing of an earlier one may stay. */
static bool is_complete(const struct multitrack_part *part)
{
    if (!(part->flags & AV_SEQUENCE_HEADER))
        return false;
    switch (part->codec) {
    case AVCODEC_H264:
    case AVCODEC_HEVC:
    case AVCODEC_VVC:
    case AVCODEC_AAC:
    case AVCODEC_OPUS:
    case AVCODEC_FLAC:
        return true;
    default:
        return false;
    }
}

bool track_info_may_change(const struct multitrack_part *part)
{
    if (part->flags & AV_SEQUENCE_HEADER)
        return true;
    return part->type == AV_VIDEO ? part->flags & AV_KEYFRAME : part->codec != AVCODEC_AAC;
}

static void clear_tail(char *text, size_t room)
{
    size_t used = strlen(text);
    memset(text + used, 0, room - used);
}

int track_info_read_part(const struct multitrack_part *part, struct track_info *io)
{
    struct track_info next = { .codec = part->codec };
    /* Not even the codec of a colour description counts: FFmpeg 8.1 sends that of the second track as
     * if it were the first's. */
    if (part->codec == AVCODEC_NONE || part->flags & (AV_TRACK_INFO | AV_END_OF_SEQUENCE))
        return 0;
    if (io->codec == part->codec && !is_complete(part))
        next = *io;
    int error = read_by_kind(part, &next);
    if (error < 0)
        return error;
    clear_tail(next.profile, sizeof next.profile);
    clear_tail(next.level, sizeof next.level);
    clear_tail(next.tier, sizeof next.tier);
    clear_tail(next.codec_string, sizeof next.codec_string);
    if (memcmp(&next, io, sizeof next) == 0)
        return 0;
    *io = next;
    return 1;
}

int track_info_read(const struct avpacket *packet, struct track_info *io)
{
    struct multitrack      walk;
    struct multitrack_part part;
    if (multitrack_start(&walk, packet) < 0 || multitrack_next(&walk, &part) <= 0)
        return ERR_PROTOCOL;
    return track_info_read_part(&part, io);
}
