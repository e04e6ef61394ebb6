#include "media/vpx.h"

#include "base/error.h"
#include "media/avcodec.h"
#include "media/bits.h"

#include <stdio.h>

enum { BOX_SIZE = 4, RECORD_SIZE = 8 };
enum { VP8_START_CODE = 0x9d012a, VP9_SYNC_CODE = 0x498342 };
enum { COLOR_RGB = 7 };

static void set_profile(struct track_info *out, unsigned profile, uint32_t bit_depth)
{
    snprintf(out->profile, sizeof out->profile, "Profile %u", profile);
    out->bit_depth = bit_depth;
}

/* Without a level, which only the record has, the name is the FourCC alone. */
static void set_codec_string(struct track_info *out, unsigned profile, unsigned level, uint32_t bit_depth)
{
    const char *fourcc = out->codec == AVCODEC_VP8 ? "vp08" : "vp09";
    if (level > 0)
        snprintf(out->codec_string, sizeof out->codec_string, "%s.%02u.%02u.%02u", fourcc, profile, level,
                 bit_depth);
    else if (out->codec_string[0] == '\0')
        snprintf(out->codec_string, sizeof out->codec_string, "%s", fourcc);
}

int vpx_read_config(struct bytes record, struct track_info *out)
{
    struct reader r = reader_over(record);
    if (record.size == 0)
        return 0;
    /* Version 1 and no flags, as FFmpeg puts them in front; a record cannot begin so, since the
     * third byte holds the bit depth. */
    if (record.size >= BOX_SIZE + RECORD_SIZE && memcmp(record.data, "\1\0\0\0", BOX_SIZE) == 0)
        read_bytes(&r, BOX_SIZE);
    unsigned profile = (unsigned)read_be(&r, 1), level = (unsigned)read_be(&r, 1);
    uint32_t bit_depth = (uint32_t)read_be(&r, 1) >> 4;
    read_bytes(&r, 3);                              /* colours */
    read_bytes(&r, read_be(&r, 2));                 /* initialization data, of which these have none */
    bool known_depth = bit_depth == 8 || bit_depth == 10 || bit_depth == 12;
    if (r.overrun || profile > 3 || level > 99 || !known_depth)
        return ERR_PROTOCOL;
    set_profile(out, profile, bit_depth);
    if (level > 0)
        snprintf(out->level, sizeof out->level, "%u.%u", level / 10, level % 10);
    set_codec_string(out, profile, level, bit_depth);
    return 0;
}

int vpx_read_vp8_frame(struct bytes frame, struct track_info *out)
{
    struct reader r = reader_over(frame);
    uint32_t      tag = (uint32_t)read_le(&r, 3);
    uint32_t      start_code = (uint32_t)read_be(&r, 3);
    uint32_t      width = (uint32_t)read_le(&r, 2) & 0x3fff; /* above it, how to scale for display */
    uint32_t      height = (uint32_t)read_le(&r, 2) & 0x3fff;
    if (!r.overrun && tag & 1)
        return 0;                                   /* not a keyframe after all */
    if (r.overrun || start_code != VP8_START_CODE || !track_info_is_picture(width, height))
        return ERR_PROTOCOL;
    out->width = width;
    out->height = height;
    set_profile(out, tag >> 1 & 7, 8);
    set_codec_string(out, 0, 0, 8);
    return 0;
}

static uint32_t read_color(struct bits *b, unsigned profile)
{
    uint32_t bit_depth = profile < 2 ? 8 : bits_flag(b) ? 12 : 10;
    if (bits_read(b, 3) != COLOR_RGB) {
        bits_flag(b);
        if (profile & 1)
            bits_skip(b, 3);
    } else if (profile & 1) {
        bits_skip(b, 1);
    }
    return bit_depth;
}

int vpx_read_vp9_frame(struct bytes frame, struct track_info *out)
{
    struct bits b = bits_over(frame);
    unsigned    marker = bits_read(&b, 2), profile = bits_read(&b, 1);
    profile |= bits_read(&b, 1) << 1;
    if (profile == 3)
        bits_skip(&b, 1);
    bool shows_existing = bits_flag(&b), is_inter = !shows_existing && bits_flag(&b);
    if (b.overrun || marker != 2)
        return ERR_PROTOCOL;
    if (shows_existing || is_inter)
        return 0;
    bits_skip(&b, 2);
    uint32_t sync_code = bits_read(&b, 24), bit_depth = read_color(&b, profile);
    uint32_t width = bits_read(&b, 16) + 1, height = bits_read(&b, 16) + 1;
    if (b.overrun || sync_code != VP9_SYNC_CODE || !track_info_is_picture(width, height))
        return ERR_PROTOCOL;
    out->width = width;
    out->height = height;
    set_profile(out, profile, bit_depth);
    set_codec_string(out, profile, 0, bit_depth);
    return 0;
}
