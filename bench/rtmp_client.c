#include "bench/rtmp_client.h"

#include "base/alloc.h"
#include "base/error.h"
#include "bench/target.h"
#include "protocol/amf.h"
#include "protocol/rtmp_command.h"
#include "protocol/rtmp_message.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    VERSION            = 3,
    HANDSHAKE_SIZE     = 1536,
    HANDSHAKE_FIXED    = 8, /* time and zero, before the random part */
    CHUNK_SIZE_DEFAULT = 128,
    COMMAND_SIZE_MAX   = 4096,
    CONNECT_ID         = 1, /* transactions */
    CREATE_ID          = 2,
    START_ID           = 3,
    BUFFER_MS          = 3000,
};

static int fail(struct rtmp_client *c, int error, const char *why)
{
    snprintf(c->why, sizeof c->why, "%s", why);
    return error;
}

void rtmp_client_init(struct rtmp_client *c, const struct target *target, bool publishes, struct writer *out)
{
    uint32_t random = 0x9e3779b9;
    memset(c, 0, offsetof(struct rtmp_client, skim));
    skim_rtmp_init(&c->skim);
    c->target = target;
    c->publishes = publishes;
    c->s1 = alloc_zeroed(HANDSHAKE_SIZE);
    write_be(out, VERSION, 1);
    write_be(out, 0, HANDSHAKE_FIXED); /* a zero version: the simple handshake */
    for (size_t i = HANDSHAKE_FIXED; i < HANDSHAKE_SIZE; i += 4) {
        random = random * 1664525 + 1013904223;
        write_be(out, random, 4);
    }
}

void rtmp_client_clear(struct rtmp_client *c)
{
    free(c->s1);
    c->s1 = NULL;
}

static void send_command(struct writer *out, uint32_t csid, uint32_t msid, const struct writer *amf,
                         uint32_t chunk_size)
{
    assert(!amf->overrun);
    rtmp_write_message(out, csid, RTMP_COMMAND_AMF0, msid, 0,
                       (struct bytes){ amf->start, writer_size(amf) }, chunk_size);
}

static void write_property(struct writer *w, const char *key, const char *value)
{
    amf_write_key(w, key);
    amf_write_string(w, value);
}

static void send_connect(struct rtmp_client *c, struct writer *out)
{
    uint8_t       body[COMMAND_SIZE_MAX];
    struct writer w = writer_over(body, sizeof body);
    amf_write_string(&w, "connect");
    amf_write_number(&w, CONNECT_ID);
    amf_write_object_start(&w);
    write_property(&w, "app", c->target->app);
    write_property(&w, "type", "nonprivate");
    write_property(&w, "flashVer", c->publishes ? "FMLE/3.0 (compatible; millrace-bench)" : "LNX 9,0,124,2");
    write_property(&w, "tcUrl", c->target->tc_url);
    amf_write_object_end(&w);
    send_command(out, RTMP_CSID_COMMAND, 0, &w, CHUNK_SIZE_DEFAULT);
}

static uint32_t chunk_size_of(const struct rtmp_client *c)
{
    return c->publishes ? RTMP_CLIENT_CHUNK_SIZE : CHUNK_SIZE_DEFAULT;
}

static void send_create_stream(struct rtmp_client *c, struct writer *out)
{
    uint8_t       body[64];
    struct writer w = writer_over(body, sizeof body);
    if (c->publishes)
        rtmp_write_set_chunk_size(out, RTMP_CLIENT_CHUNK_SIZE);
    amf_write_string(&w, "createStream");
    amf_write_number(&w, CREATE_ID);
    amf_write_null(&w);
    send_command(out, RTMP_CSID_COMMAND, 0, &w, chunk_size_of(c));
}

static void send_buffer_length(struct rtmp_client *c, struct writer *out)
{
    uint8_t       body[10];
    struct writer w = writer_over(body, sizeof body);
    write_be(&w, RTMP_SET_BUFFER_LENGTH, 2);
    write_be(&w, c->msid, 4);
    write_be(&w, BUFFER_MS, 4);
    rtmp_write_message(out, RTMP_CSID_CONTROL, RTMP_USER_CONTROL, 0, 0, (struct bytes){ body, sizeof body },
                       CHUNK_SIZE_DEFAULT);
}

static void send_start(struct rtmp_client *c, struct writer *out)
{
    uint8_t       body[COMMAND_SIZE_MAX];
    struct writer w = writer_over(body, sizeof body);
    amf_write_string(&w, c->publishes ? "publish" : "play");
    amf_write_number(&w, START_ID);
    amf_write_null(&w);
    amf_write_string(&w, c->target->name);
    if (c->publishes)
        amf_write_string(&w, "live");
    else
        amf_write_number(&w, -1000); /* live only: never a recording */
    send_command(out, 8, c->msid, &w, chunk_size_of(c));
    if (!c->publishes)
        send_buffer_length(c, out);
}

/* The object of a status, as far as the head of its message goes. */
static int on_status(struct rtmp_client *c, struct amf_reader *args)
{
    struct amf_value v;
    struct bytes     code = bytes_of(""), level = bytes_of("");
    while (amf_read(args, &v) && v.type != AMF_END) {
        if (v.type == AMF_STRING && bytes_equal(v.key, bytes_of("level")))
            level = v.string;
        if (v.type == AMF_STRING && bytes_equal(v.key, bytes_of("code")))
            code = v.string;
    }
    snprintf(c->why, sizeof c->why, "%.*s", (int)code.size, (const char *)code.data);
    if (bytes_equal(level, bytes_of("error")))
        return c->why[0] != '\0' ? ERR_REFUSED : fail(c, ERR_REFUSED, "an error status");
    if (bytes_equal(code, bytes_of("NetStream.Play.UnpublishNotify")) ||
        bytes_equal(code, bytes_of("NetStream.Play.Stop")))
        return ERR_CLOSED;
    bool started = bytes_equal(code, bytes_of("NetStream.Play.Start")) ||
                   bytes_equal(code, bytes_of("NetStream.Publish.Start"));
    if (started && c->state == RTMP_CLIENT_STARTING)
        c->state = RTMP_CLIENT_RUNNING;
    return 0;
}

static int on_result(struct rtmp_client *c, const struct rtmp_command *command, struct amf_reader *args,
                     struct writer *out)
{
    struct amf_value v;
    if (c->state == RTMP_CLIENT_CONNECTING && command->transaction == CONNECT_ID) {
        send_create_stream(c, out);
        c->state = RTMP_CLIENT_CREATING;
    } else if (c->state == RTMP_CLIENT_CREATING && command->transaction == CREATE_ID) {
        if (!amf_read_flat(args, &v) || !amf_read_flat(args, &v) || v.type != AMF_NUMBER ||
            !(v.number >= 0 && v.number < UINT32_MAX))
            return fail(c, ERR_PROTOCOL, "createStream gives no stream");
        c->msid = (uint32_t)v.number;
        send_start(c, out);
        c->state = RTMP_CLIENT_STARTING;
    }
    return 0;
}

static int on_command(struct rtmp_client *c, const struct skim_message *m, struct writer *out)
{
    struct rtmp_command command;
    struct amf_value    v;
    int error = rtmp_command_read(m->head, m->type == RTMP_COMMAND_AMF3, &command);
    if (error < 0)
        return fail(c, error, "a command that cannot be read");
    if (bytes_equal(command.name, bytes_of("_result")))
        return on_result(c, &command, &command.arguments, out);
    bool refused = bytes_equal(command.name, bytes_of("_error"));
    if (!refused && !bytes_equal(command.name, bytes_of("onStatus")))
        return 0;
    if (!amf_read_flat(&command.arguments, &v) || !amf_read(&command.arguments, &v))
        return refused ? fail(c, ERR_REFUSED, "_error") : 0;
    error = on_status(c, &command.arguments);
    return refused && error == 0 ? ERR_REFUSED : error;
}

static int on_control(struct rtmp_client *c, const struct skim_message *m, struct writer *out)
{
    struct rtmp_control control;
    int error = rtmp_control_read(m->type, m->head, &control);
    if (error < 0)
        return fail(c, error, "a control message that cannot be read");
    if (m->type == RTMP_WINDOW_ACK_SIZE)
        c->window_size = control.value;
    if (m->type == RTMP_USER_CONTROL && control.event == RTMP_PING_REQUEST)
        rtmp_write_user_control(out, RTMP_PING_RESPONSE, control.value);
    return 0;
}

static int on_message(struct rtmp_client *c, const struct skim_message *m, struct writer *out, skim_fn *fn,
                      void *arg)
{
    switch (m->type) {
    case RTMP_AUDIO:
    case RTMP_VIDEO:
    case RTMP_DATA_AMF0:
        fn(arg, m);
        return 0;
    case RTMP_COMMAND_AMF0:
    case RTMP_COMMAND_AMF3:
        return on_command(c, m, out);
    case RTMP_WINDOW_ACK_SIZE:
    case RTMP_USER_CONTROL:
        return on_control(c, m, out);
    }
    return 0;
}

/* Half a window before it is due: some servers count what is on its way. */
static void acknowledge(struct rtmp_client *c, size_t size, struct writer *out)
{
    c->received += (uint32_t)size;
    if (c->window_size == 0 || c->received - c->acknowledged < c->window_size / 2)
        return;
    rtmp_write_acknowledgement(out, c->received);
    c->acknowledged = c->received;
}

/* S0 and S1, then S2, which is not looked at. */
static ssize_t take_handshake(struct rtmp_client *c, struct bytes in, struct writer *out)
{
    bool   first = c->state == RTMP_CLIENT_S1;
    size_t whole = HANDSHAKE_SIZE + (first ? 1u : 0u);
    size_t size = whole - c->handshake_got < in.size ? whole - c->handshake_got : in.size;
    for (size_t i = 0; first && i < size; i++) {
        if (c->handshake_got + i == 0 && in.data[0] != VERSION)
            return fail(c, ERR_PROTOCOL, "no RTMP server");
        if (c->handshake_got + i > 0)
            c->s1[c->handshake_got + i - 1] = in.data[i];
    }
    c->handshake_got += (uint16_t)size;
    if (c->handshake_got < whole)
        return (ssize_t)size;
    c->handshake_got = 0;
    if (first) {
        write_bytes(out, c->s1, HANDSHAKE_SIZE); /* C2 echoes S1 */
        c->state = RTMP_CLIENT_S2;
    } else {
        rtmp_client_clear(c);
        send_connect(c, out);
        c->state = RTMP_CLIENT_CONNECTING;
    }
    return (ssize_t)size;
}

int rtmp_client_read(struct rtmp_client *c, struct bytes in, struct writer *out, skim_fn *fn, void *arg)
{
    acknowledge(c, in.size, out);
    while (in.size > 0) {
        struct skim_message m = { .complete = false };
        ssize_t n = c->state <= RTMP_CLIENT_S2 ? take_handshake(c, in, out)
                                               : skim_rtmp_read(&c->skim, in, &m);
        if (n < 0)
            return c->state <= RTMP_CLIENT_S2 ? (int)n : fail(c, (int)n, "broken chunks");
        int error = m.complete ? on_message(c, &m, out, fn, arg) : 0;
        if (error < 0)
            return error;
        in = (struct bytes){ in.data + n, in.size - (size_t)n };
    }
    return 0;
}
