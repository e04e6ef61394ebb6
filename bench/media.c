#include "bench/media.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bench/sei.h"
#include "bench/skim.h"
#include "media/avpacket.h"
#include "protocol/flv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    READ_SIZE      = 256 * 1024,
    TAG_SIZE_MAX   = 0xffffff - 64, /* a stamp still fits */
    FILE_SIZE_MAX  = 1 << 30,
    STEP_MS_MAX    = 1000,          /* what is further apart is a hole in the file */
};

/* How far apart the frames of one kind are. */
struct steps {
    int64_t  last_ms;
    uint32_t count;
    uint32_t longest_ms;
    int64_t  first_ms;
};

static void note_step(struct steps *s, int64_t time_ms)
{
    if (s->count == 0)
        s->first_ms = time_ms;
    else if (time_ms - s->last_ms > s->longest_ms && time_ms - s->last_ms < STEP_MS_MAX)
        s->longest_ms = (uint32_t)(time_ms - s->last_ms);
    s->last_ms = time_ms;
    s->count++;
}

/* Where the frame after the last one would begin. */
static int64_t end_of(const struct steps *s)
{
    return s->count > 1 ? s->last_ms + (s->last_ms - s->first_ms) / (s->count - 1) : s->last_ms;
}

/* The seam between two loops is a step too. */
static uint32_t longest_step(const struct steps *s, int64_t length_ms)
{
    int64_t seam_ms = length_ms - s->last_ms + s->first_ms;
    if (s->count == 0)
        return 0;
    return seam_ms > s->longest_ms ? (uint32_t)seam_ms : s->longest_ms;
}

static void add(struct media *m, struct avpacket *packet)
{
    if ((m->count & (m->count - 1)) == 0) /* a power of two, or none: full */
        m->tags = alloc_resize(m->tags, m->count > 0 ? 2 * (size_t)m->count : 1, sizeof *m->tags);
    m->tags[m->count++] = (struct media_tag){ .packet = packet };
    m->size += packet->size;
}

static int take(struct media *m, struct flv_reader *reader, struct bytes in)
{
    while (in.size > 0) {
        struct avpacket *packet;
        ssize_t          n = flv_read(reader, in, &packet);
        if (n < 0)
            return (int)n;
        in = (struct bytes){ in.data + n, in.size - (size_t)n };
        if (packet != NULL)
            add(m, packet);
        if (m->size > FILE_SIZE_MAX)
            return ERR_TOO_BIG;
    }
    return 0;
}

static int read_tags(struct media *m, FILE *file)
{
    uint8_t          *buffer = alloc_zeroed(READ_SIZE);
    struct flv_reader reader;
    int               error = 0;
    size_t            size;
    flv_reader_init(&reader, TAG_SIZE_MAX);
    while (error == 0 && (size = fread(buffer, 1, READ_SIZE, file)) > 0)
        error = take(m, &reader, (struct bytes){ buffer, size });
    if (error == 0 && ferror(file))
        error = ERR_SYSTEM;
    flv_reader_clear(&reader);
    free(buffer);
    return error;
}

static bool is_frame(const struct avpacket *p)
{
    return skim_is_frame(&(struct skim_message){ .type = p->type, .head = avpacket_bytes(p) });
}

static void prepare_video(struct media *m, struct media_tag *tag)
{
    int length_size = sei_length_size(avpacket_bytes(tag->packet));
    if (length_size > 0)
        m->nal_length_size = (unsigned)length_size;
    if (m->nal_length_size == 0)
        return;
    ssize_t at = sei_place(avpacket_bytes(tag->packet), m->nal_length_size);
    if (at > 0) {
        tag->stamp_at = (uint32_t)at;
        m->stamped++;
    }
}

/* Times from zero on, in order; what each tag is. */
static void prepare(struct media *m)
{
    struct steps audio = { .count = 0 }, video = { .count = 0 };
    int64_t      base_ms = m->count > 0 ? m->tags[m->count - 1].packet->dts_ms : 0, last_ms = 0;
    for (uint32_t i = 0; i < m->count; i++)
        if (is_frame(m->tags[i].packet) && m->tags[i].packet->dts_ms < base_ms)
            base_ms = m->tags[i].packet->dts_ms;
    for (uint32_t i = 0; i < m->count; i++) {
        struct media_tag *tag = &m->tags[i];
        int64_t           time_ms = tag->packet->dts_ms - base_ms;
        if (time_ms > last_ms)
            last_ms = time_ms;
        tag->time_ms = (uint32_t)last_ms;
        tag->once = !is_frame(tag->packet);
        if (tag->packet->type == AV_VIDEO)
            prepare_video(m, tag);
        if (!tag->once)
            note_step(tag->packet->type == AV_VIDEO ? &video : &audio, last_ms);
    }
    int64_t end_ms = end_of(&audio) > end_of(&video) ? end_of(&audio) : end_of(&video);
    m->length_ms = (uint32_t)end_ms;
    m->audio_step_ms = longest_step(&audio, end_ms);
    m->video_step_ms = longest_step(&video, end_ms);
}

struct media *media_load(const char *path, char why[MEDIA_WHY_SIZE])
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        snprintf(why, MEDIA_WHY_SIZE, "%.100s: %s", path, strerror(errno));
        return NULL;
    }
    struct media *m = alloc_zeroed(sizeof *m);
    int           error = read_tags(m, file);
    fclose(file);
    prepare(m);
    if (error == 0 && m->length_ms > 0)
        return m;
    if (error < 0)
        snprintf(why, MEDIA_WHY_SIZE, "%.100s: no FLV file: %s", path, err_name(error));
    else
        snprintf(why, MEDIA_WHY_SIZE, "%.100s: has too few frames", path);
    media_free(m);
    return NULL;
}

void media_free(struct media *m)
{
    if (m == NULL)
        return;
    for (uint32_t i = 0; i < m->count; i++)
        avpacket_unref(&m->tags[i].packet);
    free(m->tags);
    free(m);
}
