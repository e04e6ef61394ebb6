/* Any bytes as a recorded file: the same findings however it is cut, nothing found beyond its end,
 * and a head made from it is one that is recognised again. */
#include "base/error.h"
#include "protocol/flv_head.h"
#include "protocol/flv_scan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

static void feed(struct flv_scan *s, struct bytes in, size_t step)
{
    flv_scan_init(s);
    while (in.size > 0 && s->error == 0) {
        size_t n = step < in.size ? step : in.size;
        flv_scan_feed(s, (struct bytes){ in.data, n });
        in.data += n;
        in.size -= n;
    }
}

/* What a stranger's metadata may make of it. */
static void read_head(const struct flv_scan *s)
{
    struct bytes        metadata = { s->metadata, s->metadata != NULL ? s->metadata_used : 0 };
    struct flv_keyframe keyframe;
    struct flv_origin   origin;
    struct avpacket    *said = flv_head_said(metadata);
    flv_head_read_origin(metadata, &origin);
    REQUIRE(origin.run <= UINT64_C(1) << 53 && origin.wall_ms >= 0 && origin.stream_ms >= 0);
    if (flv_head_find_keyframe(metadata, 5000, &keyframe))
        REQUIRE(keyframe.position > 0 && keyframe.time_ms <= 5000);
    REQUIRE(said != NULL && said->size <= said->capacity);
    avpacket_unref(&said);
}

static void make_head(struct flv_scan *s)
{
    struct bytes metadata = { s->metadata, s->metadata != NULL ? s->metadata_size : 0 };
    flv_index_thin(&s->index, 7);
    size_t   size = flv_head_size(metadata, 7);
    uint8_t *head = malloc(size), *again = malloc(size);
    struct flv_scan t;
    flv_head_write(head, size, metadata, &s->index);
    feed(&t, (struct bytes){ head, size }, size);
    REQUIRE(t.error == 0 && t.tags == 1 && t.head_size == size && t.metadata != NULL);
    struct bytes ours = { t.metadata, t.metadata_size };
    REQUIRE(flv_head_capacity(ours, size) == 7);
    REQUIRE(memcmp(&t.index.origin.run, &s->index.origin.run, sizeof t.index.origin.run) == 0);
    flv_head_write(again, size, ours, &s->index);
    REQUIRE(memcmp(head, again, size) == 0);
    flv_scan_clear(&t);
    free(head);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes    in = { data + 1, size - 1 };
    struct flv_scan a, b;
    feed(&a, in, size);
    feed(&b, in, 1u + data[0]);
    REQUIRE(a.error == b.error && a.index.size == b.index.size && a.tags == b.tags);
    REQUIRE(a.index.size <= in.size && a.head_size <= a.index.size && a.index.count == b.index.count);
    for (uint32_t i = 0; i < a.index.count; i++)
        REQUIRE(a.index.keyframes[i].position < a.index.size);
    read_head(&a);
    make_head(&a);
    flv_scan_clear(&a);
    flv_scan_clear(&b);
    return 0;
}
