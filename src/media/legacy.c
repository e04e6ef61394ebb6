#include "media/legacy.h"

#include "base/error.h"
#include "media/avcodec.h"
#include "media/bits.h"

void legacy_read_sound(uint8_t sound, struct track_info *out)
{
    static const uint32_t rates[4] = { 5512, 11025, 22050, 44100 };
    uint32_t bit_depth = sound & 2 ? 16 : 8;
    out->sample_rate_hz = rates[sound >> 2 & 3];
    out->channels = sound & 1 ? 2 : 1;
    switch (out->codec) {
    case AVCODEC_PCM:
    case AVCODEC_PCM_LE:
        out->bit_depth = bit_depth;
        break;
    case AVCODEC_MP3:
        if (sound >> 4 == 14)
            out->sample_rate_hz = 8000;
        break;
    case AVCODEC_G711A:
    case AVCODEC_G711U:
        out->sample_rate_hz = 8000;
        break;
    case AVCODEC_NELLYMOSER8K:
        out->sample_rate_hz = 8000;
        out->channels = 1;
        break;
    case AVCODEC_NELLYMOSER16K:
    case AVCODEC_SPEEX:
        out->sample_rate_hz = 16000;
        out->channels = 1;
        break;
    default:
        break;
    }
}

static int set_size(struct track_info *out, bool overrun, uint32_t width, uint32_t height)
{
    if (overrun || !track_info_is_picture(width, height))
        return ERR_PROTOCOL;
    out->width = width;
    out->height = height;
    return 0;
}

/* H263VIDEOPACKET (FLV 10.1, E.4.3.2). */
static int read_h263(struct bits *b, struct track_info *out)
{
    static const uint16_t sizes[8][2] = {
        [2] = { 352, 288 }, { 176, 144 }, { 128, 96 }, { 320, 240 }, { 160, 120 },
    };
    uint32_t start_code = bits_read(b, 17);
    bits_skip(b, 13);                               /* version, temporal reference */
    unsigned format = bits_read(b, 3);
    uint32_t width = sizes[format][0], height = sizes[format][1];
    if (format < 2) {
        unsigned count = format == 0 ? 8 : 16;
        width = bits_read(b, count);
        height = bits_read(b, count);
    }
    return set_size(out, b->overrun || start_code != 1, width, height);
}

/* SCREENVIDEOPACKET and SCREENV2VIDEOPACKET (E.4.3.3, E.4.3.4). */
static int read_screen(struct bits *b, struct track_info *out)
{
    bits_skip(b, 4);
    uint32_t width = bits_read(b, 12);
    bits_skip(b, 4);
    uint32_t height = bits_read(b, 12);
    return set_size(out, b->overrun, width, height);
}

/* VP6FLVVIDEOPACKET and its like with alpha (E.4.3.5): what to cut off the macroblocks that the
 * frame's own header counts. */
static int read_vp6(struct bits *b, struct track_info *out)
{
    uint32_t cut_x = bits_read(b, 4), cut_y = bits_read(b, 4);
    if (out->codec == AVCODEC_VP6A)
        bits_skip(b, 24);                           /* where the alpha picture begins */
    if (bits_flag(b))
        return 0;                                   /* not a keyframe after all */
    bits_skip(b, 6);
    bool partitions = bits_flag(b);
    bits_skip(b, 5);
    unsigned profile = bits_read(b, 2);
    bits_skip(b, 1);
    if (partitions || profile == 0)
        bits_skip(b, 16);                           /* where the second one begins */
    uint32_t rows = bits_read(b, 8), columns = bits_read(b, 8);
    if (rows == 0 || columns == 0)
        return ERR_PROTOCOL;
    return set_size(out, b->overrun, 16 * columns - cut_x, 16 * rows - cut_y);
}

int legacy_read_keyframe(struct bytes frame, struct track_info *out)
{
    struct bits b = bits_over(frame);
    switch (out->codec) {
    case AVCODEC_H263:
        return read_h263(&b, out);
    case AVCODEC_SCREEN:
    case AVCODEC_SCREEN2:
        return read_screen(&b, out);
    case AVCODEC_VP6:
    case AVCODEC_VP6A:
        return read_vp6(&b, out);
    default:
        return 0;
    }
}
