#include "server/record_json.h"

#include "base/clock.h"
#include "server/record_server.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *time_of(int64_t ms)
{
    char text[CLOCK_ISO_SIZE];
    if (ms <= 0)
        return json_null();
    clock_format_iso(ms, text);
    return json_string(text);
}

static json_t *text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static int64_t since(int64_t then_ms, int64_t now_ms)
{
    return then_ms > 0 && now_ms > then_ms ? now_ms - then_ms : 0;
}

/* "/app/name" and its parts. */
static void add_stream(json_t *to, const char *path)
{
    const char *slash = path[0] == '/' ? strchr(path + 1, '/') : NULL;
    json_object_set_new(to, "streamPath", json_string(path));
    if (slash == NULL)
        return;
    json_object_set_new(to, "app", json_stringn(path + 1, (size_t)(slash - path - 1)));
    json_object_set_new(to, "name", json_string(slash + 1));
}

/* A file's name is what it will be when it is complete. */
static json_t *final_name(const char *file)
{
    size_t size = strlen(file), part = strlen(RECORD_PART);
    if (size > part && strcmp(file + size - part, RECORD_PART) == 0)
        size -= part;
    return size > 0 ? json_stringn(file, size) : json_null();
}

json_t *record_json_status(const char *path, const struct record_status *s, int64_t now_ms)
{
    static const struct record_status none;
    json_t                           *o = json_object();
    bool                              active = s != NULL;
    if (!active)
        s = &none;
    add_stream(o, path);
    json_object_set_new(o, "active", json_boolean(active));
    json_object_set_new(o, "file", final_name(s->file));
    json_object_set_new(o, "startTime", time_of(s->started_ms));
    json_object_set_new(o, "durationMs", json_integer(since(s->started_ms, now_ms)));
    json_object_set_new(o, "bytes", json_integer((json_int_t)s->bytes + (json_int_t)s->segment_size));
    json_object_set_new(o, "gaps", json_integer((json_int_t)s->gaps));
    json_object_set_new(o, "segments", json_integer((json_int_t)s->segments));
    json_object_set_new(o, "segmentStartTime", time_of(s->file[0] != '\0' ? s->segment_ms : 0));
    json_object_set_new(o, "segmentBytes", json_integer((json_int_t)s->segment_size));
    json_object_set_new(o, "packets", json_integer((json_int_t)s->packets));
    json_object_set_new(o, "gapMs", json_integer((json_int_t)s->gap_ms));
    json_object_set_new(o, "lostPackets", json_integer((json_int_t)s->lost_packets));
    json_object_set_new(o, "error", s->error != 0 ? json_string(strerror(s->error)) : json_null());
    return o;
}

static const char *text_at(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text != NULL ? text : "";
}

static int64_t number_at(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

/* The recording that is writing a file of this name now. */
static bool find_writer(struct record_server *recordings, const char *path, const char *name,
                        struct record_status *out)
{
    size_t size = strlen(name);
    return recordings != NULL && record_server_status(recordings, path, out) == 0 &&
           strncmp(out->file, name, size) == 0 && strcmp(out->file + size, RECORD_PART) == 0;
}

json_t *record_json_file(const json_t *row, struct record_server *recordings, int64_t now_ms)
{
    struct record_status status;
    const char          *path = text_at(row, "stream"), *slash = strrchr(text_at(row, "file"), '/');
    const char          *name = slash != NULL ? slash + 1 : "";
    bool                 recording = strcmp(text_at(row, "state"), "recording") == 0;
    int64_t              start_ms = number_at(row, "start_ms"), size = number_at(row, "size");
    int64_t duration_ms = recording ? since(start_ms, now_ms) : number_at(row, "duration_ms");
    if (recording && find_writer(recordings, path, name, &status))
        size = (int64_t)status.segment_size;
    json_t *o = json_object();
    add_stream(o, path);
    json_object_set_new(o, "file", json_string(name));
    json_object_set_new(o, "startTime", time_of(start_ms));
    json_object_set_new(o, "endTime", time_of(recording ? 0 : start_ms + duration_ms));
    json_object_set_new(o, "durationMs", json_integer(duration_ms));
    json_object_set_new(o, "bytes", json_integer(size));
    json_object_set_new(o, "videoCodec", text_or_null(text_at(row, "video")));
    json_object_set_new(o, "audioCodec", text_or_null(text_at(row, "audio")));
    json_object_set_new(o, "state", json_string(text_at(row, "state")));
    json_object_set_new(o, "reason", text_or_null(text_at(row, "reason")));
    return o;
}

static json_t *usage_of(const json_t *row, struct record_server *recordings, int64_t *used)
{
    struct record_status status;
    const char          *path = text_at(row, "stream");
    *used = number_at(row, "size");
    if (recordings != NULL && record_server_status(recordings, path, &status) == 0)
        *used += (int64_t)status.segment_size;
    json_t *o = json_object();
    json_object_set_new(o, "streamPath", json_string(path));
    json_object_set_new(o, "usedBytes", json_integer(*used));
    json_object_set(o, "files", json_object_get(row, "files"));
    json_object_set_new(o, "firstTime", time_of(number_at(row, "start_ms")));
    json_object_set_new(o, "lastTime", time_of(number_at(row, "end_ms")));
    return o;
}

json_t *record_json_usage(const json_t *rows, struct record_server *recordings)
{
    json_t *usage = json_object(), *streams = json_array();
    int64_t total = 0, files = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        int64_t       used;
        json_array_append_new(streams, usage_of(row, recordings, &used));
        total += used;
        files += number_at(row, "files");
    }
    json_object_set_new(usage, "usedBytes", json_integer(total));
    json_object_set_new(usage, "files", json_integer(files));
    json_object_set_new(usage, "streams", streams);
    return usage;
}
