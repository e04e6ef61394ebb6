/* statistics_json.c - a stream and the server as docs/openapi.json describes them. */
#include "server/statistics_peer.h"

#include "core/context.h"
#include "media/avcodec.h"

#include <string.h>
#include <unistd.h>

static uint64_t age_ms(const struct statistics_source *from, int64_t since_ms)
{
    return since_ms != 0 && from->snapshot->wall_ms > since_ms
               ? (uint64_t)(from->snapshot->wall_ms - since_ms)
               : 0;
}

/* Streams. */

static void write_publisher(struct json_writer *w, const char *key, const struct publisher_sample *p)
{
    if (p->id[0] == '\0') {
        json_write_null(w, key);
        return;
    }
    json_begin(w, key, '{');
    json_write_string(w, "id", p->id);
    json_write_string(w, "ip", p->ip);
    json_write_number(w, "port", p->port);
    json_write_string(w, "protocol", p->protocol);
    json_write_time(w, "createTime", p->created_ms);
    json_write_number(w, "inBytes", p->in_bytes);
    json_write_number(w, "inBitrate", p->in_bitrate);
    json_write_text(w, "userAgent", p->agent);
    json_write_bool(w, "backup", p->backup);
    json_end(w, '}');
}

static void write_video(struct json_writer *w, const struct track_sample *t)
{
    const struct track_info *info = &t->info;
    json_write_text(w, "profile", info->profile);
    json_write_text(w, "level", info->level);
    json_write_known(w, "width", info->width);
    json_write_known(w, "height", info->height);
    json_write_real(w, "frameRate", t->frame_rate);
    if (info->frame_rate_den > 0)
        json_write_real(w, "declaredFrameRate", track_info_frame_rate(info));
    else
        json_write_null(w, "declaredFrameRate");
    json_write_number(w, "bitrate", t->bitrate);
    json_write_known(w, "gopMs", t->gop_ms);
}

static void write_audio(struct json_writer *w, const struct track_sample *t)
{
    json_write_text(w, "profile", t->info.profile);
    json_write_known(w, "sampleRate", t->info.sample_rate_hz);
    json_write_known(w, "channels", t->info.channels);
    json_write_number(w, "bitrate", t->bitrate);
}

static void write_track(struct json_writer *w, const char *key, const struct track_sample *t, bool kind)
{
    const char *codec = avcodec_name(t->info.codec);
    json_begin(w, key, '{');
    if (kind)
        json_write_string(w, "kind", t->type == AV_VIDEO ? "video" : "audio");
    json_write_string(w, "codec", codec[0] != '\0' ? codec : "unknown");
    if (t->type == AV_VIDEO)
        write_video(w, t);
    else
        write_audio(w, t);
    json_write_number(w, "track", t->track);
    json_end(w, '}');
}

/* The one that players show: the first by its number. */
static void write_first_track(struct json_writer *w, const char *key, const struct stream_sample *s, int type)
{
    const struct track_sample *first = NULL;
    for (size_t i = 0; i < s->track_count; i++)
        if (s->tracks[i].type == type && (first == NULL || s->tracks[i].track < first->track))
            first = &s->tracks[i];
    if (first != NULL)
        write_track(w, key, first, false);
    else
        json_write_null(w, key);
}

static void write_tracks(struct json_writer *w, const struct stream_sample *s)
{
    write_first_track(w, "video", s, AV_VIDEO);
    write_first_track(w, "audio", s, AV_AUDIO);
    json_begin(w, "tracks", '[');
    for (size_t i = 0; i < s->track_count; i++)
        write_track(w, NULL, &s->tracks[i], true);
    json_end(w, ']');
}

static void write_viewers(struct json_writer *w, const struct stream_sample *s)
{
    json_begin(w, "viewers", '{');
    json_write_number(w, "total", snapshot_viewers(s->viewers));
    json_write_number(w, "rtmp", s->viewers[WIRE_RTMP]);
    json_write_number(w, "flv", s->viewers[WIRE_FLV]);
    json_write_number(w, "ws", s->viewers[WIRE_WS]);
    json_write_number(w, "record", s->viewers[METER_RECORDINGS]);
    json_end(w, '}');
}

static void write_traffic(struct json_writer *w, const uint64_t *counts, uint64_t in_bitrate,
                          uint64_t out_bitrate)
{
    json_write_number(w, "inBytes", counts[STREAM_IN_BYTES]);
    json_write_number(w, "outBytes", counts[STREAM_OUT_BYTES]);
    json_write_number(w, "inBitrate", in_bitrate);
    json_write_number(w, "outBitrate", out_bitrate);
    json_write_number(w, "inPackets", counts[STREAM_IN_PACKETS]);
    json_write_number(w, "outPackets", counts[STREAM_OUT_PACKETS]);
}

static void write_faults(struct json_writer *w, const uint64_t *counts)
{
    json_begin(w, "drops", '{');
    json_write_number(w, "packets", counts[STREAM_DROPPED_BROKEN] + counts[STREAM_DROPPED_EARLY]);
    json_write_number(w, "broken", counts[STREAM_DROPPED_BROKEN]);
    json_write_number(w, "beforeKeyframe", counts[STREAM_DROPPED_EARLY]);
    json_end(w, '}');
    json_begin(w, "skips", '{');
    json_write_number(w, "count", counts[STREAM_SKIPS_LAG_MS] + counts[STREAM_SKIPS_LAG_BYTES]);
    json_write_number(w, "packets", counts[STREAM_SKIPPED_PACKETS]);
    json_write_number(w, "lagMs", counts[STREAM_SKIPS_LAG_MS]);
    json_write_number(w, "lagBytes", counts[STREAM_SKIPS_LAG_BYTES]);
    json_end(w, '}');
    json_write_number(w, "stalls", counts[STREAM_STALLS]);
    json_begin(w, "repairs", '{');
    json_write_number(w, "jumps", counts[STREAM_JUMPS]);
    json_write_number(w, "disorders", counts[STREAM_DISORDERS]);
    json_write_number(w, "drifts", counts[STREAM_DRIFTS]);
    json_end(w, '}');
    json_write_number(w, "takeovers", counts[STREAM_TAKEOVERS]);
    json_write_number(w, "switches", counts[STREAM_SWITCHES]);
}

/* A file's name is what it will be when it is complete. */
static void write_file(struct json_writer *w, const char *name)
{
    char   file[RECORD_FILE_SIZE];
    size_t size = strlen(name), part = strlen(RECORD_PART);
    memcpy(file, name, size + 1);
    if (size > part && strcmp(file + size - part, RECORD_PART) == 0)
        file[size - part] = '\0';
    json_write_text(w, "file", file);
}

static void write_recording(struct json_writer *w, const struct statistics_source *from, const char *path)
{
    const struct record_status *r = statistics_recording(from, path);
    if (r == NULL) {
        json_write_null(w, "recording");
        return;
    }
    json_begin(w, "recording", '{');
    json_write_bool(w, "active", true);
    write_file(w, r->file);
    json_write_time(w, "startTime", r->started_ms);
    json_write_number(w, "durationMs", age_ms(from, r->started_ms));
    json_write_number(w, "bytes", r->bytes + r->segment_size);
    json_write_number(w, "gaps", r->gaps);
    json_end(w, '}');
}

void statistics_write_stream(struct json_writer *w, const struct statistics_source *from,
                             const struct stream_sample *s)
{
    static const char *const statuses[] = {
        [STREAM_LIVE] = "live", [STREAM_RECONNECTING] = "reconnecting", [STREAM_WAITING] = "waiting",
    };
    const char *slash = strchr(s->path + 1, '/');
    char        app[URL_PATH_SIZE];
    size_t      app_size = (size_t)(slash - s->path - 1);
    memcpy(app, s->path + 1, app_size);
    app[app_size] = '\0';
    json_begin(w, NULL, '{');
    json_write_string(w, "streamPath", s->path);
    json_write_string(w, "app", app);
    json_write_string(w, "name", slash + 1);
    json_write_string(w, "status", statuses[s->status]);
    json_write_time(w, "startTime", s->began_ms);
    json_write_number(w, "uptimeMs", age_ms(from, s->began_ms));
    write_publisher(w, "publisher", &s->publisher);
    write_publisher(w, "standby", &s->standby);
    write_tracks(w, s);
    write_viewers(w, s);
    write_traffic(w, s->counts, s->in_bitrate, s->out_bitrate);
    write_faults(w, s->counts);
    write_recording(w, from, s->path);
    json_end(w, '}');
}

/* The server. */

static void write_process(struct json_writer *w, const struct server_sample *s)
{
    json_begin(w, "cpu", '{');
    json_write_real(w, "percent", s->cpu_percent);
    json_write_number(w, "userMs", s->cost.user_us / 1000);
    json_write_number(w, "systemMs", s->cost.system_us / 1000);
    json_write_number(w, "cores", s->cost.cores);
    json_end(w, '}');
    json_begin(w, "memory", '{');
    json_write_number(w, "rssBytes", s->cost.resident_size);
    json_write_known(w, "limitBytes", s->memory_limit);
    json_end(w, '}');
    json_begin(w, "descriptors", '{');
    json_write_number(w, "open", s->cost.descriptors);
    json_write_known(w, "limit", s->cost.descriptor_limit);
    json_end(w, '}');
}

static uint64_t count_sessions(const struct worker_sample *worker)
{
    uint64_t count = 0;
    for (int i = 0; i < SESSION_PROTOCOLS; i++)
        count += worker->protocols[i];
    return count;
}

static void write_workers(struct json_writer *w, const struct server_sample *s)
{
    json_begin(w, "workers", '[');
    for (unsigned i = 0; i < s->worker_count; i++) {
        const struct worker_sample *worker = &s->workers[i];
        json_begin(w, NULL, '{');
        json_write_number(w, "index", i);
        json_write_real(w, "busyPercent", worker->busy_percent);
        json_write_number(w, "sessions", count_sessions(worker));
        json_write_number(w, "viewers", worker->roles[SESSION_VIEWER]);
        json_write_string(w, "backend", worker->backend != NULL ? worker->backend : "sendmsg");
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void write_sessions(struct json_writer *w, const struct server_sample *s)
{
    uint64_t protocols[SESSION_PROTOCOLS] = { 0 }, roles[SESSION_ROLES] = { 0 }, total = 0;
    for (unsigned i = 0; i < s->worker_count; i++) {
        for (int k = 0; k < SESSION_PROTOCOLS; k++)
            protocols[k] += s->workers[i].protocols[k];
        for (int k = 0; k < SESSION_ROLES; k++)
            roles[k] += s->workers[i].roles[k];
        total += count_sessions(&s->workers[i]);
    }
    json_begin(w, "sessions", '{');
    json_write_number(w, "total", total);
    json_write_number(w, "publishers", roles[SESSION_PUBLISHER]);
    json_write_number(w, "viewers", roles[SESSION_VIEWER]);
    json_write_number(w, "rtmp", protocols[SESSION_RTMP]);
    json_write_number(w, "flv", protocols[SESSION_FLV]);
    json_write_number(w, "ws", protocols[SESSION_WS]);
    json_write_number(w, "http", protocols[SESSION_HTTP] + protocols[SESSION_HTTP2]);
    json_write_number(w, "record", protocols[SESSION_RECORD]);
    json_end(w, '}');
}

static void write_connections(struct json_writer *w, const struct stats *stats, const struct server_sample *s)
{
    json_begin(w, "connections", '{');
    json_write_number(w, "open", stats_get(&stats->connections));
    json_write_number(w, "accepted", stats_get(&stats->connections_accepted));
    json_write_number(w, "refused", stats_get(&stats->connections_refused));
    json_begin(w, "byReason", '{');
    for (int i = LIMIT_CONNECTIONS; i <= LIMIT_CONNECTIONS_PER_IP; i++)
        json_write_number(w, limit_key(i), stats_get(&stats->limits_hit[i]));
    json_write_number(w, "proxy.from", stats_get(&stats->proxy_refused));
    json_end(w, '}');
    json_write_number(w, "inBytes", s->traffic_in);
    json_write_number(w, "outBytes", s->traffic_out);
    json_end(w, '}');
}

static void write_refusals(struct json_writer *w, const struct stats *stats)
{
    json_begin(w, "limits", '{');
    for (int i = 0; i < LIMIT_COUNT; i++)
        json_write_number(w, limit_key(i), stats_get(&stats->limits_hit[i]));
    json_end(w, '}');
    json_begin(w, "refused", '{');
    json_write_number(w, "publishers", stats_get(&stats->publishers_refused));
    json_write_number(w, "viewers", stats_get(&stats->viewers_refused));
    json_write_number(w, "byAddress", stats_get(&stats->refused_by_address));
    json_write_number(w, "bySign", stats_get(&stats->refused_by_sign));
    json_write_number(w, "byHook", stats_get(&stats->refused_by_hook));
    json_end(w, '}');
}

static void write_helpers(struct json_writer *w, const struct statistics_source *from,
                          const struct stats *stats)
{
    json_begin(w, "webhooks", '{');
    json_write_number(w, "sent", stats_get(&stats->webhooks_sent));
    json_write_number(w, "failed", stats_get(&stats->webhooks_failed));
    json_write_number(w, "retried", stats_get(&stats->webhooks_retried));
    json_write_number(w, "deadLetters", stats_get(&stats->webhooks_dead));
    json_write_number(w, "queued", stats_get(&stats->webhooks_queued));
    json_end(w, '}');
    json_begin(w, "records", '{');
    json_write_number(w, "active", from->recording_count);
    json_write_number(w, "gaps", stats_get(&stats->record_gaps));
    json_write_number(w, "players", stats_get(&stats->record_players));
    json_end(w, '}');
}

void statistics_write_server(struct json_writer *w, const struct statistics_source *from)
{
    const struct snapshot      *snapshot = from->snapshot;
    const struct server_sample *s = &snapshot->server;
    const struct stats         *stats = &from->context->stats;
    json_begin(w, NULL, '{');
    json_write_string(w, "version", MILLRACE_VERSION);
    json_write_time(w, "time", snapshot->wall_ms);
    json_write_time(w, "startTime", snapshot->started_ms);
    json_write_number(w, "uptimeMs", age_ms(from, snapshot->started_ms));
    json_write_number(w, "pid", (uint64_t)getpid());
    write_process(w, s);
    write_workers(w, s);
    json_begin(w, "streams", '{');
    json_write_number(w, "live", s->live);
    json_write_number(w, "total", snapshot->count);
    json_end(w, '}');
    write_sessions(w, s);
    write_connections(w, stats, s);
    write_traffic(w, s->counts, s->in_bitrate, s->out_bitrate);
    json_write_number(w, "drops", s->counts[STREAM_DROPPED_BROKEN] + s->counts[STREAM_DROPPED_EARLY]);
    json_write_number(w, "skips", s->counts[STREAM_SKIPS_LAG_MS] + s->counts[STREAM_SKIPS_LAG_BYTES]);
    json_write_number(w, "stalls", s->counts[STREAM_STALLS]);
    write_refusals(w, stats);
    write_helpers(w, from, stats);
    json_end(w, '}');
}
