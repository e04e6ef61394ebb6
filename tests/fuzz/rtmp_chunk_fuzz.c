/* A connection's bytes after the handshake, read once whole and once in pieces: the messages must
 * be the same, within the limits. */
#include "base/error.h"
#include "protocol/rtmp_chunk.h"
#include "protocol/rtmp_message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

enum { MESSAGE_SIZE_MAX = 100000, BUFFERED_SIZE_MAX = 150000, CHUNK_STREAMS_MAX = 12 };

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x9e3779b97f4a7c15u ^ hash >> 29;
}

/* Do what a session does with a message, and take its digest. */
static int take(struct rtmp_chunk_reader *c, struct rtmp_message *m, uint64_t *hash)
{
    struct rtmp_control control;
    int                 result = 0;
    REQUIRE(m->packet->size <= MESSAGE_SIZE_MAX && m->packet->capacity == m->packet->size);
    REQUIRE(m->packet->type == m->type && m->csid >= 2 && m->csid <= 65599);
    *hash = mix(mix(mix(mix(*hash, m->csid), m->msid), m->time_ms), m->type);
    struct bytes body = avpacket_bytes(m->packet);
    for (size_t i = 0; i < body.size; i++)
        *hash = mix(*hash, body.data[i]);
    if (rtmp_control_read(m->type, body, &control) == 0) {
        if (m->type == RTMP_SET_CHUNK_SIZE)
            result = rtmp_chunk_reader_set_chunk_size(c, control.value);
        if (m->type == RTMP_ABORT)
            rtmp_chunk_reader_abort(c, control.value);
    }
    avpacket_unref(&m->packet);
    return result;
}

/* Show the reader `step` bytes more each time, in copies of exact size. */
static int read_all(const uint8_t *data, size_t size, size_t step, uint64_t *hash, size_t *consumed)
{
    static const struct rtmp_chunk_limits limits = { MESSAGE_SIZE_MAX, CHUNK_STREAMS_MAX, BUFFERED_SIZE_MAX };
    struct rtmp_chunk_reader             *c = rtmp_chunk_reader_new(&limits);
    size_t                                seen = 0;
    ssize_t                               n = 0;
    *hash = *consumed = 0;
    while (seen < size && n >= 0) {
        seen = size - seen < step ? size : seen + step;
        uint8_t *window = malloc(seen - *consumed);
        memcpy(window, data + *consumed, seen - *consumed);
        for (size_t at = 0; n >= 0; at += (size_t)n) {
            struct rtmp_message m;
            n = rtmp_chunk_read(c, (struct bytes){ window + at, seen - *consumed }, &m);
            REQUIRE(n <= (ssize_t)(seen - *consumed));
            REQUIRE(rtmp_chunk_reader_buffered(c) <= BUFFERED_SIZE_MAX);
            REQUIRE(n > 0 || m.packet == NULL);
            if (n <= 0)
                break;
            *consumed += (size_t)n;
            if (m.packet != NULL && take(c, &m, hash) < 0)
                abort(); /* what rtmp_control_read() lets through is a chunk size */
        }
        free(window);
    }
    REQUIRE((n < 0) == (rtmp_chunk_reader_why(c)[0] != '\0'));
    rtmp_chunk_reader_free(c);
    return n < 0 ? (int)n : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole, pieces;
    size_t   consumed, consumed_in_pieces;
    size_t   step = size > 0 ? 1 + data[size - 1] % 37u : 1;
    int      error = read_all(data, size, size > 0 ? size : 1, &whole, &consumed);
    REQUIRE(read_all(data, size, step, &pieces, &consumed_in_pieces) == error);
    REQUIRE(whole == pieces);
    REQUIRE(error < 0 || consumed == consumed_in_pieces);
    return 0;
}
