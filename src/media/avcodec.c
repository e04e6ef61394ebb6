#include "media/avcodec.h"

#include "base/error.h"
#include "media/multitrack.h"

static const struct {
    uint32_t     codec;
    enum av_type type;
    const char  *name;
} codecs[] = {
    { AVCODEC_H264,          AV_VIDEO, "H264" },
    { AVCODEC_HEVC,          AV_VIDEO, "H265" },
    { AVCODEC_VVC,           AV_VIDEO, "H266" },
    { AVCODEC_AV1,           AV_VIDEO, "AV1" },
    { AVCODEC_VP8,           AV_VIDEO, "VP8" },
    { AVCODEC_VP9,           AV_VIDEO, "VP9" },
    { AVCODEC_JPEG,          AV_VIDEO, "JPEG" },
    { AVCODEC_H263,          AV_VIDEO, "Sorenson H263" },
    { AVCODEC_SCREEN,        AV_VIDEO, "Screen Video" },
    { AVCODEC_VP6,           AV_VIDEO, "VP6" },
    { AVCODEC_VP6A,          AV_VIDEO, "VP6 Alpha" },
    { AVCODEC_SCREEN2,       AV_VIDEO, "Screen Video 2" },
    { AVCODEC_AAC,           AV_AUDIO, "AAC" },
    { AVCODEC_OPUS,          AV_AUDIO, "Opus" },
    { AVCODEC_FLAC,          AV_AUDIO, "FLAC" },
    { AVCODEC_AC3,           AV_AUDIO, "AC-3" },
    { AVCODEC_EAC3,          AV_AUDIO, "E-AC-3" },
    { AVCODEC_MP3,           AV_AUDIO, "MP3" },
    { AVCODEC_PCM,           AV_AUDIO, "PCM" },
    { AVCODEC_ADPCM,         AV_AUDIO, "ADPCM" },
    { AVCODEC_PCM_LE,        AV_AUDIO, "PCM LE" },
    { AVCODEC_NELLYMOSER16K, AV_AUDIO, "Nellymoser 16k" },
    { AVCODEC_NELLYMOSER8K,  AV_AUDIO, "Nellymoser 8k" },
    { AVCODEC_NELLYMOSER,    AV_AUDIO, "Nellymoser" },
    { AVCODEC_G711A,         AV_AUDIO, "G711A" },
    { AVCODEC_G711U,         AV_AUDIO, "G711U" },
    { AVCODEC_SPEEX,         AV_AUDIO, "Speex" },
    { AVCODEC_DEVICE,        AV_AUDIO, "Device specific" },
};
enum { CODEC_COUNT = sizeof codecs / sizeof *codecs };

/* FLV's SoundFormat (E.4.2.1) and CodecID (E.4.3.1), and what has been squatted on since. */
static const uint32_t sound_formats[16] = {
    [0] = AVCODEC_PCM,           [1] = AVCODEC_ADPCM,        [2] = AVCODEC_MP3,
    [3] = AVCODEC_PCM_LE,        [4] = AVCODEC_NELLYMOSER16K, [5] = AVCODEC_NELLYMOSER8K,
    [6] = AVCODEC_NELLYMOSER,    [7] = AVCODEC_G711A,        [8] = AVCODEC_G711U,
    [10] = AVCODEC_AAC,          [11] = AVCODEC_SPEEX,       [13] = AVCODEC_OPUS,
    [14] = AVCODEC_MP3,          [15] = AVCODEC_DEVICE,
};
static const uint32_t codec_ids[16] = {
    [1] = AVCODEC_JPEG, [2] = AVCODEC_H263,    [3] = AVCODEC_SCREEN, [4] = AVCODEC_VP6,
    [5] = AVCODEC_VP6A, [6] = AVCODEC_SCREEN2, [7] = AVCODEC_H264,   [12] = AVCODEC_HEVC,
    [13] = AVCODEC_AV1,
};

const char *avcodec_name(uint32_t codec)
{
    for (int i = 0; i < CODEC_COUNT; i++) {
        if (codecs[i].codec == codec)
            return codecs[i].name;
    }
    return "";
}

uint32_t avcodec_of_fourcc(uint32_t fourcc, enum av_type type)
{
    for (int i = 0; i < CODEC_COUNT; i++) {
        if (codecs[i].codec == fourcc && codecs[i].type == type)
            return fourcc;
    }
    return AVCODEC_NONE;
}

uint32_t avcodec_of_sound_format(unsigned format)
{
    return sound_formats[format & 0x0f];
}

uint32_t avcodec_of_codec_id(unsigned id)
{
    return codec_ids[id & 0x0f];
}

/* Of the tracks that share a message one may have Opus comments while another has its header. */
static void join_flags(struct multitrack *walk, struct avpacket *p)
{
    struct multitrack_part part;
    while ((p->flags & AV_MULTITRACK) && multitrack_next(walk, &part) > 0) {
        if ((part.flags & AV_SEQUENCE_HEADER) && (p->flags & AV_TRACK_INFO)) {
            p->flags &= (uint8_t)~AV_TRACK_INFO;
            p->flags |= AV_SEQUENCE_HEADER;
        }
    }
}

int avcodec_classify(struct avpacket *p)
{
    if (p->type != AV_AUDIO && p->type != AV_VIDEO)
        return 0;
    struct multitrack      walk;
    struct multitrack_part part;
    bool ok = multitrack_start(&walk, p) == 0 && multitrack_next(&walk, &part) > 0;
    if (!ok)
        part = (struct multitrack_part){ 0 };
    p->flags = part.flags;
    p->codec = part.codec;
    p->track = part.track;
    p->cts_ms = part.cts_ms;
    join_flags(&walk, p);
    return ok ? 0 : ERR_PROTOCOL;
}
