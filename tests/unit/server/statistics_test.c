/* Texts of snapshots: what is in them, and that all who ask get the same. */
#include "check.h"

#include "base/alloc.h"
#include "core/broadcast.h"
#include "core/config.h"
#include "core/context.h"
#include "core/fanout.h"
#include "core/session.h"
#include "core/worker.h"
#include "server/statistics.h"

#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>

static struct config  *config;
static struct context *context;
static struct session *publishers[STATISTICS_STREAMS_MAX + 1];

static void on_close(struct session *s, const char *reason)
{
    (void)reason;
    broadcast_unpublish(s);
}

static void destroy(struct session *s)
{
    free(s);
}

static const struct session_ops ops = { .name = "TEST", .on_close = on_close, .destroy = destroy };

static void publish(size_t count)
{
    struct sockaddr_storage nobody = { .ss_family = AF_INET };
    char                    path[32];
    for (size_t i = 0; i < count; i++) {
        struct session *s = publishers[i] = alloc_zeroed(sizeof *s);
        CHECK(context_admit(context, "0.0.0.0"));
        session_init(s, context->workers[0], &ops, &nobody);
        session_set_agent(s, bytes_of("\"quoted\" \\"));
        snprintf(path, sizeof path, "/live/%04zu", i);
        CHECK_EQ(broadcast_publish(s, path), 0);
    }
}

static int set_up(void **state)
{
    (void)state;
    config = config_new();
    config->publish.resume_s = 0;
    config->metrics.streams = 2;
    context = context_new(config);
    context->worker_count = 1;
    context->workers = alloc_zeroed(sizeof *context->workers);
    context->workers[0] = worker_new(context, 0);
    context->workers[0]->fanout = fanout_new(SENDER_SENDMSG);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    statistics_stop(context);
    statistics_free(context);
    for (size_t i = 0; i < COUNT(publishers) && publishers[i] != NULL; i++)
        session_close(publishers[i], "test");
    memset(publishers, 0, sizeof publishers);
    uv_run(&context->workers[0]->loop.uv, UV_RUN_NOWAIT);
    worker_free_all(context);
    context_free(context);
    config_free(config);
    return 0;
}

static json_t *parse(struct bytes text)
{
    json_error_t error;
    json_t      *value = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL)
        fail_msg("%s at %d", error.text, error.position);
    return value;
}

static const char *text_at(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_parts_of_the_streams(void **state)
{
    (void)state;
    struct statistics_streams streams;
    publish(3);
    CHECK_EQ(statistics_start(context, NULL), 0);
    statistics_streams(context, &streams);
    struct bytes all = shared_text_bytes(streams.text);
    CHECK_EQ(streams.snapshot->count, 3);
    CHECK_EQ(streams.offsets[3], all.size + 1);
    for (size_t i = 0; i < 3; i++) {
        size_t  from = streams.offsets[i], size = streams.offsets[i + 1] - from - 1;
        json_t *stream = parse((struct bytes){ all.data + from, size });
        assert_string_equal(text_at(stream, "streamPath"), streams.snapshot->streams[i].path);
        assert_string_equal(text_at(json_object_get(stream, "publisher"), "userAgent"), "\"quoted\" \\");
        json_decref(stream);
    }
    statistics_unref_streams(&streams);
}

static void test_no_streams(void **state)
{
    (void)state;
    struct statistics_streams streams;
    CHECK_EQ(statistics_start(context, NULL), 0);
    statistics_streams(context, &streams);
    CHECK_EQ(streams.snapshot->count, 0);
    CHECK_EQ(shared_text_bytes(streams.text).size, 0);
    statistics_unref_streams(&streams);
}

static void test_all_get_the_same(void **state)
{
    (void)state;
    CHECK_EQ(statistics_start(context, NULL), 0);
    statistics_stop(context); /* no other snapshot comes between */
    struct shared_text *(*const kinds[])(struct context *) = { statistics_server_text, statistics_snapshot_text };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct shared_text *first = kinds[i](context), *second = kinds[i](context);
        CHECK(first == second);
        shared_text_unref(first);
        json_decref(parse(shared_text_bytes(second)));
        shared_text_free_data((void *)shared_text_bytes(second).data); /* as an answer gives it back */
    }
    struct shared_text *text = statistics_metrics_text(context, false);
    struct shared_text *open = statistics_metrics_text(context, true);
    CHECK(text != open);
    shared_text_unref(text);
    shared_text_unref(open);
    shared_text_unref(NULL);
}

static void test_the_whole_is_bounded(void **state)
{
    (void)state;
    publish(COUNT(publishers));
    CHECK_EQ(statistics_start(context, NULL), 0);
    struct shared_text *text = statistics_snapshot_text(context);
    json_t             *whole = parse(shared_text_bytes(text));
    CHECK(json_is_true(json_object_get(whole, "truncated")));
    CHECK_EQ(json_array_size(json_object_get(whole, "streams")), STATISTICS_STREAMS_MAX);
    json_t *total = json_object_get(json_object_get(json_object_get(whole, "server"), "streams"), "total");
    CHECK_EQ(json_integer_value(total), COUNT(publishers));
    json_decref(whole);
    shared_text_unref(text);
    text = statistics_metrics_text(context, false);
    char *metrics = alloc_string_of(shared_text_bytes(text).data, shared_text_bytes(text).size);
    CHECK(strstr(metrics, "\nmillrace_streams_unlisted 499\n") != NULL);
    CHECK(strstr(metrics, "name=\"0001\"") != NULL && strstr(metrics, "name=\"0002\"") == NULL);
    free(metrics);
    shared_text_unref(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parts_of_the_streams),
        TEST(test_no_streams),
        TEST(test_all_get_the_same),
        TEST(test_the_whole_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
