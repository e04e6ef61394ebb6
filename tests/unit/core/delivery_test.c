/* From broadcast_append() to the sockets of viewers, on one worker that runs turn by turn. */
#include "core/packets.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/broadcast.h"
#include "core/context.h"
#include "core/fanout.h"
#include "core/outlet.h"
#include "core/session.h"
#include "core/worker.h"
#include "media/avcodec.h"
#include "net/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct config  *config;
static struct context *context;
static struct worker  *worker;
static struct session *publisher;
static enum sender_backend backend;

/* A viewer, the far end of its socket, and what has come out there. */
struct watcher {
    struct viewer viewer;
    int           far_fd;
    unsigned      starts, ends;
    int           lost;
    uint8_t      *seen;
    size_t        seen_size;
};

/* What a viewer should get: the wire forms, one after the other. */
struct expected {
    uint8_t *data;
    size_t   size;
};

static void turn(void)
{
    uv_run(&worker->loop.uv, UV_RUN_NOWAIT);
}

static unsigned grants;

static void on_published(struct session *s)
{
    CHECK(s->broadcast != NULL);
    grants++;
}

static void on_close(struct session *s, const char *reason)
{
    (void)reason;
    broadcast_unpublish(s);
    if (publisher == s)
        publisher = NULL;
}

static void session_free(struct session *s)
{
    free(s);
}

static const struct session_ops publisher_ops = {
    .name = "TEST",
    .on_published = on_published,
    .on_close = on_close,
    .destroy = session_free,
};

static struct session *start_session(void)
{
    struct session         *s = alloc_zeroed(sizeof *s);
    struct sockaddr_storage nobody = { .ss_family = AF_INET };
    CHECK(context_admit(context, "0.0.0.0"));
    session_init(s, worker, &publisher_ops, &nobody);
    return s;
}

static struct session *start_publisher(const char *path)
{
    struct session *s = start_session();
    CHECK_EQ(broadcast_publish(s, path), 0);
    return s;
}

static void stop_publisher(struct session *s)
{
    session_close(s, "test");
}

static int set_up(void **state)
{
    (void)state;
    config = config_new();
    config->delivery.flush_ms = 0;
    config->delivery.lag_bytes = 65536;
    config->publish.resume_s = 0;
    config->rtmp.chunk_size = 128;
    grants = 0;
    context = context_new(config);
    context->worker_count = 1;
    context->workers = alloc_zeroed(sizeof *context->workers);
    worker = context->workers[0] = worker_new(context, 0);
    worker->fanout = fanout_new(backend);
    publisher = start_publisher("/live/s");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (publisher != NULL)
        stop_publisher(publisher);
    turn();
    CHECK_EQ(map_count(context->broadcasts), 0); /* nothing remains of a stream */
    CHECK_EQ(map_count(worker->outlets), 0);
    CHECK_EQ(map_count(context->sessions), 0);
    worker_free_all(context);
    context_free(context);
    config_free(config);
    return 0;
}

static struct watcher *watcher_of(struct viewer *v)
{
    return LIST_ITEM(v, struct watcher, viewer);
}

static void on_start(struct viewer *v, bool has_audio, bool has_video)
{
    (void)has_audio;
    (void)has_video;
    watcher_of(v)->starts++;
}

static void on_stream_end(struct viewer *v)
{
    watcher_of(v)->ends++;
}

static void on_lost(struct viewer *v, int error)
{
    watcher_of(v)->lost = error;
    outlet_leave(v);
}

static const struct viewer_ops viewer_ops = { .on_start = on_start, .on_stream_end = on_stream_end, .on_lost = on_lost };

static size_t take_input(struct conn *conn, struct bytes in)
{
    (void)conn;
    return in.size;
}

static void on_writable(struct conn *conn)
{
    outlet_viewer_writable(conn->owner);
}

static void on_end(struct conn *conn, int error)
{
    (void)conn;
    (void)error;
}

static const struct conn_handler handler = { take_input, on_writable, on_end };

static struct watcher *watch_path(const char *path, enum wire_form form, const struct track_choice *choice,
                                  bool live)
{
    int             pair[2];
    struct watcher *w = alloc_zeroed(sizeof *w);
    struct outlet  *outlet;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof(int));
    w->far_fd = pair[1];
    viewer_init(&w->viewer, conn_new(&worker->loop, pair[0], &handler, &w->viewer), form, &viewer_ops);
    CHECK_EQ(outlet_open(worker, path, choice, &outlet), 0);
    w->viewer.starts_live = live;
    outlet_join(outlet, &w->viewer);
    return w;
}

static struct watcher *watch_choice(enum wire_form form, const struct track_choice *choice, bool live)
{
    return watch_path("/live/s", form, choice, live);
}

static struct watcher *watch(enum wire_form form)
{
    return watch_choice(form, NULL, false);
}

static void stop_watching(struct watcher *w)
{
    outlet_leave(&w->viewer);
    conn_close(w->viewer.conn);
    close(w->far_fd);
    free(w->seen);
    free(w);
}

/* Take what has come, at most `most` bytes. */
static size_t receive(struct watcher *w, size_t most)
{
    uint8_t room[65536];
    size_t  want = most < sizeof room ? most : sizeof room;
    ssize_t n = recv(w->far_fd, room, want, 0);
    if (n <= 0)
        return 0;
    w->seen = alloc_resize(w->seen, w->seen_size + (size_t)n, 1);
    memcpy(w->seen + w->seen_size, room, (size_t)n);
    w->seen_size += (size_t)n;
    return (size_t)n;
}

/* Take all there is: a turn learns that the socket has room, the next one fills it. */
static void receive_all(struct watcher *w)
{
    for (int idle = 0; idle < 4; idle++) {
        turn();
        while (receive(w, 65536) > 0)
            idle = 0;
    }
}

/* Publish `p`, of which the caller keeps a reference to compare with. */
static struct avpacket *publish(struct avpacket *p)
{
    broadcast_append(publisher, avpacket_ref(p), (uint32_t)p->dts_ms);
    return p;
}

static void expect(struct expected *e, const struct avpacket *p, enum wire_form form)
{
    struct iovec iov[4096];
    size_t       covered = 0;
    unsigned     count = wire_iov(p, form, 0, iov, COUNT(iov), &covered);
    CHECK_EQ(covered, wire_size(p, form));
    for (unsigned i = 0; i < count; i++) {
        e->data = alloc_resize(e->data, e->size + iov[i].iov_len, 1);
        memcpy(e->data + e->size, iov[i].iov_base, iov[i].iov_len);
        e->size += iov[i].iov_len;
    }
}

static void check_seen(const struct watcher *w, struct expected *e)
{
    CHECK_EQ(w->seen_size, e->size);
    assert_memory_equal(w->seen, e->data, e->size);
    free(e->data);
}

static void drop_all(struct avpacket **packets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        avpacket_unref(&packets[i]);
}

/* Viewers of every form get every byte, those who were there and those who come late. */
static void test_all_forms_and_late_joiners(void **state)
{
    (void)state;
    struct avpacket *packets[6];
    struct watcher  *early[3], *late[3];
    for (int form = 0; form < 3; form++)
        early[form] = watch((enum wire_form)form);
    packets[0] = publish(make_header(AV_VIDEO));
    packets[1] = publish(make_header(AV_AUDIO));
    packets[2] = publish(make_audio(0));
    packets[3] = publish(make_key(0));
    turn();
    packets[4] = publish(make_key(40)); /* late ones start here */
    turn();
    for (int form = 0; form < 3; form++)
        late[form] = watch((enum wire_form)form);
    packets[5] = publish(make_inter(80));
    for (int form = 0; form < 3; form++) {
        struct expected all = { 0 }, tail = { 0 };
        for (int i = 0; i < 6; i++)
            expect(&all, packets[i], (enum wire_form)form);
        expect(&tail, packets[0], (enum wire_form)form);
        expect(&tail, packets[1], (enum wire_form)form);
        expect(&tail, packets[4], (enum wire_form)form);
        expect(&tail, packets[5], (enum wire_form)form);
        receive_all(early[form]);
        receive_all(late[form]);
        check_seen(early[form], &all);
        check_seen(late[form], &tail);
        CHECK_EQ(early[form]->starts, 1);
        stop_watching(early[form]);
        stop_watching(late[form]);
    }
    drop_all(packets, COUNT(packets));
}

/* Packets are gathered for the window, but for a large keyframe, which takes along what waits. */
static void test_gathering(void **state)
{
    (void)state;
    struct watcher  *w = watch(WIRE_FLV);
    struct avpacket *packets[5];
    struct expected  first = { 0 }, all = { 0 };
    config->delivery.flush_ms = 1000;
    setsockopt(w->viewer.conn->fd, SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 20 }, sizeof(int));
    packets[0] = publish(make_key(0));
    packets[1] = publish(make_audio(0));
    receive_all(w); /* who joins does not wait */
    for (int i = 0; i < 2; i++)
        expect(&first, packets[i], WIRE_FLV);
    check_seen(w, &first);
    packets[2] = publish(make_inter(40));
    packets[3] = publish(make_packet(AV_VIDEO, AV_KEYFRAME, 60, OUTLET_LARGE_SIZE - 1, 5));
    receive_all(w);
    CHECK_EQ(w->seen_size, first.size);
    packets[4] = publish(make_packet(AV_VIDEO, AV_KEYFRAME, 80, OUTLET_LARGE_SIZE, 6));
    receive_all(w);
    for (int i = 0; i < 5; i++)
        expect(&all, packets[i], WIRE_FLV);
    check_seen(w, &all);
    stop_watching(w);
    drop_all(packets, COUNT(packets));
}

/* The viewers of many streams, at like places, share batches: each gets its own stream's bytes. */
static void test_many_streams(void **state)
{
    (void)state;
    enum { STREAMS = 150, PACKETS = 5 };
    struct session *publishers[STREAMS];
    struct watcher *watchers[STREAMS];
    struct expected all[STREAMS] = { { 0 } };
    for (int i = 0; i < STREAMS; i++) {
        char path[20];
        snprintf(path, sizeof path, "/live/%d", i);
        publishers[i] = start_publisher(path);
        watchers[i] = watch_path(path, (enum wire_form)(i % 3), NULL, false);
    }
    for (int at = 0; at < PACKETS; at++) {
        for (int i = 0; i < STREAMS; i++) {
            struct avpacket *p = make_packet(AV_VIDEO, AV_KEYFRAME, at * 40, 100 + (uint32_t)i, 1);
            avpacket_body(p)[99] = (uint8_t)i;
            broadcast_append(publishers[i], avpacket_ref(p), (uint32_t)at * 40);
            expect(&all[i], p, (enum wire_form)(i % 3));
            avpacket_unref(&p);
        }
        turn();
        if (at == 2)
            CHECK_EQ(shutdown(watchers[7]->far_fd, SHUT_RDWR), 0);
    }
    CHECK_EQ(watchers[7]->lost, ERR_SYSTEM);
    for (int i = 0; i < STREAMS; i++) {
        receive_all(watchers[i]);
        if (i == 7)
            free(all[i].data);
        else
            check_seen(watchers[i], &all[i]);
        stop_watching(watchers[i]);
        stop_publisher(publishers[i]);
    }
}

/* A socket that takes a byte here and there loses nothing, nor does the one beside it. */
static void test_small_writes(void **state)
{
    (void)state;
    struct watcher  *slow = watch(WIRE_RTMP), *fast = watch(WIRE_RTMP);
    struct avpacket *packets[40];
    struct expected  all = { 0 }, same = { 0 };
    for (int i = 0; i < 40; i++) {
        packets[i] = publish(i % 10 == 0 ? make_packet(AV_VIDEO, AV_KEYFRAME, i * 40, 9000, 1) : make_inter(i * 40));
        expect(&all, packets[i], WIRE_RTMP);
        expect(&same, packets[i], WIRE_RTMP);
        turn();
        receive(slow, 777);
        receive_all(fast);
    }
    receive_all(slow);
    check_seen(slow, &all);
    check_seen(fast, &same);
    CHECK_EQ(slow->viewer.skips, 0);
    stop_watching(slow);
    stop_watching(fast);
    drop_all(packets, COUNT(packets));
}

/* What a session says itself comes between two packets, never within one. */
static void test_words_between_packets(void **state)
{
    (void)state;
    struct watcher  *w = watch(WIRE_FLV);
    struct avpacket *key = publish(make_packet(AV_VIDEO, AV_KEYFRAME, 0, 30000, 1));
    struct expected  all = { 0 };
    turn();
    CHECK(w->viewer.cursor.offset > 0); /* in the middle of it */
    conn_write(w->viewer.conn, "word", 4);
    struct avpacket *next = publish(make_inter(40));
    receive_all(w);
    expect(&all, key, WIRE_FLV);
    all.data = alloc_resize(all.data, all.size + 4, 1);
    memcpy(all.data + all.size, "word", 4);
    all.size += 4;
    expect(&all, next, WIRE_FLV);
    check_seen(w, &all);
    stop_watching(w);
    avpacket_unref(&key);
    avpacket_unref(&next);
}

/* Too far behind: the packet it is in, then the headers if they changed, then the newest keyframe. */
static void test_a_slow_viewer_skips(void **state)
{
    (void)state;
    struct avpacket *packets[32];
    struct watcher  *slow = watch(WIRE_FLV);
    struct expected  want = { 0 };
    packets[0] = publish(make_header(AV_VIDEO));
    packets[1] = publish(make_packet(AV_VIDEO, AV_KEYFRAME, 0, 20000, 1));
    turn();
    CHECK(slow->viewer.cursor.offset > 0);
    packets[2] = publish(make_packet(AV_VIDEO, AV_SEQUENCE_HEADER, 10, 33, 7));
    for (int i = 3; i < 31; i++)
        packets[i] = publish(make_packet(AV_VIDEO, i % 5 == 0 ? AV_KEYFRAME : 0, i * 40, 10000, (uint8_t)i));
    turn();
    CHECK_EQ(slow->viewer.skips, 1);
    CHECK(slow->viewer.outlet->cache.ring.next - slow->viewer.outlet->cache.ring.first <= 8);
    packets[31] = publish(make_inter(2000));
    receive_all(slow);
    for (int i = 0; i < 3; i++)
        expect(&want, packets[i], WIRE_FLV);
    for (int i = 30; i < 32; i++)
        expect(&want, packets[i], WIRE_FLV);
    check_seen(slow, &want);
    CHECK_EQ(meter_get(&publisher->broadcast->meter, STREAM_SKIPS_LAG_BYTES), 1);
    stop_watching(slow);
    drop_all(packets, COUNT(packets));
}

static void test_stream_end_and_return(void **state)
{
    (void)state;
    struct avpacket *packets[2];
    struct watcher  *w = watch(WIRE_FLV);
    struct expected  all = { 0 };
    packets[0] = publish(make_key(5000));
    stop_publisher(publisher);
    receive_all(w);
    CHECK_EQ(w->ends, 1);
    CHECK_EQ(w->viewer.state, VIEWER_WAITING);
    publisher = start_publisher("/live/s");
    struct avpacket *early = make_inter(0); /* nothing to decode it with: dropped */
    broadcast_append(publisher, early, 0);
    packets[1] = publish(make_key(0));
    receive_all(w);
    CHECK_EQ(packets[1]->dts_ms, 5000 + TIMELINE_SEAM_MS);
    expect(&all, packets[0], WIRE_FLV);
    expect(&all, packets[1], WIRE_FLV);
    check_seen(w, &all);
    CHECK_EQ(w->starts, 2);
    stop_watching(w);
    drop_all(packets, COUNT(packets));
}

static void test_filters_and_pause(void **state)
{
    (void)state;
    struct avpacket *packets[7];
    struct watcher  *w = watch(WIRE_FLV);
    struct expected  all = { 0 };
    packets[0] = publish(make_key(0));
    receive_all(w);
    outlet_filter_viewer(&w->viewer, CURSOR_NO_VIDEO, false);
    packets[1] = publish(make_inter(40));
    packets[2] = publish(make_audio(45));
    receive_all(w);
    outlet_filter_viewer(&w->viewer, 0, false); /* video comes back with a keyframe */
    packets[3] = publish(make_inter(80));
    packets[4] = publish(make_key(120));
    receive_all(w);
    outlet_filter_viewer(&w->viewer, CURSOR_PAUSED, false);
    packets[5] = publish(make_key(160));
    packets[6] = publish(make_inter(200));
    receive_all(w);
    outlet_filter_viewer(&w->viewer, 0, true); /* goes on at the newest keyframe */
    receive_all(w);
    expect(&all, packets[0], WIRE_FLV);
    expect(&all, packets[2], WIRE_FLV);
    expect(&all, packets[4], WIRE_FLV);
    expect(&all, packets[5], WIRE_FLV);
    expect(&all, packets[6], WIRE_FLV);
    check_seen(w, &all);
    stop_watching(w);
    drop_all(packets, COUNT(packets));
}

/* A sink: the packets themselves, at its own pace. */
struct sink {
    struct viewer viewer;
    unsigned      room;
    unsigned      count;
    int64_t       dts_ms[64];
    uint64_t      skipped;
};

static void sink_start(struct viewer *v, bool has_audio, bool has_video)
{
    (void)v;
    CHECK(!has_audio && has_video);
}

static bool sink_packet(struct viewer *v, struct avpacket *p)
{
    struct sink *s = LIST_ITEM(v, struct sink, viewer);
    if (s->room == 0)
        return false;
    s->room--;
    s->dts_ms[s->count++] = p->dts_ms;
    return true;
}

static void sink_skip(struct viewer *v, uint64_t packets)
{
    LIST_ITEM(v, struct sink, viewer)->skipped += packets;
}

static const struct viewer_ops sink_ops = {
    .on_start = sink_start,
    .on_stream_end = on_stream_end,
    .on_skip = sink_skip,
    .on_packet = sink_packet,
};

static void test_a_sink_takes_packets(void **state)
{
    (void)state;
    struct sink      sink = { .room = 3 };
    struct outlet   *outlet;
    struct avpacket *packets[6];
    viewer_init_sink(&sink.viewer, &sink_ops);
    CHECK_EQ(outlet_open(worker, "/live/s", NULL, &outlet), 0);
    outlet_join(outlet, &sink.viewer);
    CHECK_EQ(outlet->broadcast->viewer_count, 0);
    packets[0] = publish(make_header(AV_VIDEO));
    for (int i = 1; i < 6; i++) {
        packets[i] = publish(make_packet(AV_VIDEO, i % 2 ? AV_KEYFRAME : 0, i * 4000, 30000, 1));
        turn();
    }
    CHECK_EQ(sink.count, 3);
    CHECK(sink.viewer.blocked);
    CHECK_EQ(sink.skipped, 2); /* delivery.lag_bytes behind: on to the keyframe at 20 s */
    sink.room = 10;
    outlet_viewer_writable(&sink.viewer);
    turn();
    CHECK_EQ(sink.count, 4);
    CHECK_EQ(sink.dts_ms[3], 20000);
    outlet_leave(&sink.viewer);
    drop_all(packets, COUNT(packets));
}

static struct avpacket *make_classified(const char *wire, size_t size, int64_t dts_ms)
{
    struct avpacket *p = avpacket_new(AV_VIDEO, (uint32_t)size);
    memcpy(avpacket_body(p), wire, size);
    p->size = (uint32_t)size;
    p->dts_ms = dts_ms;
    CHECK_EQ(avcodec_classify(p), 0);
    wire_frame(p, 128);
    return p;
}
#define VIDEO(wire, dts_ms) make_classified(wire, sizeof wire - 1, dts_ms)

/* Who wants one of two tracks gets it as if there were no other, those who come late too. */
static void test_a_chosen_track(void **state)
{
    (void)state;
    static const struct track_choice second = { .video = TRACK_CHOICE_ONE + 1, .audio = TRACK_CHOICE_NONE };
    struct watcher  *early = watch_choice(WIRE_FLV, &second, false), *all = watch(WIRE_RTMP);
    struct expected  chosen = { 0 }, whole = { 0 };
    struct avpacket *sent[] = {
        publish(VIDEO("\x96\x10vp09\0\0\0\1a\1\0\0\1b", 0)), publish(make_header(AV_AUDIO)),
        publish(VIDEO("\x91vp09k", 0)), publish(VIDEO("\x96\1vp09\1k", 0)), publish(make_audio(5)),
        publish(VIDEO("\xa6\x11vp09\0\0\0\1d\1\0\0\1e", 40)),
    };
    struct avpacket *want[] = { VIDEO("\x90vp09b", 0), VIDEO("\x91vp09k", 0), VIDEO("\xa1vp09e", 40) };
    for (size_t i = 0; i < COUNT(want); i++)
        expect(&chosen, want[i], WIRE_FLV);
    for (size_t i = 0; i < COUNT(sent); i++)
        expect(&whole, sent[i], WIRE_RTMP);
    turn();
    struct watcher *late = watch_choice(WIRE_FLV, &second, false);
    CHECK(late->viewer.outlet == early->viewer.outlet);
    CHECK(all->viewer.outlet != early->viewer.outlet);
    CHECK_EQ(all->viewer.outlet->broadcast->viewer_count, 3);
    receive_all(early);
    receive_all(late);
    receive_all(all);
    check_seen(all, &whole);
    CHECK_EQ(early->seen_size, chosen.size);
    assert_memory_equal(early->seen, chosen.data, chosen.size);
    check_seen(late, &chosen);
    CHECK(!early->viewer.outlet->cache.has_audio);
    stop_watching(early);
    stop_watching(late);
    stop_watching(all);
    drop_all(sent, COUNT(sent));
    drop_all(want, COUNT(want));
}

/* Two pictures with keyframes at different times: a late viewer, and one that skips, get of each
 * nothing before a keyframe of its own. */
static void test_tracks_resume_one_by_one(void **state)
{
    (void)state;
    struct watcher  *early = watch(WIRE_FLV);
    struct expected  all = { 0 }, tail = { 0 };
    struct avpacket *sent[] = {
        publish(VIDEO("\x90vp09h", 0)), publish(VIDEO("\x96\0vp09\1h", 0)),
        publish(VIDEO("\xa6\1vp09\1-", 0)), /* nothing can show it: dropped for all */
        publish(VIDEO("\x91vp09a", 0)), publish(VIDEO("\x96\1vp09\1b", 20)),
        publish(VIDEO("\xa1vp09c", 40)), publish(VIDEO("\xa6\1vp09\1d", 60)),
        publish(VIDEO("\x91vp09e", 100)), publish(VIDEO("\xa6\1vp09\1f", 120)),
    };
    turn();
    struct watcher  *late = watch(WIRE_FLV);
    turn();
    struct avpacket *more[] = {
        publish(VIDEO("\xa1vp09g", 140)), publish(VIDEO("\xa6\1vp09\1h", 160)),
        publish(VIDEO("\x96\1vp09\1i", 180)), publish(VIDEO("\xa1vp09j", 200)),
        publish(VIDEO("\xa6\1vp09\1k", 220)),
    };
    receive_all(early);
    receive_all(late);
    for (size_t i = 0; i < COUNT(sent); i++)
        if (i != 2)
            expect(&all, sent[i], WIRE_FLV);
    for (size_t i = 0; i < COUNT(more); i++)
        expect(&all, more[i], WIRE_FLV);
    expect(&tail, sent[0], WIRE_FLV);
    expect(&tail, sent[1], WIRE_FLV);
    expect(&tail, sent[7], WIRE_FLV);
    for (size_t i = 0; i < COUNT(more); i++)
        if (i != 1)
            expect(&tail, more[i], WIRE_FLV);
    check_seen(early, &all);
    check_seen(late, &tail);
    CHECK(cursor_equal(&early->viewer.cursor, &late->viewer.cursor)); /* fed as one from here on */
    stop_watching(early);
    stop_watching(late);
    drop_all(sent, COUNT(sent));
    drop_all(more, COUNT(more));
}

/* The same for one that skips. */
static void test_tracks_resume_after_a_skip(void **state)
{
    (void)state;
    static const char second_inter[] = "\xa6\1vp09\1f";
    struct watcher  *slow = watch(WIRE_FLV);
    struct avpacket *first = publish(make_packet(AV_VIDEO, AV_KEYFRAME, 0, 20000, 1));
    struct avpacket *second = publish(VIDEO("\x96\1vp09\1b", 20)), *filler[20], *key, *inter, *tail[3];
    struct expected  want = { 0 };
    turn();
    CHECK(slow->viewer.cursor.offset > 0);
    for (size_t i = 0; i < COUNT(filler); i++)
        filler[i] = publish(make_packet(AV_VIDEO, 0, 40 + (int64_t)i * 40, 10000, (uint8_t)i));
    key = publish(make_packet(AV_VIDEO, AV_KEYFRAME, 900, 300, 9));
    inter = publish(make_classified(second_inter, sizeof second_inter - 1, 920));
    turn();
    CHECK_EQ(slow->viewer.skips, 1);
    tail[0] = publish(make_inter(940));
    tail[1] = publish(make_classified(second_inter, sizeof second_inter - 1, 960));
    tail[2] = publish(VIDEO("\x96\1vp09\1i", 980));
    receive_all(slow);
    expect(&want, first, WIRE_FLV);
    expect(&want, key, WIRE_FLV);
    expect(&want, tail[0], WIRE_FLV);
    expect(&want, tail[2], WIRE_FLV);
    check_seen(slow, &want);
    stop_watching(slow);
    drop_all(filler, COUNT(filler));
    drop_all(tail, COUNT(tail));
    drop_all((struct avpacket *[]){ first, second, key, inter }, 4);
}

static void test_choices_are_bounded(void **state)
{
    (void)state;
    struct watcher *watchers[OUTLET_VARIANTS_MAX + 1];
    struct outlet  *outlet;
    for (uint16_t i = 0; i < OUTLET_VARIANTS_MAX; i++)
        watchers[i] = watch_choice(WIRE_FLV, &(struct track_choice){ .video = TRACK_CHOICE_ONE + i }, false);
    watchers[OUTLET_VARIANTS_MAX] = watch(WIRE_FLV); /* the stream itself is always to be had */
    const struct track_choice more = { .video = TRACK_CHOICE_NONE };
    CHECK_EQ(outlet_open(worker, "/live/s", &more, &outlet), ERR_REFUSED);
    CHECK_EQ(outlet_open(worker, "/live/s", &(struct track_choice){ .video = TRACK_CHOICE_ONE }, &outlet), 0);
    stop_watching(watchers[3]);
    watchers[3] = watch_choice(WIRE_FLV, &more, false);
    for (size_t i = 0; i < COUNT(watchers); i++)
        stop_watching(watchers[i]);
}

/* Who starts live waits for the next keyframe, and gets nothing of what was before. */
static void test_a_live_start(void **state)
{
    (void)state;
    struct expected  e = { 0 };
    struct avpacket *packets[6];
    packets[0] = publish(make_header(AV_VIDEO));
    packets[1] = publish(make_key(0));
    packets[2] = publish(make_inter(40));
    turn();
    struct watcher *w = watch_choice(WIRE_FLV, NULL, true); /* the cached group is new to its outlet */
    turn();
    CHECK_EQ(w->viewer.state, VIEWER_WAITING);
    packets[3] = publish(make_inter(80));
    receive_all(w);
    CHECK_EQ(w->starts, 0);
    packets[4] = publish(make_key(120));
    packets[5] = publish(make_inter(160));
    receive_all(w);
    expect(&e, packets[0], WIRE_FLV);
    expect(&e, packets[4], WIRE_FLV);
    expect(&e, packets[5], WIRE_FLV);
    check_seen(w, &e);
    stop_watching(w);
    drop_all(packets, COUNT(packets));
}

static void test_a_broken_socket_is_reported(void **state)
{
    (void)state;
    struct watcher *w = watch(WIRE_WS);
    turn();
    close(w->far_fd);
    struct avpacket *p = publish(make_key(0));
    turn();
    turn();
    CHECK(w->lost != 0);
    CHECK_EQ(w->viewer.state, VIEWER_DETACHED);
    w->far_fd = -1;
    stop_watching(w);
    avpacket_unref(&p);
}

static void test_a_second_publisher_is_refused(void **state)
{
    (void)state;
    struct session other = { .worker = worker };
    CHECK_EQ(broadcast_publish(&other, "/live/s"), ERR_BUSY);
    assert_null(other.broadcast);
}

/* A newcomer waits until the present publisher is gone; then viewers go on with its packets. */
static void test_takeover(void **state)
{
    (void)state;
    struct watcher  *w = watch(WIRE_FLV);
    struct avpacket *packets[2];
    struct expected  all = { 0 };
    config->publish.takeover = CONFIG_TAKEOVER_REPLACE;
    packets[0] = publish(make_key(5000));
    struct session *next = start_session(), *third = start_session();
    CHECK_EQ(broadcast_publish(next, "/live/s"), BROADCAST_PENDING);
    CHECK_EQ(broadcast_publish(third, "/live/s"), ERR_BUSY); /* one may wait */
    session_close(third, "test");
    turn();
    turn();
    CHECK_EQ(grants, 1);
    assert_null(publisher); /* was closed */
    publisher = next;
    packets[1] = publish(make_key(90));
    receive_all(w);
    CHECK_EQ(packets[1]->dts_ms, 5000 + TIMELINE_SEAM_MS);
    CHECK_EQ(w->ends, 0);
    expect(&all, packets[0], WIRE_FLV);
    expect(&all, packets[1], WIRE_FLV);
    check_seen(w, &all);
    stop_watching(w);
    drop_all(packets, COUNT(packets));
}

static void test_takeover_from_the_stalled_only(void **state)
{
    (void)state;
    struct session *next = start_session();
    config->publish.stalled_s = 5;
    CHECK_EQ(broadcast_publish(next, "/live/s"), ERR_BUSY);
    atomic_fetch_sub(&publisher->broadcast->media_ms, 5000);
    CHECK_EQ(broadcast_publish(next, "/live/s"), BROADCAST_PENDING);
    turn();
    turn();
    CHECK_EQ(grants, 1);
    publisher = next;
}

/* The newcomer gives up at every point; nothing stays behind, and viewers are not left hanging. */
static void test_takeover_withdrawn(void **state)
{
    (void)state;
    struct watcher *w = watch(WIRE_FLV);
    config->publish.takeover = CONFIG_TAKEOVER_REPLACE;
    struct session *next = start_session();
    CHECK_EQ(broadcast_publish(next, "/live/s"), BROADCAST_PENDING);
    session_close(next, "test");
    turn();
    turn();
    assert_non_null(publisher); /* spared: nobody waits any more */
    next = start_session();
    CHECK_EQ(broadcast_publish(next, "/live/s"), BROADCAST_PENDING);
    session_close(publisher, "test"); /* gone by itself: the place is promised */
    session_close(next, "test");
    turn();
    turn();
    CHECK_EQ(grants, 0);
    CHECK(!w->viewer.outlet->live);
    stop_watching(w);
}

static struct avpacket *publish_by(struct session *s, struct avpacket *p)
{
    broadcast_append(s, avpacket_ref(p), (uint32_t)p->dts_ms);
    return p;
}

static struct session *start_backup(void)
{
    struct session *s = start_session();
    s->backup = true;
    CHECK_EQ(broadcast_publish(s, "/live/s"), 0);
    return s;
}

/* The backup is warm until the main publisher goes; then it is on the air from its next keyframe,
 * its headers first.  The main one comes back, is warm, and gets the stream back. */
static void test_standby(void **state)
{
    (void)state;
    struct watcher  *w = watch(WIRE_FLV);
    struct session  *backup = start_backup();
    struct avpacket *main_key = publish(make_key(1000)), *unseen[4], *seen[5];
    struct expected  all = { 0 };
    config->publish.standby_return_s = 0;
    unseen[0] = publish_by(backup, make_header(AV_VIDEO));
    unseen[1] = publish_by(backup, make_key(70000));
    unseen[2] = publish_by(backup, make_inter(70040));
    turn();
    stop_publisher(publisher);
    unseen[3] = publish_by(backup, make_inter(70080));
    turn();
    CHECK_EQ(w->ends, 0);
    CHECK(backup->standby != NULL);
    seen[0] = publish_by(backup, make_key(70120));
    CHECK(backup->standby == NULL);
    publisher = start_publisher("/live/s");
    CHECK(publisher->standby != NULL);
    seen[1] = publish_by(backup, make_inter(70160));
    seen[2] = publish(make_key(5)); /* claims the stream, and goes on without waiting */
    seen[3] = publish(make_inter(45));
    turn();
    turn();
    CHECK(publisher->standby == NULL && backup->standby != NULL);
    seen[4] = publish(make_inter(85));
    receive_all(w);
    CHECK_EQ(meter_get(&publisher->broadcast->meter, STREAM_SWITCHES), 2);
    expect(&all, main_key, WIRE_FLV);
    size_t after_main = all.size;
    CHECK(w->seen_size > after_main);
    assert_memory_equal(w->seen, all.data, after_main);
    /* Then the backup's header, which is a copy, and the rest as it was published. */
    CHECK_EQ(w->seen[after_main], AV_VIDEO);
    struct expected rest = { 0 };
    for (int i = 0; i < 5; i++)
        expect(&rest, seen[i], WIRE_FLV);
    CHECK_EQ(w->seen_size, after_main + AVPACKET_FLV_SIZE + unseen[0]->size + AVPACKET_TAILROOM + rest.size);
    assert_memory_equal(w->seen + w->seen_size - rest.size, rest.data, rest.size);
    CHECK(seen[0]->dts_ms == 1000 + TIMELINE_SEAM_MS && seen[2]->dts_ms > seen[1]->dts_ms);
    CHECK_EQ(w->ends, 0);
    free(all.data);
    free(rest.data);
    session_close(backup, "test");
    stop_watching(w);
    avpacket_unref(&main_key);
    drop_all(unseen, COUNT(unseen));
    drop_all(seen, COUNT(seen));
}

/* A publisher that falls silent loses the stream at the other's next keyframe. */
static void test_standby_for_a_stalled_publisher(void **state)
{
    (void)state;
    struct session  *backup = start_backup();
    struct avpacket *packets[2];
    packets[0] = publish_by(backup, make_key(0));
    turn();
    CHECK(backup->standby != NULL);
    atomic_fetch_sub(&publisher->broadcast->media_ms, config->publish.standby_after_ms + 1);
    packets[1] = publish_by(backup, make_key(40));
    turn();
    turn();
    CHECK(backup->standby == NULL && publisher->standby != NULL);
    session_close(backup, "test");
    drop_all(packets, COUNT(packets));
}

/* So does one whose bitrate falls, to one whose has not; then it must be well by more. */
static void test_standby_for_a_low_bitrate(void **state)
{
    (void)state;
    struct session  *backup = start_backup();
    struct avpacket *first, *second, *third;
    config->publish.standby_min_bitrate = 1000;
    config->publish.standby_return_s = 0;
    first = publish_by(backup, make_key(0));
    backup->standby->own.level = BITRATE_WELL;
    backup->standby->other.at_ms -= BITRATE_WINDOW_MS; /* a window of nothing */
    second = publish_by(backup, make_inter(40));
    turn();
    CHECK_EQ(backup->standby->other.level, BITRATE_LOW);
    CHECK(backup->standby != NULL); /* until its next keyframe */
    third = publish_by(backup, make_key(80));
    turn();
    turn();
    CHECK(backup->standby == NULL && publisher->standby != NULL);
    CHECK_EQ(publisher->broadcast->last_switch, STANDBY_LOW);
    CHECK_EQ(publisher->standby->own.level, BITRATE_LOW);
    struct avpacket *back = publish(make_key(0));
    turn();
    turn();
    CHECK(publisher->standby != NULL); /* though standby_return_s is 0 */
    publisher->standby->own.level = BITRATE_WELL;
    struct avpacket *again = publish(make_key(40));
    turn();
    turn();
    CHECK(publisher->standby == NULL && backup->standby != NULL);
    CHECK_EQ(publisher->broadcast->last_switch, STANDBY_RETURNED);
    session_close(backup, "test");
    drop_all((struct avpacket *[]){ first, second, third, back, again }, 5);
}

/* Viewers who were held for the warm one are not held when it goes, too. */
static void test_standby_that_goes(void **state)
{
    (void)state;
    struct watcher  *w = watch(WIRE_FLV);
    struct session  *backup = start_backup();
    struct avpacket *packets[2];
    packets[0] = publish(make_key(0));
    stop_publisher(publisher);
    packets[1] = publish_by(backup, make_inter(40));
    receive_all(w);
    CHECK(w->viewer.outlet->live && w->viewer.outlet->broadcast->held);
    session_close(backup, "test");
    receive_all(w);
    CHECK(!w->viewer.outlet->live && !w->viewer.outlet->broadcast->held);
    CHECK_EQ(w->ends, 1);
    stop_watching(w);
    drop_all(packets, COUNT(packets));
}

/* A newcomer wanted to replace the publisher, and has thought better of it; the warm one has its place. */
static void test_standby_behind_a_newcomer(void **state)
{
    (void)state;
    struct session  *backup = start_backup();
    config->publish.takeover = CONFIG_TAKEOVER_REPLACE;
    struct session *newcomer = start_session();
    CHECK_EQ(broadcast_publish(newcomer, "/live/s"), BROADCAST_PENDING);
    session_close(newcomer, "test");
    atomic_fetch_sub(&publisher->broadcast->media_ms, config->publish.standby_after_ms + 1);
    struct avpacket *key = publish_by(backup, make_key(0));
    turn();
    turn();
    assert_non_null(publisher); /* not ended, but warm */
    CHECK(publisher->standby != NULL && backup->standby == NULL);
    session_close(backup, "test");
    avpacket_unref(&key);
}

static void test_standby_slots(void **state)
{
    (void)state;
    struct session *backup = start_backup(), *third = start_session();
    third->backup = true;
    CHECK_EQ(broadcast_publish(third, "/live/s"), ERR_BUSY);
    atomic_fetch_sub(&publisher->broadcast->warm_ms, 60000);
    CHECK_EQ(broadcast_publish(third, "/live/s"), 0); /* the silent one makes room */
    turn();
    turn();
    CHECK_EQ(map_count(context->sessions), 2);
    (void)backup;
    session_close(third, "test");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_all_forms_and_late_joiners),
        TEST(test_gathering),
        TEST(test_many_streams),
        TEST(test_small_writes),
        TEST(test_words_between_packets),
        TEST(test_a_slow_viewer_skips),
        TEST(test_stream_end_and_return),
        TEST(test_filters_and_pause),
        TEST(test_a_sink_takes_packets),
        TEST(test_a_chosen_track),
        TEST(test_tracks_resume_one_by_one),
        TEST(test_tracks_resume_after_a_skip),
        TEST(test_choices_are_bounded),
        TEST(test_a_live_start),
        TEST(test_a_broken_socket_is_reported),
        TEST(test_a_second_publisher_is_refused),
        TEST(test_takeover),
        TEST(test_takeover_from_the_stalled_only),
        TEST(test_takeover_withdrawn),
        TEST(test_standby),
        TEST(test_standby_for_a_stalled_publisher),
        TEST(test_standby_for_a_low_bitrate),
        TEST(test_standby_that_goes),
        TEST(test_standby_behind_a_newcomer),
        TEST(test_standby_slots),
    };
    backend = SENDER_SENDMSG;
    int failed = cmocka_run_group_tests_name("sendmsg", tests, NULL, NULL);
    backend = SENDER_AUTO; /* io_uring where it is permitted */
    return failed + cmocka_run_group_tests_name("auto", tests, NULL, NULL);
}
