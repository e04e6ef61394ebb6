/* stream_tracks.h - what the tracks of a stream are, as their parameter sets say (media/track_info.h).
 *
 * Written by the publisher's worker, which holds the lock while it changes something and only then;
 * others read with the lock. */
#ifndef MILLRACE_CORE_STREAM_TRACKS_H
#define MILLRACE_CORE_STREAM_TRACKS_H

#include "core/meter.h"
#include "media/track_info.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tracks beyond this are carried, but not described. */
#define STREAM_TRACKS_MAX 32

struct stream_track {
    uint8_t           type;    /* enum av_type */
    uint8_t           track;
    bool              told;    /* the log has it */
    uint32_t          fourcc;  /* as sent; 0 in FLV's own forms */
    struct track_info info;    /* codec 0: one that we do not know */
    int64_t           keyframe_ms; /* dts of the last; without a meaning before there is one */
    /* Any thread may read these, with the lock. */
    atomic_uint_fast64_t frames;
    atomic_uint_fast64_t bytes;    /* of this track's parts, without the FLV tag around */
    atomic_uint_fast64_t frame_ms; /* when its last frame came: worker's clock */
    atomic_uint_fast64_t keyframes;
    atomic_uint_fast64_t gop_ms;   /* between its last two keyframes, in stream time; 0: not known */
};

struct stream_tracks {
    struct stream_track *tracks; /* in the order they came */
    size_t               count;
};

/* Learn from a classified packet that has its place in the stream's time, and count it.  The log gets
 * a line when a track becomes known. */
void stream_tracks_read(struct stream_tracks *, const struct avpacket *, pthread_mutex_t *lock,
                        const char *path, uint64_t now_ms);

/* With the lock: another publisher, or none. */
void stream_tracks_clear(struct stream_tracks *);

#define STREAM_TRACK_TEXT_SIZE 160

/* "video 0: H264 High 4.0 1920x1080 30 fps" */
void stream_track_describe(const struct stream_track *, char out[STREAM_TRACK_TEXT_SIZE]);

#endif
