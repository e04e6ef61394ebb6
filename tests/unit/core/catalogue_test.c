/* The catalogue: what events leave in it, what is found, and what becomes of a broken one. */
#include "check.h"

#include "base/error.h"
#include "core/catalogue.h"
#include "core/config.h"
#include "core/context.h"
#include "core/events.h"
#include "core/session.h"
#include "core/worker.h"
#include "media/avcodec.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

static char folder[64], path[128];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/millrace-catalogue-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/c.db", folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct catalogue_recording recording(const char *file, int64_t start_ms, uint64_t size)
{
    return (struct catalogue_recording){ file, "/live/a", start_ms, 1000, size, "H264", "AAC", "complete",
                                         "" };
}

static size_t count_of(struct catalogue *c, const struct catalogue_filter *f, const char *first)
{
    json_t *rows = catalogue_recordings(c, f);
    size_t  count = json_array_size(rows);
    assert_non_null(rows);
    if (first != NULL)
        assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "file")), first);
    json_decref(rows);
    return count;
}

static bool exists(void *arg, const char *file)
{
    return strcmp(file, arg) == 0;
}

static void test_recordings(void **state)
{
    (void)state;
    struct config    *config = config_new();
    struct context   *context = context_new(config);
    struct catalogue *c = catalogue_new(context, path, 0);
    assert_non_null(c);
    for (int i = 0; i < 5; i++) {
        char                       file[32];
        snprintf(file, sizeof file, "live/a/%d.flv", i);
        struct catalogue_recording r = recording(file, 10000 + 1000 * i, 100);
        catalogue_put(c, &r);
    }
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ .count = 10 }, "live/a/4.flv"), 5);
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ .count = 2, .offset = 2 }, "live/a/2.flv"), 2);
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ .from_ms = 11500, .to_ms = 13000 }, "live/a/2.flv"), 2);
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ .stream = "/live/b" }, NULL), 0);
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ .stream = "' OR 1 --" }, NULL), 0);
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ .app = "live" }, NULL), 5);
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ .app = "liv" }, NULL), 0);
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ .app = "%" }, NULL), 0);
    CHECK_EQ(catalogue_count_recordings(c, &(struct catalogue_filter){ .count = 2, .offset = 9 }), 5);
    struct catalogue_filter period = { .from_ms = 11500, .to_ms = 13000 };
    CHECK_EQ(catalogue_count_recordings(c, &period), 2);
    CHECK(catalogue_knows(c, "live/a/1.flv", 100));
    CHECK(!catalogue_knows(c, "live/a/1.flv", 101));
    CHECK(!catalogue_knows(c, "live/a/9.flv", 100));
    catalogue_remove(c, "live/a/4.flv");
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ 0 }, "live/a/3.flv"), 4);
    catalogue_prune(c, exists, (void *)"live/a/1.flv");
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ 0 }, "live/a/1.flv"), 1);
    catalogue_free(c);
    context_free(context);
    config_free(config);
}

static void put(struct catalogue *c, const char *file, int64_t start_ms, const char *state)
{
    struct catalogue_recording r = recording(file, start_ms, 100);
    r.state = state;
    catalogue_put(c, &r);
}

/* One after the other as they were recorded, what is being recorded with no end yet. */
static void test_one_after_the_other(void **state)
{
    (void)state;
    struct config          *config = config_new();
    struct context         *context = context_new(config);
    struct catalogue       *c = catalogue_new(context, path, 0);
    struct catalogue_filter f = { .stream = "/live/a", .from_ms = 11000, .to_ms = 20000 };
    struct catalogue_place  place = { 0 };
    put(c, "live/a/before", 10000, "complete"); /* ends when the period begins */
    put(c, "live/a/second", 12000, "interrupted");
    put(c, "live/a/first", 12000, "complete");
    put(c, "live/a/now", 9000, "recording");
    put(c, "live/a/after", 20000, "complete");
    static const char *const expected[] = { "live/a/now", "live/a/first", "live/a/second" };
    for (size_t i = 0; i < COUNT(expected); i++) {
        CHECK_EQ(catalogue_next(c, &f, &place), 0);
        assert_string_equal(place.file, expected[i]);
        CHECK_EQ(place.start_ms, i == 0 ? 9000 : 12000);
        CHECK_EQ(place.is_recording, i == 0);
    }
    CHECK_EQ(catalogue_next(c, &f, &place), ERR_NOT_FOUND);
    assert_string_equal(place.file, "live/a/second");
    catalogue_free(c);
    context_free(context);
    config_free(config);
}

static void test_usage_and_one(void **state)
{
    (void)state;
    struct config    *config = config_new();
    struct context   *context = context_new(config);
    struct catalogue *c = catalogue_new(context, path, 0);
    put(c, "live/a/1", 10000, "complete");
    put(c, "live/a/2", 12000, "complete");
    json_t *usage = catalogue_usage(c), *row = json_array_get(usage, 0);
    CHECK_EQ(json_array_size(usage), 1);
    assert_string_equal(json_string_value(json_object_get(row, "stream")), "/live/a");
    CHECK_EQ(json_integer_value(json_object_get(row, "files")), 2);
    CHECK_EQ(json_integer_value(json_object_get(row, "size")), 200);
    CHECK_EQ(json_integer_value(json_object_get(row, "start_ms")), 10000);
    CHECK_EQ(json_integer_value(json_object_get(row, "end_ms")), 13000);
    json_decref(usage);
    row = catalogue_recording(c, "live/a/2");
    CHECK_EQ(json_integer_value(json_object_get(row, "start_ms")), 12000);
    json_decref(row);
    assert_null(catalogue_recording(c, "live/a/3"));
    catalogue_free(c);
    context_free(context);
    config_free(config);
}

static void test_events(void **state)
{
    (void)state;
    static const struct session_ops ops = { .name = "RTMP" };
    struct config      *config = config_new();
    struct context     *context = context_new(config);
    struct catalogue   *c = catalogue_new(context, path, 0);
    struct worker       worker = { .context = context };
    struct session_stream stream = { .app = "live", .name = "a", .path = "/live/a" };
    struct session      s = { .ops = &ops, .worker = &worker, .stream = &stream, .id = "0123456789abcdef",
                              .ip = "10.0.0.1" };
    struct event_record record = {
        .file = "/records/live/a/20260131090507_segment_001.flv", .number = 1, .start_ms = 1000,
        .duration_ms = 500,
        .size = 4711, .video_codec = AVCODEC_H264, .kept = true,
    };
    assert_non_null(c);
    events_emit(EVENT_PRE_PUBLISH, &s, NULL);
    events_emit(EVENT_POST_PUBLISH, &s, NULL);
    events_emit_record(EVENT_POST_RECORD, &s, NULL, &record);
    events_emit_record(EVENT_DONE_RECORD, &s, "the segment is full", &record);
    events_emit(EVENT_DONE_PUBLISH, &s, "closed by peer");
    strcpy(s.id, "fedcba9876543210");
    events_emit(EVENT_POST_PLAY, &s, NULL);
    catalogue_free(c); /* writes what is queued */

    context->events.count = 0;
    c = catalogue_new(context, path, 0);
    json_t *sessions = catalogue_sessions(c, &(struct catalogue_filter){ .stream = "/live/a" });
    CHECK_EQ(json_array_size(sessions), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *row = json_array_get(sessions, i);
        bool    publish = strcmp(json_string_value(json_object_get(row, "kind")), "publish") == 0;
        assert_string_equal(json_string_value(json_object_get(row, "reason")),
                            publish ? "closed by peer" : "the server ended without notice");
        assert_string_equal(json_string_value(json_object_get(row, "ip")), "10.0.0.1");
    }
    json_decref(sessions);
    json_t *rows = catalogue_recordings(c, &(struct catalogue_filter){ 0 });
    json_t *row = json_array_get(rows, 0);
    CHECK_EQ(json_array_size(rows), 1);
    assert_string_equal(json_string_value(json_object_get(row, "file")),
                        "live/a/20260131090507_segment_001.flv");
    assert_string_equal(json_string_value(json_object_get(row, "state")), "complete");
    assert_string_equal(json_string_value(json_object_get(row, "video")), "H264");
    CHECK_EQ(json_integer_value(json_object_get(row, "end_ms")), 1500);
    json_decref(rows);
    catalogue_free(c);
    context_free(context);
    config_free(config);
}

static void test_broken_database_is_put_aside(void **state)
{
    (void)state;
    char  aside[160];
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 5000; i++)
        fputc('x', file);
    fclose(file);
    struct config    *config = config_new();
    struct context   *context = context_new(config);
    struct catalogue *c = catalogue_new(context, path, 0);
    assert_non_null(c);
    CHECK_EQ(count_of(c, &(struct catalogue_filter){ 0 }, NULL), 0);
    snprintf(aside, sizeof aside, "%s.broken", path);
    CHECK_EQ(access(aside, F_OK), 0);
    catalogue_free(c);
    CHECK(catalogue_new(context, "/nowhere/at/all.db", 0) == NULL);
    context_free(context);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recordings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_after_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_usage_and_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_database_is_put_aside, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
