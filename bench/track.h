/* track.h - is what one viewer gets complete, in order, and on time?  Pure: the time is given.
 *
 * Stamped pictures (sei.h) tell exactly.  For everything else the timestamps must do: they may
 * not go back, nor step further than the published file ever does. */
#ifndef MILLRACE_BENCH_TRACK_H
#define MILLRACE_BENCH_TRACK_H

#include "bench/histogram.h"
#include "bench/skim.h"

/* What was found, summed over any number of viewers. */
struct figures {
    uint64_t bytes;      /* off the socket */
    uint64_t messages;   /* audio, video and data, headers too */
    uint64_t pictures;   /* stamped ones */
    uint64_t cached;     /* of these, sent before the viewer asked to play: no latency */
    uint64_t missing;    /* stamped pictures that never came */
    uint64_t gaps;       /* places where they are missing */
    uint64_t repeated;   /* stamped pictures that came again, or after a later one */
    uint64_t foreign;    /* stamped pictures of another stream */
    uint64_t time_back;  /* frames whose timestamp went back */
    uint64_t time_gaps;  /* steps too long for the file, where no stamp tells */
    struct histogram latency;       /* from the publisher's send to our read */
    struct histogram first_connect; /* first picture, from connect() on */
    struct histogram first_play;    /* the same, from the request to play on */
};

/* The counters, without the histograms; those of faults only if `faults`. */
void figures_add_counts(struct figures *into, const struct figures *, bool faults);

void figures_merge(struct figures *into, const struct figures *);

/* Whether anything is not as it was published. */
bool figures_are_clean(const struct figures *);

/* The published file's longest steps; 0: not known, so none is too long. */
struct track_limits {
    uint32_t audio_step_ms;
    uint32_t video_step_ms;
    bool     audio_only; /* the first frame is a sound */
};

struct track {
    uint64_t connect_us;
    uint64_t play_us;       /* when the request to play was sent */
    uint64_t last_us;       /* when the last frame came; 0: none yet */
    uint64_t next_sequence;
    uint32_t stream;
    uint32_t audio_ms;      /* timestamps of the last frames */
    uint32_t video_ms;
    bool     has_stamp;
    bool     has_audio;
    bool     has_video;
    bool     has_first;     /* the first picture is counted */
};

/* A message has come at `now_us`. */
void track_message(struct track *, struct figures *, const struct track_limits *,
                   const struct skim_message *, uint64_t now_us);

#endif
