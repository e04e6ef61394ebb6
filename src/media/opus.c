#include "media/opus.h"

#include "base/error.h"

#include <stdio.h>

enum { OUTPUT_RATE = 48000 };

static void set(struct track_info *out, uint32_t channels)
{
    out->channels = channels;
    out->sample_rate_hz = OUTPUT_RATE;
    snprintf(out->codec_string, sizeof out->codec_string, "opus");
}

/* The table of mapping families other than 0: streams, how many of them are stereo, and where each
 * channel comes from. */
static bool has_channel_mapping(struct reader *r, uint8_t channels)
{
    unsigned     streams = (unsigned)read_be(r, 1), coupled = (unsigned)read_be(r, 1);
    struct bytes mapping = read_bytes(r, channels);
    return streams > 0 && coupled <= streams && streams + coupled <= 255 && mapping.size == channels;
}

int opus_read_config(struct bytes head, struct track_info *out)
{
    struct reader r = reader_over(head);
    bool          signature = bytes_equal(read_bytes(&r, 8), bytes_of("OpusHead"));
    uint8_t       version = (uint8_t)read_be(&r, 1), channels = (uint8_t)read_be(&r, 1);
    read_bytes(&r, 8);                              /* pre-skip, rate of the input, gain */
    uint8_t family = (uint8_t)read_be(&r, 1);
    if (r.overrun || !signature || version > 15 || channels == 0)
        return ERR_PROTOCOL;
    if (family == 0 ? channels > 2 : !has_channel_mapping(&r, channels))
        return ERR_PROTOCOL;
    set(out, channels);
    return 0;
}

int opus_read_frame(struct bytes frame, struct track_info *out)
{
    if (frame.size == 0)
        return ERR_PROTOCOL;
    if (out->channels == 0)                         /* a header knows better */
        set(out, frame.data[0] & 0x04 ? 2 : 1);
    return 0;
}
