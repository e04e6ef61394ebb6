/* Any bytes as an FLV stream: the same packets however it is cut, and each packet's own FLV form
 * read again is that packet. */
#include "base/error.h"
#include "protocol/flv.h"
#include "protocol/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

enum { TAG_MAX = 100000 };

static void require_same(struct avpacket *a, struct avpacket *b)
{
    REQUIRE(a->type == b->type && a->dts_ms == b->dts_ms && a->size == b->size);
    REQUIRE(a->size <= TAG_MAX && a->capacity <= TAG_MAX);
    REQUIRE(memcmp(avpacket_body(a), avpacket_body(b), a->size) == 0);
}

static void read_again(struct avpacket *p)
{
    struct flv_reader r;
    struct avpacket  *again;
    uint8_t           header[FLV_HEADER_SIZE];
    wire_frame(p, 128);
    struct bytes tag = wire_flv_bytes(p);
    flv_write_header(header, true, false);
    flv_reader_init(&r, TAG_MAX);
    REQUIRE(flv_read(&r, (struct bytes){ header, sizeof header }, &again) == sizeof header && again == NULL);
    REQUIRE(r.header.has_audio && !r.header.has_video);
    REQUIRE(flv_read(&r, tag, &again) == (ssize_t)tag.size && again != NULL);
    require_same(p, again);
    avpacket_unref(&again);
    flv_reader_clear(&r);
}

/* The next packet, fed `step` bytes at a time; NULL at the end or at an error. */
static struct avpacket *next(struct flv_reader *r, struct bytes *in, size_t step)
{
    struct avpacket *p = NULL;
    while (in->size > 0 && p == NULL) {
        struct bytes piece = { in->data, step < in->size ? step : in->size };
        ssize_t      n = flv_read(r, piece, &p);
        if (n < 0) {
            REQUIRE(p == NULL && r->packet == NULL);
            return NULL;
        }
        REQUIRE(n > 0 && (size_t)n <= piece.size);
        in->data += n;
        in->size -= (size_t)n;
    }
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes      whole = { data + 1, size - 1 }, cut = whole;
    struct flv_reader a, b;
    struct avpacket  *p, *q;
    flv_reader_init(&a, TAG_MAX);
    flv_reader_init(&b, TAG_MAX);
    do {
        p = next(&a, &whole, size);
        q = next(&b, &cut, 1u + data[0]);
        REQUIRE((p == NULL) == (q == NULL));
        if (p != NULL) {
            require_same(p, q);
            read_again(p);
        }
        avpacket_unref(&q);
        avpacket_unref(&p);
        REQUIRE(a.error < 0 || a.packet == NULL || a.packet->capacity <= TAG_MAX);
    } while (whole.size > 0 && a.error == 0);
    REQUIRE(a.error == b.error && a.header_done == b.header_done);
    flv_reader_clear(&a);
    flv_reader_clear(&b);
    return 0;
}
