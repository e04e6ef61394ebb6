/* video_groups.h - the keyframe that each video frame of a stream builds on.
 *
 * The tracks of a stream need not have their keyframes at the same time.  A frame's group is the
 * sequence number of the newest keyframe of its track: whoever begins or goes on at some place takes
 * the frames whose group begins there or later, and so sees of each track nothing before a keyframe.
 * Tracks that share a message go together; once one of them misses its keyframe, so do the others. */
#ifndef MILLRACE_CORE_VIDEO_GROUPS_H
#define MILLRACE_CORE_VIDEO_GROUPS_H

#include "media/avpacket.h"

#include <stddef.h>
#include <stdint.h>

/* Keyframes of several tracks that are no further apart came together. */
#define VIDEO_GROUPS_TOGETHER_MS 20

struct video_group {
    uint64_t keyframe; /* its sequence number; 0: none has come, or what builds on it is lost */
    int64_t  dts_ms;   /* of the keyframe */
};

/* All zero is none. */
struct video_groups {
    struct video_group *tracks; /* by their numbers, */
    size_t              count;  /* up to the highest that has come */
};

void video_groups_clear(struct video_groups *);

/* The group of a packet that has, or is about to get, the number `seq`: 0 for a frame whose keyframe
 * has not come, and for all that is no video frame. */
uint64_t video_groups_take(struct video_groups *, const struct avpacket *, uint64_t seq);

/* Behind the newest packet: the lowest place that is as good as `from`, for who takes only groups
 * that begin there or later.  1 once all tracks have resumed. */
uint64_t video_groups_settle(const struct video_groups *, uint64_t from);

/* The lowest number, from `oldest` on, of the keyframes that came together with the one at `seq`. */
uint64_t video_groups_first_beside(const struct video_groups *, uint64_t seq, int64_t dts_ms,
                                   uint64_t oldest);

#endif
