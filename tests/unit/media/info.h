/* info.h - parameter sets as encoders wrote them, in hex, and what they must be read as. */
#ifndef MILLRACE_TESTS_MEDIA_INFO_H
#define MILLRACE_TESTS_MEDIA_INFO_H

#include "check.h"

#include "base/error.h"
#include "media/avcodec.h"
#include "media/track_info.h"

enum { HEX_MAX = 4096 };

static inline uint8_t hex_digit(char c)
{
    return (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

/* Into `out`, which has room for HEX_MAX bytes; returns how many. */
static inline size_t from_hex(const char *hex, uint8_t *out)
{
    size_t size = strlen(hex) / 2;
    assert_true(size <= HEX_MAX && strspn(hex, "0123456789abcdef") == 2 * size);
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return size;
}

/* `least` bytes of `hex` are needed, 0 for all; with fewer it is refused. */
struct info_sample {
    const char *name;
    const char *hex;
    size_t      least;
    struct track_info want;
};

typedef int info_reader(struct bytes, struct track_info *);

static inline void check_info(const char *name, size_t cut, const struct track_info *got,
                              const struct track_info *want)
{
    if (strcmp(got->codec_string, want->codec_string) != 0 || strcmp(got->profile, want->profile) != 0 ||
        strcmp(got->level, want->level) != 0 || strcmp(got->tier, want->tier) != 0 ||
        got->width != want->width || got->height != want->height ||
        got->frame_rate_num != want->frame_rate_num || got->frame_rate_den != want->frame_rate_den ||
        got->bit_depth != want->bit_depth || got->sample_rate_hz != want->sample_rate_hz ||
        got->channels != want->channels)
        fail_msg("%s, %zu bytes: %s, %s %s %s, %ux%u %u/%u %u bits, %u Hz %u channels", name, cut,
                 got->codec_string, got->profile, got->level, got->tier, got->width, got->height,
                 got->frame_rate_num, got->frame_rate_den, got->bit_depth, got->sample_rate_hz,
                 got->channels);
}

static inline int read_cut(info_reader *read, const uint8_t *wire, size_t cut, uint32_t codec,
                           struct track_info *out)
{
    uint8_t *copy = copy_exact(wire, cut);
    *out = (struct track_info){ .codec = codec };
    int result = read((struct bytes){ copy, cut }, out);
    free(copy);
    return result;
}

/* Each sample at each length. */
static inline void check_samples(info_reader *read, const struct info_sample *samples, size_t count)
{
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct info_sample *s = &samples[i];
        size_t                    size = from_hex(s->hex, wire), least = s->least > 0 ? s->least : size;
        for (size_t cut = 0; cut <= size; cut++) {
            struct track_info got;
            int result = read_cut(read, wire, cut, s->want.codec, &got);
            if (result != (cut < least ? ERR_PROTOCOL : 0))
                fail_msg("%s, %zu of %zu bytes: %d", s->name, cut, size, result);
            if (result == 0)
                check_info(s->name, cut, &got, &s->want);
        }
    }
}

/* The whole of each. */
static inline void check_whole(info_reader *read, const struct info_sample *samples, size_t count)
{
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < count; i++) {
        struct track_info got;
        CHECK_EQ(read_cut(read, wire, from_hex(samples[i].hex, wire), 0, &got), 0);
        check_info(samples[i].name, 0, &got, &samples[i].want);
    }
}

/* Sequence parameter sets of H.264 and HEVC: cut in front of the VUI a set is refused, cut in the VUI it
 * has no frame rate. */
static inline void check_sets_cut_anywhere(info_reader *read, const struct info_sample *sets, size_t count)
{
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < count; i++) {
        bool   readable = false;
        size_t size = from_hex(sets[i].hex, wire);
        for (size_t cut = 0; cut < size; cut++) {
            struct track_info got, want = sets[i].want;
            int               result = read_cut(read, wire, cut, 0, &got);
            CHECK(result == ERR_PROTOCOL ? !readable : result == 0);
            readable = result == 0;
            if (readable && got.frame_rate_num == 0)
                want.frame_rate_num = want.frame_rate_den = 0;
            if (readable)
                check_info(sets[i].name, cut, &got, &want);
        }
    }
}

/* The whole of each is refused. */
static inline void check_refused(info_reader *read, uint32_t codec, const char *const *hex, size_t count)
{
    static uint8_t wire[HEX_MAX];
    for (size_t i = 0; i < count; i++) {
        struct track_info got;
        if (read_cut(read, wire, from_hex(hex[i], wire), codec, &got) != ERR_PROTOCOL)
            fail_msg("%s is not refused", hex[i]);
    }
}

#endif
