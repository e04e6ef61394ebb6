#include "media/hevc.h"

#include "base/error.h"
#include "media/bits.h"

#include <stdio.h>

enum { NAL_VPS = 32, NAL_SPS = 33 };
enum { SUB_LAYERS_MAX = 7, REFERENCES_MAX = 32 };

/* The general part of profile_tier_level() (7.3.3), which the record repeats in its own bytes. */
struct profile {
    uint8_t  space, idc, level;
    bool     high_tier;
    uint32_t compatible;
    uint8_t  constraints[6];
};

static struct profile read_profile(struct bits *b)
{
    struct profile p = { .space = (uint8_t)bits_read(b, 2) };
    p.high_tier = bits_flag(b);
    p.idc = (uint8_t)bits_read(b, 5);
    p.compatible = bits_read(b, 32);
    for (size_t i = 0; i < sizeof p.constraints; i++)
        p.constraints[i] = (uint8_t)bits_read(b, 8);
    p.level = (uint8_t)bits_read(b, 8);
    return p;
}

static struct profile read_profile_tier_level(struct bits *b, unsigned sub_layers)
{
    struct profile general = read_profile(b);
    uint32_t       present = sub_layers > 1 ? bits_read(b, 16) : 0; /* 2 bits each, in room for 8 */
    for (unsigned i = 0; i + 1 < sub_layers; i++, present <<= 2) {
        if (present & 0x8000)
            bits_skip(b, 88);
        if (present & 0x4000)
            bits_skip(b, 8);
    }
    return general;
}

static const char *profile_name(uint8_t idc)
{
    static const char *const names[] = {
        [1] = "Main",              [2] = "Main 10",        [3] = "Main Still Picture",
        [4] = "Range Extensions",  [5] = "High Throughput", [6] = "Multiview Main",
        [7] = "Scalable Main",     [8] = "3D Main",        [9] = "Screen Content Coding",
        [10] = "Scalable Range Extensions", [11] = "High Throughput SCC",
    };
    return idc < sizeof names / sizeof *names && names[idc] != NULL ? names[idc] : "";
}

static uint32_t reversed(uint32_t value)
{
    uint32_t out = 0;
    for (int i = 0; i < 32; i++)
        out |= (value >> i & 1) << (31 - i);
    return out;
}

/* The name is that of ISO/IEC 14496-15, E.3: compatibility flags from the last, constraints without
 * the zeros at their end. */
static void set_profile(struct track_info *out, const struct profile *p)
{
    static const char *const spaces[] = { "", "A", "B", "C" };
    size_t kept = sizeof p->constraints, room = sizeof out->codec_string;
    while (kept > 0 && p->constraints[kept - 1] == 0)
        kept--;
    int at = snprintf(out->codec_string, room, "hvc1.%s%d.%X.%c%d", spaces[p->space], p->idc,
                      reversed(p->compatible), p->high_tier ? 'H' : 'L', p->level);
    for (size_t i = 0; i < kept; i++)
        at += snprintf(out->codec_string + at, room - (size_t)at, ".%X", p->constraints[i]);
    snprintf(out->profile, sizeof out->profile, "%s", profile_name(p->idc));
    snprintf(out->level, sizeof out->level, "%d.%d", p->level / 30, p->level % 30 / 3);
    snprintf(out->tier, sizeof out->tier, "%s", p->high_tier ? "High" : "Main");
}

static int read_size(struct bits *b, uint32_t chroma_format, bool separate, struct track_info *out)
{
    uint64_t width = bits_ue(b), height = bits_ue(b);
    if (!track_info_is_picture(width, height))
        return ERR_PROTOCOL;
    if (bits_flag(b)) {                             /* conformance window */
        bool     halved_x = !separate && (chroma_format == 1 || chroma_format == 2);
        bool     halved_y = !separate && chroma_format == 1;
        uint64_t crop_x = ((uint64_t)bits_ue(b) + bits_ue(b)) * (halved_x ? 2 : 1);
        uint64_t crop_y = ((uint64_t)bits_ue(b) + bits_ue(b)) * (halved_y ? 2 : 1);
        if (crop_x >= width || crop_y >= height)
            return ERR_PROTOCOL;
        width -= crop_x;
        height -= crop_y;
    }
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    return 0;
}

static void skip_sub_layer_ordering(struct bits *b, unsigned sub_layers)
{
    unsigned count = bits_flag(b) ? sub_layers : 1;
    for (unsigned i = 0; i < 3 * count; i++)
        bits_ue(b);
}

static void skip_scaling_lists(struct bits *b)
{
    for (unsigned size_id = 0; size_id < 4; size_id++) {
        for (unsigned matrix = 0; matrix < 6 && !b->overrun; matrix += size_id == 3 ? 3 : 1) {
            if (!bits_flag(b)) {
                bits_ue(b);
                continue;
            }
            unsigned count = (size_id > 0 ? 64 : 16) + (size_id > 1 ? 1 : 0);
            while (count-- > 0)
                bits_se(b);
        }
    }
}

/* st_ref_pic_set() (7.3.7).  A set may be written as the difference to the one before it, which had
 * `before` pictures.  Returns how many this one has. */
static int skip_reference_set(struct bits *b, bool first, unsigned before)
{
    unsigned count = 0;
    if (!first && bits_flag(b)) {
        bits_flag(b);
        bits_ue(b);
        for (unsigned i = 0; i <= before; i++) {
            if (bits_flag(b) || bits_flag(b))
                count++;
        }
    } else {
        uint32_t negative = bits_ue(b), positive = bits_ue(b);
        if (negative > REFERENCES_MAX / 2 || positive > REFERENCES_MAX / 2)
            return ERR_PROTOCOL;
        count = negative + positive;
        for (unsigned i = 0; i < count; i++) {
            bits_ue(b);
            bits_flag(b);
        }
    }
    return b->overrun || count > REFERENCES_MAX ? ERR_PROTOCOL : (int)count;
}

static int skip_references(struct bits *b, unsigned picture_order_bits)
{
    uint32_t sets = bits_ue(b);
    if (sets > 64)
        return ERR_PROTOCOL;
    int count = 0;
    for (uint32_t i = 0; i < sets; i++) {
        count = skip_reference_set(b, i == 0, (unsigned)count);
        if (count < 0)
            return count;
    }
    if (bits_flag(b)) {                             /* long-term ones */
        uint32_t pictures = bits_ue(b);
        if (pictures > 32)
            return ERR_PROTOCOL;
        bits_skip(b, pictures * (picture_order_bits + 1));
    }
    return 0;
}

/* From the coding block sizes to the flag in front of the VUI. */
static int skip_coding_tools(struct bits *b, unsigned picture_order_bits)
{
    for (int i = 0; i < 6; i++)
        bits_ue(b);
    if (bits_flag(b) && bits_flag(b))
        skip_scaling_lists(b);
    bits_skip(b, 2);                                /* asymmetric partitions, sample adaptive offset */
    if (bits_flag(b)) {                             /* PCM */
        bits_skip(b, 8);
        bits_ue(b);
        bits_ue(b);
        bits_flag(b);
    }
    int error = skip_references(b, picture_order_bits);
    bits_skip(b, 2);                                /* temporal motion vectors, intra smoothing */
    return error;
}

static void read_timing(struct bits *b, struct track_info *out)
{
    uint32_t units_in_tick = bits_read(b, 32), time_scale = bits_read(b, 32);
    if (!b->overrun)
        track_info_set_frame_rate(out, time_scale, units_in_tick);
}

/* VUI (E.2.1) as far as the timing, which what is cut short goes without. */
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
    bits_skip(b, 3);
    if (bits_flag(b)) {                             /* default display window */
        for (int i = 0; i < 4; i++)
            bits_ue(b);
    }
    if (bits_flag(b))
        read_timing(b, out);
}

static int read_bit_depth(struct bits *b, struct track_info *out)
{
    uint32_t luma = bits_ue(b), chroma = bits_ue(b);
    out->bit_depth = 8 + luma;
    return luma > 8 || chroma > 8 ? ERR_PROTOCOL : 0;
}

/* The two bytes of a NAL unit's header: of `type`, and of the base layer. */
static bool is_nal(struct bits *b, unsigned type)
{
    return bits_read(b, 16) >> 3 == type << 6;
}

int hevc_read_sps(struct bytes nal, struct track_info *out)
{
    struct bits b = bits_over_nal(nal);
    if (!is_nal(&b, NAL_SPS))
        return ERR_PROTOCOL;
    bits_read(&b, 4);
    unsigned sub_layers = bits_read(&b, 3) + 1;
    bits_flag(&b);
    if (sub_layers > SUB_LAYERS_MAX)
        return ERR_PROTOCOL;
    struct profile profile = read_profile_tier_level(&b, sub_layers);
    uint32_t       id = bits_ue(&b), chroma_format = bits_ue(&b);
    if (id > 15 || chroma_format > 3)
        return ERR_PROTOCOL;
    bool separate = chroma_format == 3 && bits_flag(&b);
    if (read_size(&b, chroma_format, separate, out) < 0 || read_bit_depth(&b, out) < 0)
        return ERR_PROTOCOL;
    uint32_t picture_order_bits = bits_ue(&b) + 4;
    if (picture_order_bits > 16)
        return ERR_PROTOCOL;
    skip_sub_layer_ordering(&b, sub_layers);
    int  error = skip_coding_tools(&b, picture_order_bits);
    bool has_vui = bits_flag(&b);
    if (error < 0 || b.overrun)
        return ERR_PROTOCOL;
    set_profile(out, &profile);
    if (has_vui)
        read_vui_timing(&b, out);
    return 0;
}

int hevc_read_vps(struct bytes nal, struct track_info *out)
{
    struct bits b = bits_over_nal(nal);
    if (!is_nal(&b, NAL_VPS))
        return ERR_PROTOCOL;
    bits_skip(&b, 12);                              /* ids, layers */
    unsigned sub_layers = bits_read(&b, 3) + 1;
    bits_skip(&b, 17);
    if (sub_layers > SUB_LAYERS_MAX)
        return ERR_PROTOCOL;
    read_profile_tier_level(&b, sub_layers);
    skip_sub_layer_ordering(&b, sub_layers);
    uint32_t layer_id_max = bits_read(&b, 6), more_layer_sets = bits_ue(&b);
    if (more_layer_sets > 1023)
        return ERR_PROTOCOL;
    bits_skip(&b, (size_t)more_layer_sets * (layer_id_max + 1));
    bool has_timing = bits_flag(&b);
    if (b.overrun)
        return ERR_PROTOCOL;
    if (has_timing)
        read_timing(&b, out);
    return 0;
}

/* The arrays of NAL units; the first VPS and the first SPS among them. */
static void read_arrays(struct reader *r, struct bytes *vps, struct bytes *sps)
{
    for (unsigned arrays = (unsigned)read_be(r, 1); arrays > 0 && !r->overrun; arrays--) {
        read_be(r, 1);                              /* the type, which each unit says again */
        for (unsigned units = (unsigned)read_be(r, 2); units > 0 && !r->overrun; units--) {
            struct bytes nal = read_bytes(r, read_be(r, 2));
            unsigned     type = nal.size > 0 ? nal.data[0] >> 1 : 0;
            if (type == NAL_VPS && vps->size == 0)
                *vps = nal;
            if (type == NAL_SPS && sps->size == 0)
                *sps = nal;
        }
    }
}

int hevc_read_config(struct bytes record, struct track_info *out)
{
    struct reader r = reader_over(record);
    struct bytes  vps = { record.data, 0 }, sps = vps;
    uint8_t       version = (uint8_t)read_be(&r, 1);
    struct bits   b = bits_over(read_bytes(&r, 12));
    struct profile profile = read_profile(&b);
    read_bytes(&r, 4);                              /* segmentation, parallelism, chroma format */
    uint32_t bit_depth = 8 + (read_be(&r, 1) & 7);
    read_be(&r, 1);
    uint32_t rate = (uint32_t)read_be(&r, 2);       /* frames in 256 seconds */
    read_be(&r, 1);
    read_arrays(&r, &vps, &sps);
    if (r.overrun || version > 1)                   /* drafts of the standard had 0 */
        return ERR_PROTOCOL;
    if (sps.size > 0) {
        if (hevc_read_sps(sps, out) < 0)
            return ERR_PROTOCOL;
    } else {
        set_profile(out, &profile);
        out->bit_depth = bit_depth;
    }
    if (out->frame_rate_num == 0 && vps.size > 0)
        hevc_read_vps(vps, out);                    /* not needed but for this, so a broken one may be */
    if (out->frame_rate_num == 0)
        track_info_set_frame_rate(out, rate, 256);
    return 0;
}
