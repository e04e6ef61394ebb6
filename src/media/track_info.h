/* track_info.h - what a track is, as its parameter sets say: codec, profile, level, picture size
 * and rate, sample rate and channels.  Nothing here comes from onMetaData, which claims what the
 * encoder was asked for, or what its last file had. */
#ifndef MILLRACE_MEDIA_TRACK_INFO_H
#define MILLRACE_MEDIA_TRACK_INFO_H

#include "media/avpacket.h"
#include "media/multitrack.h"

/* Wider, higher or faster is no live stream but a broken or hostile parameter set. */
#define TRACK_INFO_SIDE_MAX        16384
#define TRACK_INFO_SAMPLE_RATE_MAX 768000

/* Zero or "" is what the parameter sets do not say, or have not said yet.  Members have no
 * padding between them: two of the same content are equal by memcmp(). */
struct track_info {
    uint32_t codec;             /* enum avcodec */
    uint32_t width;             /* pixels, cropped as the decoder crops them; before aspect ratio */
    uint32_t height;
    uint32_t frame_rate_num;    /* frames per second = num / den, in lowest terms */
    uint32_t frame_rate_den;    /* 0 together with num: unknown or variable */
    uint32_t bit_depth;         /* of luma, or of a sample where the codec keeps one */
    uint32_t sample_rate_hz;    /* of what the decoder puts out, SBR included */
    uint32_t channels;
    char     profile[32];       /* "High", "Main 10", "HE-AAC" */
    char     level[8];          /* "3.1", "1b" */
    char     tier[8];           /* "Main" or "High", of the codecs that have tiers */
    char     codec_string[64];  /* RFC 6381: "avc1.64001f", "mp4a.40.2", "hvc1.1.6.L93.B0" */
};

/* Bring `io`, zeroed before the first call, up to date with one track's part of a packet.  May be
 * called with every part of the track in order: a sequence header is read whole, the start of
 * frames where the codec says it there (VP8, VP9, AV1, AC-3, MP3, FLV's own), and all else costs a
 * glance.
 *
 * Returns 1 if *io changed, 0 if it did not, or ERR_PROTOCOL for parameters that are cut short,
 * that contradict the specification or that nobody can mean; then *io is as it was. */
int track_info_read_part(const struct multitrack_part *, struct track_info *io);

/* The same with a packet's only track, or its first. */
int track_info_read(const struct avpacket *, struct track_info *io);

/* Whether a part of the codec that is known already may say anything of it: false for nearly all that
 * come. */
bool track_info_may_change(const struct multitrack_part *);

/* Frames per second, 0 if unknown. */
static inline double track_info_frame_rate(const struct track_info *info)
{
    return info->frame_rate_den > 0 ? (double)info->frame_rate_num / info->frame_rate_den : 0;
}

/* For the codec's readers: num / den in lowest terms, or unknown if it is zero or faster than any
 * camera, which is how encoders write a variable rate: FFmpeg says 1000 for a 1 ms time base. */
void track_info_set_frame_rate(struct track_info *, uint64_t num, uint64_t den);

/* For the codec's readers: whether the sides are of a picture that there can be. */
bool track_info_is_picture(uint64_t width, uint64_t height);

#endif
