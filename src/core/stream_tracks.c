#include "core/stream_tracks.h"

#include "base/alloc.h"
#include "base/log.h"
#include "media/avcodec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 2, 3))) static void add_text(char *out, const char *format, ...)
{
    size_t  used = strlen(out);
    va_list args;
    va_start(args, format);
    vsnprintf(out + used, STREAM_TRACK_TEXT_SIZE - used, format, args);
    va_end(args);
}

static void add_codec(char *out, const struct stream_track *t)
{
    if (t->info.codec != AVCODEC_NONE) {
        add_text(out, " %s", avcodec_name(t->info.codec));
        return;
    }
    add_text(out, " unknown codec");
    if (t->fourcc != 0)
        add_text(out, " 0x%08x", t->fourcc);
}

void stream_track_describe(const struct stream_track *t, char out[STREAM_TRACK_TEXT_SIZE])
{
    const struct track_info *info = &t->info;
    out[0] = '\0';
    add_text(out, "%s %u:", t->type == AV_VIDEO ? "video" : "audio", t->track);
    add_codec(out, t);
    if (info->profile[0] != '\0')
        add_text(out, " %s", info->profile);
    if (info->level[0] != '\0')
        add_text(out, " %s", info->level);
    if (info->width > 0)
        add_text(out, " %ux%u", info->width, info->height);
    if (info->frame_rate_den > 0)
        add_text(out, " %.5g fps", track_info_frame_rate(info));
    if (info->sample_rate_hz > 0)
        add_text(out, " %u Hz", info->sample_rate_hz);
    if (info->channels > 0)
        add_text(out, " %u %s", info->channels, info->channels == 1 ? "channel" : "channels");
}

static struct stream_track *find(const struct stream_tracks *s, const struct multitrack_part *part)
{
    for (size_t i = 0; i < s->count; i++) {
        struct stream_track *t = &s->tracks[i];
        if (t->type == part->type && t->track == part->track)
            return t;
    }
    return NULL;
}

/* A sequence header or a picture or sound: what comes before says nothing of the track. */
static bool shows_track(const struct multitrack_part *part)
{
    return !(part->flags & (AV_END_OF_SEQUENCE | AV_TRACK_INFO));
}

static struct stream_track *add(struct stream_tracks *s, const struct multitrack_part *part,
                                pthread_mutex_t *lock)
{
    if (s->count == STREAM_TRACKS_MAX)
        return NULL;
    pthread_mutex_lock(lock);
    s->tracks = alloc_resize(s->tracks, s->count + 1, sizeof *s->tracks);
    struct stream_track *t = &s->tracks[s->count++];
    *t = (struct stream_track){ .type = part->type, .track = part->track };
    pthread_mutex_unlock(lock);
    return t;
}

static void update(struct stream_track *t, const struct multitrack_part *part, pthread_mutex_t *lock)
{
    if (part->codec == t->info.codec && part->fourcc == t->fourcc && !track_info_may_change(part))
        return;
    struct track_info next = t->info;
    if (part->codec != t->info.codec)
        next = (struct track_info){ .codec = part->codec };
    track_info_read_part(part, &next); /* broken parameters say nothing */
    if (part->fourcc == t->fourcc && memcmp(&next, &t->info, sizeof next) == 0)
        return;
    pthread_mutex_lock(lock);
    t->fourcc = part->fourcc;
    t->info = next;
    pthread_mutex_unlock(lock);
}

static void count(struct stream_track *t, const struct multitrack_part *part, int64_t dts_ms, uint64_t now_ms)
{
    meter_bump(&t->bytes, part->payload.size);
    if (part->flags & AV_SEQUENCE_HEADER)
        return;
    meter_bump(&t->frames, 1);
    meter_set(&t->frame_ms, now_ms);
    if (!(part->flags & AV_KEYFRAME))
        return;
    if (atomic_load_explicit(&t->keyframes, memory_order_relaxed) > 0)
        meter_set(&t->gop_ms, (uint64_t)(dts_ms - t->keyframe_ms));
    meter_bump(&t->keyframes, 1);
    t->keyframe_ms = dts_ms;
}

/* Once for each publisher and track: when its size or rate is known, or a frame has come that
 * would have said it. */
static void tell(struct stream_track *t, const struct multitrack_part *part, const char *path)
{
    char text[STREAM_TRACK_TEXT_SIZE];
    bool known = t->info.width > 0 || t->info.sample_rate_hz > 0;
    if (t->told || (!known && (part->flags & AV_SEQUENCE_HEADER)))
        return;
    t->told = true;
    stream_track_describe(t, text);
    log_info(NULL, "stream %s %s", path, text);
}

void stream_tracks_read(struct stream_tracks *s, const struct avpacket *p, pthread_mutex_t *lock,
                        const char *path, uint64_t now_ms)
{
    struct multitrack      walk;
    struct multitrack_part part;
    if ((p->type != AV_AUDIO && p->type != AV_VIDEO) || multitrack_start(&walk, p) < 0)
        return;
    while (multitrack_next(&walk, &part) > 0) {
        struct stream_track *t = find(s, &part);
        if (t == NULL && shows_track(&part))
            t = add(s, &part, lock);
        if (t == NULL || !shows_track(&part))
            continue;
        update(t, &part, lock);
        count(t, &part, p->dts_ms, now_ms);
        tell(t, &part, path);
    }
}

void stream_tracks_clear(struct stream_tracks *s)
{
    free(s->tracks);
    *s = (struct stream_tracks){ 0 };
}
