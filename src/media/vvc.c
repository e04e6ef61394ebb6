#include "media/vvc.h"

#include "base/error.h"
#include "media/bits.h"

#include <stdio.h>

enum { NAL_OPI = 12, NAL_DCI = 13, NAL_SPS = 15 };
enum { CONSTRAINTS_MAX = 12 };                      /* bytes: 71 bits, their count and two flags */

/* VvcPTLRecord's first part. */
struct profile {
    uint8_t      idc, level;
    bool         high_tier;
    struct bytes constraints;                       /* two flags and general_constraints_info() */
};

static const char *profile_name(uint8_t idc)
{
    switch (idc) {
    case 1:  return "Main 10";
    case 2:  return "Main 12";
    case 10: return "Main 12 Intra";
    case 17: return "Multilayer Main 10";
    case 33: return "Main 10 4:4:4";
    case 34: return "Main 12 4:4:4";
    case 36: return "Main 16 4:4:4";
    case 42: return "Main 12 4:4:4 Intra";
    case 44: return "Main 16 4:4:4 Intra";
    case 49: return "Multilayer Main 10 4:4:4";
    case 65: return "Main 10 Still Picture";
    case 97: return "Main 10 4:4:4 Still Picture";
    default: return "";
    }
}

/* Base32 without padding (RFC 4648, 6), of bytes without the zeros at their end. */
static void write_base32(struct bytes in, char *out, size_t room)
{
    struct bits b = bits_over(in);
    size_t      at = 0;
    for (size_t left = bits_left(&b); left > 0 && at + 1 < room; left = bits_left(&b)) {
        unsigned take = left < 5 ? (unsigned)left : 5;
        out[at++] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[bits_read(&b, take) << (5 - take)];
    }
    out[at] = '\0';
}

/* ISO/IEC 14496-15, E.6: "vvc1.1.L51.CQA". */
static void set_profile(struct track_info *out, const struct profile *p)
{
    char         text[CONSTRAINTS_MAX * 8 / 5 + 2];
    struct bytes kept = p->constraints;
    while (kept.size > 0 && kept.data[kept.size - 1] == 0)
        kept.size--;
    write_base32(kept, text, sizeof text);
    snprintf(out->codec_string, sizeof out->codec_string, "vvc1.%d.%c%d%s%s", p->idc,
             p->high_tier ? 'H' : 'L', p->level, kept.size > 0 ? ".C" : "", text);
    snprintf(out->profile, sizeof out->profile, "%s", profile_name(p->idc));
    snprintf(out->level, sizeof out->level, "%d.%d", p->level / 16, p->level % 16 / 3);
    snprintf(out->tier, sizeof out->tier, "%s", p->high_tier ? "High" : "Main");
}

static struct profile read_profile(struct reader *r, unsigned sub_layers)
{
    struct profile p = { 0 };
    size_t         constraints = read_be(r, 1) & 0x3f;
    uint8_t        first = (uint8_t)read_be(r, 1);
    p.idc = first >> 1;
    p.high_tier = first & 1;
    p.level = (uint8_t)read_be(r, 1);
    p.constraints = read_bytes(r, constraints);
    unsigned present = sub_layers > 1 ? (unsigned)read_be(r, 1) : 0;
    for (unsigned i = 0; i + 1 < sub_layers; i++) {
        if (present & 0x80u >> i)
            read_be(r, 1);
    }
    read_bytes(r, 4 * read_be(r, 1));               /* sub-profiles */
    return p;
}

/* The part of the record that ptl_present_flag announces. */
static int read_native(struct reader *r, struct track_info *out)
{
    unsigned       bits = (unsigned)read_be(r, 3);  /* 9 output layer set, 3, 2, 2, 3, 5 reserved */
    unsigned       sub_layers = bits >> 12 & 7;
    struct profile profile = read_profile(r, sub_layers);
    uint32_t       width = (uint32_t)read_be(r, 2), height = (uint32_t)read_be(r, 2);
    uint32_t       rate = (uint32_t)read_be(r, 2);  /* frames in 256 seconds */
    if (r->overrun || profile.constraints.size > CONSTRAINTS_MAX || !track_info_is_picture(width, height))
        return ERR_PROTOCOL;
    out->width = width;
    out->height = height;
    out->bit_depth = 8 + (bits >> 5 & 7);
    track_info_set_frame_rate(out, rate, 256);
    set_profile(out, &profile);
    return 0;
}

/* The first sequence parameter set in the arrays of NAL units.  Of decoding capability and operating
 * point information there can be one only, so those arrays have no count. */
static struct bytes read_arrays(struct reader *r)
{
    struct bytes sps = { r->at, 0 };
    for (unsigned arrays = (unsigned)read_be(r, 1); arrays > 0 && !r->overrun; arrays--) {
        unsigned type = read_be(r, 1) & 0x1f;
        unsigned units = type == NAL_DCI || type == NAL_OPI ? 1 : (unsigned)read_be(r, 2);
        for (; units > 0 && !r->overrun; units--) {
            struct bytes nal = read_bytes(r, read_be(r, 2));
            if (type == NAL_SPS && sps.size == 0)
                sps = nal;
        }
    }
    return sps;
}

static void align(struct bits *b)
{
    bits_skip(b, (8u - b->used) & 7);
}

/* profile_tier_level(1, sub_layers - 1) of ITU-T H.266, 7.3.3.1. */
static void skip_profile_tier_level(struct bits *b, unsigned sub_layers)
{
    bits_skip(b, 18);
    if (bits_flag(b)) {                             /* general_constraints_info() */
        bits_skip(b, 71);
        bits_skip(b, bits_read(b, 8));
    }
    align(b);
    uint32_t present = bits_read(b, sub_layers - 1);
    align(b);
    for (; present != 0; present >>= 1)
        bits_skip(b, present & 1 ? 8 : 0);
    bits_skip(b, 32 * bits_read(b, 8));
}

/* The size in a sequence parameter set (7.3.2.4): cropped, which the record's is not. */
static int read_sps_size(struct bytes nal, struct track_info *out)
{
    struct bits b = bits_over_nal(nal);
    if ((bits_read(&b, 16) >> 3 & 0x1f) != NAL_SPS)
        return ERR_PROTOCOL;
    bits_skip(&b, 8);
    unsigned sub_layers = bits_read(&b, 3) + 1, chroma_format = bits_read(&b, 2);
    bits_skip(&b, 2);
    if (bits_flag(&b))
        skip_profile_tier_level(&b, sub_layers);
    bits_flag(&b);
    if (bits_flag(&b))                              /* reference picture resampling */
        bits_flag(&b);
    uint64_t width = bits_ue(&b), height = bits_ue(&b), crop_x = 0, crop_y = 0;
    if (bits_flag(&b)) {                            /* conformance window */
        crop_x = ((uint64_t)bits_ue(&b) + bits_ue(&b)) * (chroma_format == 1 || chroma_format == 2 ? 2 : 1);
        crop_y = ((uint64_t)bits_ue(&b) + bits_ue(&b)) * (chroma_format == 1 ? 2 : 1);
    }
    if (b.overrun || !track_info_is_picture(width, height) || crop_x >= width || crop_y >= height)
        return ERR_PROTOCOL;
    out->width = (uint32_t)(width - crop_x);
    out->height = (uint32_t)(height - crop_y);
    return 0;
}

int vvc_read_config(struct bytes record, struct track_info *out)
{
    struct reader r = reader_over(record);
    uint8_t       first = (uint8_t)read_be(&r, 1);
    if (first >> 3 != 0x1f)                         /* reserved, and what tells it from MP4's box */
        return ERR_PROTOCOL;
    snprintf(out->codec_string, sizeof out->codec_string, "vvc1");
    if (first & 1 && read_native(&r, out) < 0)
        return ERR_PROTOCOL;
    struct bytes sps = read_arrays(&r);
    if (r.overrun)
        return ERR_PROTOCOL;
    return sps.size > 0 ? read_sps_size(sps, out) : 0;
}
