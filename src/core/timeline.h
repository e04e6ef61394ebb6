/* timeline.h - a stream's own time, whoever publishes it and whatever its clock does.
 *
 * Publishers count milliseconds in 32 bits, and some badly.  The timeline has 64, starts where the
 * first publisher starts, never goes back within a track, and goes on where the last publisher
 * stopped when another takes its place.  What is mended is counted:
 *
 *   wrap      32 bits are over after 49.7 days: unwrapped, nothing to count
 *   jump      a track leaps ahead by more than TIMELINE_GAP_MS, or back by more than
 *             TIMELINE_BACK_MS: the publisher's clock was set.  The stream goes on without the
 *             leap, all tracks with the same offset, so none shifts against another; frames of
 *             the other tracks that still come by the old clock are understood
 *   disorder  a track goes back by less: held at the time of its last frame
 *   drift     a track lags more than TIMELINE_DRIFT_MS behind the newest frame: no player holds
 *             so much to join them, so it is brought up to it, and keeps that offset */
#ifndef MILLRACE_CORE_TIMELINE_H
#define MILLRACE_CORE_TIMELINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    TIMELINE_SEAM_MS  = 20, /* between the last frame before a jump or another publisher, and the next */
    TIMELINE_GAP_MS   = 30 * 1000,
    TIMELINE_BACK_MS  = 1000,
    TIMELINE_DRIFT_MS = 10 * 1000,
    TIMELINE_TRACKS   = 16, /* tracks with a clock of their own; any beyond share the last */
};

/* A reading of the publisher's clock: where it is, and how it maps to the stream's time. */
struct timeline_clock {
    int64_t raw_ms;    /* the publisher's newest time, unwrapped */
    int64_t offset_ms; /* from the publisher's time to the stream's */
};

struct timeline_track {
    uint16_t key;      /* packet type and track id */
    int64_t  last_ms;
    int64_t  shift_ms; /* against the others, where drift was mended */
    bool     fresh;    /* no frame of this publisher yet */
};

struct timeline {
    struct timeline_clock now;
    struct timeline_clock before;     /* the last jump */
    bool                  has_before;
    bool                  begun;      /* there has been a frame */
    bool                  publisher_begun; /* of this publisher */
    int64_t               last_ms;    /* the stream's newest frame */
    unsigned              track_count;
    struct timeline_track tracks[TIMELINE_TRACKS];
    /* Any thread may read these. */
    atomic_uint_fast64_t  jumps, disorders, drifts;
};

/* Another publisher from here on. */
void timeline_restart(struct timeline *);

/* The stream's time of a frame of a track, from the low 32 bits the publisher gave. */
int64_t timeline_frame(struct timeline *, uint8_t type, uint8_t track, uint32_t time_ms);

/* The same for a packet that is no frame (metadata, sequence headers).  Many encoders give these
 * time 0: it is never before the newest frame, and does not move the timeline. */
int64_t timeline_header(const struct timeline *, uint32_t time_ms);

#endif
