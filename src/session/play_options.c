#include "session/play_options.h"

#include "base/error.h"
#include "protocol/url.h"

enum { VALUE_SIZE = 8 }; /* longer than any value that means something */

/* A track's number, 0 to 255, or "none". */
static bool read_track(const char *value, uint16_t *out)
{
    unsigned track = 0;
    size_t   length = strlen(value);
    if (strcmp(value, "none") == 0) {
        *out = TRACK_CHOICE_NONE;
        return true;
    }
    if (length == 0 || length > 3 || strspn(value, "0123456789") != length)
        return false;
    for (size_t i = 0; i < length; i++)
        track = 10 * track + (unsigned)(value[i] - '0');
    *out = (uint16_t)(TRACK_CHOICE_ONE + track);
    return track <= UINT8_MAX;
}

static bool read_video(const char *value, struct play_options *out)
{
    return read_track(value, &out->tracks.video);
}

static bool read_audio(const char *value, struct play_options *out)
{
    return read_track(value, &out->tracks.audio);
}

static bool read_plain(const char *value, struct play_options *out)
{
    if (strcmp(value, "1") == 0)
        out->tracks.form = MULTITRACK_FLV;
    else if (strcmp(value, "cdn") == 0)
        out->tracks.form = MULTITRACK_FLV_CDN;
    else
        return strcmp(value, "0") == 0;
    return true;
}

static bool read_start(const char *value, struct play_options *out)
{
    out->starts_live = strcmp(value, "live") == 0;
    return out->starts_live || strcmp(value, "gop") == 0;
}

static const struct {
    const char *name;
    bool (*read)(const char *value, struct play_options *);
    const char *wrong;
    const char *twice;
} options[] = {
    { "video", read_video, "video= is neither a track from 0 to 255 nor none", "video= is there twice" },
    { "audio", read_audio, "audio= is neither a track from 0 to 255 nor none", "audio= is there twice" },
    { "plain", read_plain, "plain= is neither 0 nor 1 nor cdn", "plain= is there twice" },
    { "start", read_start, "start= is neither gop nor live", "start= is there twice" },
};

static int refuse(const char *reason, const char **why)
{
    *why = reason;
    return ERR_INVALID;
}

int play_options_read(struct bytes query, struct play_options *out, const char **why)
{
    struct play_options read = { 0 };
    char                value[VALUE_SIZE];
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        size_t count = url_query_count(query, options[i].name);
        if (count > 1)
            return refuse(options[i].twice, why);
        if (count == 1 && (url_query_get(query, options[i].name, value, sizeof value) < 0 ||
                           !options[i].read(value, &read)))
            return refuse(options[i].wrong, why);
    }
    if (read.tracks.video == TRACK_CHOICE_NONE && read.tracks.audio == TRACK_CHOICE_NONE)
        return refuse("video=none and audio=none leave nothing to play", why);
    track_choice_normalise(&read.tracks);
    *out = read;
    return 0;
}
