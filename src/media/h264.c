#include "media/h264.h"

#include "base/error.h"
#include "media/bits.h"

#include <stdio.h>

enum { NAL_SPS = 7 };

static const char *profile_name(uint8_t profile, uint8_t constraints)
{
    bool set1 = constraints & 0x40, intra = constraints & 0x10;
    switch (profile) {
    case 44:  return "CAVLC 4:4:4";
    case 66:  return set1 ? "Constrained Baseline" : "Baseline";
    case 77:  return "Main";
    case 88:  return "Extended";
    case 100: return (constraints & 0x0c) == 0x0c ? "Constrained High" : "High";
    case 110: return intra ? "High 10 Intra" : "High 10";
    case 118: return "Multiview High";
    case 122: return intra ? "High 4:2:2 Intra" : "High 4:2:2";
    case 128: return "Stereo High";
    case 244: return intra ? "High 4:4:4 Intra" : "High 4:4:4 Predictive";
    default:  return "";
    }
}

/* Level 1b is 9, or 11 with constraint_set3_flag in the profiles that do not use that flag for
 * intra coding (A.3.1). */
static void set_profile(struct track_info *out, uint8_t profile, uint8_t constraints, uint8_t level)
{
    bool baseline_to_extended = profile == 66 || profile == 77 || profile == 88;
    if (level == 9 || (level == 11 && baseline_to_extended && constraints & 0x10))
        snprintf(out->level, sizeof out->level, "1b");
    else
        snprintf(out->level, sizeof out->level, "%d.%d", level / 10, level % 10);
    snprintf(out->profile, sizeof out->profile, "%s", profile_name(profile, constraints));
    snprintf(out->codec_string, sizeof out->codec_string, "avc1.%02x%02x%02x", profile, constraints, level);
}

/* Whether profile_idc is one of those with the chroma format in front (7.3.2.1.1). */
static bool has_chroma_format(uint8_t profile)
{
    static const uint8_t profiles[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };
    return memchr(profiles, profile, sizeof profiles) != NULL;
}

static void skip_scaling_list(struct bits *b, int size)
{
    int last = 8, next = 8;
    for (int i = 0; i < size && !b->overrun; i++) {
        if (next != 0)
            next = (int)(((int64_t)last + bits_se(b) + 256) & 0xff);
        last = next == 0 ? last : next;
    }
}

struct chroma {
    uint32_t format;                                /* chroma_format_idc */
    bool     separate;                              /* three pictures of luma */
};

static int read_chroma_format(struct bits *b, struct chroma *chroma, struct track_info *out)
{
    chroma->format = bits_ue(b);
    if (chroma->format == 3)
        chroma->separate = bits_flag(b);
    uint32_t luma = bits_ue(b), other = bits_ue(b);
    if (chroma->format > 3 || luma > 6 || other > 6)
        return ERR_PROTOCOL;
    out->bit_depth = 8 + luma;
    bits_flag(b);                                   /* qpprime_y_zero_transform_bypass_flag */
    if (bits_flag(b)) {
        for (int i = 0; i < (chroma->format == 3 ? 12 : 8); i++) {
            if (bits_flag(b))
                skip_scaling_list(b, i < 6 ? 16 : 64);
        }
    }
    return 0;
}

static int skip_picture_order(struct bits *b)
{
    uint32_t log2_max_frame_num = bits_ue(b) + 4, type = bits_ue(b);
    if (log2_max_frame_num > 16 || type > 2)
        return ERR_PROTOCOL;
    if (type == 0)
        return bits_ue(b) > 12 ? ERR_PROTOCOL : 0;
    if (type == 1) {
        bits_flag(b);
        bits_se(b);
        bits_se(b);
        uint32_t count = bits_ue(b);
        if (count > 255)
            return ERR_PROTOCOL;
        while (count-- > 0 && !b->overrun)
            bits_se(b);
    }
    return 0;
}

/* Macroblocks, less the cropped edges, which count in chroma samples (7-19 to 7-22). */
static int read_size(struct bits *b, const struct chroma *chroma, struct track_info *out)
{
    uint64_t width = ((uint64_t)bits_ue(b) + 1) * 16;
    uint64_t height = ((uint64_t)bits_ue(b) + 1) * 16;
    bool     fields = !bits_flag(b);                /* frame_mbs_only_flag */
    if (fields) {
        height *= 2;
        bits_flag(b);
    }
    bits_flag(b);                                   /* direct_8x8_inference_flag */
    if (!track_info_is_picture(width, height))
        return ERR_PROTOCOL;
    if (bits_flag(b)) {
        bool     halved = chroma->format == 1 || chroma->format == 2;
        uint64_t unit_x = halved ? 2 : 1;
        uint64_t unit_y = (chroma->format == 1 ? 2 : 1) * (fields ? 2 : 1);
        uint64_t crop_x = ((uint64_t)bits_ue(b) + bits_ue(b)) * unit_x;
        uint64_t crop_y = ((uint64_t)bits_ue(b) + bits_ue(b)) * unit_y;
        if (crop_x >= width || crop_y >= height)
            return ERR_PROTOCOL;
        width -= crop_x;
        height -= crop_y;
    }
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    return 0;
}

/* VUI as far as the timing.  Encoders are known to cut it short or to get it wrong, and FFmpeg
 * plays their streams all the same: what runs out of bits here only has no frame rate. */
static void read_vui_timing(struct bits *b, struct track_info *out)
{
    if (bits_flag(b) && bits_read(b, 8) == 255)     /* sample aspect ratio */
        bits_skip(b, 32);
    if (bits_flag(b))                               /* overscan */
        bits_flag(b);
    if (bits_flag(b)) {                             /* video signal type */
        bits_skip(b, 4);
        if (bits_flag(b))
            bits_skip(b, 24);
    }
    if (bits_flag(b)) {                             /* chroma sample location */
        bits_ue(b);
        bits_ue(b);
    }
    if (bits_flag(b)) {
        uint64_t units_in_tick = bits_read(b, 32);
        uint64_t time_scale = bits_read(b, 32);
        if (!b->overrun)                            /* a tick is a field's time */
            track_info_set_frame_rate(out, time_scale, 2 * units_in_tick);
    }
}

int h264_read_sps(struct bytes nal, struct track_info *out)
{
    struct bits   b = bits_over_nal(nal);
    struct chroma chroma = { .format = 1 };
    if ((bits_read(&b, 8) & 0x9f) != NAL_SPS)
        return ERR_PROTOCOL;
    uint8_t profile = (uint8_t)bits_read(&b, 8), constraints = (uint8_t)bits_read(&b, 8);
    uint8_t level = (uint8_t)bits_read(&b, 8);
    uint32_t id = bits_ue(&b);
    int      error = id > 31 ? ERR_PROTOCOL : 0;
    out->bit_depth = 8;
    if (error == 0 && has_chroma_format(profile))
        error = read_chroma_format(&b, &chroma, out);
    if (error == 0)
        error = skip_picture_order(&b);
    if (error < 0)
        return error;
    bits_ue(&b);                                    /* max_num_ref_frames */
    bits_flag(&b);
    error = read_size(&b, &chroma, out);
    bool has_vui = bits_flag(&b);
    if (error < 0 || b.overrun)
        return ERR_PROTOCOL;
    set_profile(out, profile, constraints, level);
    if (has_vui)
        read_vui_timing(&b, out);
    return 0;
}

/* `count` parameter sets; the first of `type`, if there is one, becomes *first. */
static void read_sets(struct reader *r, unsigned count, struct bytes *first)
{
    while (count-- > 0) {
        struct bytes nal = read_bytes(r, read_be(r, 2));
        if (first != NULL && first->size == 0 && nal.size > 0 && (nal.data[0] & 0x1f) == NAL_SPS)
            *first = nal;
    }
}

int h264_read_config(struct bytes record, struct track_info *out)
{
    struct reader r = reader_over(record);
    struct bytes  sps = { record.data, 0 };
    uint8_t       version = (uint8_t)read_be(&r, 1), profile = (uint8_t)read_be(&r, 1);
    uint8_t       constraints = (uint8_t)read_be(&r, 1), level = (uint8_t)read_be(&r, 1);
    read_be(&r, 1);                                 /* lengthSizeMinusOne */
    read_sets(&r, read_be(&r, 1) & 0x1f, &sps);
    read_sets(&r, (unsigned)read_be(&r, 1), NULL);
    if (r.overrun || version != 1)
        return ERR_PROTOCOL;
    if (sps.size > 0)
        return h264_read_sps(sps, out);
    set_profile(out, profile, constraints, level);
    return 0;
}
