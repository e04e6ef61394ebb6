/* broadcast.h - one live stream: its publisher, its timeline, its GOP cache, and the outlets
 * through which the workers' viewers see it.
 *
 * A broadcast exists while it has a publisher or an outlet, and leaves nothing behind.  Two
 * kinds of state, two owners:
 *
 *   who publishes, which outlets there are     the context's lock
 *   timeline, cache, targets                   the publisher's worker while there is a
 *                                              publisher, the context's lock while there is none
 *
 * so the path of a packet takes no lock.  All that an outlet hears, it hears by posts to its
 * worker, its own publisher's worker included, in the stream's order: whoever posts for a
 * stream hands it over before the lock lets another do so. */
#ifndef MILLRACE_CORE_BROADCAST_H
#define MILLRACE_CORE_BROADCAST_H

#include "core/gop_cache.h"
#include "core/meter.h"
#include "core/standby.h"
#include "core/stream_tracks.h"
#include "core/timeline.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct context;
struct outlet;
struct session;
struct worker;

struct broadcast {
    atomic_uint          refs;
    struct context      *context;
    char                *path;
    struct session      *publisher;      /* lock; NULL while there is none */
    struct session      *successor;      /* lock; waits for the publisher to let go */
    enum standby_reason  successor_claim; /* lock; if it was warm */
    enum standby_reason  last_switch;    /* lock; why there was the last of `switches` */
    struct session      *standby;        /* lock; kept warm: core/standby.h */
    struct session      *evicted;        /* lock; was warm and silent; to be ended by its worker */
    struct worker       *home;           /* lock; the publisher's worker */
    uint64_t             serial;         /* lock; counts publishers */
    uint64_t             yield_serial;   /* lock; the one who is to make room */
    bool                 held;           /* lock; viewers wait for the publisher to come back */
    uint64_t             held_until_ms;  /* lock */
    struct outlet      **outlets;        /* lock; a reference each */
    size_t               outlet_count;
    atomic_uint          outlets_changed; /* counts changes of `outlets` */
    atomic_int_fast64_t  viewer_count;
    atomic_uint_fast64_t media_ms;       /* when the publisher last sent something, or began */
    atomic_uint_fast64_t media_bytes;    /* from all who have been on the air */
    atomic_uint_fast64_t warm_ms;        /* the same as media_ms, of the one that stands by */
    struct stream_meter  meter;
    int64_t              began_ms;       /* lock; wall clock: since when it is published; 0: it is not */
    /* The packets' side. */
    struct gop_cache     cache;
    struct timeline      timeline;
    struct stream_tracks tracks;         /* to be read by others with the lock */
    struct outlet      **targets;        /* the outlets packets are posted to; a reference each */
    size_t               target_count;
    unsigned             targets_as_of;  /* outlets_changed when they were listed */
};

/* A main publisher and a backup (session->backup) may publish a stream at once: one is on the air,
 * the other warm, with session->standby set, and both call broadcast_append() with all they have.
 * The warm one takes over at a keyframe when the other is gone, has been silent for
 * publish.standby_after_ms, or sends less than publish.standby_min_bitrate while the warm one does
 * not; and the main one, when it has been well for publish.standby_return_s.
 *
 * Become the publisher of `path`: 0, and session->broadcast is set; ERR_TOO_BIG if there are
 * limits.streams already.  If the stream has a publisher, publish.takeover says what happens:
 * ERR_BUSY, or BROADCAST_PENDING while that one is made to leave; then the session's
 * on_published() is called when the stream is its own.  On the session's worker, like the next
 * two. */
enum { BROADCAST_PENDING = 1 };
int  broadcast_publish(struct session *, const char *path);

/* Stop publishing, or waiting to. */
void broadcast_unpublish(struct session *);

/* A packet from the publisher, classified by avcodec_classify(); time_ms is the publisher's.
 * Takes the reference over. */
void broadcast_append(struct session *, struct avpacket *packet, uint32_t time_ms);

/* Whether somebody publishes `path` now. */
bool broadcast_is_live(struct context *, const char *path);

/* For outlets, on the outlet's worker: sets outlet->broadcast, and the outlet's cache if the
 * stream is held.  0, ERR_TOO_BIG, or ERR_REFUSED for too many variants of the stream. */
int  broadcast_attach(struct outlet *);
void broadcast_detach(struct outlet *);

/* What has been counted of it until now.  Any thread that holds a reference, or the lock. */
void broadcast_read_counts(const struct broadcast *, uint64_t out[STREAM_COUNTS]);

/* Count one more, unless there are `viewers_max` (0: no limit). */
bool broadcast_admit_viewer(struct broadcast *, uint32_t viewers_max);

/* A viewer or a recording (`kind` as stream_meter.viewers has it) has come, or left. */
void broadcast_count_viewer(struct broadcast *, unsigned kind, bool admitted);
void broadcast_discount_viewer(struct broadcast *, unsigned kind);

/* Streams whose publisher has not come back in time end.  From one worker's tick. */
void broadcast_expire_held(struct worker *);

#endif
