#include "media/ac3.h"

#include "base/error.h"
#include "media/bits.h"

#include <stdio.h>

enum { SYNC_WORD = 0x0b77, DEPENDENT = 1 };
enum { AC3_BSID_MAX = 10, EAC3_BSID_MAX = 16 };

/* Where sound comes from, numbered as chanmap (E.1.3.1.8): bit 15 is the first location. */
enum {
    LEFT = 0x8000, CENTRE = 0x4000, RIGHT = 0x2000, SIDES = 0x1800, BACK = 0x0100, LFE = 0x0001,
    PAIRS = 0x0674,                                 /* the locations that are two channels */
};

static const uint32_t rates[4] = { 48000, 44100, 32000 };

static uint32_t locations_of(unsigned acmod, bool lfe)
{
    static const uint16_t modes[8] = {
        LEFT | RIGHT,                               /* two programmes of one channel each */
        CENTRE, LEFT | RIGHT, LEFT | CENTRE | RIGHT, LEFT | RIGHT | BACK, LEFT | CENTRE | RIGHT | BACK,
        LEFT | RIGHT | SIDES, LEFT | CENTRE | RIGHT | SIDES,
    };
    return modes[acmod] | (lfe ? LFE : 0u);
}

static uint32_t count_channels(uint32_t locations)
{
    return (uint32_t)__builtin_popcount(locations) + (uint32_t)__builtin_popcount(locations & PAIRS);
}

static int read_ac3(struct bytes frame, unsigned bsid, struct track_info *out)
{
    struct bits b = bits_over(frame);
    bits_skip(&b, 32);
    uint32_t rate = rates[bits_read(&b, 2)];
    bits_skip(&b, 14);                              /* frame size, bsid, bsmod */
    unsigned acmod = bits_read(&b, 3);
    if (acmod & 1 && acmod != 1)
        bits_skip(&b, 2);                           /* centre mix level */
    if (acmod & 4)
        bits_skip(&b, 2);                           /* surround mix level */
    if (acmod == 2)
        bits_skip(&b, 2);                           /* Dolby Surround mode */
    bool lfe = bits_flag(&b);
    if (b.overrun || rate == 0)
        return ERR_PROTOCOL;
    out->sample_rate_hz = rate >> (bsid > 8 ? bsid - 8 : 0);
    out->channels = count_channels(locations_of(acmod, lfe));
    snprintf(out->codec_string, sizeof out->codec_string, "ac-3");
    return 0;
}

/* One frame of one substream. */
struct substream {
    unsigned type;
    size_t   size;
    uint32_t rate;
    uint32_t locations;
};

static uint32_t read_channel_map(struct bits *b, unsigned acmod)
{
    for (int i = 0; i < (acmod == 0 ? 2 : 1); i++) {
        bits_skip(b, 5);                            /* dialogue level */
        if (bits_flag(b))
            bits_skip(b, 8);                        /* compression */
    }
    return bits_flag(b) ? bits_read(b, 16) : 0;
}

static int read_substream(struct bytes in, struct substream *out)
{
    struct bits b = bits_over(in);
    unsigned    sync = bits_read(&b, 16);
    out->type = bits_read(&b, 2);
    bits_skip(&b, 3);
    out->size = 2 * ((size_t)bits_read(&b, 11) + 1);
    unsigned rate = bits_read(&b, 2), half = bits_read(&b, 2); /* half, or the count of blocks */
    out->rate = rate < 3 ? rates[rate] : rates[half] / 2;
    unsigned acmod = bits_read(&b, 3);
    bool     lfe = bits_flag(&b);
    unsigned bsid = bits_read(&b, 5);
    uint32_t map = out->type == DEPENDENT ? read_channel_map(&b, acmod) : 0;
    out->locations = map != 0 ? map : locations_of(acmod, lfe);
    bool is_eac3 = bsid > AC3_BSID_MAX && bsid <= EAC3_BSID_MAX;
    return b.overrun || sync != SYNC_WORD || !is_eac3 || out->rate == 0 ? ERR_PROTOCOL : 0;
}

static int read_eac3(struct bytes frame, struct track_info *out)
{
    struct substream first, more;
    if (read_substream(frame, &first) < 0 || first.type == DEPENDENT)
        return ERR_PROTOCOL;
    size_t at = first.size;
    while (at < frame.size) {
        if (read_substream((struct bytes){ frame.data + at, frame.size - at }, &more) < 0 ||
            more.type != DEPENDENT)
            break;
        first.locations |= more.locations;
        at += more.size;
    }
    out->sample_rate_hz = first.rate;
    out->channels = count_channels(first.locations);
    snprintf(out->codec_string, sizeof out->codec_string, "ec-3");
    return 0;
}

int ac3_read_frame(struct bytes frame, struct track_info *out)
{
    struct reader r = reader_over(frame);
    unsigned      sync = (unsigned)read_be(&r, 2);
    read_bytes(&r, 3);
    unsigned bsid = (unsigned)read_be(&r, 1) >> 3;  /* in one place in both, to tell them apart */
    if (r.overrun || sync != SYNC_WORD || bsid > EAC3_BSID_MAX)
        return ERR_PROTOCOL;
    return bsid > AC3_BSID_MAX ? read_eac3(frame, out) : read_ac3(frame, bsid, out);
}
