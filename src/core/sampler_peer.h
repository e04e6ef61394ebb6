/* sampler_peer.h - what the files of the sampler share; nobody else includes it.
 *
 *     sampler.c         the thread, the server's figures, the newest snapshot
 *     sampler_stream.c  what is read of a stream, and what is remembered of it
 *     snapshot.c        the life of a snapshot */
#ifndef MILLRACE_CORE_SAMPLER_PEER_H
#define MILLRACE_CORE_SAMPLER_PEER_H

#include "core/rate.h"
#include "core/sampler.h"

struct broadcast;

/* What is remembered of a stream from one snapshot to the next. */
struct stream_memory {
    char               *path;
    uint64_t            number; /* of the last snapshot that had it */
    struct history      history;
    size_t              track_count;
    struct track_memory *tracks;
};

struct stream_memory *stream_memory_new(const char *path);
void                  stream_memory_free(struct stream_memory *);

/* With the context's lock: what there is to be read of the stream.  False if it is over, and nobody
 * is to see it. */
bool sampler_read_stream(const struct broadcast *, struct stream_sample *out);

/* Without: the rates of the tracks, and a point more in the history. */
void sampler_measure_stream(struct stream_memory *, struct stream_sample *, uint64_t now_ms, int64_t wall_ms);

/* Memory of a snapshot; unref frees it. */
struct snapshot *snapshot_new(size_t streams_max, unsigned worker_count);

#endif
