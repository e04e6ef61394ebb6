/* statistics_peer.h - what the files of the statistics share; nobody else includes it.
 *
 *     statistics.c          the texts, their making and their sharing
 *     statistics_json.c     a stream, the server
 *     statistics_metrics.c  the same for Prometheus */
#ifndef MILLRACE_SERVER_STATISTICS_PEER_H
#define MILLRACE_SERVER_STATISTICS_PEER_H

#include "protocol/json_writer.h"
#include "protocol/wire.h"
#include "server/statistics.h"
#include "session/record_session.h"

/* What texts are made of. */
struct statistics_source {
    struct context        *context;
    const struct snapshot *snapshot;
    struct record_status  *recordings; /* by path */
    size_t                 recording_count;
};

/* The recording of a stream; NULL: none. */
const struct record_status *statistics_recording(const struct statistics_source *, const char *path);

/* One object. */
void statistics_write_stream(struct json_writer *, const struct statistics_source *,
                             const struct stream_sample *);
void statistics_write_server(struct json_writer *, const struct statistics_source *);

/* The whole answer; a series for each of at most `streams_max` streams. */
void statistics_write_metrics(struct text *, const struct statistics_source *, bool open_metrics,
                              uint32_t streams_max);

#endif
