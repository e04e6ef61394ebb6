/* Any body of either kind: classified within its bounds, and to flags that do not contradict each
 * other; then framed, where every form must be gathered whole from any offset. */
#include "base/error.h"
#include "media/avcodec.h"
#include "protocol/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

static size_t gather(const struct avpacket *p, enum wire_form form, size_t offset, uint8_t *out)
{
    struct iovec iov[3];
    size_t       total = 0, covered = 0;
    for (;;) {
        unsigned used = wire_iov(p, form, offset + total, iov, 1 + offset % 3, &covered);
        for (unsigned i = 0; i < used; i++) {
            memcpy(out + total, iov[i].iov_base, iov[i].iov_len);
            total += iov[i].iov_len;
        }
        REQUIRE(covered == total);
        if (used == 0)
            return total;
    }
}

static void check_forms(struct avpacket *p, uint32_t chunk_size)
{
    wire_frame(p, chunk_size);
    for (enum wire_form form = WIRE_FLV; form <= WIRE_RTMP; form++) {
        size_t   size = wire_size(p, form);
        uint8_t *whole = malloc(size), *tail = malloc(size);
        REQUIRE(whole != NULL && tail != NULL);
        REQUIRE(gather(p, form, 0, whole) == size);
        for (size_t offset = 0; offset <= size; offset += 1 + size / 16) {
            REQUIRE(gather(p, form, offset, tail) == size - offset);
            REQUIRE(memcmp(tail, whole + offset, size - offset) == 0);
        }
        free(whole);
        free(tail);
    }
}

static void check_flags(const struct avpacket *p, int error)
{
    unsigned kind = p->flags & (AV_SEQUENCE_HEADER | AV_KEYFRAME | AV_END_OF_SEQUENCE | AV_TRACK_INFO);
    REQUIRE((kind & (kind - 1)) == 0 && !(p->flags & AV_METADATA));
    REQUIRE(error == 0 || (error == ERR_PROTOCOL && p->flags == 0 && p->codec == 0));
    REQUIRE(!(p->flags & AV_SIDE_INFO) || p->flags & AV_TRACK_INFO);
    REQUIRE(!(p->flags & AV_KEYFRAME) || p->type == AV_VIDEO);
    REQUIRE(p->cts_ms >= -0x800000 && p->cts_ms <= 0x7fffff);
    REQUIRE(p->codec == AVCODEC_NONE || avcodec_name(p->codec)[0] != '\0');
}

/* Five bytes that are not the body: its type, the chunk size, the time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5)
        return 0;
    uint32_t         body_size = (uint32_t)(size - 5);
    struct avpacket *p = avpacket_new(data[0] & 1 ? AV_VIDEO : AV_AUDIO, body_size);
    REQUIRE(p != NULL);
    p->size = body_size;
    p->dts_ms = (int64_t)data[2] << 32 | (int64_t)data[3] << 24 | data[4];
    memcpy(avpacket_body(p), data + 5, body_size);
    check_flags(p, avcodec_classify(p));
    check_forms(p, 1u + data[1]);
    avpacket_unref(&p);
    return 0;
}
