#include "core/video_groups.h"

#include "base/alloc.h"
#include "media/multitrack.h"

#include <stdlib.h>

void video_groups_clear(struct video_groups *g)
{
    free(g->tracks);
    *g = (struct video_groups){ 0 };
}

static struct video_group *of_track(struct video_groups *g, unsigned track)
{
    if (track >= g->count)
        g->tracks = alloc_resize(g->tracks, track + 1, sizeof *g->tracks);
    while (g->count <= track)
        g->tracks[g->count++] = (struct video_group){ 0 };
    return &g->tracks[track];
}

static void set_all(struct video_groups *g, const struct track_set *tracks, uint64_t keyframe, int64_t dts_ms)
{
    for (unsigned t = track_set_next(tracks, 0); t < TRACK_SET_END; t = track_set_next(tracks, t + 1))
        *of_track(g, t) = (struct video_group){ keyframe, dts_ms };
}

/* A frame of these tracks builds on all of their keyframes: the oldest counts, from here on for each. */
static uint64_t join_all(struct video_groups *g, const struct track_set *tracks)
{
    struct video_group oldest = { .keyframe = UINT64_MAX };
    for (unsigned t = track_set_next(tracks, 0); t < TRACK_SET_END; t = track_set_next(tracks, t + 1)) {
        const struct video_group *group = of_track(g, t);
        oldest = group->keyframe < oldest.keyframe ? *group : oldest;
    }
    set_all(g, tracks, oldest.keyframe, oldest.dts_ms);
    return oldest.keyframe;
}

uint64_t video_groups_take(struct video_groups *g, const struct avpacket *p, uint64_t seq)
{
    if (p->type != AV_VIDEO || !avpacket_is_frame(p))
        return 0;
    struct track_set tracks = multitrack_tracks(p, 0);
    if (!(p->flags & AV_KEYFRAME))
        return join_all(g, &tracks);
    set_all(g, &tracks, seq, p->dts_ms);
    return seq;
}

uint64_t video_groups_settle(const struct video_groups *g, uint64_t from)
{
    uint64_t newest_before = 0;
    for (size_t i = 0; i < g->count; i++)
        if (g->tracks[i].keyframe < from && g->tracks[i].keyframe > newest_before)
            newest_before = g->tracks[i].keyframe;
    return newest_before + 1;
}

uint64_t video_groups_first_beside(const struct video_groups *g, uint64_t seq, int64_t dts_ms,
                                   uint64_t oldest)
{
    uint64_t first = seq;
    for (size_t i = 0; i < g->count; i++) {
        const struct video_group *group = &g->tracks[i];
        if (group->keyframe >= oldest && group->keyframe < first &&
            dts_ms - group->dts_ms <= VIDEO_GROUPS_TOGETHER_MS)
            first = group->keyframe;
    }
    return first;
}
