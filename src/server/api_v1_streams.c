/* api_v1_streams.c - streams as Node Media Server's API has them, and recording them by hand: see
 * api_v1.c. */
#include "base/clock.h"
#include "base/error.h"
#include "core/access.h"
#include "core/config.h"
#include "media/avcodec.h"
#include "protocol/json_writer.h"
#include "server/api_peer.h"
#include "server/api_v1.h"
#include "server/record_server.h"
#include "server/statistics.h"

#include <stdio.h>
#include <stdlib.h>

#define TTL_DEFAULT_S 3600
#define TTL_MIN_S     60
#define TTL_MAX_S     86400

/* Streams. */

/* The codec's number in FLV; of one that Enhanced RTMP has added, its FourCC. */
static uint32_t codec_number(const struct track_sample *t)
{
    if (t->fourcc != 0)
        return t->fourcc;
    switch (t->info.codec) {
    case AVCODEC_H264: return 7;
    case AVCODEC_HEVC: return 12;
    case AVCODEC_AV1:  return 13;
    case AVCODEC_AAC:  return 10;
    case AVCODEC_OPUS: return 13;
    case AVCODEC_MP3:  return 2;
    default:           return t->info.codec & 0xff;
    }
}

static const struct track_sample *first_track(const struct stream_sample *s, int type)
{
    static const struct track_sample none;
    for (size_t i = 0; i < s->track_count; i++)
        if (s->tracks[i].type == type)
            return &s->tracks[i];
    return &none;
}

static void write_publisher(struct json_writer *w, const struct stream_sample *s)
{
    const struct publisher_sample *p = &s->publisher;
    const struct track_sample     *video = first_track(s, AV_VIDEO), *audio = first_track(s, AV_AUDIO);
    if (p->id[0] == '\0') {
        json_write_null(w, "publisher");
        return;
    }
    json_begin(w, "publisher", '{');
    json_write_string(w, "id", p->id);
    api_v1_write_address(w, "ip", p->ip, p->port);
    json_write_string(w, "protocol", p->protocol);
    json_write_number(w, "createTime", (uint64_t)p->created_ms);
    json_write_number(w, "videoCodec", codec_number(video));
    json_write_number(w, "videoWidth", video->info.width);
    json_write_number(w, "videoHeight", video->info.height);
    json_write_real(w, "videoFramerate", video->frame_rate);
    json_write_number(w, "audioCodec", codec_number(audio));
    json_write_number(w, "audioChannels", audio->info.channels);
    json_write_number(w, "audioSamplerate", audio->info.sample_rate_hz);
    json_write_number(w, "inBytes", p->in_bytes);
    json_end(w, '}');
}

static const char *status_name(const struct stream_sample *s)
{
    static const char *const names[] = {
        [STREAM_LIVE] = "publishing", [STREAM_RECONNECTING] = "reconnecting", [STREAM_WAITING] = "idle",
    };
    return s != NULL ? names[s->status] : "idle";
}

static void write_stream(struct json_writer *w, const struct stream_sample *s)
{
    const char *slash = strchr(s->path + 1, '/');
    char        app[URL_PATH_SIZE];
    snprintf(app, sizeof app, "%.*s", (int)(slash - s->path - 1), s->path + 1);
    json_begin(w, NULL, '{');
    json_write_string(w, "key", s->path);
    json_write_string(w, "app", app);
    json_write_string(w, "name", slash + 1);
    json_write_string(w, "status", status_name(s));
    write_publisher(w, s);
    json_write_number(w, "subscribers", snapshot_viewers(s->viewers));
    json_write_number(w, "outBytes", s->counts[STREAM_OUT_BYTES]);
    json_write_number(w, "inBps", s->in_bitrate / 8);
    json_write_number(w, "outBps", s->out_bitrate / 8);
    json_write_bool(w, "recording", s->viewers[METER_RECORDINGS] > 0);
    json_end(w, '}');
}

static void list_streams(struct api_call *call)
{
    struct snapshot   *snapshot = sampler_get(statistics_sampler(call->worker->context));
    struct text        data = { 0 };
    struct json_writer w = { &data, false };
    json_begin(&w, NULL, '{');
    json_begin(&w, "streams", '[');
    for (size_t i = 0; i < snapshot->count; i++)
        write_stream(&w, &snapshot->streams[i]);
    json_end(&w, ']');
    json_write_number(&w, "total", snapshot->count);
    json_end(&w, '}');
    snapshot_unref(snapshot);
    api_v1_answer_text(call, &data, "Streams retrieved successfully");
}

static void show_stream(struct api_call *call)
{
    struct snapshot            *snapshot = sampler_get(statistics_sampler(call->worker->context));
    const struct stream_sample *s = snapshot_find(snapshot, call->stream.path);
    struct text                 data = { 0 };
    struct json_writer          w = { &data, false };
    if (s != NULL)
        write_stream(&w, s);
    snapshot_unref(snapshot);
    if (data.size > 0)
        api_v1_answer_text(call, &data, "Stream information retrieved successfully");
    else
        api_fail(call, 404, "Stream not found");
}

/* A sign for playing, if one is needed; "" if not. */
static int64_t sign_for_playing(const struct api_call *call, char query[AUTH_SIGN_SIZE + 8])
{
    const struct config *config = config_of_app(call->config, call->stream.app);
    const char          *ttl = api_query(call, "ttl");
    long                 ttl_s = ttl != NULL ? strtol(ttl, NULL, 10) : TTL_DEFAULT_S;
    struct auth_keys     keys;
    char                 sign[AUTH_SIGN_SIZE];
    ttl_s = ttl_s < TTL_MIN_S ? TTL_MIN_S : ttl_s > TTL_MAX_S ? TTL_MAX_S : ttl_s;
    struct auth_grant grant = {
        .use = AUTH_PLAY,
        .path = call->stream.path,
        .expiry_s = clock_wall_ms() / 1000 + ttl_s,
    };
    query[0] = '\0';
    access_keys(config, &keys);
    if (!config->auth.play || keys.count == 0 || auth_sign(&grant, keys.secrets[0], sign) != 0)
        return 0;
    snprintf(query, AUTH_SIGN_SIZE + 8, "sign=%s", sign);
    return grant.expiry_s;
}

static json_t *list_urls(const struct api_call *call, const char *query)
{
    static const struct { const char *ours, *theirs; } names[] = {
        { "rtmp", "rtmp" },  { "rtmps", "rtmps" },     { "flv", "http-flv" },
        { "ws", "ws-flv" },  { "https", "https-flv" }, { "wss", "wss-flv" },
    };
    json_t *urls = api_stream_urls(call, call->stream.path, query), *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *url = json_string_value(json_object_get(urls, names[i].ours));
        if (url != NULL)
            json_array_append_new(list, json_pack("{s:s, s:s}", "protocol", names[i].theirs, "url", url));
    }
    json_decref(urls);
    return list;
}

static void show_urls(struct api_call *call)
{
    char             query[AUTH_SIGN_SIZE + 8];
    int64_t          expiry_s = sign_for_playing(call, query);
    struct snapshot *snapshot = sampler_get(statistics_sampler(call->worker->context));
    json_t          *data = json_object();
    json_object_set_new(data, "app", json_string(call->stream.app));
    json_object_set_new(data, "name", json_string(call->stream.name));
    json_object_set_new(data, "streamPath", json_string(call->stream.path));
    json_object_set_new(data, "status", json_string(status_name(snapshot_find(snapshot, call->stream.path))));
    json_object_set_new(data, "signed", json_boolean(expiry_s != 0));
    json_object_set_new(data, "expiresAt", api_time(expiry_s * 1000));
    json_object_set_new(data, "urls", list_urls(call, query));
    snapshot_unref(snapshot);
    api_v1_answer(call, data, "Play URLs generated successfully");
}

/* Recording by hand. */

static void show_status(struct api_call *call)
{
    struct record_server *recordings = api_of(call)->parts.recordings;
    struct record_status  status;
    if (recordings == NULL) {
        api_fail(call, 400, "Record server is not available");
        return;
    }
    bool    active = record_server_status(recordings, call->stream.path, &status) == 0;
    json_t *data = json_object();
    json_object_set_new(data, "recording", json_boolean(active));
    if (active) {
        json_object_set_new(data, "recordId", json_string(status.id));
        json_object_set_new(
            data, "filePath",
            json_sprintf("%s%s/%s", call->config->record.path, call->stream.path, status.file));
        json_object_set_new(data, "startTime", json_integer(status.started_ms));
    }
    api_v1_answer(call, data, active ? "Recording in progress" : "No active recording");
}

static void pass_by(struct api_call *call, struct worker *worker)
{
    (void)call;
    (void)worker;
}

static void answer_started(struct api_call *call)
{
    struct record_status status;
    json_t              *data = json_object();
    if (record_server_status(api_of(call)->parts.recordings, call->stream.path, &status) == 0) {
        json_object_set_new(data, "recordId", json_string(status.id));
        json_object_set_new(
            data, "filePath",
            json_sprintf("%s%s/%s", call->config->record.path, call->stream.path, status.file));
    }
    api_v1_answer(call, data, "Recording started");
}

static void start_record(struct api_call *call)
{
    struct record_server *recordings = api_of(call)->parts.recordings;
    int error = recordings != NULL ? record_server_start(recordings, call->stream.path) : ERR_UNSUPPORTED;
    if (error == 0)
        api_each_worker(call, pass_by, answer_started);
    else
        api_fail(call, 400, error == ERR_UNSUPPORTED ? "Record server is not available"
                            : error == ERR_BUSY      ? "Stream is already being recorded"
                                                     : "Stream is not publishing");
}

static void stop_record(struct api_call *call)
{
    struct record_server *recordings = api_of(call)->parts.recordings;
    if (recordings != NULL && record_server_stop(recordings, call->stream.path) == 0)
        api_v1_answer(call, json_object(), "Recording stopped");
    else
        api_fail(call, 400, recordings != NULL ? "No active recording" : "Record server is not available");
}

static const char record[] = "/api/v1/streams/{app}/{name}/record";

static const struct api_route rows[] = {
    { HTTP_METHOD_GET,    "/api/v1/streams",              API_VIEWER, .serve = list_streams, .query = "*" },
    { HTTP_METHOD_GET,    "/api/v1/streams/{app}/{name}", API_VIEWER, .serve = show_stream, .query = "*" },
    { HTTP_METHOD_GET,    "/api/v1/streams/{app}/{name}/urls", API_ADMIN, .serve = show_urls, .query = "*" },
    { HTTP_METHOD_GET,    record,                         API_VIEWER, .serve = show_status, .query = "*" },
    { HTTP_METHOD_POST,   record,                         API_ADMIN,  .serve = start_record, .query = "*" },
    { HTTP_METHOD_DELETE, record,                         API_ADMIN,  .serve = stop_record, .query = "*" },
};

const struct api_routes api_v1_streams_routes = { rows, sizeof rows / sizeof *rows };
