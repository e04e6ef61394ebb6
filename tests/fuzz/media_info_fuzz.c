/* Any bodies, one after the other, as the packets of one stream: read into one description of each kind,
 * in which nothing may ever be insane, and which only a result of 1 may change.  Each body has its kind
 * and its size, of 16 bits, in front. */
#include "info.h"

#include "media/avcodec.h"

static void read_body(uint8_t type, struct bytes body, struct track_info *io)
{
    struct avpacket *p = avpacket_new(type, (uint32_t)body.size);
    REQUIRE(p != NULL);
    if (body.size > 0)
        memcpy(avpacket_body(p), body.data, body.size);
    p->size = (uint32_t)body.size;
    struct track_info before = *io;
    int               result = track_info_read(p, io);
    REQUIRE(result == 0 || result == 1 || result == ERR_PROTOCOL);
    REQUIRE((memcmp(&before, io, sizeof before) != 0) == (result == 1));
    REQUIRE(result != 1 || track_info_read(p, io) == 0);
    require_info(io);
    avpacket_unref(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct track_info audio = { 0 }, video = { 0 };
    struct reader     r = reader_over((struct bytes){ data, size });
    while (reader_left(&r) > 3) {
        bool   is_video = read_be(&r, 1) & 1;
        size_t body_size = read_be(&r, 2);
        if (body_size > reader_left(&r))
            body_size = reader_left(&r);
        struct bytes body = read_bytes(&r, body_size);
        read_body(is_video ? AV_VIDEO : AV_AUDIO, body, is_video ? &video : &audio);
    }
    return 0;
}
