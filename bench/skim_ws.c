#include "bench/skim_ws.h"

#include "base/error.h"

enum {
    FINAL      = 0x80,
    RESERVED   = 0x70,
    OPCODE     = 0x0f,
    MASKED     = 0x80,
    LENGTH     = 0x7f,
    CONTINUED  = 0,
    BINARY     = 2,
    CLOSE      = 8,
    PONG       = 10,
};

static unsigned header_size(const struct skim_ws *s)
{
    if (s->got < 2)
        return 2;
    unsigned length = s->header[1] & LENGTH;
    return length == 126 ? 4 : length == 127 ? 10 : 2;
}

static bool is_control(uint8_t opcode)
{
    return opcode >= CLOSE;
}

/* The header is complete. */
static int begin_frame(struct skim_ws *s)
{
    uint8_t       opcode = s->header[0] & OPCODE;
    unsigned      size = header_size(s);
    struct reader r = reader_over((struct bytes){ s->header + 2, size - 2 });
    s->left = size == 2 ? s->header[1] & LENGTH : read_be(&r, size - 2);
    s->in_payload = true;
    s->control_size = 0;
    if (s->header[0] & RESERVED || s->header[1] & MASKED || s->left >> 63 || opcode > PONG)
        return ERR_PROTOCOL;
    if (is_control(opcode))
        return s->left > SKIM_WS_CONTROL_MAX || !(s->header[0] & FINAL) ? ERR_PROTOCOL : 0;
    return opcode == BINARY || opcode == CONTINUED ? 0 : ERR_UNSUPPORTED;
}

static ssize_t take_header(struct skim_ws *s, struct bytes in)
{
    size_t size = header_size(s) - s->got;
    if (size > in.size)
        size = in.size;
    memcpy(s->header + s->got, in.data, size);
    s->got += (uint8_t)size;
    if (s->got < header_size(s))
        return (ssize_t)size;
    int error = begin_frame(s);
    return error < 0 ? error : (ssize_t)size;
}

static size_t take_payload(struct skim_ws *s, struct bytes in, struct skim_ws_event *out)
{
    uint8_t opcode = s->header[0] & OPCODE;
    size_t  size = s->left < in.size ? (size_t)s->left : in.size;
    if (is_control(opcode)) {
        memcpy(s->control + s->control_size, in.data, size);
        s->control_size += (uint8_t)size;
    } else if (size > 0) {
        *out = (struct skim_ws_event){ BINARY, { in.data, size } };
    }
    s->left -= size;
    if (s->left > 0)
        return size;
    if (is_control(opcode))
        *out = (struct skim_ws_event){ opcode, { s->control, s->control_size } };
    s->got = 0;
    s->in_payload = false;
    return size;
}

ssize_t skim_ws_read(struct skim_ws *s, struct bytes in, struct skim_ws_event *out)
{
    size_t at = 0;
    *out = (struct skim_ws_event){ .opcode = 0 };
    while (out->opcode == 0 && at < in.size) {
        if (!s->in_payload) {
            ssize_t n = take_header(s, (struct bytes){ in.data + at, in.size - at });
            if (n < 0)
                return n;
            at += (size_t)n;
        }
        if (s->in_payload) /* at once: an empty payload needs no more bytes */
            at += take_payload(s, (struct bytes){ in.data + at, in.size - at }, out);
    }
    return (ssize_t)at;
}

void skim_ws_write_control(struct writer *w, uint8_t opcode, struct bytes payload)
{
    write_be(w, FINAL | opcode, 1);
    write_be(w, MASKED | payload.size, 1);
    write_be(w, 0, 4);
    write_bytes(w, payload.data, payload.size);
}
