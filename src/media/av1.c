#include "media/av1.h"

#include "base/error.h"
#include "media/bits.h"

#include <stdio.h>

enum { OBU_SEQUENCE_HEADER = 1 };
enum { TS_DESCRIPTOR_TAG = 0x80, RECORD_SIZE = 4 };
enum { SRGB_PRIMARIES = 1, SRGB_TRANSFER = 13, SRGB_MATRIX = 0, COLOR_UNSPECIFIED = 2 };
enum { SELECT_SCREEN_CONTENT_TOOLS = 2 };

/* What the codec string is made of. */
struct profile {
    uint8_t  idc, level;                            /* seq_profile, seq_level_idx[0] */
    bool     high_tier;
    uint32_t bit_depth;
};

static void set_profile(struct track_info *out, const struct profile *p)
{
    static const char *const names[] = { "Main", "High", "Professional" };
    snprintf(out->profile, sizeof out->profile, "%s", p->idc < 3 ? names[p->idc] : "");
    if (p->level < 24)
        snprintf(out->level, sizeof out->level, "%d.%d", 2 + (p->level >> 2), p->level & 3);
    else
        snprintf(out->level, sizeof out->level, "%s", p->level == 31 ? "max" : "");
    snprintf(out->tier, sizeof out->tier, "%s", p->high_tier ? "High" : "Main");
    out->bit_depth = p->bit_depth;
    snprintf(out->codec_string, sizeof out->codec_string, "av01.%d.%02d%c.%02u", p->idc, p->level,
             p->high_tier ? 'H' : 'M', p->bit_depth);
}

/* uvlc(): up to 32 zeros, which mean the largest number. */
static uint32_t read_uvlc(struct bits *b)
{
    unsigned zeros = 0;
    while (!b->overrun && zeros < 32 && !bits_flag(b))
        zeros++;
    return zeros < 32 ? (1u << zeros) - 1 + bits_read(b, zeros) : UINT32_MAX;
}

/* timing_info(): ticks per picture are said only if all pictures take the same time. */
static void read_timing(struct bits *b, struct track_info *out)
{
    uint64_t units_in_tick = bits_read(b, 32), time_scale = bits_read(b, 32);
    if (bits_flag(b)) {
        uint64_t ticks = (uint64_t)read_uvlc(b) + 1;
        track_info_set_frame_rate(out, time_scale, units_in_tick * ticks);
    }
}

/* The operating points with what stands between them and the timing; the first one's level counts. */
static void read_operating_points(struct bits *b, bool has_timing, struct profile *p)
{
    unsigned delay_bits = 0;
    bool     has_model = has_timing && bits_flag(b);
    if (has_model) {
        delay_bits = bits_read(b, 5) + 1;
        bits_skip(b, 42);                           /* decoding tick, two lengths */
    }
    bool     has_display_delay = bits_flag(b);
    unsigned count = bits_read(b, 5) + 1;
    for (unsigned i = 0; i < count; i++) {
        bits_skip(b, 12);
        uint8_t level = (uint8_t)bits_read(b, 5);
        bool    high_tier = level > 7 && bits_flag(b);
        if (has_model && bits_flag(b))
            bits_skip(b, 2 * delay_bits + 1);
        if (has_display_delay && bits_flag(b))
            bits_skip(b, 4);
        if (i == 0) {
            p->level = level;
            p->high_tier = high_tier;
        }
    }
}

/* The tools that stand between the frame size and the colours, none of which matters here. */
static void skip_tools(struct bits *b, bool reduced)
{
    if (!reduced && bits_flag(b))                   /* frame ids */
        bits_skip(b, 7);
    bits_skip(b, 3);                                /* superblock size, intra filter and edge */
    if (!reduced) {
        bits_skip(b, 4);
        bool order_hint = bits_flag(b);
        if (order_hint)
            bits_skip(b, 2);
        unsigned screen = bits_flag(b) ? SELECT_SCREEN_CONTENT_TOOLS : bits_read(b, 1);
        if (screen > 0 && !bits_flag(b))            /* seq_choose_integer_mv */
            bits_skip(b, 1);
        if (order_hint)
            bits_skip(b, 3);
    }
    bits_skip(b, 3);                                /* superres, cdef, restoration */
}

/* color_config() as far as it can be cut short: the bit depth is in front, but a header without the
 * rest is broken. */
static void read_color(struct bits *b, struct profile *p)
{
    p->bit_depth = 8;
    if (bits_flag(b))
        p->bit_depth = p->idc == 2 && bits_flag(b) ? 12 : 10;
    bool     mono = p->idc != 1 && bits_flag(b);
    uint32_t primaries = COLOR_UNSPECIFIED, transfer = COLOR_UNSPECIFIED, matrix = COLOR_UNSPECIFIED;
    if (bits_flag(b)) {
        primaries = bits_read(b, 8);
        transfer = bits_read(b, 8);
        matrix = bits_read(b, 8);
    }
    if (mono) {
        bits_skip(b, 2);                            /* range, film grain */
        return;
    }
    if (primaries != SRGB_PRIMARIES || transfer != SRGB_TRANSFER || matrix != SRGB_MATRIX) {
        bits_skip(b, 1);
        bool halved_x = p->idc == 0, halved_y = p->idc == 0;
        if (p->idc == 2) {
            halved_x = p->bit_depth < 12 || bits_flag(b);
            halved_y = p->bit_depth == 12 && halved_x && bits_flag(b);
        }
        if (halved_x && halved_y)
            bits_skip(b, 2);
    }
    bits_skip(b, 2);                                /* separate_uv_delta_q, film grain */
}

/* sequence_header_obu() (5.5.1). */
static int read_sequence_header(struct bytes obu, struct track_info *out)
{
    struct bits    b = bits_over(obu);
    struct profile p = { .idc = (uint8_t)bits_read(&b, 3) };
    bits_flag(&b);
    bool reduced = bits_flag(&b);                   /* reduced_still_picture_header */
    out->frame_rate_num = out->frame_rate_den = 0;
    if (reduced) {
        p.level = (uint8_t)bits_read(&b, 5);
    } else {
        bool has_timing = bits_flag(&b);
        if (has_timing)
            read_timing(&b, out);
        read_operating_points(&b, has_timing, &p);
    }
    unsigned width_bits = bits_read(&b, 4) + 1, height_bits = bits_read(&b, 4) + 1;
    out->width = bits_read(&b, width_bits) + 1;
    out->height = bits_read(&b, height_bits) + 1;
    skip_tools(&b, reduced);
    read_color(&b, &p);
    if (b.overrun || p.idc > 2 || !track_info_is_picture(out->width, out->height))
        return ERR_PROTOCOL;
    set_profile(out, &p);
    return 0;
}

/* leb128() of an OBU's size: at most eight bytes, and no more than 32 bits. */
static size_t read_leb128(struct reader *r)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t byte = read_be(r, 1);
        value |= (byte & 0x7f) << (7 * i);
        if (!(byte & 0x80))
            break;
    }
    if (value > UINT32_MAX)
        r->overrun = true;
    return (size_t)value;
}

int av1_read_frame(struct bytes frame, struct track_info *out)
{
    struct reader r = reader_over(frame);
    while (reader_left(&r) > 0) {
        uint8_t header = (uint8_t)read_be(&r, 1);
        if (header & 0x80)
            return ERR_PROTOCOL;
        if (header & 0x04)
            read_be(&r, 1);                         /* temporal and spatial layer */
        /* Only the last OBU may leave out its size. */
        size_t       size = header & 0x02 ? read_leb128(&r) : reader_left(&r);
        struct bytes obu = read_bytes(&r, size);
        if (r.overrun)
            return ERR_PROTOCOL;
        if ((header >> 3 & 0x0f) == OBU_SEQUENCE_HEADER)
            return read_sequence_header(obu, out);
    }
    return 0;
}

int av1_read_config(struct bytes record, struct track_info *out)
{
    struct reader r = reader_over(record);
    if (record.size >= 2 && record.data[0] == TS_DESCRIPTOR_TAG && record.data[1] == RECORD_SIZE)
        read_bytes(&r, 2);
    uint8_t first = (uint8_t)read_be(&r, 1), second = (uint8_t)read_be(&r, 1);
    uint8_t third = (uint8_t)read_be(&r, 1);
    read_be(&r, 1);                                 /* presentation delay */
    if (r.overrun || first != 0x81 || second >> 5 > 2)
        return ERR_PROTOCOL;
    struct profile p = { .idc = second >> 5, .level = second & 0x1f, .high_tier = third >> 7 };
    p.bit_depth = !(third & 0x40) ? 8 : third & 0x20 ? 12 : 10;
    set_profile(out, &p);
    return av1_read_frame((struct bytes){ r.at, reader_left(&r) }, out);
}
