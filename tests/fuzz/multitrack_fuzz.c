/* Any body of either kind, its kind in front: the walk stays inside and comes to an end, its first part is
 * what the packet is classified as, and what is extracted of a track says the same as its part. */
#include "info.h"

#include "media/avcodec.h"

static void require_same(const struct avpacket *made, const struct multitrack_part *part)
{
    struct multitrack      walk;
    struct multitrack_part got;
    REQUIRE(multitrack_start(&walk, made) == 0 && multitrack_next(&walk, &got) == 1);
    REQUIRE(got.codec == part->codec && got.track == 0 && got.type == part->type);
    REQUIRE(got.flags == (part->flags & ~AV_MULTITRACK) && got.cts_ms == part->cts_ms);
    REQUIRE(got.frame_type == part->frame_type && bytes_equal(got.payload, part->payload));
    REQUIRE(multitrack_next(&walk, &got) == 0);
}

static void check_part(const struct avpacket *p, const struct multitrack_part *part, bool first_of_track)
{
    const uint8_t *body = p->room + AVPACKET_HEADROOM;
    REQUIRE(part->payload.data >= body && part->payload.data + part->payload.size <= body + p->size);
    REQUIRE(part->cts_ms >= -0x800000 && part->cts_ms <= 0x7fffff && part->offset_ns <= 999999);
    struct track_info info = { 0 };
    REQUIRE(track_info_read_part(part, &info) <= 1);
    require_info(&info);
    for (int form = MULTITRACK_ENHANCED; form <= MULTITRACK_FLV_CDN && first_of_track; form++) {
        struct avpacket *made = multitrack_extract(p, part->track, (enum multitrack_form)form);
        REQUIRE(made != NULL || form != MULTITRACK_ENHANCED);
        if (made != NULL)
            require_same(made, part);
        avpacket_unref(&made);
    }
}

/* The first part's, but for a packet that has a sequence header further back. */
static bool same_flags(const struct avpacket *p, const struct multitrack_part *first)
{
    uint8_t joined = (uint8_t)((first->flags & ~AV_TRACK_INFO) | AV_SEQUENCE_HEADER);
    return p->flags == first->flags ||
           (p->flags == joined && p->flags & AV_MULTITRACK && first->flags & AV_TRACK_INFO);
}

static void walk_parts(struct avpacket *p)
{
    struct multitrack      walk;
    struct multitrack_part part;
    bool                   seen[256] = { false };
    int                    classified = avcodec_classify(p), result = multitrack_start(&walk, p);
    size_t                 count = 0;
    REQUIRE(result == 0 || (result == ERR_PROTOCOL && classified == ERR_PROTOCOL));
    while (result == 0 && multitrack_next(&walk, &part) > 0) {
        REQUIRE(count++ < p->size);
        REQUIRE(count > 1 || (classified == 0 && p->codec == part.codec && p->track == part.track &&
                              p->cts_ms == part.cts_ms && same_flags(p, &part)));
        REQUIRE(multitrack_has(p, part.track));
        check_part(p, &part, !seen[part.track] && count < 300);
        seen[part.track] = true;
    }
    REQUIRE((count > 0) == (classified == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct avpacket *p = avpacket_new(data[0] & 1 ? AV_VIDEO : AV_AUDIO, (uint32_t)(size - 1));
    REQUIRE(p != NULL);
    p->size = (uint32_t)(size - 1);
    memcpy(avpacket_body(p), data + 1, size - 1);
    walk_parts(p);
    avpacket_unref(&p);
    return 0;
}
