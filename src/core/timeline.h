/* timeline.h - a stream's own time, whoever publishes it.
 *
 * Publishers count milliseconds in 32 bits, which wrap after 49.7 days.  The timeline has 64,
 * starts where the first publisher starts, and goes on where the last one stopped when another
 * takes its place: all tracks of a publisher are moved by the same offset, so none shifts
 * against another. */
#ifndef MILLRACE_CORE_TIMELINE_H
#define MILLRACE_CORE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

/* What lies between the last frame of one publisher and the first of the next. */
#define TIMELINE_SEAM_MS 20

struct timeline {
    int64_t raw_ms;    /* the publisher's last time, unwrapped */
    int64_t offset_ms; /* from the publisher's time to the stream's */
    int64_t last_ms;   /* the stream's newest frame */
    bool    begun;     /* there has been a frame */
    bool    publisher_begun; /* of this publisher */
};

/* Another publisher from here on. */
void timeline_restart(struct timeline *);

/* The stream's time of a frame, from the low 32 bits the publisher gave. */
int64_t timeline_frame(struct timeline *, uint32_t time_ms);

/* The same for a packet that is no frame (metadata, sequence headers).  Many encoders give these
 * time 0: it is never before the newest frame, and does not move the timeline. */
int64_t timeline_header(const struct timeline *, uint32_t time_ms);

#endif
