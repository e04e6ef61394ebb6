#include "media/multitrack.h"

#include "base/error.h"
#include "media/avcodec.h"

enum { SOUND_FORMAT_EX = 9, VIDEO_EX = 0x80 };
enum { FRAME_KEY = 1, FRAME_COMMAND = 5 };

/* AudioPacketType and VideoPacketType of Enhanced RTMP v2 that are gone once a part is read. */
enum { AUDIO_MULTITRACK = 5, VIDEO_MULTITRACK = 6, MOD_EX = 7 };
enum { MOD_EX_NANOSECONDS = 0 };

/* multitrack.form: what the body looks like behind its first bytes. */
enum form {
    FLV,                                            /* FLV 10.1 */
    COMMAND,                                        /* of video, neither FourCC nor payload */
    SINGLE,                                         /* FourCC, payload */
    ONE_TRACK,                                      /* the same and a track id: AvMultitrackType 0 */
    MANY_TRACKS,                                    /* one FourCC for all */
    MANY_CODECS,                                    /* one FourCC for each */
};

static void read_fourcc(struct reader *r, struct multitrack_part *part)
{
    part->has_fourcc = true;
    part->fourcc = (uint32_t)read_be(r, 4);
    part->codec = avcodec_of_fourcc(part->fourcc, part->type);
}

/* ModEx modifiers stand in front of the packet that they belong to; returns its packet type. */
static uint8_t read_mod_ex(struct reader *r, uint8_t packet_type, struct multitrack_part *part)
{
    while (packet_type == MOD_EX && !r->overrun) {
        size_t size = read_be(r, 1) + 1;
        if (size == 256)
            size = read_be(r, 2) + 1;
        struct reader modifier = reader_over(read_bytes(r, size));
        uint8_t       types = (uint8_t)read_be(r, 1);
        packet_type = types & 0x0f;
        if (types >> 4 == MOD_EX_NANOSECONDS && size >= 3)
            part->offset_ns = (uint32_t)read_be(&modifier, 3);
    }
    if (part->offset_ns > 999999)                   /* more would be milliseconds, which the time has */
        part->offset_ns = 0;
    return packet_type;
}

static int start_enhanced(struct multitrack *walk, uint8_t packet_type)
{
    struct reader          *r = &walk->left;
    struct multitrack_part *common = &walk->common;
    bool                    video = common->type == AV_VIDEO;
    packet_type = read_mod_ex(r, packet_type, common);
    walk->form = SINGLE;
    if (video && packet_type != MULTITRACK_INFO && common->frame_type == FRAME_COMMAND) {
        walk->form = COMMAND;
    } else if (packet_type == (video ? VIDEO_MULTITRACK : AUDIO_MULTITRACK)) {
        uint8_t types = (uint8_t)read_be(r, 1);
        walk->form = ONE_TRACK + (types >> 4);
        packet_type = types & 0x0f;
        if (walk->form > MANY_CODECS || packet_type == (video ? VIDEO_MULTITRACK : AUDIO_MULTITRACK))
            return ERR_PROTOCOL;
        common->flags = AV_MULTITRACK;
    }
    if (packet_type == MOD_EX)
        return ERR_PROTOCOL;
    common->packet_type = packet_type;
    if (walk->form != COMMAND && walk->form != MANY_CODECS)
        read_fourcc(r, common);
    return 0;
}

static int start_audio(struct multitrack *walk)
{
    uint8_t first = (uint8_t)read_be(&walk->left, 1);
    if (first >> 4 == SOUND_FORMAT_EX)
        return start_enhanced(walk, first & 0x0f);
    walk->common.sound = first;
    walk->common.codec = avcodec_of_sound_format(first >> 4);
    return 0;
}

static int start_video(struct multitrack *walk)
{
    uint8_t first = (uint8_t)read_be(&walk->left, 1);
    walk->common.frame_type = first >> 4 & 0x07;
    if (first & VIDEO_EX)
        return start_enhanced(walk, first & 0x0f);
    walk->common.codec = avcodec_of_codec_id(first & 0x0f);
    if (walk->common.frame_type == FRAME_COMMAND)
        walk->form = COMMAND;
    return 0;
}

int multitrack_start(struct multitrack *walk, const struct avpacket *packet)
{
    *walk = (struct multitrack){
        .left = reader_over(avpacket_bytes(packet)),
        .common = { .type = packet->type },
    };
    int error = packet->type == AV_AUDIO ? start_audio(walk) : start_video(walk);
    return error == 0 && walk->left.overrun ? ERR_PROTOCOL : error;
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
 * .mp3 without one.  Of a codec that is not known here nobody can say. */
static bool may_be_empty(uint32_t codec)
{
    switch (codec) {
    case AVCODEC_NONE:
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
static int read_sequence_start(struct reader *r, struct multitrack_part *part)
{
    if (reader_left(r) == 0 && !may_be_empty(part->codec))
        return ERR_PROTOCOL;
    /* Enhanced RTMP v2 lets Opus send its comment header the same way; in the place of the
     * identification header it would leave later viewers without one. */
    bool comments = part->codec == AVCODEC_OPUS && starts_with(r, "OpusTags");
    part->flags |= comments ? AV_TRACK_INFO : AV_SEQUENCE_HEADER;
    return 0;
}

bool multitrack_has_cts(uint32_t codec)
{
    return codec == AVCODEC_H264 || codec == AVCODEC_HEVC || codec == AVCODEC_VVC;
}

/* Enhanced RTMP, behind FourCC and track id. */
static int read_enhanced(struct reader *r, struct multitrack_part *part)
{
    bool video = part->type == AV_VIDEO;
    switch (part->packet_type) {
    case MULTITRACK_SEQUENCE_START:
        return read_sequence_start(r, part);
    case MULTITRACK_SEQUENCE_END:
        part->flags |= AV_END_OF_SEQUENCE;
        return 0;
    case MULTITRACK_CODED_FRAMES:
        if (multitrack_has_cts(part->codec))
            part->cts_ms = read_cts(r);
        break;
    case MULTITRACK_CODED_FRAMES_X:
        if (!video)
            part->flags |= AV_TRACK_INFO;           /* audio has no such type */
        break;
    case MULTITRACK_MPEG2TS_START:
        if (video)
            return read_sequence_start(r, part);
        part->flags |= AV_TRACK_INFO;
        return 0;
    case MULTITRACK_INFO:
        part->flags |= AV_TRACK_INFO | AV_SIDE_INFO;
        return 0;
    default:
        part->flags |= AV_TRACK_INFO;
        return 0;
    }
    if (part->frame_type == FRAME_KEY)
        part->flags |= AV_KEYFRAME;
    return 0;
}

/* AVCVIDEOPACKET (E.4.3.1), which the squatters on CodecID 12 and 13 use as well. */
static int read_avc(struct reader *r, struct multitrack_part *part)
{
    part->packet_type = (uint8_t)read_be(r, 1);
    switch (part->packet_type) {
    case MULTITRACK_SEQUENCE_START:
        read_cts(r);
        return read_sequence_start(r, part);
    case MULTITRACK_CODED_FRAMES:
        part->cts_ms = read_cts(r);
        if (part->frame_type == FRAME_KEY)
            part->flags |= AV_KEYFRAME;
        return 0;
    case MULTITRACK_SEQUENCE_END:                   /* often cut short here: no composition time */
        read_bytes(r, reader_left(r) < 3 ? reader_left(r) : 3);
        part->flags |= AV_END_OF_SEQUENCE;
        return 0;
    default:
        return ERR_PROTOCOL;
    }
}

static int read_flv_video(struct reader *r, struct multitrack_part *part)
{
    if (part->codec == AVCODEC_H264 || part->codec == AVCODEC_HEVC || part->codec == AVCODEC_AV1)
        return read_avc(r, part);
    part->packet_type = MULTITRACK_CODED_FRAMES;
    if (part->frame_type == FRAME_KEY)
        part->flags |= AV_KEYFRAME;
    return 0;
}

/* SoundFormat 13 has no specification.  Node Media Server's dialect has a packet type as AAC's
 * and sends an identification header; ZLMediaKit's is bare Opus, whose frames may begin with
 * any byte.  So only the identification header itself is taken for one. */
static int read_flv_opus(struct reader *r, struct multitrack_part *part)
{
    struct reader look = *r;
    part->packet_type = MULTITRACK_CODED_FRAMES;
    if (read_be(&look, 1) == MULTITRACK_SEQUENCE_START && starts_with(&look, "OpusHead")) {
        part->packet_type = MULTITRACK_SEQUENCE_START;
        part->flags |= AV_SEQUENCE_HEADER;
        *r = look;
    }
    return 0;
}

static int read_flv_audio(struct reader *r, struct multitrack_part *part)
{
    part->packet_type = MULTITRACK_CODED_FRAMES;
    if (part->codec == AVCODEC_OPUS)
        return read_flv_opus(r, part);
    if (part->codec != AVCODEC_AAC)
        return 0;
    part->packet_type = (uint8_t)read_be(r, 1);
    if (part->packet_type == MULTITRACK_SEQUENCE_START)
        return read_sequence_start(r, part);
    return part->packet_type == MULTITRACK_CODED_FRAMES ? 0 : ERR_PROTOCOL;
}

static int read_command(struct reader *r, struct multitrack_part *part)
{
    read_be(r, 1);
    part->packet_type = MULTITRACK_INFO;
    part->flags |= AV_TRACK_INFO;
    return 0;
}

static int read_body(enum form form, struct reader *r, struct multitrack_part *part)
{
    if (form == COMMAND)
        return read_command(r, part);
    if (form != FLV)
        return read_enhanced(r, part);
    return part->type == AV_VIDEO ? read_flv_video(r, part) : read_flv_audio(r, part);
}

/* What stands in front of each track's own body, to which the result is narrowed. */
static struct reader read_track_header(struct multitrack *walk, struct multitrack_part *part)
{
    struct reader *r = &walk->left;
    if (walk->form == MANY_CODECS)
        read_fourcc(r, part);
    if (walk->form >= ONE_TRACK)
        part->track = (uint8_t)read_be(r, 1);
    size_t        size = walk->form >= MANY_TRACKS ? read_be(r, 3) : reader_left(r);
    struct reader body = reader_over(read_bytes(r, size));
    body.overrun = r->overrun;
    return body;
}

unsigned track_set_next(const struct track_set *set, unsigned from)
{
    while (from < TRACK_SET_END) {
        uint64_t left = set->bits[from / 64] >> from % 64;
        if (left != 0)
            return from + (unsigned)__builtin_ctzll(left);
        from = (from / 64 + 1) * 64;
    }
    return TRACK_SET_END;
}

struct track_set multitrack_tracks(const struct avpacket *packet, uint8_t flags)
{
    struct track_set       tracks = { 0 };
    struct multitrack      walk;
    struct multitrack_part part;
    if (!(packet->flags & AV_MULTITRACK) || multitrack_start(&walk, packet) < 0) {
        track_set_add(&tracks, packet->track);
        return tracks;
    }
    for (unsigned i = 0; i < TRACK_SET_END && multitrack_next(&walk, &part) > 0; i++) {
        if (flags == 0 || (part.flags & flags))
            track_set_add(&tracks, part.track);
    }
    return tracks;
}

bool multitrack_has(const struct avpacket *packet, uint8_t track)
{
    struct multitrack      walk;
    struct multitrack_part part;
    if (!(packet->flags & AV_MULTITRACK))
        return packet->track == track;
    if (multitrack_start(&walk, packet) < 0)
        return false;
    while (multitrack_next(&walk, &part) > 0) {
        if (part.track == track)
            return true;
    }
    return false;
}

int multitrack_next(struct multitrack *walk, struct multitrack_part *out)
{
    if (walk->done)
        return 0;
    struct multitrack_part part = walk->common;
    struct reader          body = read_track_header(walk, &part);
    int                    error = read_body(walk->form, &body, &part);
    bool                   broken = error < 0 || body.overrun;
    walk->done = broken || reader_left(&walk->left) == 0;
    if (broken)
        return ERR_PROTOCOL;
    part.payload = (struct bytes){ body.at, reader_left(&body) };
    *out = part;
    return 1;
}
