#include "protocol/flv_head.h"

#include "base/alloc.h"
#include "protocol/amf.h"
#include "protocol/flv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PREVIOUS_SIZE = 4,
    OVERHEAD      = 1024, /* more than our own members take without the index */
};

/* Where a file comes from; numbers, as all that other programs may meet there. */
static const char START[] = "millraceStart", TIME[] = "millraceTime", RUN[] = "millraceRun",
                  UNIFORM[] = "millraceUniform";

static bool is_ours(struct bytes key)
{
    static const char *const names[] = {
        "duration", "filesize", "lasttimestamp", "lastkeyframetimestamp", "lastkeyframelocation",
        "hasVideo", "hasAudio", "hasMetadata", "hasKeyframes", "canSeekToEnd", "keyframes", "padding",
        "datasize", "videosize", "audiosize", "hasCuePoints", "cuePoints", "times", "filepositions",
        START, TIME, RUN, UNIFORM,
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_equal(key, bytes_of(names[i])))
            return true;
    return false;
}

static bool is_rate(struct bytes key)
{
    return bytes_equal(key, bytes_of("videodatarate")) || bytes_equal(key, bytes_of("audiodatarate"));
}

/* What the encoder meant to send is replaced by what it did, once that is known. */
static double measured(struct bytes key, double said, const struct flv_index *x)
{
    uint64_t ms = x != NULL ? flv_index_duration_ms(x) : 0;
    bool     video = bytes_equal(key, bytes_of("videodatarate"));
    if (ms == 0 || !is_rate(key))
        return said;
    return (double)(video ? x->video.size : x->audio.size) / 1024 * 8 / ((double)ms / 1000);
}

/* Write a value that is not a container; the opening of one that is. */
static void write_value(struct writer *w, const struct amf_value *v, const struct flv_index *x)
{
    switch (v->type) {
    case AMF_NUMBER:
        amf_write_number(w, measured(v->key, v->number, x));
        break;
    case AMF_DATE:
        amf_write_number(w, v->number);
        break;
    case AMF_BOOLEAN:
        amf_write_boolean(w, v->boolean);
        break;
    case AMF_STRING:
        amf_write_string_of(w, v->string);
        break;
    case AMF_OBJECT:
    case AMF_ECMA_ARRAY:
    case AMF_STRICT_ARRAY: /* keyed as well: one form for all */
        amf_write_object_start(w);
        break;
    default:
        amf_write_null(w);
        break;
    }
}

static void write_key(struct writer *w, struct bytes key, uint32_t number)
{
    char text[16];
    if (key.size > 0) {
        amf_write_key_of(w, key);
        return;
    }
    snprintf(text, sizeof text, "%u", number);
    amf_write_key(w, text);
}

static bool opens(enum amf_type type)
{
    return type == AMF_OBJECT || type == AMF_ECMA_ARRAY || type == AMF_STRICT_ARRAY;
}

/* One member whose opening value has been read, with all that is in it. */
static bool copy_member(struct writer *w, struct amf_reader *r, const struct amf_value *member,
                        const struct flv_index *x)
{
    struct amf_value v = *member;
    uint32_t         number = 0;
    unsigned         depth = opens(v.type);
    amf_write_key_of(w, v.key);
    write_value(w, &v, x);
    while (depth > 0 && amf_read(r, &v)) {
        if (v.type == AMF_END) {
            amf_write_object_end(w);
            depth--;
            continue;
        }
        write_key(w, v.key, number++);
        write_value(w, &v, NULL);
        depth += opens(v.type);
    }
    return depth == 0;
}

/* The publisher's members; without an index also without what was measured of a file.  Returns how
 * many. */
static uint32_t copy_members(struct writer *w, struct bytes metadata, const struct flv_index *x)
{
    struct amf_reader r;
    struct amf_value  v;
    uint32_t          count = 0;
    size_t            end = writer_size(w) + FLV_INDEX_METADATA_MAX;
    if (metadata.size == 0)
        return 0;
    r = amf_reader_over(metadata);
    if (!amf_read(&r, &v) || !amf_read(&r, &v) || (v.type != AMF_OBJECT && v.type != AMF_ECMA_ARRAY))
        return 0;
    while (amf_read(&r, &v) && v.type != AMF_END) {
        struct writer before = *w;
        if (v.key.size == 0 || is_ours(v.key) || (x == NULL && is_rate(v.key))) {
            if (opens(v.type))
                amf_leave(&r);
            continue;
        }
        bool whole = copy_member(w, &r, &v, x);
        if (!whole || w->overrun || writer_size(w) > end)
            *w = before;
        else
            count++;
    }
    return count;
}

static void write_number(struct writer *w, const char *key, double value)
{
    amf_write_key(w, key);
    amf_write_number(w, value);
}

static void write_boolean(struct writer *w, const char *key, bool value)
{
    amf_write_key(w, key);
    amf_write_boolean(w, value);
}

enum { OUR_MEMBERS = 13 };

static void write_facts(struct writer *w, const struct flv_index *x)
{
    uint32_t last_ms = x->audio.last_ms > x->video.last_ms ? x->audio.last_ms : x->video.last_ms;
    write_number(w, "duration", (double)flv_index_duration_ms(x) / 1000);
    write_number(w, "filesize", (double)x->size);
    write_number(w, "lasttimestamp", (double)last_ms / 1000);
    write_number(w, "lastkeyframetimestamp", (double)x->last_keyframe_ms / 1000);
    write_boolean(w, "hasVideo", x->video.seen);
    write_boolean(w, "hasAudio", x->audio.seen);
    write_boolean(w, "hasKeyframes", x->has_keyframe);
    write_number(w, START, (double)x->origin.wall_ms);
    write_number(w, TIME, (double)x->origin.stream_ms);
    write_number(w, RUN, (double)x->origin.run);
    write_boolean(w, UNIFORM, x->origin.is_uniform);
}

static void write_keyframes(struct writer *w, const struct flv_index *x, uint32_t capacity)
{
    amf_write_key(w, "keyframes");
    amf_write_object_start(w);
    amf_write_key(w, "times");
    amf_write_strict_array_start(w, x->count);
    for (uint32_t i = 0; i < x->count; i++)
        amf_write_number(w, (double)x->keyframes[i].time_ms / 1000);
    amf_write_key(w, "filepositions");
    amf_write_strict_array_start(w, x->count);
    for (uint32_t i = 0; i < x->count; i++)
        amf_write_number(w, (double)x->keyframes[i].position);
    amf_write_object_end(w);
    amf_write_key(w, "padding");
    amf_write_strict_array_start(w, 2 * (capacity - x->count));
    for (uint32_t i = 0; i < 2 * (capacity - x->count); i++)
        amf_write_number(w, 0);
}

/* The whole head, with the sizes that its tag says. */
static void write_head(struct writer *w, size_t tag_size, struct bytes metadata, const struct flv_index *x,
                       uint32_t capacity)
{
    uint8_t header[FLV_HEADER_SIZE];
    flv_write_header(header, x->audio.seen, x->video.seen);
    write_bytes(w, header, sizeof header);
    write_be(w, AV_DATA, 1);
    write_be(w, tag_size - AVPACKET_FLV_SIZE, 3);
    write_be(w, 0, 7); /* time and stream id */
    amf_write_string(w, "onMetaData");
    struct writer count_at = *w;
    amf_write_ecma_array_start(w, 0);
    write_facts(w, x);
    uint32_t count = OUR_MEMBERS + copy_members(w, metadata, x);
    write_keyframes(w, x, capacity);
    amf_write_object_end(w);
    write_be(w, tag_size, PREVIOUS_SIZE);
    amf_write_ecma_array_start(&count_at, count);
}

size_t flv_head_size(struct bytes metadata, uint32_t capacity)
{
    size_t           room = FLV_INDEX_METADATA_MAX + 2 * OVERHEAD;
    uint8_t         *scratch = alloc_zeroed(room);
    struct writer    w = writer_over(scratch, room);
    struct flv_index none;
    flv_index_init(&none, 1, 0);
    write_head(&w, AVPACKET_FLV_SIZE, metadata, &none, 0);
    free(scratch);
    return writer_size(&w) + (size_t)capacity * FLV_INDEX_ENTRY_SIZE;
}

void flv_head_write(uint8_t *out, size_t size, struct bytes metadata, const struct flv_index *x)
{
    struct writer w = writer_over(out, size);
    write_head(&w, size - FLV_HEADER_SIZE - PREVIOUS_SIZE, metadata, x, x->capacity);
    assert(!w.overrun && writer_size(&w) == size);
}

int64_t flv_head_capacity(struct bytes metadata, uint64_t size)
{
    uint64_t least = flv_head_size(metadata, 0);
    if (size < least + FLV_INDEX_ENTRY_SIZE || (size - least) % FLV_INDEX_ENTRY_SIZE != 0)
        return -1;
    uint64_t capacity = (size - least) / FLV_INDEX_ENTRY_SIZE;
    return capacity <= UINT32_MAX / FLV_INDEX_ENTRY_SIZE ? (int64_t)capacity : -1;
}

/* Reading one. */

/* Enter the object that holds the members. */
static bool enter(struct amf_reader *r, struct bytes metadata)
{
    struct amf_value v;
    if (metadata.size == 0)
        return false;
    *r = amf_reader_over(metadata);
    return amf_read(r, &v) && amf_read(r, &v) && (v.type == AMF_OBJECT || v.type == AMF_ECMA_ARRAY);
}

/* A whole number between 0 and 2^53, which is as far as they are exact; else 0. */
static int64_t whole(const struct amf_value *v)
{
    bool fits = v->type == AMF_NUMBER && v->number >= 0 && v->number <= 9007199254740992.0;
    return fits ? (int64_t)v->number : 0;
}

void flv_head_read_origin(struct bytes metadata, struct flv_origin *out)
{
    struct amf_reader r;
    struct amf_value  v;
    *out = (struct flv_origin){ 0 };
    if (!enter(&r, metadata))
        return;
    while (amf_read_flat(&r, &v) && v.type != AMF_END) {
        if (bytes_equal(v.key, bytes_of(START)))
            out->wall_ms = whole(&v);
        else if (bytes_equal(v.key, bytes_of(TIME)))
            out->stream_ms = whole(&v);
        else if (bytes_equal(v.key, bytes_of(RUN)))
            out->run = (uint64_t)whole(&v);
        else if (bytes_equal(v.key, bytes_of(UNIFORM)))
            out->is_uniform = v.type == AMF_BOOLEAN && v.boolean;
    }
}

/* Enter the member `name` of this type, passing those before it. */
static bool find(struct amf_reader *r, const char *name, enum amf_type type)
{
    struct amf_value v;
    while (amf_read(r, &v) && v.type != AMF_END) {
        if (v.type == type && bytes_equal(v.key, bytes_of(name)))
            return true;
        if (opens(v.type))
            amf_leave(r);
    }
    return false;
}

static bool enter_keyframes(struct amf_reader *r, struct bytes metadata, const char *name)
{
    return enter(r, metadata) && find(r, "keyframes", AMF_OBJECT) && find(r, name, AMF_STRICT_ARRAY);
}

bool flv_head_find_keyframe(struct bytes metadata, uint32_t time_ms, struct flv_keyframe *out)
{
    struct amf_reader r;
    struct amf_value  v;
    int64_t           found = -1;
    uint32_t          found_ms = 0;
    if (!enter_keyframes(&r, metadata, "times"))
        return false;
    for (int64_t i = 0; amf_read(&r, &v) && v.type == AMF_NUMBER; i++) {
        double ms = v.number * 1000 + 0.5;
        if (ms >= 0 && ms < (double)time_ms + 1) {
            found = i;
            found_ms = (uint32_t)ms;
        }
    }
    if (found < 0 || !enter_keyframes(&r, metadata, "filepositions"))
        return false;
    for (int64_t i = 0; i <= found; i++)
        if (!amf_read(&r, &v) || v.type != AMF_NUMBER)
            return false;
    *out = (struct flv_keyframe){ (uint64_t)whole(&v), found_ms };
    return out->position > 0;
}

struct avpacket *flv_head_said(struct bytes metadata)
{
    struct avpacket *p = avpacket_new(AV_DATA, FLV_INDEX_METADATA_MAX + OVERHEAD);
    if (p == NULL)
        return NULL;
    struct writer w = writer_over(avpacket_body(p), p->capacity);
    amf_write_string(&w, "onMetaData");
    struct writer count_at = w;
    amf_write_ecma_array_start(&w, 0);
    uint32_t count = copy_members(&w, metadata, NULL);
    amf_write_object_end(&w);
    amf_write_ecma_array_start(&count_at, count);
    p->size = (uint32_t)writer_size(&w);
    p->flags = AV_METADATA;
    return p;
}
