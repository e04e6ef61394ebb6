/* websocket_fuzz.c - a peer's frames through the reader, whole and in small pieces: the two must
 * agree.  The first byte chooses the limit of a message. */
#include "protocol/utf8.h"
#include "protocol/websocket.h"

#include <stdlib.h>

struct trace {
    uint64_t hash;
    size_t   message_count;
    size_t   control_count;
    uint16_t code;
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void mix(struct trace *t, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        t->hash = (t->hash ^ data[i]) * 0x100000001b3;
}

static void look_at(const struct websocket_event *e, struct trace *t)
{
    uint8_t       out[256];
    struct writer w = writer_over(out, sizeof out);
    switch (e->type) {
    case WEBSOCKET_TEXT:
    case WEBSOCKET_BINARY:
        must(e->data.size > 0 || e->final);
        t->message_count += e->final;
        return;
    case WEBSOCKET_PING:
        websocket_write_frame(&w, WEBSOCKET_OPCODE_PONG, e->data);
        break;
    case WEBSOCKET_CLOSE:
        must(utf8_valid(e->data));
        websocket_write_close(&w, websocket_answer_code(e->code), NULL);
        break;
    default:
        break;
    }
    must(e->data.size <= WEBSOCKET_CONTROL_MAX && !w.overrun);
    mix(t, (const uint8_t *)&e->type, sizeof e->type);
    mix(t, e->data.data, e->data.size);
    t->control_count++;
}

static struct trace run(const uint8_t *data, size_t size, uint64_t size_max, size_t step)
{
    struct trace             t = { .hash = 0xcbf29ce484222325 };
    struct websocket_reader *r = websocket_reader_new(size_max);
    struct websocket_event   e;
    ssize_t                  used = 0;
    for (size_t at = 0; at < size && used >= 0;) {
        size_t   n = size - at < step ? size - at : step;
        uint8_t *copy = malloc(n);
        memcpy(copy, data + at, n);
        for (size_t from = 0; used >= 0; from += (size_t)used) {
            used = websocket_read(r, (struct bytes){ copy + from, n - from }, &e);
            must(used <= (ssize_t)(n - from));
            if (used < 0 || e.type == WEBSOCKET_NONE) {
                must(used < 0 || from + (size_t)used == n);
                break;
            }
            look_at(&e, &t);
        }
        free(copy);
        at += n;
    }
    t.code = websocket_reader_code(r);
    websocket_reader_free(r);
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint64_t     size_max = data[0] * 3u;
    struct trace whole = run(data + 1, size - 1, size_max, SIZE_MAX);
    struct trace single = run(data + 1, size - 1, size_max, 1);
    must(whole.code == single.code && whole.hash == single.hash);
    must(whole.message_count == single.message_count && whole.control_count == single.control_count);
    return 0;
}
