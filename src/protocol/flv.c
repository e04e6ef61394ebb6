#include "protocol/flv.h"

#include "base/error.h"

enum state {
    FILE_HEADER,        /* its nine fixed bytes */
    FILE_HEADER_REST,   /* what DataOffset says beyond them, and PreviousTagSize0 */
    TAG_HEADER,
    TAG_BODY,
    PREVIOUS_TAG_SIZE,
};

enum {
    FIXED_HEADER_SIZE = 9,
    PREVIOUS_SIZE     = 4,
    HAS_AUDIO         = 0x04,
    HAS_VIDEO         = 0x01,
    TAG_TYPE          = 0x1f,
    TAG_FILTER        = 0x20, /* the body is encrypted (annex F) */
    TAG_RESERVED      = 0xc0,
};

/* The nine fixed bytes; sets *size to DataOffset. */
static int parse_header(const uint8_t *in, struct flv_header *out, uint32_t *size)
{
    struct reader r = reader_over((struct bytes){ in, FIXED_HEADER_SIZE });
    struct bytes  signature = read_bytes(&r, 3);
    uint8_t       version = (uint8_t)read_be(&r, 1);
    uint8_t       flags = (uint8_t)read_be(&r, 1);
    *size = (uint32_t)read_be(&r, 4);
    if (!bytes_equal(signature, bytes_of("FLV")))
        return ERR_PROTOCOL;
    if (version != 1)
        return ERR_UNSUPPORTED;
    if (*size < FIXED_HEADER_SIZE)
        return ERR_PROTOCOL;
    if (*size > FLV_HEADER_SIZE_MAX)
        return ERR_TOO_BIG;
    *out = (struct flv_header){ .has_audio = flags & HAS_AUDIO, .has_video = flags & HAS_VIDEO };
    return 0;
}

ssize_t flv_read_header(struct bytes in, struct flv_header *out)
{
    struct flv_header header;
    uint32_t          size;
    if (in.size < FIXED_HEADER_SIZE)
        return 0;
    int error = parse_header(in.data, &header, &size);
    if (error < 0)
        return error;
    if (in.size < (size_t)size + PREVIOUS_SIZE)
        return 0;
    *out = header;
    return (ssize_t)size + PREVIOUS_SIZE;
}

void flv_write_header(uint8_t out[FLV_HEADER_SIZE], bool has_audio, bool has_video)
{
    struct writer w = writer_over(out, FLV_HEADER_SIZE);
    write_bytes(&w, "FLV\x01", 4);
    write_be(&w, (has_audio ? HAS_AUDIO : 0u) | (has_video ? HAS_VIDEO : 0u), 1);
    write_be(&w, FIXED_HEADER_SIZE, 4);
    write_be(&w, 0, PREVIOUS_SIZE);
}

static void enter(struct flv_reader *r, enum state state, uint32_t size)
{
    r->state = state;
    r->left = size;
    r->head_size = 0;
}

void flv_reader_init(struct flv_reader *r, uint32_t tag_size_max)
{
    *r = (struct flv_reader){ .tag_size_max = tag_size_max };
    enter(r, FILE_HEADER, FIXED_HEADER_SIZE);
}

void flv_reader_clear(struct flv_reader *r)
{
    avpacket_unref(&r->packet);
    flv_reader_init(r, r->tag_size_max);
}

static int end_file_header(struct flv_reader *r)
{
    uint32_t size;
    int      error = parse_header(r->head, &r->header, &size);
    if (error < 0)
        return error;
    r->header_done = true;
    enter(r, FILE_HEADER_REST, size - FIXED_HEADER_SIZE + PREVIOUS_SIZE);
    return 0;
}

static bool is_carried(uint8_t type)
{
    return type == AV_AUDIO || type == AV_VIDEO || type == AV_DATA;
}

static int end_tag_header(struct flv_reader *r)
{
    struct reader in = reader_over((struct bytes){ r->head, AVPACKET_FLV_SIZE });
    uint8_t       type = (uint8_t)read_be(&in, 1);
    uint32_t      size = (uint32_t)read_be(&in, 3);
    uint32_t      time_ms = (uint32_t)read_be(&in, 3);
    time_ms |= (uint32_t)read_be(&in, 1) << 24;     /* StreamID follows; always 0, or ignored */
    if (type & TAG_RESERVED)
        return ERR_PROTOCOL;
    if (type & TAG_FILTER)
        return ERR_UNSUPPORTED;
    if (size > r->tag_size_max)
        return ERR_TOO_BIG;
    r->tag_size = size;
    if (is_carried(type)) {
        r->packet = avpacket_new(type, size < FLV_GROW_FROM ? size : FLV_GROW_FROM);
        if (r->packet == NULL)
            return ERR_OUT_OF_MEMORY;
        r->packet->dts_ms = time_ms;
    }
    enter(r, TAG_BODY, size);
    return 0;
}

/* Room for `size` more bytes, doubled so that a body is moved few times. */
static int grow(struct flv_reader *r, uint32_t size)
{
    uint32_t need = r->packet->size + size;
    if (need <= r->packet->capacity)
        return 0;
    uint64_t capacity = 2 * (uint64_t)r->packet->capacity;
    if (capacity < need)
        capacity = need;
    if (capacity > r->tag_size)
        capacity = r->tag_size;
    return avpacket_reserve(&r->packet, (uint32_t)capacity);
}

static int take_body(struct flv_reader *r, const uint8_t *data, uint32_t size)
{
    if (r->packet == NULL)
        return 0;
    int error = grow(r, size);
    if (error < 0)
        return error;
    memcpy(avpacket_body(r->packet) + r->packet->size, data, size);
    r->packet->size += size;
    return 0;
}

/* PreviousTagSize counts the header.  OBS Studio up to 30.1 wrote one less into the FLV files
 * it recorded, which people publish later. */
static int end_tag(struct flv_reader *r, struct avpacket **out)
{
    struct reader in = reader_over((struct bytes){ r->head, PREVIOUS_SIZE });
    uint32_t      size = (uint32_t)read_be(&in, 4);
    uint32_t      want = AVPACKET_FLV_SIZE + r->tag_size;
    if (size != want && size != want - 1)
        return ERR_PROTOCOL;
    *out = r->packet;
    r->packet = NULL;
    enter(r, TAG_HEADER, AVPACKET_FLV_SIZE);
    return 0;
}

/* Take `size` bytes, at most what the state still needs. */
static int take(struct flv_reader *r, const uint8_t *data, uint32_t size)
{
    if (r->state == TAG_BODY) {
        int error = take_body(r, data, size);
        if (error < 0)
            return error;
    } else if (r->state != FILE_HEADER_REST) {
        memcpy(r->head + r->head_size, data, size);
        r->head_size += (uint8_t)size;
    }
    r->left -= size;
    return 0;
}

/* The state has all its bytes. */
static int advance(struct flv_reader *r, struct avpacket **out)
{
    switch ((enum state)r->state) {
    case FILE_HEADER:
        return end_file_header(r);
    case FILE_HEADER_REST:
        enter(r, TAG_HEADER, AVPACKET_FLV_SIZE);
        return 0;
    case TAG_HEADER:
        return end_tag_header(r);
    case TAG_BODY:
        enter(r, PREVIOUS_TAG_SIZE, PREVIOUS_SIZE);
        return 0;
    case PREVIOUS_TAG_SIZE:
        return end_tag(r, out);
    }
    return ERR_WRONG_STATE;
}

ssize_t flv_read(struct flv_reader *r, struct bytes in, struct avpacket **out)
{
    size_t at = 0;
    *out = NULL;
    while (r->error == 0 && *out == NULL && at < in.size) {
        uint32_t size = r->left < in.size - at ? r->left : (uint32_t)(in.size - at);
        r->error = take(r, in.data + at, size);
        at += size;
        while (r->error == 0 && r->left == 0)
            r->error = advance(r, out);
    }
    if (r->error < 0)
        avpacket_unref(&r->packet);
    return r->error < 0 ? r->error : (ssize_t)at;
}
