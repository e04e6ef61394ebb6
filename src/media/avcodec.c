#include "media/avcodec.h"

#include "base/error.h"

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

enum { SOUND_FORMAT_EX = 9, VIDEO_EX = 0x80 };
enum { FRAME_KEY = 1, FRAME_COMMAND = 5 };

/* AudioPacketType and VideoPacketType of Enhanced RTMP v2, where they agree and where not. */
enum packet_type {
    SEQUENCE_START      = 0,
    CODED_FRAMES        = 1,
    SEQUENCE_END        = 2,
    VIDEO_CODED_FRAMES_X = 3,
    VIDEO_METADATA      = 4,
    VIDEO_MPEG2TS_START = 5,
    AUDIO_MULTITRACK    = 5,
    VIDEO_MULTITRACK    = 6,
    MOD_EX              = 7,
};

enum multitrack_type { ONE_TRACK, MANY_TRACKS, MANY_TRACKS_MANY_CODECS };

const char *avcodec_name(uint32_t codec)
{
    for (int i = 0; i < CODEC_COUNT; i++) {
        if (codecs[i].codec == codec)
            return codecs[i].name;
    }
    return "";
}

/* An unknown FourCC is AVCODEC_NONE, and so is one of the other kind: "mp4a" is no picture. */
static uint32_t read_fourcc(struct reader *r, uint8_t type)
{
    uint32_t fourcc = (uint32_t)read_be(r, 4);
    for (int i = 0; i < CODEC_COUNT; i++) {
        if (codecs[i].codec == fourcc && codecs[i].type == type)
            return fourcc;
    }
    return AVCODEC_NONE;
}

/* CompositionTime and CompositionTimeOffset: SI24. */
static int32_t read_cts(struct reader *r)
{
    int32_t value = (int32_t)read_be(r, 3);
    return value < 0x800000 ? value : value - 0x1000000;
}

static bool starts_with(const struct reader *r, const char *text)
{
    struct bytes want = bytes_of(text);
    return reader_left(r) >= want.size && memcmp(r->at, want.data, want.size) == 0;
}

/* Whether a decoder can do without a configuration record: FFmpeg sends SequenceStart of ac-3 and
 * .mp3 without one. */
static bool may_be_empty(uint32_t codec)
{
    switch (codec) {
    case AVCODEC_VP8:
    case AVCODEC_VP9:
    case AVCODEC_AV1:
    case AVCODEC_AC3:
    case AVCODEC_EAC3:
    case AVCODEC_MP3:
        return true;
    default:
        return false;
    }
}

/* The rest of `r` is a decoder configuration.  An empty one would replace a good one. */
static int sequence_start(struct avpacket *p, const struct reader *r)
{
    if (reader_left(r) == 0 && !may_be_empty(p->codec))
        return ERR_PROTOCOL;
    /* Enhanced RTMP v2 lets Opus send its comment header the same way; in the place of the
     * identification header it would leave later viewers without one. */
    bool comments = p->codec == AVCODEC_OPUS && starts_with(r, "OpusTags");
    p->flags |= p->codec == AVCODEC_NONE || comments ? AV_TRACK_INFO : AV_SEQUENCE_HEADER;
    return 0;
}

/* ModEx modifiers, such as nanosecond offsets, stand in front of the packet they belong to. */
static uint8_t skip_mod_ex(struct reader *r, uint8_t packet_type)
{
    while (packet_type == MOD_EX && !r->overrun) {
        size_t size = read_be(r, 1) + 1;
        if (size == 256)
            size = read_be(r, 2) + 1;
        read_bytes(r, size);
        packet_type = read_be(r, 1) & 0x0f;         /* the high half is the modifier's type */
    }
    return packet_type;
}

/* The multitrack header and that of the first track, to which `r` is narrowed.  All types of
 * multitrack have FourCC and track id in the same places. */
static int read_first_track(struct avpacket *p, struct reader *r, uint8_t *packet_type)
{
    uint8_t types = (uint8_t)read_be(r, 1);
    if (types >> 4 > MANY_TRACKS_MANY_CODECS)
        return ERR_PROTOCOL;
    *packet_type = types & 0x0f;
    p->flags |= AV_MULTITRACK;
    p->codec = read_fourcc(r, p->type);
    p->track = (uint8_t)read_be(r, 1);
    if (types >> 4 != ONE_TRACK) {
        struct bytes track = read_bytes(r, read_be(r, 3));
        bool         overrun = r->overrun;
        *r = reader_over(track);
        r->overrun = overrun;
    }
    return 0;
}

static int classify_enhanced_audio(struct avpacket *p, struct reader *r, uint8_t packet_type)
{
    packet_type = skip_mod_ex(r, packet_type);
    if (packet_type == AUDIO_MULTITRACK) {
        int error = read_first_track(p, r, &packet_type);
        if (error < 0)
            return error;
        if (packet_type == AUDIO_MULTITRACK || packet_type == MOD_EX)
            return ERR_PROTOCOL;
    } else {
        p->codec = read_fourcc(r, p->type);
    }
    if (packet_type == SEQUENCE_START)
        return sequence_start(p, r);
    if (packet_type == SEQUENCE_END)
        p->flags |= AV_END_OF_SEQUENCE;
    else if (packet_type != CODED_FRAMES)
        p->flags |= AV_TRACK_INFO;
    return 0;
}

/* SoundFormat 13 has no specification.  Node Media Server's dialect has a packet type as AAC's
 * and sends an identification header; ZLMediaKit's is bare Opus, whose frames may begin with
 * any byte.  So only the identification header itself is taken for one. */
static int classify_flv_opus(struct avpacket *p, struct reader *r)
{
    struct reader look = *r;
    if (read_be(&look, 1) == 0 && starts_with(&look, "OpusHead"))
        p->flags |= AV_SEQUENCE_HEADER;
    return 0;
}

static int classify_audio(struct avpacket *p, struct reader *r)
{
    uint8_t first = (uint8_t)read_be(r, 1);
    if (first >> 4 == SOUND_FORMAT_EX)
        return classify_enhanced_audio(p, r, first & 0x0f);
    p->codec = sound_formats[first >> 4];
    if (p->codec == AVCODEC_OPUS)
        return classify_flv_opus(p, r);
    if (p->codec != AVCODEC_AAC)
        return 0;
    uint8_t packet_type = (uint8_t)read_be(r, 1);
    if (packet_type == 0)
        return sequence_start(p, r);
    return packet_type == 1 ? 0 : ERR_PROTOCOL;
}

static int classify_enhanced_video(struct avpacket *p, struct reader *r, uint8_t frame_type,
                                   uint8_t packet_type)
{
    packet_type = skip_mod_ex(r, packet_type);
    if (packet_type != VIDEO_METADATA && frame_type == FRAME_COMMAND) {
        read_be(r, 1);                              /* the command; no FourCC, no body */
        p->flags |= AV_TRACK_INFO;
        return 0;
    }
    if (packet_type == VIDEO_MULTITRACK) {
        int error = read_first_track(p, r, &packet_type);
        if (error < 0)
            return error;
        if (packet_type == VIDEO_MULTITRACK || packet_type == MOD_EX)
            return ERR_PROTOCOL;
    } else {
        p->codec = read_fourcc(r, p->type);
    }
    switch (packet_type) {
    case SEQUENCE_START:
    case VIDEO_MPEG2TS_START:
        return sequence_start(p, r);
    case SEQUENCE_END:
        p->flags |= AV_END_OF_SEQUENCE;
        return 0;
    case CODED_FRAMES:
        if (p->codec == AVCODEC_H264 || p->codec == AVCODEC_HEVC || p->codec == AVCODEC_VVC)
            p->cts_ms = read_cts(r);
        break;
    case VIDEO_CODED_FRAMES_X:
        break;
    default:
        p->flags |= AV_TRACK_INFO;
        return 0;
    }
    if (frame_type == FRAME_KEY)
        p->flags |= AV_KEYFRAME;
    return 0;
}

/* AVCVIDEOPACKET (E.4.3.1), which the squatters on CodecID 12 and 13 use as well. */
static int classify_avc_video(struct avpacket *p, struct reader *r, uint8_t frame_type)
{
    switch (read_be(r, 1)) {
    case 0:
        read_cts(r);
        return sequence_start(p, r);
    case 1:
        p->cts_ms = read_cts(r);
        if (frame_type == FRAME_KEY)
            p->flags |= AV_KEYFRAME;
        return 0;
    case 2:                                         /* often cut short here: no composition time */
        p->flags |= AV_END_OF_SEQUENCE;
        return 0;
    default:
        return ERR_PROTOCOL;
    }
}

static int classify_video(struct avpacket *p, struct reader *r)
{
    uint8_t first = (uint8_t)read_be(r, 1);
    uint8_t frame_type = first >> 4 & 0x07;
    if (first & VIDEO_EX)
        return classify_enhanced_video(p, r, frame_type, first & 0x0f);
    p->codec = codec_ids[first & 0x0f];
    if (frame_type == FRAME_COMMAND) {
        read_be(r, 1);
        p->flags |= AV_TRACK_INFO;
        return 0;
    }
    if (p->codec == AVCODEC_H264 || p->codec == AVCODEC_HEVC || p->codec == AVCODEC_AV1)
        return classify_avc_video(p, r, frame_type);
    if (frame_type == FRAME_KEY)
        p->flags |= AV_KEYFRAME;
    return 0;
}

static void clear(struct avpacket *p)
{
    p->flags = 0;
    p->codec = AVCODEC_NONE;
    p->track = 0;
    p->cts_ms = 0;
}

int avcodec_classify(struct avpacket *p)
{
    if (p->type != AV_AUDIO && p->type != AV_VIDEO)
        return 0;
    struct reader r = reader_over(avpacket_bytes(p));
    clear(p);
    int error = p->type == AV_AUDIO ? classify_audio(p, &r) : classify_video(p, &r);
    if (error == 0 && r.overrun)
        error = ERR_PROTOCOL;
    if (error < 0)
        clear(p);
    return error;
}
