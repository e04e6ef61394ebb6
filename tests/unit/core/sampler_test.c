/* Sessions, streams and the server: what one has counted is in the others, to the byte. */
#include "core/packets.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/fanout.h"
#include "core/outlet.h"
#include "core/sampler.h"
#include "core/worker.h"
#include "media/avcodec.h"
#include "net/conn.h"

#include <netinet/in.h>
#include <stdio.h>
#include <time.h>

static struct config  *config;
static struct context *context;
static struct worker  *worker;
static struct sampler *sampler;
static uint64_t        now_ms;

/* A session whose connection is numbers. */
struct peer {
    struct session base;
    struct conn    conn;
    struct viewer  viewer;
    uint64_t       in_packets;
};

static void on_published(struct session *s)
{
    (void)s;
}

static void on_tick(struct session *s, uint64_t at_ms)
{
    (void)s;
    (void)at_ms;
}

static void on_close(struct session *s, const char *reason)
{
    (void)reason;
    session_meter_leave(s);
    broadcast_unpublish(s);
}

static void destroy(struct session *s)
{
    free(s);
}

static void parts(const struct session *s, struct session_parts *out)
{
    const struct peer *p = (const struct peer *)s;
    out->conn = &p->conn;
    out->viewer = p->base.role == SESSION_VIEWER ? &p->viewer : NULL;
    out->in_packets = p->in_packets;
}

static const struct session_ops ops = {
    .name = "TEST",
    .on_published = on_published,
    .on_tick = on_tick,
    .on_close = on_close,
    .destroy = destroy,
    .parts = parts,
};

static struct peer *start_peer(enum session_role role)
{
    struct peer            *p = alloc_zeroed(sizeof *p);
    struct sockaddr_storage nobody = { .ss_family = AF_INET };
    CHECK(context_admit(context, "0.0.0.0"));
    session_init(&p->base, worker, &ops, &nobody);
    p->base.role = role;
    p->base.protocol = SESSION_RTMP;
    return p;
}

static struct peer *start_publisher(const char *path)
{
    struct peer *p = start_peer(SESSION_PUBLISHER);
    CHECK_EQ(broadcast_publish(&p->base, path), 0);
    session_meter_join(&p->base, &p->base.broadcast->meter, true);
    return p;
}

static struct peer *start_viewer(struct peer *publisher)
{
    struct peer *p = start_peer(SESSION_VIEWER);
    session_meter_join(&p->base, &publisher->base.broadcast->meter, false);
    return p;
}

static void stop(struct peer *p)
{
    session_close(&p->base, "test");
    uv_run(&worker->loop.uv, UV_RUN_NOWAIT);
}

static void tick(struct peer *p)
{
    session_tick(&p->base, now_ms);
}

static struct snapshot *take(void)
{
    sampler_take(sampler, now_ms, 1000000 + (int64_t)now_ms);
    return sampler_get(sampler);
}

static int set_up(void **state)
{
    (void)state;
    config = config_new();
    config->publish.resume_s = 0;
    context = context_new(config);
    context->worker_count = 1;
    context->workers = alloc_zeroed(sizeof *context->workers);
    worker = context->workers[0] = worker_new(context, 0);
    worker->fanout = fanout_new(SENDER_SENDMSG);
    sampler = sampler_new(context, NULL, NULL);
    now_ms = clock_monotonic_ms();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sampler_free(sampler);
    CHECK_EQ(map_count(context->sessions), 0);
    worker_free_all(context);
    context_free(context);
    config_free(config);
    return 0;
}

/* The parts of each snapshot make its whole. */
static void check_sums(const struct snapshot *s, const uint64_t *ended)
{
    for (int i = 0; i < STREAM_COUNTS; i++) {
        uint64_t sum = ended != NULL ? ended[i] : 0;
        for (size_t k = 0; k < s->count; k++)
            sum += s->streams[k].counts[i];
        CHECK_EQ(s->server.counts[i], sum);
    }
}

static void test_an_empty_server(void **state)
{
    (void)state;
    struct snapshot *s = take();
    CHECK_EQ(s->count, 0);
    CHECK_EQ(s->server.live, 0);
    CHECK(s->server.cost.resident_size > 0);
    CHECK(snapshot_find(s, "/live/s") == NULL);
    CHECK_EQ(s->wall_ms, 1000000 + (int64_t)now_ms);
    check_sums(s, NULL);
    snapshot_unref(s);
}

static void test_sums(void **state)
{
    (void)state;
    struct peer *a = start_publisher("/live/a"), *b = start_publisher("/live/b");
    struct peer *x = start_viewer(a), *y = start_viewer(a);
    a->conn.bytes_in = 5000;
    a->conn.bytes_out = 3500; /* what a publisher is told is no stream */
    a->in_packets = 7;
    b->conn.bytes_in = 800;
    x->conn.bytes_out = 4000;
    x->conn.bytes_in = 300;
    x->viewer.packets_sent = 6;
    y->conn.bytes_out = 90;
    tick(a), tick(b), tick(x), tick(y);
    struct snapshot            *s = take();
    const struct stream_sample *stream = snapshot_find(s, "/live/a");
    CHECK_EQ(s->count, 2);
    CHECK_EQ(stream->counts[STREAM_IN_BYTES], 5000);
    CHECK_EQ(stream->counts[STREAM_IN_PACKETS], 7);
    CHECK_EQ(stream->counts[STREAM_OUT_BYTES], 4090);
    CHECK_EQ(stream->counts[STREAM_OUT_PACKETS], 6);
    CHECK_EQ(stream->publisher.in_bytes, 5000);
    assert_string_equal(stream->publisher.id, a->base.id);
    CHECK_EQ(s->server.counts[STREAM_IN_BYTES], 5800);
    CHECK_EQ(s->server.live, 2);
    check_sums(s, NULL);
    snapshot_unref(s);
    /* What comes after the last tick is there when they leave. */
    a->conn.bytes_in += 11;
    x->conn.bytes_out += 13;
    x->viewer.packets_sent++;
    stop(x), stop(y);
    s = take();
    CHECK_EQ(snapshot_find(s, "/live/a")->counts[STREAM_OUT_BYTES], 4103);
    CHECK_EQ(snapshot_find(s, "/live/a")->counts[STREAM_OUT_PACKETS], 7);
    snapshot_unref(s);
    stop(a);
    s = take();
    CHECK_EQ(s->count, 1);
    CHECK(snapshot_find(s, "/live/a") == NULL);
    CHECK_EQ(s->server.counts[STREAM_IN_BYTES], 5811);
    CHECK_EQ(s->server.counts[STREAM_OUT_BYTES], 4103);
    check_sums(s, context->ended);
    snapshot_unref(s);
    stop(b);
}

/* A connection that publishes one stream after the other, and then watches. */
static void test_one_session_several_streams(void **state)
{
    (void)state;
    struct peer *keeper = start_publisher("/live/keep");
    struct peer *p = start_publisher("/live/one");
    struct meter meter;
    p->conn.bytes_in = 100;
    p->in_packets = 3;
    session_meter_leave(&p->base);
    broadcast_unpublish(&p->base);
    session_meter_leave(&p->base); /* again is nothing */
    p->in_packets = 0;             /* as a session that is made ready for the next */
    p->conn.bytes_in = 150;        /* words between two streams are the next one's */
    CHECK_EQ(broadcast_publish(&p->base, "/live/two"), 0);
    session_meter_join(&p->base, &p->base.broadcast->meter, true);
    p->conn.bytes_in = 450;
    p->in_packets = 5;
    session_meter_read(&p->base, &meter);
    CHECK_EQ(meter.in_bytes, 450);
    CHECK_EQ(meter.in_packets, 8);
    session_meter_leave(&p->base);
    struct snapshot *s = take();
    CHECK_EQ(snapshot_find(s, "/live/two")->counts[STREAM_IN_BYTES], 350);
    CHECK_EQ(snapshot_find(s, "/live/two")->counts[STREAM_IN_PACKETS], 5);
    snapshot_unref(s);
    broadcast_unpublish(&p->base);
    p->base.role = SESSION_VIEWER;
    p->in_packets = 0;
    p->conn.bytes_out = 70;
    session_meter_join(&p->base, &keeper->base.broadcast->meter, false);
    p->viewer.packets_sent = 2;
    tick(p);
    s = take();
    CHECK_EQ(s->server.counts[STREAM_IN_BYTES], 450);
    CHECK_EQ(s->server.counts[STREAM_OUT_BYTES], 70);
    CHECK_EQ(s->server.counts[STREAM_OUT_PACKETS], 2);
    session_meter_read(&p->base, &meter);
    CHECK_EQ(meter.in_packets, 8);
    CHECK_EQ(meter.out_packets, 2);
    snapshot_unref(s);
    stop(p), stop(keeper);
}

/* A stream's rate is its sessions'; who leaves takes his part along. */
static void test_bit_rates(void **state)
{
    (void)state;
    struct peer *a = start_publisher("/live/a"), *x = start_viewer(a), *y = start_viewer(a);
    for (int i = 0; i < 10; i++) {
        a->conn.bytes_in += 125000;
        x->conn.bytes_out += 125000;
        y->conn.bytes_out += 250000;
        now_ms += 1000;
        tick(a), tick(x), tick(y);
    }
    struct snapshot *s = take();
    CHECK_EQ(s->streams[0].in_bitrate, 1000000);
    CHECK_EQ(s->streams[0].publisher.in_bitrate, 1000000);
    CHECK_EQ(s->streams[0].out_bitrate, 3000000);
    CHECK_EQ(s->server.in_bitrate, 1000000);
    CHECK_EQ(s->server.out_bitrate, 3000000);
    snapshot_unref(s);
    stop(y);
    s = take();
    CHECK_EQ(s->streams[0].out_bitrate, 1000000);
    snapshot_unref(s);
    for (int i = 0; i < RATE_SPAN; i++) { /* nothing more comes */
        now_ms += 1000;
        tick(a), tick(x);
    }
    s = take();
    CHECK_EQ(s->streams[0].in_bitrate, 0);
    CHECK_EQ(s->streams[0].out_bitrate, 0);
    snapshot_unref(s);
    stop(x), stop(a);
}

static void feed(struct peer *p, uint8_t type, uint8_t flags, int64_t dts_ms, uint32_t size)
{
    struct broadcast *b = p->base.broadcast;
    struct avpacket  *packet = make_packet(type, flags, dts_ms, size, 0);
    if (type == AV_VIDEO)
        memcpy(avpacket_body(packet), flags & AV_KEYFRAME ? "\x17\1\0\0\0" : "\x27\1\0\0\0", 5);
    else
        memcpy(avpacket_body(packet), "\xaf\1", 2);
    CHECK_EQ(avcodec_classify(packet), 0);
    stream_tracks_read(&b->tracks, packet, &context->lock, b->path, now_ms);
    avpacket_unref(&packet);
}

/* 25 pictures and 50 sounds a second, whenever the sampler looks. */
static void test_tracks(void **state)
{
    (void)state;
    struct peer     *p = start_publisher("/live/a");
    uint64_t         next_sample_ms = now_ms + 1000, begin_ms = now_ms;
    struct snapshot *s = NULL;
    for (int frame = 0; frame < 25 * 12; frame++) {
        now_ms = begin_ms + 40 * (uint64_t)frame + (frame % 3 == 0 ? 7 : 0); /* the network */
        int64_t dts_ms = 40 * frame;
        feed(p, AV_VIDEO, frame % 50 == 0 ? AV_KEYFRAME : 0, dts_ms, 5 + 1000);
        feed(p, AV_AUDIO, 0, dts_ms, 2 + 100);
        feed(p, AV_AUDIO, 0, dts_ms + 20, 2 + 100);
        if (now_ms < next_sample_ms)
            continue;
        next_sample_ms += 1000;
        snapshot_unref(s);
        s = take();
    }
    CHECK_EQ(s->streams[0].track_count, 2);
    const struct track_sample *video = &s->streams[0].tracks[0], *audio = &s->streams[0].tracks[1];
    CHECK_EQ(video->type, AV_VIDEO);
    assert_float_equal(video->frame_rate, 25, 0.1);
    assert_float_equal((double)video->bitrate, 25 * 8 * 1000, 25 * 8 * 1000 * 0.01);
    CHECK_EQ(video->gop_ms, 2000);
    assert_float_equal(audio->frame_rate, 50, 0.2);
    assert_float_equal((double)audio->bitrate, 50 * 8 * 100, 50 * 8 * 100 * 0.01);
    CHECK_EQ(audio->gop_ms, 0);
    snapshot_unref(s);
    for (int i = 0; i <= RATE_SPAN; i++) { /* it stands still */
        now_ms += 1000;
        s = take();
        snapshot_unref(s);
    }
    s = sampler_get(sampler);
    CHECK_EQ((int)s->streams[0].tracks[0].frame_rate, 0);
    CHECK_EQ(s->streams[0].tracks[0].bitrate, 0);
    snapshot_unref(s);
    stop(p);
}

static void test_history(void **state)
{
    (void)state;
    struct peer         *p = start_publisher("/live/a");
    struct history_point points[HISTORY_POINTS];
    int64_t              end_ms;
    for (int i = 0; i < HISTORY_POINTS + 20; i++) {
        p->conn.bytes_in += 125;
        now_ms += 1000;
        tick(p);
        snapshot_unref(take());
    }
    CHECK_EQ(sampler_history(sampler, "/live/a", points, &end_ms), HISTORY_POINTS);
    CHECK_EQ(end_ms, 1000000 + (int64_t)now_ms);
    CHECK_EQ((int)points[HISTORY_POINTS - 1].in_bitrate, 1000);
    CHECK_EQ(sampler_history(sampler, NULL, points, &end_ms), HISTORY_POINTS);
    CHECK_EQ(sampler_history(sampler, "/live/none", points, &end_ms), 0);
    CHECK_EQ(end_ms, 0);
    stop(p);
    snapshot_unref(take());
    CHECK_EQ(sampler_history(sampler, "/live/a", points, &end_ms), 0); /* nothing is left behind */
}

static void test_who_it_is(void **state)
{
    (void)state;
    static const struct { const char *said, *kept; } agents[] = {
        { "FMLE/3.0 (compatible; Lavf59.27.100)", "FMLE/3.0 (compatible; Lavf59.27.100)" },
        { "a\nb\x1b[31m\x7f", "ab[31m" },
        { "\xc3\xa9t\xc3\xa9 \xff\xc3", "\xc3\xa9t\xc3\xa9 " },
        { "\xe2\x80\xae" "evil\xe2\x80\xa8", "evil" }, /* the direction of writing, a line's end */
        { "\x01\x02", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < COUNT(agents); i++) {
        struct peer *p = start_peer(SESSION_IDLE);
        uint8_t     *said = copy_exact(agents[i].said, strlen(agents[i].said));
        session_set_agent(&p->base, (struct bytes){ said, strlen(agents[i].said) });
        free(said);
        if (agents[i].kept == NULL)
            CHECK(p->base.agent == NULL);
        else
            assert_string_equal(p->base.agent, agents[i].kept);
        session_set_agent(&p->base, bytes_of("second"));
        assert_string_equal(p->base.agent, agents[i].kept != NULL ? agents[i].kept : "second");
        stop(p);
    }
    /* Cut between two characters. */
    struct peer *p = start_publisher("/live/a");
    char         longest[3 * SESSION_AGENT_MAX];
    for (size_t i = 0; i < SESSION_AGENT_MAX; i++)
        memcpy(longest + 3 * i, "\xe2\x82\xac", 3);
    session_set_agent(&p->base, (struct bytes){ (uint8_t *)longest, sizeof longest });
    CHECK_EQ(strlen(p->base.agent), SESSION_AGENT_MAX / 3 * 3);
    struct snapshot *s = take();
    assert_string_equal(s->streams[0].publisher.agent, p->base.agent);
    assert_string_equal(s->streams[0].publisher.protocol, "rtmp");
    snapshot_unref(s);
    stop(p);
}

/* Many streams, in order, and found. */
static void test_many(void **state)
{
    (void)state;
    enum { MANY = 100 };
    struct peer *peers[MANY];
    char         path[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "/live/%d", (i * 37) % MANY);
        peers[i] = start_publisher(path);
    }
    struct snapshot *s = take();
    CHECK_EQ(s->count, MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "/live/%d", i);
        assert_string_equal(snapshot_find(s, path)->path, path);
        CHECK(i == 0 || strcmp(s->streams[i - 1].path, s->streams[i].path) < 0);
    }
    snapshot_unref(s);
    for (int i = 0; i < MANY; i++)
        stop(peers[i]);
}

/* By hand, with MILLRACE_MEASURE=1: what a snapshot of a thousand streams takes of a core.  The
 * context's lock is held for less: docs/METRICS.md has the figures. */
static uint64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void test_cost(void **state)
{
    enum { MANY = 1000, TIMES = 20 };
    static struct peer *peers[MANY];
    uint64_t            all_us = 0;
    char                path[32];
    (void)state;
    if (getenv("MILLRACE_MEASURE") == NULL)
        return;
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "/live/%d", i);
        peers[i] = start_publisher(path);
        feed(peers[i], AV_VIDEO, AV_KEYFRAME, 0, 1000);
        feed(peers[i], AV_AUDIO, 0, 0, 100);
    }
    for (int i = 0; i < TIMES; i++) {
        uint64_t since_us = cpu_us();
        snapshot_unref(take());
        all_us += cpu_us() - since_us;
        now_ms += 1000;
    }
    print_message("a snapshot of %d streams takes %llu us\n", MANY, (unsigned long long)all_us / TIMES);
    for (int i = 0; i < MANY; i++)
        stop(peers[i]);
}

static unsigned samples;

static void on_sample(void *arg, struct snapshot *snapshot)
{
    CHECK(arg == &samples && snapshot->number > samples);
    samples = (unsigned)snapshot->number;
}

static void test_the_thread(void **state)
{
    (void)state;
    struct sampler *s = sampler_new(context, on_sample, &samples);
    CHECK_EQ(samples, 1);
    CHECK_EQ(sampler_start(s), 0);
    sampler_stop(s); /* at once, not after its second */
    sampler_stop(s);
    CHECK_EQ(samples, 1);
    sampler_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sums, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_session_several_streams, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bit_rates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tracks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_thread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cost, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
