/* rtmp_feed.h - what the tests of the chunk reader share: feed it a wire however it is cut, compare
 * what comes out. */
#ifndef MILLRACE_TESTS_RTMP_FEED_H
#define MILLRACE_TESTS_RTMP_FEED_H

#include "check.h"

#include "base/error.h"
#include "protocol/rtmp_chunk.h"
#include "protocol/rtmp_message.h"

static const struct rtmp_chunk_limits roomy = {
    .message_size_max = 1 << 24,
    .chunk_streams_max = 64,
    .buffered_size_max = 1 << 26,
};

/* What came out of a reader. */
struct outcome {
    struct rtmp_message messages[64]; /* packets owned */
    size_t              count;
    size_t              consumed;
    int                 error;
};

static inline void outcome_free(struct outcome *o)
{
    for (size_t i = 0; i < o->count; i++)
        avpacket_unref(&o->messages[i].packet);
}

/* Carry out what a session would, at once. */
static inline int obey(struct rtmp_chunk_reader *c, const struct rtmp_message *m)
{
    struct rtmp_control control;
    if (m->type != RTMP_SET_CHUNK_SIZE && m->type != RTMP_ABORT)
        return 0;
    if (rtmp_control_read(m->type, avpacket_bytes(m->packet), &control) < 0)
        return ERR_PROTOCOL;
    if (m->type == RTMP_SET_CHUNK_SIZE)
        return rtmp_chunk_reader_set_chunk_size(c, control.value);
    rtmp_chunk_reader_abort(c, control.value);
    return 0;
}

/* Show `c` the bytes of `wire` in copies of exact size: up to `cut` first, then `step` more each
 * time, as a connection whose input grows. */
static inline void feed(struct rtmp_chunk_reader *c, const uint8_t *wire, size_t size, size_t cut,
                        size_t step, struct outcome *o)
{
    size_t seen = cut;
    for (;;) {
        ssize_t n;
        do {
            uint8_t *window = copy_exact(wire + o->consumed, seen - o->consumed);
            assert_true(o->count < COUNT(o->messages));
            struct rtmp_message *m = &o->messages[o->count];
            n = rtmp_chunk_read(c, (struct bytes){ window, seen - o->consumed }, m);
            free(window);
            if (n > 0)
                o->consumed += (size_t)n;
            if (n > 0 && m->packet != NULL) {
                o->count++;
                int result = obey(c, m);
                n = result < 0 ? result : n;
            } else {
                assert_null(m->packet);
            }
        } while (n > 0);
        o->error = (int)n;
        if (n < 0 || seen == size)
            return;
        seen = size - seen < step ? size : seen + step;
    }
}

struct expected {
    uint32_t csid, msid, time_ms;
    uint8_t  type;
    uint32_t size;
};

static inline void check_messages(const struct outcome *o, const struct expected *want, size_t count)
{
    CHECK_EQ(o->error, 0);
    CHECK_EQ(o->count, count);
    for (size_t i = 0; i < count; i++) {
        const struct rtmp_message *m = &o->messages[i];
        CHECK_EQ(m->csid, want[i].csid);
        CHECK_EQ(m->msid, want[i].msid);
        CHECK_EQ(m->time_ms, want[i].time_ms);
        CHECK_EQ(m->type, want[i].type);
        CHECK_EQ(m->packet->type, want[i].type);
        CHECK_EQ(m->packet->size, want[i].size);
    }
}

/* The wire must give the messages wanted however TCP cuts it: in two at every byte, and byte by
 * byte. */
static inline void check_wire(const uint8_t *wire, size_t size, const struct expected *want, size_t count)
{
    for (size_t cut = 0; cut <= size; cut++) {
        struct rtmp_chunk_reader *c = rtmp_chunk_reader_new(&roomy);
        struct outcome            o = { 0 };
        feed(c, wire, size, cut, cut == 0 ? 1 : size, &o);
        check_messages(&o, want, count);
        CHECK_EQ(o.consumed, size);
        CHECK_EQ(rtmp_chunk_reader_buffered(c), 0);
        assert_string_equal(rtmp_chunk_reader_why(c), "");
        outcome_free(&o);
        rtmp_chunk_reader_free(c);
    }
}

#define CHECK_WIRE(wire, want) check_wire(wire, sizeof wire, want, COUNT(want))

#endif
