/* info.h - what holds of everything that is read from parameter sets, whatever their bytes. */
#ifndef MILLRACE_FUZZ_INFO_H
#define MILLRACE_FUZZ_INFO_H

#include "base/error.h"
#include "media/track_info.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

static inline void require_text(const char *text, size_t room)
{
    const char *end = memchr(text, '\0', room);
    REQUIRE(end != NULL);
    for (; text < end; text++)
        REQUIRE(*text >= ' ' && *text <= '~');
}

static inline void require_info(const struct track_info *info)
{
    REQUIRE(info->width <= TRACK_INFO_SIDE_MAX && info->height <= TRACK_INFO_SIDE_MAX);
    REQUIRE((info->width == 0) == (info->height == 0));
    REQUIRE((info->frame_rate_num == 0) == (info->frame_rate_den == 0));
    REQUIRE(track_info_frame_rate(info) >= 0 && track_info_frame_rate(info) < 481);
    REQUIRE(info->bit_depth <= 32 && info->channels <= 255);
    REQUIRE(info->sample_rate_hz <= TRACK_INFO_SAMPLE_RATE_MAX);
    require_text(info->profile, sizeof info->profile);
    require_text(info->level, sizeof info->level);
    require_text(info->tier, sizeof info->tier);
    require_text(info->codec_string, sizeof info->codec_string);
}

typedef int info_reader(struct bytes, struct track_info *);

/* Whatever is accepted must be sane, and must be the same when read again. */
static inline void require_reader(info_reader *read, uint32_t codec, const uint8_t *data, size_t size)
{
    struct track_info first = { .codec = codec }, second = first;
    int               result = read((struct bytes){ data, size }, &first);
    REQUIRE(result == 0 || result == ERR_PROTOCOL);
    REQUIRE(read((struct bytes){ data, size }, &second) == result);
    REQUIRE(memcmp(&first, &second, sizeof first) == 0);
    if (result == 0)
        require_info(&first);
}

#endif
