/* flood_test.c - very many of something: stream names, connections, requests.  What the server keeps of
 * them is bounded while they come, and is nothing when they have gone.
 *
 * MILLRACE_EVERY=1: a hundred thousand; else some thousands. */
#include "check.h"

#include "base/log.h"
#include "base/map.h"
#include "core/config.h"
#include "core/context.h"
#include "protocol/amf.h"
#include "protocol/rtmp_handshake.h"
#include "protocol/rtmp_message.h"
#include "sim.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define AT_A_TIME 250

static struct config *config;

static unsigned how_many(void)
{
    return getenv("MILLRACE_EVERY") != NULL ? 100000 : 5000;
}

static int begin(void **state)
{
    (void)state;
    char error[CONFIG_ERROR_SIZE];
    const char text[] = "{\"limits\":{\"streams\":100,\"connections\":300},\"delivery\":{\"backend\":\"sendmsg\"},"
                        "\"publish\":{\"resume_s\":0},\"drain_s\":1,\"play\":{\"wait_s\":1}}";
    CHECK_EQ(config_load_text("flood", text, sizeof text - 1, NULL, 0, &config, error), 0);
    log_setup(LOG_LEVEL_NONE, LOG_FORMAT_TEXT);
    sim_begin(config, 2);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sim_stop();
    sim_end();
    config_free(config);
    return 0;
}

/* What the C library has given out; the sanitizers' own allocators do not tell. */
static size_t memory_in_use(void)
{
    return mallinfo2().uordblks;
}

/* The dialogue up to a stream's name, in one go: nobody waits for answers. */

static void write_command(struct writer *w, uint32_t msid, const char *name, const char *app, const char *stream)
{
    uint8_t       body[512];
    struct writer b = writer_over(body, sizeof body);
    amf_write_string(&b, name);
    amf_write_number(&b, 1);
    if (app != NULL) {
        amf_write_object_start(&b);
        amf_write_key(&b, "app");
        amf_write_string(&b, app);
        amf_write_object_end(&b);
    } else {
        amf_write_null(&b);
    }
    if (stream != NULL)
        amf_write_string(&b, stream);
    rtmp_write_message(w, 3, RTMP_COMMAND_AMF0, msid, 0, (struct bytes){ body, writer_size(&b) }, 128);
}

static void say_rtmp(struct sim_socket *s, const char *command, const char *stream)
{
    static uint8_t out[8192];
    struct writer  w = writer_over(out, sizeof out);
    memset(out, 0, sizeof out);
    write_be(&w, 3, 1);
    w.at += 2 * RTMP_HANDSHAKE_SIZE;
    write_command(&w, 0, "connect", "live", NULL);
    write_command(&w, 0, "createStream", NULL, NULL);
    write_command(&w, 1, command, NULL, stream);
    CHECK(!w.overrun);
    sim_send(s, (struct bytes){ out, writer_size(&w) });
}

static void say_http(struct sim_socket *s, const char *stream)
{
    char out[512];
    int  size = snprintf(out, sizeof out, "GET /live/%s.flv HTTP/1.1\r\nHost: a\r\n\r\n", stream);
    sim_send(s, (struct bytes){ (uint8_t *)out, (size_t)size });
}

static void come(struct sim_socket **sockets, unsigned number)
{
    for (unsigned i = 0; i < AT_A_TIME; i++) {
        char name[64];
        snprintf(name, sizeof name, "s%x-%x", number * 2654435761u, number + i);
        bool rtmp = i % 3 != 0;
        sockets[i] = sim_connect(rtmp ? SIM_RTMP : SIM_HTTP, i, "203.0.113.1");
        if (rtmp)
            say_rtmp(sockets[i], i % 3 == 1 ? "publish" : "play", name);
        else
            say_http(sockets[i], name);
    }
    sim_settle();
}

static void go(struct sim_socket **sockets)
{
    for (unsigned i = 0; i < AT_A_TIME; i++)
        sim_send_reset(sockets[i]);
    sim_settle();
    sim_wait(5000);
    for (unsigned i = 0; i < AT_A_TIME; i++) {
        CHECK(sim_is_closed(sockets[i]));
        sim_release(sockets[i]);
    }
}

static void test_random_names(void **state)
{
    (void)state;
    struct sim_socket *sockets[AT_A_TIME];
    struct context    *context = sim_context();
    size_t             before = 0;
    for (unsigned number = 0; number < how_many(); number += AT_A_TIME) {
        come(sockets, number);
        CHECK(map_count(context->broadcasts) <= config->limits.streams);
        CHECK(map_count(context->sessions) <= AT_A_TIME);
        go(sockets);
        CHECK_EQ(map_count(context->broadcasts), 0);
        CHECK_EQ(map_count(context->sessions), 0);
        if (number == AT_A_TIME)
            before = memory_in_use(); /* tables have grown, once */
    }
    CHECK(stats_get(&context->stats.limits_hit[LIMIT_STREAMS]) > how_many() / 2);
    CHECK(memory_in_use() < before + 65536);
}

/* Connections that say nothing: limits.connections are kept, the others closed at once, and all when
 * limits.handshake_s is over. */
static void test_connections(void **state)
{
    (void)state;
    struct context *context = sim_context();
    unsigned        kept = 0;
    for (unsigned round = 0; round < how_many() / 1000; round++) {
        struct sim_socket *sockets[1000];
        for (unsigned i = 0; i < COUNT(sockets); i++)
            sockets[i] = sim_connect(i % 2 ? SIM_RTMP : SIM_HTTP, i, "203.0.113.1");
        sim_settle();
        kept = 0;
        for (unsigned i = 0; i < COUNT(sockets); i++)
            kept += !sim_is_closed(sockets[i]);
        CHECK_EQ(kept, config->limits.connections);
        CHECK_EQ(stats_get(&context->stats.connections), kept);
        sim_wait((uint64_t)config->limits.idle_s * 1000 + 5000); /* an idle HTTP connection has longer */
        for (unsigned i = 0; i < COUNT(sockets); i++)
            sim_send_end(sockets[i]);
        sim_settle();
        sim_wait(5000);
        for (unsigned i = 0; i < COUNT(sockets); i++) {
            CHECK(sim_is_closed(sockets[i]));
            sim_release(sockets[i]);
        }
    }
    CHECK_EQ(stats_get(&context->stats.connections), 0);
}

/* One who asks without reading: what waits for it is bounded, and then it is gone. */
static void test_requests_without_reading(void **state)
{
    (void)state;
    struct sim_socket *s = sim_connect(SIM_HTTP, 0, "203.0.113.1");
    char               requests[64 * 100] = "";
    size_t             before = memory_in_use();
    for (unsigned i = 0; i < 100; i++)
        strcat(requests, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    sim_set_room(s, 1000);
    for (unsigned i = 0; i < 1000 && !sim_is_closed(s); i++) {
        sim_send(s, bytes_of(requests));
        sim_settle();
    }
    CHECK(memory_in_use() < before + 8 * 1024 * 1024);
    sim_send_reset(s);
    sim_settle();
    sim_wait(60000);
    CHECK(sim_is_closed(s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_names, begin, end),
        cmocka_unit_test_setup_teardown(test_connections, begin, end),
        cmocka_unit_test_setup_teardown(test_requests_without_reading, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
