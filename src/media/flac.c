#include "media/flac.h"

#include "base/error.h"
#include "media/bits.h"

#include <stdio.h>

enum { STREAMINFO_SIZE = 34 };

int flac_read_config(struct bytes config, struct track_info *out)
{
    struct reader r = reader_over(config);
    if (config.size >= 4 && memcmp(config.data, "fLaC", 4) == 0)
        read_bytes(&r, 4);
    /* Block type 0, below the bit that says whether it is the last, and the size.  A bare block cannot
     * begin so: its largest frame would have fewer samples than its smallest. */
    struct reader look = r;
    if ((read_be(&look, 4) & 0x7fffffff) == STREAMINFO_SIZE)
        r = look;
    struct bits b = bits_over(read_bytes(&r, STREAMINFO_SIZE));
    bits_skip(&b, 80);                              /* smallest and largest blocks and frames */
    uint32_t rate = bits_read(&b, 20);
    uint32_t channels = bits_read(&b, 3) + 1, bit_depth = bits_read(&b, 5) + 1;
    if (b.overrun || rate == 0 || rate > TRACK_INFO_SAMPLE_RATE_MAX || bit_depth < 4)
        return ERR_PROTOCOL;
    out->sample_rate_hz = rate;
    out->channels = channels;
    out->bit_depth = bit_depth;
    snprintf(out->codec_string, sizeof out->codec_string, "fLaC");
    return 0;
}
