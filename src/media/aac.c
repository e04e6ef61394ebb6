#include "media/aac.h"

#include "base/error.h"
#include "media/bits.h"

#include <stdio.h>

/* Audio object types (ISO/IEC 14496-3, table 1.17). */
enum {
    AAC_MAIN = 1, AAC_LC = 2, AAC_SSR = 3, AAC_LTP = 4, SBR = 5, AAC_SCALABLE = 6, TWIN_VQ = 7,
    ER_AAC_LC = 17, ER_AAC_SCALABLE = 20, ER_TWIN_VQ = 21, ER_BSAC = 22, ER_AAC_LD = 23, PS = 29,
    ESCAPE = 31, ER_AAC_ELD = 39, USAC = 42,
};
enum { SYNC_SBR = 0x2b7, SYNC_PS = 0x548 };
enum { RATE_ESCAPE = 15 };

static const char *profile_name(unsigned type)
{
    switch (type) {
    case AAC_MAIN:   return "Main";
    case AAC_LC:     return "LC";
    case AAC_SSR:    return "SSR";
    case AAC_LTP:    return "LTP";
    case SBR:        return "HE-AAC";
    case PS:         return "HE-AACv2";
    case ER_AAC_LC:  return "ER LC";
    case ER_AAC_LD:  return "LD";
    case ER_AAC_ELD: return "ELD";
    case USAC:       return "xHE-AAC";
    default:         return "";
    }
}

static unsigned read_object_type(struct bits *b)
{
    unsigned type = bits_read(b, 5);
    return type == ESCAPE ? 32 + bits_read(b, 6) : type;
}

/* Samples per second; 0 for what is reserved. */
static uint32_t read_rate(struct bits *b)
{
    static const uint32_t rates[16] = {
        96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
    };
    unsigned index = bits_read(b, 4);
    return index == RATE_ESCAPE ? bits_read(b, 24) : rates[index];
}

/* channelConfiguration; 0 for what is reserved, and for 0 itself. */
static uint32_t channels_of(unsigned configuration)
{
    static const uint8_t channels[16] = { [1] = 1, 2, 3, 4, 5, 6, 8, [11] = 7, 8, 24, 8 };
    return channels[configuration];
}

/* program_config_element() (table 4.2), which names each element and whether it is a pair. */
static uint32_t read_program_config(struct bits *b)
{
    bits_skip(b, 10);
    unsigned elements = bits_read(b, 4);            /* in front, and then at the sides and the back */
    elements += bits_read(b, 4);
    elements += bits_read(b, 4);
    unsigned lfe = bits_read(b, 2), data = bits_read(b, 3), coupling = bits_read(b, 4);
    for (int i = 0; i < 2; i++) {                   /* mono, stereo mixdown */
        if (bits_flag(b))
            bits_skip(b, 4);
    }
    if (bits_flag(b))
        bits_skip(b, 3);
    uint32_t channels = lfe;
    for (; elements > 0; elements--) {
        channels += bits_flag(b) ? 2 : 1;
        bits_skip(b, 4);
    }
    bits_skip(b, 4 * lfe + 4 * data + 5 * coupling);
    bits_skip(b, (8u - b->used) & 7);
    bits_skip(b, 8 * bits_read(b, 8));              /* a comment */
    return channels;
}

static bool is_general_audio(unsigned type)
{
    return (type >= AAC_MAIN && type <= TWIN_VQ && type != SBR) ||
           (type >= ER_AAC_LC && type <= ER_AAC_LD && type != 18);
}

/* GASpecificConfig() (table 4.1); channels from it, if it has them. */
static void read_general_audio(struct bits *b, unsigned type, unsigned configuration, struct track_info *out)
{
    bits_flag(b);
    if (bits_flag(b))
        bits_skip(b, 14);
    bool extension = bits_flag(b);
    if (configuration == 0)
        out->channels = read_program_config(b);
    if (type == AAC_SCALABLE || type == ER_AAC_SCALABLE)
        bits_skip(b, 3);
    if (!extension)
        return;
    if (type == ER_BSAC)
        bits_skip(b, 16);
    if (type == ER_AAC_LC || type == 19 || type == ER_AAC_SCALABLE || type == ER_AAC_LD)
        bits_skip(b, 3);
    bits_flag(b);
}

/* SBR and PS as an appendix, which a decoder of LC alone does not notice, and which is nothing if it
 * is cut short.  Returns the type that it makes of `type`, and sets *rate. */
static unsigned read_appendix(struct bits b, unsigned type, uint32_t *rate)
{
    if (bits_read(&b, 11) != SYNC_SBR || read_object_type(&b) != SBR || !bits_flag(&b))
        return type;
    uint32_t output_rate = read_rate(&b);
    if (b.overrun)
        return type;
    *rate = output_rate;
    return bits_read(&b, 11) == SYNC_PS && bits_flag(&b) ? PS : SBR;
}

int aac_read_config(struct bytes config, struct track_info *out)
{
    struct bits b = bits_over(config);
    unsigned    named = read_object_type(&b), type = named;
    uint32_t    rate = read_rate(&b);
    unsigned    configuration = bits_read(&b, 4);
    out->channels = channels_of(configuration);
    if (type == SBR || type == PS) {                /* in front, with the rate of the output */
        rate = read_rate(&b);
        type = read_object_type(&b);
        if (type == ER_BSAC)
            bits_skip(&b, 4);
    }
    if (is_general_audio(type)) {
        read_general_audio(&b, type, configuration, out);
        if (type >= ER_AAC_LC)
            bits_skip(&b, 2);                       /* epConfig */
        if (named == type)
            named = read_appendix(b, type, &rate);
    }
    if (b.overrun || rate == 0 || rate > TRACK_INFO_SAMPLE_RATE_MAX)
        return ERR_PROTOCOL;
    if (out->channels == 0 && (configuration != 0 || is_general_audio(type)))
        return ERR_PROTOCOL;
    if (named == PS && out->channels == 1)
        out->channels = 2;
    out->sample_rate_hz = rate;
    snprintf(out->profile, sizeof out->profile, "%s", profile_name(named));
    snprintf(out->codec_string, sizeof out->codec_string, "mp4a.40.%u", named);
    return 0;
}
