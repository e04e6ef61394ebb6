/* record_file_seek.c - where in a recorded file decoding can begin.
 *
 * A complete file of ours has an index, and says whether the sequence headers at its front hold for all
 * of it: then only the front is looked at.  Any other is read from its start, tag by tag. */
#include "core/record_file.h"

#include "base/error.h"
#include "protocol/flv_head.h"

/* A walk from the first tag on. */
struct walk {
    struct header_set *headers;      /* as of the newest tag */
    uint64_t           run_at;       /* where the headers that come last begin */
    bool               in_run;       /* no other tag has come since */
    bool               has_frame;
    bool               has_video;
    bool               has_track;    /* the track of the first picture is known */
    uint8_t            track;
};

static bool is_header(const struct record_tag *tag)
{
    return tag->flags & (AV_SEQUENCE_HEADER | AV_SIDE_INFO);
}

static bool is_frame(const struct record_tag *tag)
{
    return (tag->type == AV_AUDIO || tag->type == AV_VIDEO) &&
           !(tag->flags & (AV_SEQUENCE_HEADER | AV_END_OF_SEQUENCE | AV_TRACK_INFO));
}

static void note_header(struct record_file *f, struct walk *w, const struct record_tag *tag)
{
    struct avpacket *p = record_file_packet(f, tag);
    if (!w->in_run)
        w->run_at = tag->position;
    w->in_run = true;
    if (p == NULL)
        return;
    struct header_set *headers = header_set_with(w->headers, p);
    header_set_unref(&w->headers);
    w->headers = headers;
    avpacket_unref(&p);
}

/* Whether the frame is one to begin with. */
static bool is_entry(struct walk *w, const struct record_tag *tag)
{
    if (tag->type == AV_VIDEO && !w->has_track) {
        w->track = tag->track;
        w->has_track = true;
    }
    if (!w->has_video)
        return true;
    return tag->type == AV_VIDEO && (tag->flags & AV_KEYFRAME) && tag->track == w->track;
}

static void take_entry(struct walk *w, const struct record_tag *tag, struct record_start *out)
{
    header_set_unref(&out->headers);
    out->headers = header_set_ref(w->headers);
    out->at = w->in_run ? w->run_at : tag->position;
    out->time_ms = tag->time_ms;
}

/* One tag of the walk.  False at the first that is later than what is looked for. */
static bool walk_on(struct record_file *f, struct walk *w, const struct record_tag *tag, uint32_t time_ms,
                    struct record_start *out)
{
    w->has_video |= tag->type == AV_VIDEO;
    if (is_header(tag)) {
        note_header(f, w, tag);
        return true;
    }
    if (is_frame(tag)) {
        if (!w->has_frame)
            out->time_ms = tag->time_ms;
        out->newest_ms = tag->time_ms > out->newest_ms ? tag->time_ms : out->newest_ms;
        bool entry = is_entry(w, tag);
        if (tag->time_ms > time_ms && (tag->type == AV_VIDEO || !w->has_video))
            return false;
        if (entry && w->has_frame)
            take_entry(w, tag, out);
        w->has_frame = true;
    }
    w->in_run = false;
    return true;
}

static int walk(struct record_file *f, uint32_t time_ms, struct record_start *out)
{
    struct walk       w = { .has_video = f->flag_video };
    struct record_tag tag;
    int               found;
    while ((found = record_file_next(f, &tag)) == 1 && walk_on(f, &w, &tag, time_ms, out)) {
    }
    header_set_unref(&w.headers);
    return found == ERR_PROTOCOL ? 0 : found < 0 ? found : 0; /* what is broken behind it is met later */
}

/* The headers up to the first frame. */
static int read_front(struct record_file *f, struct record_start *out)
{
    struct walk       w = { 0 };
    struct record_tag tag;
    int               found;
    while ((found = record_file_next(f, &tag)) == 1 && !is_frame(&tag))
        if (is_header(&tag))
            note_header(f, &w, &tag);
    out->headers = w.headers;
    return found == 1 ? 0 : found < 0 ? found : ERR_NOT_FOUND;
}

/* By the index.  False if it does not hold what it says. */
static bool look_up(struct record_file *f, uint32_t time_ms, struct record_start *out)
{
    struct flv_keyframe keyframe;
    struct record_tag   tag;
    if (!f->origin.is_uniform || f->metadata == NULL ||
        !flv_head_find_keyframe(avpacket_bytes(f->metadata), time_ms, &keyframe) ||
        keyframe.position <= f->head_size || read_front(f, out) != 0)
        return false;
    f->at = keyframe.position;
    if (record_file_next(f, &tag) != 1 || tag.type != AV_VIDEO ||
        !(tag.flags & (AV_KEYFRAME | AV_SEQUENCE_HEADER)) || tag.time_ms != keyframe.time_ms)
        return false;
    out->at = keyframe.position;
    out->time_ms = out->newest_ms = keyframe.time_ms;
    return true;
}

int record_file_seek(struct record_file *f, uint32_t time_ms, struct record_start *out)
{
    *out = (struct record_start){ .at = f->head_size };
    f->at = f->head_size;
    if (look_up(f, time_ms, out)) {
        f->at = out->at;
        return 0;
    }
    header_set_unref(&out->headers);
    *out = (struct record_start){ .at = f->head_size };
    f->at = f->head_size;
    int error = walk(f, time_ms, out);
    f->at = out->at;
    return error;
}
