/* outlet.h - one stream as one worker sees it: its packets, and the viewers of that worker.
 *
 * The ring here is this worker's own list of references to packets that all workers share.  An
 * outlet is made when a worker's first viewer of a stream joins, and closed when the last has
 * left.  Viewers who want the stream in another form, or not all of its tracks, have an outlet of
 * their own, a variant: its packets are made anew on the way into its ring, once for all of them.
 *
 * Everything here runs on the outlet's worker, but for the counted life of the memory: the
 * publisher's worker holds a reference while it may still post packets. */
#ifndef MILLRACE_CORE_OUTLET_H
#define MILLRACE_CORE_OUTLET_H

#include "base/list.h"
#include "core/gop_cache.h"
#include "core/track_choice.h"
#include "core/viewer.h"

#include <stdatomic.h>
#include <stdbool.h>

struct broadcast;
struct worker;

enum { OUTLET_FORMS = WIRE_RTMP + 1 };

/* Variants of one stream on one worker: each costs a copy of what it changes. */
#define OUTLET_VARIANTS_MAX 16

/* A keyframe of this size is sent at once, whatever delivery.flush_ms says. */
#define OUTLET_LARGE_SIZE (32 * 1024)

struct outlet {
    atomic_uint       refs;
    bool              closed;
    bool              primed;     /* under the registry's lock: has been given the cached GOP */
    bool              live;       /* a publisher is there, or is expected back */
    bool              cut_short;  /* fanout's: this flush does not reach the end of the ring */
    struct worker    *worker;
    struct broadcast *broadcast;  /* a counted reference while not closed */
    char             *path;
    struct track_choice choice;
    struct gop_cache  cache;
    uint64_t          first_packet_ms; /* when the publisher's first packet came; 0: none yet */
    struct list       waiting;    /* viewers, by state */
    struct list       behind;
    struct list       steady[OUTLET_FORMS];
    size_t            viewer_count;
    struct list       dirty;      /* worker's list of outlets with packets to flush */
    uint64_t          dirty_ms;   /* since when */
};

/* The outlet of `path` and `choice` (NULL: all as it comes) on this worker, made and attached to its
 * broadcast if there is none.  ERR_TOO_BIG if there would be too many streams, ERR_REFUSED for too
 * many variants of this one.  The first viewer must join in this turn. */
int outlet_open(struct worker *, const char *path, const struct track_choice *choice, struct outlet **out);

/* Keep a place for `v`, which must join in this turn, if the stream has fewer than `viewers_max`
 * viewers on all workers; 0 is no limit.  0; or ERR_TOO_BIG, and an outlet that was opened for it
 * is closed. */
int outlet_admit(struct outlet *, struct viewer *v, uint32_t viewers_max);

struct outlet *outlet_ref(struct outlet *);
void           outlet_unref(struct outlet *);

/* Join and leave.  A viewer that joins starts at the cached GOP, or when there is one; one that
 * starts_live, at the next.  Leaving may close the outlet. */
void outlet_join(struct outlet *, struct viewer *);
void outlet_leave(struct viewer *);

/* Change what it wants to see: CURSOR_NO_AUDIO and so on.  Video that comes back does so at a
 * keyframe: the newest if `at_start` (as after RTMP's pause), with the headers again; else the
 * next. */
void outlet_filter_viewer(struct viewer *, uint8_t filter, bool at_start);

/* How far it is behind what has come; what lies in its socket has been sent. */
struct viewer_lag {
    int64_t  ms;
    uint64_t size; /* of packets */
};
struct viewer_lag outlet_viewer_lag(const struct viewer *);

/* The viewer's socket takes bytes again. */
void outlet_viewer_writable(struct viewer *);

/* From the broadcast, in the stream's order. */
void outlet_restart(struct outlet *);                   /* a publisher starts or returns */
void outlet_append(struct outlet *, struct avpacket *); /* borrowed */
void outlet_prime(struct outlet *, struct avpacket *);  /* the same, but it was before the outlet was */
void outlet_end(struct outlet *);                       /* the publisher is gone for good */

/* From the worker.  Flush: what has come to these outlets, listed by `dirty`, goes to all who are
 * ready for it; the list is empty then.  Fed: a viewer was served by fanout_feed(). */
void outlet_flush(struct worker *, struct list *outlets);
void outlet_fed(struct viewer *);
void outlet_tick(struct outlet *, uint64_t now_ms);     /* about four times a second */

#endif
