#include "protocol/flv_scan.h"

#include "base/alloc.h"
#include "base/error.h"
#include "media/avcodec.h"
#include "protocol/amf.h"
#include "protocol/flv.h"
#include "protocol/flv_head.h"

#include <stdlib.h>

enum state { FILE_HEADER, TAG_HEADER, BODY, PREVIOUS_TAG_SIZE };

static void enter(struct flv_scan *s, enum state state, uint32_t size)
{
    s->state = (uint8_t)state;
    s->left = size;
    s->used = 0;
}

void flv_scan_init(struct flv_scan *s)
{
    *s = (struct flv_scan){ 0 };
    flv_index_init(&s->index, FLV_SCAN_INDEX_MAX, 0);
    enter(s, FILE_HEADER, FLV_HEADER_SIZE);
}

void flv_scan_clear(struct flv_scan *s)
{
    flv_index_clear(&s->index);
    avpacket_unref(&s->look);
    free(s->metadata);
    s->metadata = NULL;
}

static int end_file_header(struct flv_scan *s)
{
    struct flv_header header;
    if (flv_read_header((struct bytes){ s->bytes, FLV_HEADER_SIZE }, &header) != FLV_HEADER_SIZE)
        return ERR_PROTOCOL;
    s->flag_audio = header.has_audio;
    s->flag_video = header.has_video;
    s->index.size = FLV_HEADER_SIZE;
    enter(s, TAG_HEADER, AVPACKET_FLV_SIZE);
    return 0;
}

/* Room for the metadata at the front. */
static int begin_metadata(struct flv_scan *s)
{
    if (s->tags > 0 || s->type != AV_DATA || s->body_size == 0 || s->body_size > FLV_SCAN_METADATA_MAX)
        return 0;
    s->metadata = alloc_try(s->body_size);
    if (s->metadata == NULL)
        return ERR_OUT_OF_MEMORY;
    s->metadata_size = s->body_size;
    s->metadata_used = 0;
    return 0;
}

static int end_tag_header(struct flv_scan *s)
{
    struct reader r = reader_over((struct bytes){ s->bytes, AVPACKET_FLV_SIZE });
    s->type = (uint8_t)read_be(&r, 1);
    s->body_size = (uint32_t)read_be(&r, 3);
    s->time_ms = (uint32_t)read_be(&r, 3);
    s->time_ms |= (uint32_t)read_be(&r, 1) << 24;
    uint32_t stream_id = (uint32_t)read_be(&r, 3);
    if ((s->type != AV_AUDIO && s->type != AV_VIDEO && s->type != AV_DATA) || stream_id != 0)
        return ERR_PROTOCOL;
    enter(s, BODY, s->body_size);
    return begin_metadata(s);
}

static bool is_metadata(const struct flv_scan *s)
{
    struct amf_reader r = amf_reader_over((struct bytes){ s->metadata, s->metadata_size });
    struct amf_value  v;
    return amf_read(&r, &v) && v.type == AMF_STRING && bytes_equal(v.string, bytes_of("onMetaData"));
}

/* What the start of the body says.  A tag that nobody could classify is a tag all the same. */
static int end_body(struct flv_scan *s)
{
    uint8_t size = s->used;
    if (s->look == NULL)
        s->look = avpacket_new(s->type, FLV_SCAN_LOOK);
    if (s->look == NULL)
        return ERR_OUT_OF_MEMORY;
    s->look->type = s->type;
    s->look->flags = 0;
    s->look->codec = 0;
    s->look->track = 0;
    s->look->size = size;
    memcpy(avpacket_body(s->look), s->bytes, size);
    if (avcodec_classify(s->look) != 0)
        s->look->flags = AV_TRACK_INFO;
    enter(s, PREVIOUS_TAG_SIZE, 4);
    return 0;
}

static int end_tag(struct flv_scan *s)
{
    struct reader r = reader_over((struct bytes){ s->bytes, 4 });
    if (read_be(&r, 4) != AVPACKET_FLV_SIZE + (uint64_t)s->body_size)
        return ERR_PROTOCOL;
    bool front = s->tags == 0 && s->metadata != NULL && is_metadata(s);
    if (s->tags == 0 && !front) {
        free(s->metadata);
        s->metadata = NULL;
        s->metadata_size = 0;
        s->head_size = s->index.size;
    }
    flv_index_add_size(&s->index, s->look, s->time_ms, s->body_size);
    if (front) {
        s->head_size = s->index.size;
        flv_head_read_origin((struct bytes){ s->metadata, s->metadata_size }, &s->index.origin);
    }
    s->tags++;
    enter(s, TAG_HEADER, AVPACKET_FLV_SIZE);
    return 0;
}

static void take(struct flv_scan *s, const uint8_t *data, uint32_t size)
{
    uint32_t kept = FLV_SCAN_LOOK - (uint32_t)s->used < size ? FLV_SCAN_LOOK - (uint32_t)s->used : size;
    memcpy(s->bytes + s->used, data, kept);
    s->used += (uint8_t)kept;
    if (s->state == BODY && s->tags == 0 && s->metadata != NULL) {
        memcpy(s->metadata + s->metadata_used, data, size);
        s->metadata_used += size;
    }
    s->left -= size;
}

static int advance(struct flv_scan *s)
{
    switch ((enum state)s->state) {
    case FILE_HEADER:
        return end_file_header(s);
    case TAG_HEADER:
        return end_tag_header(s);
    case BODY:
        return end_body(s);
    case PREVIOUS_TAG_SIZE:
        return end_tag(s);
    }
    return ERR_PROTOCOL;
}

int flv_scan_feed(struct flv_scan *s, struct bytes in)
{
    while (s->error == 0 && in.size > 0) {
        uint32_t size = s->left < in.size ? s->left : (uint32_t)in.size;
        take(s, in.data, size);
        in.data += size;
        in.size -= size;
        while (s->error == 0 && s->left == 0)
            s->error = advance(s);
    }
    return s->error;
}

double flv_scan_number(const struct flv_scan *s, const char *key)
{
    struct amf_reader r;
    struct amf_value  v;
    if (s->metadata == NULL || s->metadata_used < s->metadata_size)
        return 0;
    r = amf_reader_over((struct bytes){ s->metadata, s->metadata_size });
    if (!amf_read(&r, &v) || !amf_read(&r, &v))
        return 0;
    while (amf_read_flat(&r, &v) && v.type != AMF_END)
        if (v.type == AMF_NUMBER && bytes_equal(v.key, bytes_of(key)))
            return v.number;
    return 0;
}
