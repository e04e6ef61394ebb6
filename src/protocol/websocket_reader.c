/* websocket_reader.c - frames in.
 *
 * wslay asks for input by a callback, which here copies from the run of bytes that the caller
 * gave, into wslay's buffer of 4 KiB; the outside stays a function of its input.  wslay's own
 * message layer is not used: it gathers messages in memory and queues a pong for each ping. */
#include "protocol/websocket.h"

#include "base/alloc.h"
#include "base/error.h"
#include "protocol/utf8.h"

#include <wslay/wslay.h>

struct websocket_reader {
    wslay_frame_context_ptr frames;
    struct bytes in;           /* what is left of the caller's input, during a call */
    uint64_t     message_size_max;
    uint64_t     message_size; /* of the message that is being received, all fragments */
    uint8_t      message;      /* its opcode; 0: none is */
    struct utf8  utf8;         /* of it, if it is text */
    bool         in_frame;     /* the header of a frame has been read, its payload not wholly */
    uint64_t     frame_left;
    uint16_t     code;
    int          error;
    bool         closed;
    uint8_t      control[WEBSOCKET_CONTROL_MAX];
    uint8_t      control_size;
};

struct websocket_reader *websocket_reader_new(uint64_t message_size_max)
{
    struct websocket_reader *r = alloc_zeroed(sizeof *r);
    r->message_size_max = message_size_max;
    r->code = WEBSOCKET_NORMAL;
    return r;
}

void websocket_reader_free(struct websocket_reader *r)
{
    if (r == NULL)
        return;
    if (r->frames != NULL)
        wslay_frame_context_free(r->frames);
    free(r);
}

uint16_t websocket_reader_code(const struct websocket_reader *r)
{
    return r->code;
}

static int fail(struct websocket_reader *r, int error, uint16_t code)
{
    r->code = code;
    return r->error = error;
}

/* wslay's source of input; 0 is "none now". */
static ssize_t give_input(uint8_t *out, size_t size, int flags, void *arg)
{
    struct websocket_reader *r = arg;
    (void)flags;
    if (size > r->in.size)
        size = r->in.size;
    if (size > 0)
        memcpy(out, r->in.data, size);
    r->in.data += size;
    r->in.size -= size;
    return (ssize_t)size;
}

/* The frame layer holds a buffer, which a viewer that never sends anything does without. */
static int start_frames(struct websocket_reader *r)
{
    static const struct wslay_frame_callbacks callbacks = { .recv_callback = give_input };
    if (r->frames == NULL && wslay_frame_context_init(&r->frames, &callbacks, r) < 0)
        return fail(r, ERR_OUT_OF_MEMORY, WEBSOCKET_ERROR);
    return 0;
}

/* What the header of a frame must be, beyond its layout (5.1, 5.2, 5.4). */
static int start_frame(struct websocket_reader *r, const struct wslay_frame_iocb *frame)
{
    bool control = wslay_is_ctrl_frame(frame->opcode);
    if (!frame->mask || frame->rsv != 0)
        return fail(r, ERR_PROTOCOL, WEBSOCKET_BROKEN);
    if (control) {
        if (frame->opcode > WEBSOCKET_OPCODE_PONG)
            return fail(r, ERR_PROTOCOL, WEBSOCKET_BROKEN);
        r->control_size = 0;
    } else {
        if (frame->opcode > WEBSOCKET_OPCODE_BINARY || (frame->opcode == 0) != (r->message != 0))
            return fail(r, ERR_PROTOCOL, WEBSOCKET_BROKEN);
        if (frame->opcode != 0) {
            r->message = frame->opcode;
            r->message_size = 0;
            r->utf8 = (struct utf8){ 0 };
        }
        if (__builtin_add_overflow(r->message_size, frame->payload_length, &r->message_size) ||
            (r->message_size_max > 0 && r->message_size > r->message_size_max))
            return fail(r, ERR_TOO_BIG, WEBSOCKET_TOO_BIG);
    }
    r->in_frame = true;
    r->frame_left = frame->payload_length;
    return 0;
}

static int check_text(struct websocket_reader *r, struct bytes piece, bool final)
{
    for (size_t i = 0; i < piece.size; i++)
        if (!utf8_take(&r->utf8, piece.data[i]))
            return fail(r, ERR_PROTOCOL, WEBSOCKET_BAD_DATA);
    return final && r->utf8.left > 0 ? fail(r, ERR_PROTOCOL, WEBSOCKET_BAD_DATA) : 0;
}

static int take_message(struct websocket_reader *r, struct bytes piece, bool final,
                        struct websocket_event *out)
{
    bool text = r->message == WEBSOCKET_OPCODE_TEXT;
    if (text && check_text(r, piece, final) < 0)
        return r->error;
    if (piece.size == 0 && !final)
        return 0;
    out->type = text ? WEBSOCKET_TEXT : WEBSOCKET_BINARY;
    out->data = piece;
    out->final = final;
    if (final)
        r->message = 0;
    return 0;
}

/* The codes a peer may send (7.4 and the registry it founds). */
static bool is_valid_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static int take_close(struct websocket_reader *r, struct websocket_event *out)
{
    struct reader in = reader_over((struct bytes){ r->control, r->control_size });
    out->code = WEBSOCKET_NO_CODE;
    if (r->control_size > 0) {
        out->code = (uint16_t)read_be(&in, 2);
        if (in.overrun || !is_valid_code(out->code))
            return fail(r, ERR_PROTOCOL, WEBSOCKET_BROKEN);
        out->data = (struct bytes){ in.at, reader_left(&in) };
        if (!utf8_valid(out->data))
            return fail(r, ERR_PROTOCOL, WEBSOCKET_BAD_DATA);
    }
    out->type = WEBSOCKET_CLOSE;
    out->final = true;
    r->closed = true;
    return 0;
}

/* A control frame is small and comes whole (5.5). */
static int take_control(struct websocket_reader *r, uint8_t opcode, struct bytes piece,
                        struct websocket_event *out)
{
    if (piece.size > 0)
        memcpy(r->control + r->control_size, piece.data, piece.size); /* start_frame() saw that it fits */
    r->control_size += (uint8_t)piece.size;
    if (r->frame_left > 0)
        return 0;
    if (opcode == WEBSOCKET_OPCODE_CLOSE)
        return take_close(r, out);
    out->type = opcode == WEBSOCKET_OPCODE_PING ? WEBSOCKET_PING : WEBSOCKET_PONG;
    out->data = (struct bytes){ r->control, r->control_size };
    out->final = true;
    return 0;
}

/* One step of wslay's: the piece of a frame's payload that has come, maybe with its header. */
static int take_piece(struct websocket_reader *r, const struct wslay_frame_iocb *frame,
                      struct websocket_event *out)
{
    if (!r->in_frame && start_frame(r, frame) < 0)
        return r->error;
    struct bytes piece = { frame->data, frame->data_length };
    r->frame_left -= piece.size;
    r->in_frame = r->frame_left > 0;
    if (wslay_is_ctrl_frame(frame->opcode))
        return take_control(r, frame->opcode, piece, out);
    return take_message(r, piece, frame->fin && !r->in_frame, out);
}

ssize_t websocket_read(struct websocket_reader *r, struct bytes in, struct websocket_event *out)
{
    *out = (struct websocket_event){ .type = WEBSOCKET_NONE };
    if (r->error < 0)
        return r->error;
    if (in.size > 0 && start_frames(r) < 0)
        return r->error;
    r->in = in;
    while (r->frames != NULL && !r->closed && out->type == WEBSOCKET_NONE) {
        struct wslay_frame_iocb frame = { 0 };
        ssize_t n = wslay_frame_recv(r->frames, &frame);
        if (n == WSLAY_ERR_WANT_READ && r->in.size == 0)
            break;
        if (n < 0 && n != WSLAY_ERR_WANT_READ)
            return fail(r, ERR_PROTOCOL, WEBSOCKET_BROKEN);
        if (n >= 0 && take_piece(r, &frame, out) < 0)
            return r->error;
    }
    return r->closed ? (ssize_t)in.size : (ssize_t)(in.size - r->in.size);
}
