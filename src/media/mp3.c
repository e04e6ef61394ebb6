#include "media/mp3.h"

#include "base/error.h"
#include "media/bits.h"

#include <stdio.h>

enum { MPEG2_5, MPEG_RESERVED, MPEG2, MPEG1 };
enum { MODE_MONO = 3 };

int mp3_read_frame(struct bytes frame, struct track_info *out)
{
    static const uint32_t    rates[3] = { 44100, 48000, 32000 };
    static const char *const versions[] = { "MPEG-2.5", "", "MPEG-2", "MPEG-1" };
    static const char *const layers[] = { "", "III", "II", "I" };

    struct bits b = bits_over(frame);
    unsigned    sync = bits_read(&b, 11), version = bits_read(&b, 2), layer = bits_read(&b, 2);
    bits_flag(&b);
    unsigned bit_rate = bits_read(&b, 4), rate = bits_read(&b, 2);
    bits_skip(&b, 2);
    unsigned mode = bits_read(&b, 2);
    bits_skip(&b, 6);
    if (b.overrun || sync != 0x7ff || version == MPEG_RESERVED || layer == 0 || bit_rate == 15 || rate == 3)
        return ERR_PROTOCOL;
    out->sample_rate_hz = rates[rate] >> (version == MPEG1 ? 0 : version == MPEG2 ? 1 : 2);
    out->channels = mode == MODE_MONO ? 1 : 2;
    snprintf(out->profile, sizeof out->profile, "%s Layer %s", versions[version], layers[layer]);
    snprintf(out->codec_string, sizeof out->codec_string, version == MPEG1 ? "mp4a.6B" : "mp4a.69");
    return 0;
}
