#include "script.h"

#include "base/log.h"
#include "core/config.h"
#include "core/context.h"
#include "core/session.h"
#include "judge.h"
#include "protocol/rtmp_chunk.h"
#include "protocol/rtmp_handshake.h"
#include "protocol/rtmp_message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SILENCE_STEP_S 5
#define SCRIPT_MIDDLE  12 /* steps: most are on the air then */

/* Where no peer of a script may break anything: small limits, so that scripts come to them. */
#define COMMON \
    "\"delivery\":{\"lag_bytes\":65536,\"gop_bytes\":65536,\"lag_ms\":2000,\"flush_ms\":0," \
    "\"backend\":\"sendmsg\",\"stall_s\":10}," \
    "\"limits\":{\"message_size\":65536,\"chunk_streams\":8,\"http_header_size\":2048,\"streams\":8}," \
    "\"rtmp\":{\"chunk_size\":256,\"ping\":5,\"ping_timeout\":5},\"log\":{\"level\":\"none\"},\"drain_s\":2,"

static const char *const config_texts[SCRIPT_CONFIGS] = {
    "{" COMMON "\"publish\":{\"resume_s\":3}}",
    "{" COMMON "\"publish\":{\"resume_s\":0,\"takeover\":\"replace\"},\"http2\":{\"streams\":4,\"resets\":5,"
    "\"control_frames\":20}}",
    "{" COMMON "\"publish\":{\"takeover\":\"replace_if_stalled\",\"stalled_s\":1,\"standby_after_ms\":500},"
    "\"auth\":{\"play\":true,\"publish\":true,\"secret\":\"a secret of scripts\"}}",
    "{" COMMON "\"proxy\":{\"from\":[\"192.0.2.0/24\"]},\"publish\":{\"takeover\":\"reject\",\"keys\":"
    "[{\"key\":\"geheim\",\"stream\":\"live/a\"}]},\"play\":{\"wait_s\":1}}",
    "{" COMMON "\"apps\":{\"live\":{\"limits\":{\"viewers_per_stream\":1,\"publish_bitrate\":100000},"
    "\"delivery\":{\"gop_cache\":false},\"publish\":{\"takeover\":\"reject\"}}}}",
};

/* All at the first call, so that no script is about the reading of them. */
static const struct config *config_at(unsigned index)
{
    static struct config *loaded[SCRIPT_CONFIGS];
    char                  error[CONFIG_ERROR_SIZE];
    for (unsigned i = 0; i < SCRIPT_CONFIGS && loaded[i] == NULL; i++) {
        const char *text = config_texts[i];
        if (config_load_text("script", text, strlen(text), NULL, 0, &loaded[i], error) != 0) {
            fprintf(stderr, "%s\n", error);
            abort();
        }
        log_setup(LOG_LEVEL_NONE, LOG_FORMAT_TEXT);
    }
    return loaded[index % SCRIPT_CONFIGS];
}

bool script_next(struct bytes *in, struct script_step *out)
{
    struct reader r = reader_over(*in);
    uint8_t       first = (uint8_t)read_be(&r, 1);
    size_t        size = read_le(&r, 2);
    if (r.overrun)
        return false;
    size = size < reader_left(&r) ? size : reader_left(&r);
    *out = (struct script_step){
        .what = first & 15,
        .peer = first >> 4 & (SCRIPT_PEERS - 1),
        .same_turn = first >> 7,
        .body = read_bytes(&r, size),
    };
    *in = (struct bytes){ r.at, reader_left(&r) };
    return true;
}

/* Peers. */

struct peer {
    struct play       *play;
    struct sim_socket *socket;
    struct judge      *judge;
    uint32_t           chunk_size; /* RTMP: what it last said */
};

struct play {
    struct peer          peers[SCRIPT_PEERS];
    enum sim_port        port;
    struct script_faults faults;
    struct script_result result;
    bool                 over; /* they have sent all that they may */
};

/* FNV-1a, of the bytes and of the moment. */
static void note(struct script_result *r, struct bytes in)
{
    if (in.size == 0)
        return;
    r->received += in.size;
    r->digest = (r->digest ^ sim_now_ms()) * 0x100000001b3;
    for (size_t i = 0; i < in.size; i++)
        r->digest = (r->digest ^ in.data[i]) * 0x100000001b3;
}

static void listen_to(struct peer *p)
{
    if (p->socket == NULL)
        return;
    bool         ended = sim_is_ended(p->socket);
    struct bytes in = sim_receive(p->socket);
    note(&p->play->result, in);
    sim_exempt(true);
    judge_hear(p->judge, in);
    sim_exempt(false);
    if (ended)
        judge_end(p->judge);
}

/* A peer that connects anew has reset its old connection. */
static void open_peer(struct peer *p, enum sim_port port, unsigned index)
{
    static const char *const ips[SCRIPT_PEERS] = { "203.0.113.1", "203.0.113.2", "2001:db8::3", "192.0.2.4" };
    struct sim_socket *socket = sim_connect(port, index, ips[index]);
    if (socket == NULL)
        return;
    if (p->socket != NULL) {
        sim_set_stride(p->socket, 0, 0); /* nobody is to wait for it */
        sim_send_reset(p->socket);
    }
    judge_free(p->judge);
    p->socket = socket;
    p->judge = judge_new(port);
    p->chunk_size = RTMP_CHUNK_SIZE_DEFAULT;
    sim_set_stride(socket, p->play->faults.read_stride, p->play->faults.write_stride);
}

static void reset_all(struct play *play)
{
    for (unsigned i = 0; i < SCRIPT_PEERS; i++)
        if (play->peers[i].socket != NULL)
            sim_send_reset(play->peers[i].socket);
}

/* `before`: bytes that were sent before these. */
static void dribble(struct peer *p, struct bytes out, size_t before)
{
    const struct script_faults *faults = &p->play->faults;
    for (size_t i = 0; i < out.size; i++) {
        sim_send(p->socket, (struct bytes){ out.data + i, 1 });
        if (before + i >= faults->dribble_from)
            sim_wait(faults->dribble_ms);
    }
}

/* All that a peer sends passes here. */
static void send_bytes(struct peer *p, struct bytes out)
{
    struct play *play = p->play;
    size_t       max = play->faults.bytes_max, before = play->result.sent;
    if (max > 0 && before + out.size > max) {
        out.size = max - before;
        play->over = true;
    }
    play->result.sent += out.size;
    if (play->faults.dribble_ms > 0 && before + out.size > play->faults.dribble_from)
        dribble(p, out, before);
    else
        sim_send(p->socket, out);
    if (play->over && play->faults.reset)
        reset_all(play);
}

/* What goes out, framed. */

static uint8_t frame[512 * 1024];

static void send_written(struct peer *p, const struct writer *w)
{
    if (!w->overrun)
        send_bytes(p, (struct bytes){ w->start, writer_size(w) });
}

static void greet(struct peer *p, struct bytes body)
{
    static const uint8_t zeros[RTMP_HANDSHAKE_SIZE];
    struct writer        w = writer_over(frame, sizeof frame);
    write_be(&w, body.size > 0 && body.data[0] != 0 ? body.data[0] : 3, 1);
    write_bytes(&w, zeros, sizeof zeros);
    write_bytes(&w, zeros, sizeof zeros);
    send_written(p, &w);
}

static void send_message(struct peer *p, struct bytes body)
{
    struct reader r = reader_over(body);
    uint8_t       head = (uint8_t)read_be(&r, 1), type = (uint8_t)read_be(&r, 1), msid = (uint8_t)read_be(&r, 1);
    uint32_t      time_ms = (uint32_t)read_be(&r, 3);
    struct bytes  rest = read_bytes(&r, r.overrun ? 0 : reader_left(&r));
    struct writer w = writer_over(frame, sizeof frame);
    uint8_t       csid = (head & 63) < 2 ? 2 : head & 63, format = head >> 6;
    write_be(&w, (uint64_t)format << 6 | csid, 1);
    if (format < 3)
        write_be(&w, time_ms, 3);
    if (format < 2) {
        write_be(&w, rest.size, 3);
        write_be(&w, type, 1);
    }
    if (format < 1)
        write_le(&w, msid, 4);
    for (size_t at = 0; at < rest.size; at += p->chunk_size) {
        size_t left = rest.size - at;
        if (at > 0)
            write_be(&w, 3u << 6 | csid, 1);
        write_bytes(&w, rest.data + at, left < p->chunk_size ? left : p->chunk_size);
    }
    send_written(p, &w);
    r = reader_over(rest);
    uint32_t size = (uint32_t)read_be(&r, 4) & 0x7fffffff;
    if (type == RTMP_SET_CHUNK_SIZE && !r.overrun && size > 0)
        p->chunk_size = size;
}

static void write_masked_frame(struct writer *w, uint8_t first, struct bytes payload)
{
    static const uint8_t mask[4] = { 0x12, 0x34, 0x56, 0x78 };
    write_be(w, first, 1);
    if (payload.size < 126) {
        write_be(w, 0x80 | payload.size, 1);
    } else {
        write_be(w, 0x80 | 126, 1);
        write_be(w, payload.size, 2);
    }
    write_bytes(w, mask, sizeof mask);
    for (size_t i = 0; i < payload.size; i++)
        write_be(w, payload.data[i] ^ mask[i % 4], 1);
}

static void write_frame2(struct writer *w, uint8_t type, uint8_t flags, uint32_t stream, struct bytes payload)
{
    write_be(w, payload.size, 3);
    write_be(w, type, 1);
    write_be(w, flags, 1);
    write_be(w, stream, 4);
    write_bytes(w, payload.data, payload.size);
}

static void write_piece(struct writer *w, struct bytes payload)
{
    char head[16];
    write_bytes(w, head, (size_t)snprintf(head, sizeof head, "%zx\r\n", payload.size));
    write_bytes(w, payload.data, payload.size);
    write_bytes(w, "\r\n", 2);
}

static void send_frame(struct peer *p, struct bytes body)
{
    struct writer w = writer_over(frame, sizeof frame);
    if (body.size == 0)
        return;
    write_masked_frame(&w, body.data[0], (struct bytes){ body.data + 1, body.size - 1 });
    send_written(p, &w);
}

static void send_frame2(struct peer *p, struct bytes body)
{
    struct reader r = reader_over(body);
    struct writer w = writer_over(frame, sizeof frame);
    uint8_t       type = (uint8_t)read_be(&r, 1), flags = (uint8_t)read_be(&r, 1), stream = (uint8_t)read_be(&r, 1);
    write_frame2(&w, type, flags, stream, read_bytes(&r, r.overrun ? 0 : reader_left(&r)));
    send_written(p, &w);
}

static void send_piece(struct peer *p, struct bytes body)
{
    struct writer w = writer_over(frame, sizeof frame);
    write_piece(&w, body);
    send_written(p, &w);
}

static void send_tag(struct peer *p, struct bytes body)
{
    static uint8_t tag[128 * 1024];
    struct reader  r = reader_over(body);
    struct writer  t = writer_over(tag, sizeof tag), w = writer_over(frame, sizeof frame);
    uint8_t        head = (uint8_t)read_be(&r, 1);
    uint32_t       time_ms = (uint32_t)read_be(&r, 3);
    struct bytes   rest = read_bytes(&r, r.overrun ? 0 : reader_left(&r));
    write_be(&t, head & 31, 1);
    write_be(&t, rest.size, 3);
    write_be(&t, time_ms, 3);
    write_be(&t, 0, 4);
    write_bytes(&t, rest.data, rest.size);
    write_be(&t, rest.size + 11, 4);
    struct bytes whole = { tag, writer_size(&t) };
    switch (head >> 5 & 3) {
    case CARRIER_PLAIN:     write_bytes(&w, whole.data, whole.size); break;
    case CARRIER_CHUNKED:   write_piece(&w, whole); break;
    case CARRIER_WEBSOCKET: write_masked_frame(&w, 0x82, whole); break;
    case CARRIER_HTTP2:     write_frame2(&w, 0, 0, 1, whole); break;
    }
    send_written(p, &w);
}

/* Steps. */

static void turns(struct bytes body)
{
    for (unsigned i = 0; i < 1u + (body.size > 0 ? body.data[0] & 15u : 0); i++)
        sim_turn();
}

static void set_room(struct peer *p, struct bytes body)
{
    struct reader r = reader_over(body);
    size_t        size = read_be(&r, 3);
    sim_set_room(p->socket, size == 0xffffff ? SIM_ROOM_ENDLESS : size);
}

static void set_stride(struct peer *p, struct bytes body)
{
    struct reader r = reader_over(body);
    size_t        reading = read_be(&r, 1), writing = read_be(&r, 1);
    sim_set_stride(p->socket, reading, writing);
}

static void wait_a_while(struct bytes body)
{
    struct reader r = reader_over(body);
    sim_wait(16 * read_le(&r, 2));
}

static void lack(struct peer *p, struct bytes body)
{
    struct reader r = reader_over(body);
    sim_fail_allocation((unsigned)read_be(&r, 1));
    sim_fail_sends(p->socket, ENOBUFS, (unsigned)read_be(&r, 1));
}

static void jump(struct bytes body)
{
    struct reader r = reader_over(body);
    sim_set_wall_ms(1790000000000 + (int64_t)(int32_t)read_be(&r, 4) * 1000);
}

static void do_step(struct play *play, const struct script_step *step)
{
    struct peer *p = &play->peers[step->peer];
    if (p->socket == NULL || step->what == STEP_OPEN) {
        bool given = step->what == STEP_OPEN && step->body.size > 0;
        open_peer(p, given ? step->body.data[0] % 3 : play->port, step->peer);
        if (p->socket == NULL)
            return;
    }
    switch (step->what) {
    case STEP_BYTES:   send_bytes(p, step->body); break;
    case STEP_GREET:   greet(p, step->body); break;
    case STEP_MESSAGE: send_message(p, step->body); break;
    case STEP_FRAME:   send_frame(p, step->body); break;
    case STEP_FRAME2:  send_frame2(p, step->body); break;
    case STEP_TAG:     send_tag(p, step->body); break;
    case STEP_PIECE:   send_piece(p, step->body); break;
    case STEP_TURN:    turns(step->body); break;
    case STEP_WAIT:    wait_a_while(step->body); break;
    case STEP_END:     sim_send_end(p->socket); break;
    case STEP_RESET:   sim_send_reset(p->socket); break;
    case STEP_ROOM:    set_room(p, step->body); break;
    case STEP_STRIDE:  set_stride(p, step->body); break;
    case STEP_JUMP:    jump(step->body); break;
    case STEP_LACK:    lack(p, step->body); break;
    default:           break;
    }
}

static void listen_to_all(struct play *play)
{
    for (unsigned i = 0; i < SCRIPT_PEERS; i++)
        listen_to(&play->peers[i]);
}

static void count_sessions(struct script_result *r)
{
    size_t      at = 0;
    const char *id;
    void       *session;
    while (map_next(sim_context()->sessions, &at, &id, &session)) {
        enum session_role role = ((struct session *)session)->role;
        *(role == SESSION_PUBLISHER ? &r->publishers : role == SESSION_VIEWER ? &r->viewers : &r->idle) += 1;
    }
}

/* In the end nobody is slow any more, but they may be silent. */
static void finish(struct play *play)
{
    for (unsigned i = 0; i < SCRIPT_PEERS; i++) {
        if (play->peers[i].socket == NULL)
            continue;
        sim_set_stride(play->peers[i].socket, 0, 0);
        sim_set_room(play->peers[i].socket, SIM_ROOM_ENDLESS);
    }
    sim_settle();
    listen_to_all(play);
    for (unsigned waited_s = 0; waited_s < play->faults.silent_s; waited_s += SILENCE_STEP_S) {
        sim_wait(SILENCE_STEP_S * 1000);
        listen_to_all(play);
    }
    count_sessions(&play->result);
}

struct script_result script_play(struct bytes script, enum sim_port port, const struct script_faults *faults)
{
    struct play        play = { .port = port };
    struct script_step step;
    if (script.size < 1)
        return play.result;
    if (faults != NULL)
        play.faults = *faults;
    for (unsigned i = 0; i < SCRIPT_PEERS; i++)
        play.peers[i].play = &play;
    sim_begin(config_at(script.data[0]), 2);
    sim_fail_allocation(play.faults.allocation);
    script.data++;
    script.size--;
    for (unsigned i = 0; i < SCRIPT_STEP_MAX && !play.over && script_next(&script, &step); i++) {
        do_step(&play, &step);
        if (i == SCRIPT_MIDDLE && play.faults.wall_jump_s != 0)
            sim_set_wall_ms(1790000000000 + (int64_t)play.faults.wall_jump_s * 1000);
        if (i % 2 == 0 && play.peers[step.peer].socket != NULL)
            sim_fail_sends(play.peers[step.peer].socket, ENOBUFS, play.faults.failing_sends);
        if (!step.same_turn)
            sim_turn();
        listen_to_all(&play);
    }
    finish(&play);
    sim_stop();
    listen_to_all(&play);
    sim_end();
    for (unsigned i = 0; i < SCRIPT_PEERS; i++)
        judge_free(play.peers[i].judge);
    return play.result;
}
