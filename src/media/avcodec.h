/* avcodec.h - which codec a packet carries, and what the start of its body says about it.
 *
 * A codec has one number however it was signalled: H.264 is AVCODEC_H264 as FLV's CodecID 7
 * and as Enhanced RTMP's avc1.  Codecs with a FourCC in Enhanced RTMP v2 have it as their
 * number; the others have FLV's own id with AVCODEC_FLV_AUDIO or AVCODEC_FLV_VIDEO. */
#ifndef MILLRACE_MEDIA_AVCODEC_H
#define MILLRACE_MEDIA_AVCODEC_H

#include "media/avpacket.h"

#define AVCODEC_FOURCC(a, b, c, d) ((a) << 24 | (b) << 16 | (c) << 8 | (d))
#define AVCODEC_FLV_AUDIO          0x100
#define AVCODEC_FLV_VIDEO          0x200

enum avcodec {
    AVCODEC_NONE = 0,               /* data tags, and what is not known */

    AVCODEC_H264 = AVCODEC_FOURCC('a', 'v', 'c', '1'), /* also CodecID 7 */
    AVCODEC_HEVC = AVCODEC_FOURCC('h', 'v', 'c', '1'), /* also CodecID 12, a convention of Chinese CDNs */
    AVCODEC_VVC  = AVCODEC_FOURCC('v', 'v', 'c', '1'),
    AVCODEC_AV1  = AVCODEC_FOURCC('a', 'v', '0', '1'), /* also CodecID 13, the same convention */
    AVCODEC_VP8  = AVCODEC_FOURCC('v', 'p', '0', '8'),
    AVCODEC_VP9  = AVCODEC_FOURCC('v', 'p', '0', '9'),

    AVCODEC_JPEG    = AVCODEC_FLV_VIDEO | 1,
    AVCODEC_H263    = AVCODEC_FLV_VIDEO | 2, /* Sorenson H.263 */
    AVCODEC_SCREEN  = AVCODEC_FLV_VIDEO | 3,
    AVCODEC_VP6     = AVCODEC_FLV_VIDEO | 4,
    AVCODEC_VP6A    = AVCODEC_FLV_VIDEO | 5, /* with alpha channel */
    AVCODEC_SCREEN2 = AVCODEC_FLV_VIDEO | 6,

    AVCODEC_AAC  = AVCODEC_FOURCC('m', 'p', '4', 'a'), /* also SoundFormat 10 */
    AVCODEC_OPUS = AVCODEC_FOURCC('O', 'p', 'u', 's'), /* also SoundFormat 13, by convention */
    AVCODEC_FLAC = AVCODEC_FOURCC('f', 'L', 'a', 'C'),
    AVCODEC_AC3  = AVCODEC_FOURCC('a', 'c', '-', '3'),
    AVCODEC_EAC3 = AVCODEC_FOURCC('e', 'c', '-', '3'),
    AVCODEC_MP3  = AVCODEC_FOURCC('.', 'm', 'p', '3'), /* also SoundFormat 2 and 14 */

    AVCODEC_PCM           = AVCODEC_FLV_AUDIO | 0, /* platform endian */
    AVCODEC_ADPCM         = AVCODEC_FLV_AUDIO | 1,
    AVCODEC_PCM_LE        = AVCODEC_FLV_AUDIO | 3,
    AVCODEC_NELLYMOSER16K = AVCODEC_FLV_AUDIO | 4,
    AVCODEC_NELLYMOSER8K  = AVCODEC_FLV_AUDIO | 5,
    AVCODEC_NELLYMOSER    = AVCODEC_FLV_AUDIO | 6,
    AVCODEC_G711A         = AVCODEC_FLV_AUDIO | 7,
    AVCODEC_G711U         = AVCODEC_FLV_AUDIO | 8,
    AVCODEC_SPEEX         = AVCODEC_FLV_AUDIO | 11,
    AVCODEC_DEVICE        = AVCODEC_FLV_AUDIO | 15,
};

/* The name people know, static: "H264", "AAC"; "" for AVCODEC_NONE and what is not in the list. */
const char *avcodec_name(uint32_t codec);

/* The codec of each way to signal one; AVCODEC_NONE if it is unknown, or a FourCC of the other
 * kind: "mp4a" is no picture. */
uint32_t avcodec_of_fourcc(uint32_t fourcc, enum av_type);
uint32_t avcodec_of_sound_format(unsigned format);
uint32_t avcodec_of_codec_id(unsigned id);

/* Read the start of an audio or video packet's body (FLV 10.1 E.4.2 and E.4.3, Enhanced RTMP
 * v2) and set the packet's flags, codec, track and cts_ms; type and size must be set.  Packets
 * of other types are left as they are: whether one is onMetaData is known to who reads its AMF.
 *
 * Returns 0, or ERR_PROTOCOL for a body that is empty, too short for its own header, or a
 * sequence header without content of a codec that needs it; then flags, codec, track and cts_ms
 * are 0.  Such a packet is to be dropped, not its publisher: some encoders send empty audio
 * messages.
 *
 *   sequence header    SequenceStart and its FLV forms, of a FourCC not in the list above too
 *   keyframe           coded video of frame type 1, never a header or an end of sequence
 *   track info         video info and command frames, Metadata, MultichannelConfig, packet types
 *                      not defined yet, and Opus comments: for the viewers who are there
 *   side info          the track info that later viewers need as well: Metadata (colours, HDR)
 *                      and MultichannelConfig
 *   multitrack         the other flags as the tracks share them, a sequence header if one of them
 *                      has one; codec, track and cts_ms are those of the first track; multitrack.h
 *                      has the others */
int avcodec_classify(struct avpacket *);

#endif
