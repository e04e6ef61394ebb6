/* statistics_metrics.c - all that is counted, for Prometheus (docs/METRICS.md). */
#include "server/statistics_peer.h"

#include "core/context.h"
#include "media/avcodec.h"
#include "protocol/metrics_writer.h"

#include <stdio.h>
#include <string.h>

/* No stream can be called so. */
#define OTHERS "(others)"

struct row {
    const char       *name;
    const char       *help;
    enum stream_count count;
    const char       *label, *value; /* NULL: none */
};

/* What is counted of each stream and of all; rows of one family stand together. */
static const struct row rows[] = {
    { "receive_bytes", "Bytes received from publishers.", STREAM_IN_BYTES, NULL, NULL },
    { "receive_packets", "Messages of audio, video and data from publishers.", STREAM_IN_PACKETS, NULL,
      NULL },
    { "transmit_bytes", "Bytes sent to viewers.", STREAM_OUT_BYTES, NULL, NULL },
    { "transmit_packets", "Messages of audio, video and data sent to viewers.", STREAM_OUT_PACKETS, NULL,
      NULL },
    { "drops", "Packets of publishers that nobody could use.", STREAM_DROPPED_BROKEN, "reason", "broken" },
    { "drops", NULL, STREAM_DROPPED_EARLY, "reason", "before_keyframe" },
    { "skips", "Slow viewers moved ahead, by the limit they had passed.", STREAM_SKIPS_LAG_MS, "reason",
      "lag_ms" },
    { "skips", NULL, STREAM_SKIPS_LAG_BYTES, "reason", "lag_bytes" },
    { "skipped_packets", "Packets that slow viewers were moved past.", STREAM_SKIPPED_PACKETS, NULL, NULL },
    { "stalls", "Viewers ended because they took nothing.", STREAM_STALLS, NULL, NULL },
    { "repairs", "Faults in the times of publishers that were mended.", STREAM_JUMPS, "kind", "jump" },
    { "repairs", NULL, STREAM_DISORDERS, "kind", "disorder" },
    { "repairs", NULL, STREAM_DRIFTS, "kind", "drift" },
    { "takeovers", "Publishers that made room for another.", STREAM_TAKEOVERS, NULL, NULL },
    { "switches", "Changes between a main publisher and its backup.", STREAM_SWITCHES, NULL, NULL },
};

enum { ROW_COUNT = sizeof rows / sizeof *rows };

/* The server. */

static void write_process(struct metrics_writer *w, const struct snapshot *s)
{
    const struct process_cost *cost = &s->server.cost;
    double                     started_s = (double)s->started_ms / 1000;
    metrics_begin(w, "millrace_build_info", METRICS_GAUGE, "The program that runs.");
    metrics_sample(w, (struct metrics_label[]){ { "version", MILLRACE_VERSION }, { NULL, NULL } }, 1);
    metrics_single_real(w, "process_start_time_seconds", METRICS_GAUGE, "When it began, since 1970.",
                        started_s);
    metrics_single_real(w, "process_cpu_seconds", METRICS_COUNTER, "CPU time of the process.",
                        (double)(cost->user_us + cost->system_us) / 1e6);
    metrics_single(w, "process_resident_memory_bytes", METRICS_GAUGE, "Memory of the process.",
                   cost->resident_size);
    metrics_single(w, "process_open_fds", METRICS_GAUGE, "Open file descriptors.", cost->descriptors);
    metrics_single(w, "process_max_fds", METRICS_GAUGE, "Most open file descriptors there may be.",
                   cost->descriptor_limit);
    metrics_single(w, "millrace_memory_limit_bytes", METRICS_GAUGE, "Memory it may have; 0 is no limit.",
                   s->server.memory_limit);
    metrics_single(w, "millrace_cpu_cores", METRICS_GAUGE, "Cores it may use.", cost->cores);
}

enum worker_figure { BUSY, SESSIONS, VIEWERS };

static void write_worker_family(struct metrics_writer *w, const struct server_sample *s,
                                enum worker_figure figure)
{
    for (unsigned i = 0; i < s->worker_count; i++) {
        const struct worker_sample *worker = &s->workers[i];
        char                        index[12];
        struct metrics_label        labels[] = { { "worker", index }, { NULL, NULL } };
        uint64_t                    sessions = 0;
        snprintf(index, sizeof index, "%u", i);
        for (int k = 0; k < SESSION_PROTOCOLS; k++)
            sessions += worker->protocols[k];
        if (figure == BUSY)
            metrics_sample_real(w, labels, worker->busy_percent / 100);
        else
            metrics_sample(w, labels, figure == SESSIONS ? sessions : worker->roles[SESSION_VIEWER]);
    }
}

static void write_workers(struct metrics_writer *w, const struct server_sample *s)
{
    metrics_begin(w, "millrace_worker_busy_ratio", METRICS_GAUGE,
                  "Share of its time a worker does not wait.");
    write_worker_family(w, s, BUSY);
    metrics_begin(w, "millrace_worker_sessions", METRICS_GAUGE, "Sessions that a worker has.");
    write_worker_family(w, s, SESSIONS);
    metrics_begin(w, "millrace_worker_viewers", METRICS_GAUGE, "Viewers that a worker has.");
    write_worker_family(w, s, VIEWERS);
}

static void write_sessions(struct metrics_writer *w, const struct server_sample *s)
{
    static const struct { const char *name; enum session_protocol protocol; } protocols[] = {
        { "rtmp", SESSION_RTMP }, { "flv", SESSION_FLV },     { "ws", SESSION_WS },
        { "http", SESSION_HTTP }, { "http2", SESSION_HTTP2 }, { "record", SESSION_RECORD },
    };
    uint64_t roles[SESSION_ROLES] = { 0 };
    metrics_begin(w, "millrace_sessions", METRICS_GAUGE, "Sessions there are, by protocol.");
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        uint64_t count = 0;
        for (unsigned k = 0; k < s->worker_count; k++)
            count += s->workers[k].protocols[protocols[i].protocol];
        metrics_sample(w, (struct metrics_label[]){ { "protocol", protocols[i].name }, { NULL, NULL } },
                       count);
    }
    for (unsigned i = 0; i < s->worker_count; i++)
        for (int k = 0; k < SESSION_ROLES; k++)
            roles[k] += s->workers[i].roles[k];
    metrics_single(w, "millrace_publishers", METRICS_GAUGE, "Sessions that publish.",
                   roles[SESSION_PUBLISHER]);
    metrics_single(w, "millrace_viewers", METRICS_GAUGE, "Sessions that watch.", roles[SESSION_VIEWER]);
}

static void write_connections(struct metrics_writer *w, const struct stats *stats,
                              const struct server_sample *s)
{
    metrics_single(w, "millrace_connections", METRICS_GAUGE, "Open connections.",
                   stats_get(&stats->connections));
    metrics_single(w, "millrace_connections_accepted", METRICS_COUNTER, "Connections that were let in.",
                   stats_get(&stats->connections_accepted));
    metrics_begin(w, "millrace_connections_refused", METRICS_COUNTER,
                  "Connections that were not, by the key why.");
    for (int i = LIMIT_CONNECTIONS; i <= LIMIT_CONNECTIONS_PER_IP; i++)
        metrics_sample(w, (struct metrics_label[]){ { "reason", limit_key(i) }, { NULL, NULL } },
                       stats_get(&stats->limits_hit[i]));
    metrics_sample(w, (struct metrics_label[]){ { "reason", "proxy.from" }, { NULL, NULL } },
                   stats_get(&stats->proxy_refused));
    metrics_single(w, "millrace_network_receive_bytes", METRICS_COUNTER,
                   "Bytes of all connections, within TLS.", s->traffic_in);
    metrics_single(w, "millrace_network_transmit_bytes", METRICS_COUNTER,
                   "Bytes to all connections, within TLS.", s->traffic_out);
}

static void write_refusals(struct metrics_writer *w, const struct stats *stats)
{
    metrics_begin(w, "millrace_limits_hit", METRICS_COUNTER,
                  "Times that a limit refused or ended something.");
    for (int i = 0; i < LIMIT_COUNT; i++)
        metrics_sample(w, (struct metrics_label[]){ { "limit", limit_key(i) }, { NULL, NULL } },
                       stats_get(&stats->limits_hit[i]));
    metrics_single(w, "millrace_publishers_refused", METRICS_COUNTER, "Publishers that were refused.",
                   stats_get(&stats->publishers_refused));
    metrics_single(w, "millrace_viewers_refused", METRICS_COUNTER, "Viewers that were refused.",
                   stats_get(&stats->viewers_refused));
    const struct { const char *by; const atomic_uint_fast64_t *count; } refusals[] = {
        { "address", &stats->refused_by_address }, { "sign", &stats->refused_by_sign },
        { "hook", &stats->refused_by_hook },
    };
    metrics_begin(w, "millrace_access_refused", METRICS_COUNTER, "Publishers and viewers without the right.");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        metrics_sample(w, (struct metrics_label[]){ { "by", refusals[i].by }, { NULL, NULL } },
                       stats_get(refusals[i].count));
    metrics_single(w, "millrace_sessions_failed", METRICS_COUNTER, "Sessions ended for a fault of the peer.",
                   stats_get(&stats->sessions_failed));
}

static void write_helpers(struct metrics_writer *w, const struct statistics_source *from,
                          const struct stats *stats)
{
    metrics_single(w, "millrace_webhooks_sent", METRICS_COUNTER, "Notifications answered as they should be.",
                   stats_get(&stats->webhooks_sent));
    metrics_single(w, "millrace_webhooks_failed", METRICS_COUNTER, "Attempts to notify that failed.",
                   stats_get(&stats->webhooks_failed));
    metrics_single(w, "millrace_webhooks_retried", METRICS_COUNTER, "Attempts to notify after the first.",
                   stats_get(&stats->webhooks_retried));
    metrics_single(w, "millrace_webhooks_dead", METRICS_COUNTER, "Notifications that were given up.",
                   stats_get(&stats->webhooks_dead));
    metrics_single(w, "millrace_webhooks_queued", METRICS_GAUGE,
                   "Notifications that wait or are on their way.", stats_get(&stats->webhooks_queued));
    metrics_single(w, "millrace_recordings", METRICS_GAUGE, "Recordings that run.", from->recording_count);
    metrics_single(w, "millrace_record_gaps", METRICS_COUNTER, "Times that a recording lost packets.",
                   stats_get(&stats->record_gaps));
    metrics_single(w, "millrace_record_players", METRICS_GAUGE, "Sessions that watch what was recorded.",
                   stats_get(&stats->record_players));
}

static void write_totals(struct metrics_writer *w, const struct server_sample *s)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row    *row = &rows[i];
        char                 name[64];
        struct metrics_label labels[] = { { row->label, row->value }, { NULL, NULL } };
        snprintf(name, sizeof name, "millrace_%s", row->name);
        if (row->help != NULL)
            metrics_begin(w, name, METRICS_COUNTER, row->help);
        w->name = name;
        metrics_sample(w, labels, s->counts[row->count]);
    }
}

/* Streams: the first by their paths have series of their own. */

struct listed {
    const struct snapshot *snapshot;
    size_t                 count;
};

/* Room for the labels of one stream, and two more. */
struct stream_labels {
    struct metrics_label labels[METRICS_LABELS_MAX];
    char                 app[URL_PATH_SIZE];
};

static void set_labels(struct stream_labels *l, const struct stream_sample *s)
{
    const char *slash = strchr(s->path + 1, '/');
    memset(l->labels, 0, sizeof l->labels);
    snprintf(l->app, sizeof l->app, "%.*s", (int)(slash - s->path - 1), s->path + 1);
    l->labels[0] = (struct metrics_label){ "app", l->app };
    l->labels[1] = (struct metrics_label){ "name", slash + 1 };
}

static void write_stream_counts(struct metrics_writer *w, const struct listed *listed)
{
    struct stream_labels l;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char name[64];
        snprintf(name, sizeof name, "millrace_stream_%s", rows[i].name);
        if (rows[i].help != NULL)
            metrics_begin(w, name, METRICS_COUNTER, rows[i].help);
        w->name = name;
        for (size_t k = 0; k < listed->count; k++) {
            const struct stream_sample *s = &listed->snapshot->streams[k];
            set_labels(&l, s);
            l.labels[2] = (struct metrics_label){ rows[i].label, rows[i].value };
            metrics_sample(w, l.labels, s->counts[rows[i].count]);
        }
    }
}

static const char *const viewer_kinds[METER_VIEWER_KINDS] = {
    [WIRE_RTMP] = "rtmp", [WIRE_FLV] = "flv", [WIRE_WS] = "ws", [METER_RECORDINGS] = "record",
};

/* Of the streams beyond those that are listed, the viewers together. */
static void write_stream_viewers(struct metrics_writer *w, const struct listed *listed)
{
    struct stream_labels l;
    uint64_t             others[METER_VIEWER_KINDS] = { 0 };
    metrics_begin(w, "millrace_stream_viewers", METRICS_GAUGE, "Viewers and recordings of a stream.");
    for (size_t i = 0; i < listed->snapshot->count; i++) {
        const struct stream_sample *s = &listed->snapshot->streams[i];
        set_labels(&l, s);
        for (int kind = 0; kind < METER_VIEWER_KINDS; kind++) {
            others[kind] += i < listed->count ? 0 : s->viewers[kind];
            l.labels[2] = (struct metrics_label){ "protocol", viewer_kinds[kind] };
            if (i < listed->count)
                metrics_sample(w, l.labels, s->viewers[kind]);
        }
    }
    for (int kind = 0; listed->snapshot->count > listed->count && kind < METER_VIEWER_KINDS; kind++)
        metrics_sample(w, (struct metrics_label[]){ { "app", OTHERS }, { "name", OTHERS },
                       { "protocol", viewer_kinds[kind] }, { NULL, NULL } }, others[kind]);
}

static void write_stream_states(struct metrics_writer *w, const struct listed *listed)
{
    struct stream_labels l;
    metrics_begin(w, "millrace_stream_live", METRICS_GAUGE, "1 while somebody publishes it.");
    for (size_t i = 0; i < listed->count; i++) {
        set_labels(&l, &listed->snapshot->streams[i]);
        metrics_sample(w, l.labels, listed->snapshot->streams[i].status == STREAM_LIVE);
    }
    metrics_begin(w, "millrace_stream_start_time_seconds", METRICS_GAUGE, "Since when it is published.");
    for (size_t i = 0; i < listed->count; i++) {
        const struct stream_sample *s = &listed->snapshot->streams[i];
        set_labels(&l, s);
        if (s->began_ms != 0)
            metrics_sample_real(w, l.labels, (double)s->began_ms / 1000);
    }
}

enum track_figure { TRACK_BYTES, TRACK_FRAMES, TRACK_GOP };

static void write_tracks_of(struct metrics_writer *w, const struct stream_sample *s, enum track_figure figure)
{
    struct stream_labels l;
    set_labels(&l, s);
    for (size_t i = 0; i < s->track_count; i++) {
        const struct track_sample *t = &s->tracks[i];
        char                       number[12];
        snprintf(number, sizeof number, "%u", t->track);
        l.labels[2] = (struct metrics_label){ "kind", t->type == AV_VIDEO ? "video" : "audio" };
        l.labels[3] = (struct metrics_label){ "track", number };
        if (figure == TRACK_GOP && t->gop_ms > 0)
            metrics_sample_real(w, l.labels, (double)t->gop_ms / 1000);
        else if (figure != TRACK_GOP)
            metrics_sample(w, l.labels, figure == TRACK_BYTES ? t->bytes : t->frames);
    }
}

static void write_tracks(struct metrics_writer *w, const struct listed *listed)
{
    metrics_begin(w, "millrace_stream_track_bytes", METRICS_COUNTER,
                  "Coded data of a track, of its publisher.");
    for (size_t i = 0; i < listed->count; i++)
        write_tracks_of(w, &listed->snapshot->streams[i], TRACK_BYTES);
    metrics_begin(w, "millrace_stream_track_frames", METRICS_COUNTER, "Frames of a track, of its publisher.");
    for (size_t i = 0; i < listed->count; i++)
        write_tracks_of(w, &listed->snapshot->streams[i], TRACK_FRAMES);
    metrics_begin(w, "millrace_stream_track_gop_seconds", METRICS_GAUGE,
                  "Time between its last two keyframes.");
    for (size_t i = 0; i < listed->count; i++)
        write_tracks_of(w, &listed->snapshot->streams[i], TRACK_GOP);
}

static void write_streams(struct metrics_writer *w, const struct snapshot *s, uint32_t streams_max)
{
    static const char *const statuses[] = { "live", "reconnecting", "waiting" };
    struct listed            listed = { s, s->count < streams_max ? s->count : streams_max };
    uint64_t                 counts[3] = { 0 };
    for (size_t i = 0; i < s->count; i++)
        counts[s->streams[i].status]++;
    metrics_begin(w, "millrace_streams", METRICS_GAUGE, "Streams there are.");
    for (int i = 0; i < 3; i++)
        metrics_sample(w, (struct metrics_label[]){ { "status", statuses[i] }, { NULL, NULL } }, counts[i]);
    metrics_single(w, "millrace_streams_unlisted", METRICS_GAUGE,
                   "Streams without series of their own: those beyond metrics.streams.",
                   s->count - listed.count);
    write_stream_states(w, &listed);
    write_stream_viewers(w, &listed);
    write_stream_counts(w, &listed);
    write_tracks(w, &listed);
}

void statistics_write_metrics(struct text *out, const struct statistics_source *from, bool open_metrics,
                              uint32_t streams_max)
{
    struct metrics_writer w = { .out = out, .open = open_metrics };
    const struct stats   *stats = &from->context->stats;
    write_process(&w, from->snapshot);
    write_workers(&w, &from->snapshot->server);
    write_sessions(&w, &from->snapshot->server);
    write_connections(&w, stats, &from->snapshot->server);
    write_refusals(&w, stats);
    write_helpers(&w, from, stats);
    write_totals(&w, &from->snapshot->server);
    write_streams(&w, from->snapshot, streams_max);
    metrics_end(&w);
}
