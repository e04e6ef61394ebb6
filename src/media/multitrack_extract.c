#include "media/multitrack.h"

#include "media/avcodec.h"
#include "media/mp3.h"

enum { HEADER_MAX = 8 };                            /* one byte, FourCC, composition time */
enum { CODEC_ID_AVC = 7, CODEC_ID_HEVC = 12, CODEC_ID_AV1 = 13 };
enum { SOUND_FORMAT_MP3 = 2, SOUND_FORMAT_EX = 9, SOUND_FORMAT_MP3_8K = 14, VIDEO_EX = 0x80 };
enum { AAC_SOUND = 0xaf };                          /* E.4.2.1: always 44 kHz, 16 bits, stereo */

/* The CodecID that `form` has for a codec; 0 if none. */
static uint8_t codec_id(uint32_t codec, enum multitrack_form form)
{
    if (codec == AVCODEC_H264)
        return form == MULTITRACK_ENHANCED ? 0 : CODEC_ID_AVC;
    if (form != MULTITRACK_FLV_CDN)
        return 0;
    return codec == AVCODEC_HEVC ? CODEC_ID_HEVC : codec == AVCODEC_AV1 ? CODEC_ID_AV1 : 0;
}

/* AVCVIDEOPACKET (E.4.3.1). */
static bool write_avc_header(struct writer *w, const struct multitrack_part *part, uint8_t id)
{
    if (part->packet_type > MULTITRACK_CODED_FRAMES_X)
        return false;
    bool frames_x = part->packet_type == MULTITRACK_CODED_FRAMES_X;
    write_be(w, (uint64_t)part->frame_type << 4 | id, 1);
    write_be(w, frames_x ? MULTITRACK_CODED_FRAMES : part->packet_type, 1);
    write_be(w, (uint32_t)part->cts_ms & 0xffffff, 3);
    return true;
}

static bool write_aac_header(struct writer *w, const struct multitrack_part *part)
{
    if (part->packet_type > MULTITRACK_CODED_FRAMES)
        return false;
    write_be(w, AAC_SOUND, 1);
    write_be(w, part->packet_type, 1);
    return true;
}

/* The rates of E.4.2.1 are all that the byte can say, so 48000 Hz goes as 44100: players read the
 * frame itself. */
static bool write_mp3_header(struct writer *w, const struct multitrack_part *part)
{
    struct track_info info = { .sample_rate_hz = 44100, .channels = 2 };
    if (part->packet_type != MULTITRACK_CODED_FRAMES)
        return false;
    mp3_read_frame(part->payload, &info);
    unsigned format = info.sample_rate_hz == 8000 ? SOUND_FORMAT_MP3_8K : SOUND_FORMAT_MP3;
    unsigned rate = info.sample_rate_hz == 22050 ? 2 : info.sample_rate_hz == 11025 ? 1 : 3;
    if (format == SOUND_FORMAT_MP3_8K)
        rate = 0;
    write_be(w, format << 4 | rate << 2 | 2 | (info.channels > 1), 1);
    return true;
}

static bool write_enhanced_header(struct writer *w, const struct multitrack_part *part)
{
    unsigned start = part->type == AV_VIDEO ? VIDEO_EX | part->frame_type << 4 : SOUND_FORMAT_EX << 4;
    write_be(w, start | part->packet_type, 1);
    write_be(w, part->fourcc, 4);
    if (part->packet_type == MULTITRACK_CODED_FRAMES && multitrack_has_cts(part->codec))
        write_be(w, (uint32_t)part->cts_ms & 0xffffff, 3);
    return true;
}

static bool write_header(struct writer *w, const struct multitrack_part *part, enum multitrack_form form)
{
    uint8_t id = codec_id(part->codec, form);
    if (id != 0)
        return write_avc_header(w, part, id);
    if (form != MULTITRACK_ENHANCED && part->codec == AVCODEC_AAC)
        return write_aac_header(w, part);
    if (form != MULTITRACK_ENHANCED && part->codec == AVCODEC_MP3)
        return write_mp3_header(w, part);
    return write_enhanced_header(w, part);
}

/* The first part of `track`. */
static bool find_part(const struct avpacket *packet, uint8_t track, struct multitrack_part *out)
{
    struct multitrack walk;
    if ((packet->type != AV_AUDIO && packet->type != AV_VIDEO) || multitrack_start(&walk, packet) < 0)
        return false;
    while (multitrack_next(&walk, out) > 0) {
        if (out->track == track)
            return true;
    }
    return false;
}

static struct avpacket *assemble(const struct avpacket *from, struct bytes header, struct bytes payload)
{
    size_t           size = header.size + payload.size;
    struct avpacket *packet = size <= UINT32_MAX ? avpacket_new(from->type, (uint32_t)size) : NULL;
    if (packet == NULL)
        return NULL;
    struct writer w = writer_over(avpacket_body(packet), size);
    write_bytes(&w, header.data, header.size);
    write_bytes(&w, payload.data, payload.size);
    packet->size = (uint32_t)writer_size(&w);
    packet->dts_ms = from->dts_ms;
    if (avcodec_classify(packet) < 0)
        avpacket_unref(&packet);
    return packet;
}

struct avpacket *multitrack_extract(const struct avpacket *packet, uint8_t track, enum multitrack_form form)
{
    struct multitrack_part part;
    uint8_t                room[HEADER_MAX];
    struct writer          w = writer_over(room, sizeof room);
    if (!find_part(packet, track, &part))
        return NULL;
    if (!part.has_fourcc)                           /* FLV 10.1's form, or a command: whole as it is */
        return assemble(packet, (struct bytes){ room, 0 }, avpacket_bytes(packet));
    if (form != MULTITRACK_ENHANCED && (part.flags & AV_TRACK_INFO))
        return NULL;                                /* mpegts.js takes it for an error in AV1 and Opus, too */
    if (!write_header(&w, &part, form))
        return NULL;
    return assemble(packet, (struct bytes){ room, writer_size(&w) }, part.payload);
}
