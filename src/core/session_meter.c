#include "core/session_meter.h"

#include "core/session.h"
#include "core/viewer.h"
#include "net/conn.h"

void session_meter_read(const struct session *s, struct meter *out)
{
    struct session_parts parts = { 0 };
    *out = s->meter.before;
    if (s->ops->parts != NULL)
        s->ops->parts(s, &parts);
    if (parts.conn != NULL) {
        out->in_bytes = parts.conn->bytes_in;
        out->out_bytes = parts.conn->bytes_out;
    } else if (parts.viewer != NULL) {
        out->out_bytes = parts.viewer->bytes_sent;
    }
    if (s->meter.stream == NULL)
        return;
    out->in_packets += parts.in_packets;
    if (parts.viewer != NULL)
        out->out_packets += parts.viewer->packets_sent;
}

/* Add what has come since the last time. */
static void settle(struct session *s, const struct meter *now)
{
    struct session_meter *m = &s->meter;
    if (m->publishes) {
        meter_add(m->stream, STREAM_IN_BYTES, now->in_bytes - m->counted.in_bytes);
        meter_add(m->stream, STREAM_IN_PACKETS, now->in_packets - m->counted.in_packets);
    } else if (!s->internal) {
        meter_add(m->stream, STREAM_OUT_BYTES, now->out_bytes - m->counted.out_bytes);
        meter_add(m->stream, STREAM_OUT_PACKETS, now->out_packets - m->counted.out_packets);
    }
    m->counted = *now;
}

/* The rate of the stream is the sum of those of its sessions: change this one's part in it. */
static void share_bitrate(struct session *s, uint64_t bitrate)
{
    struct session_meter *m = &s->meter;
    atomic_uint_fast64_t *sum = m->publishes ? &m->stream->in_bitrate : &m->stream->out_bitrate;
    if (s->internal)
        return;
    atomic_fetch_add_explicit(sum, bitrate - m->shared_bitrate, memory_order_relaxed);
    m->shared_bitrate = bitrate;
}

void session_meter_join(struct session *s, struct stream_meter *stream, bool publishes)
{
    s->meter.stream = stream;
    s->meter.publishes = publishes;
}

void session_meter_leave(struct session *s)
{
    struct meter now;
    if (s->meter.stream == NULL)
        return;
    session_meter_read(s, &now);
    settle(s, &now);
    share_bitrate(s, 0);
    s->meter.stream = NULL;
    s->meter.before = now;
}

void session_meter_tick(struct session *s, uint64_t now_ms)
{
    struct session_meter *m = &s->meter;
    struct meter          now;
    session_meter_read(s, &now);
    rate_sample(&m->in, now.in_bytes, now_ms);
    rate_sample(&m->out, now.out_bytes, now_ms);
    meter_set(&m->in_bytes, now.in_bytes);
    meter_set(&m->in_bitrate, rate_bits(&m->in));
    meter_set(&m->out_bitrate, rate_bits(&m->out));
    if (m->stream == NULL)
        return;
    settle(s, &now);
    share_bitrate(s, rate_bits(m->publishes ? &m->in : &m->out));
}
