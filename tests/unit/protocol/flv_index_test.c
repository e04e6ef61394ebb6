/* The head of a recorded file, byte by byte where it matters, and what a scan finds in a file that
 * is cut anywhere.  Metadata as OBS Studio and ffmpeg send it. */
#include "check.h"

#include "base/error.h"
#include "media/avcodec.h"
#include "protocol/amf.h"
#include "protocol/flv.h"
#include "protocol/flv_head.h"
#include "protocol/flv_scan.h"

#include <stdio.h>

/* "onMetaData", ECMA array { duration: 0, width: 320, encoder: "x", trackmap: { a: [1, 2] }, filesize: 0 } */
static const uint8_t metadata[] = {
    2, 0, 10, 'o','n','M','e','t','a','D','a','t','a', 8, 0,0,0,5,
    0, 8, 'd','u','r','a','t','i','o','n', 0, 0,0,0,0,0,0,0,0,
    0, 5, 'w','i','d','t','h', 0, 0x40,0x74,0,0,0,0,0,0,
    0, 7, 'e','n','c','o','d','e','r', 2, 0,1,'x',
    0, 8, 't','r','a','c','k','m','a','p', 3, 0,1,'a', 10, 0,0,0,2,
    0, 0x3f,0xf0,0,0,0,0,0,0, 0, 0x40,0,0,0,0,0,0,0, 0,0,9,
    0, 8, 'f','i','l','e','s','i','z','e', 0, 0,0,0,0,0,0,0,0,
    0, 0, 9,
};
static const struct bytes said = { metadata, sizeof metadata };

static struct avpacket *packet(uint8_t type, uint8_t flags, uint32_t size)
{
    struct avpacket *p = avpacket_new(type, size);
    assert_non_null(p);
    p->flags = flags;
    p->size = size;
    memset(avpacket_body(p), 0, size);
    return p;
}

static void add(struct flv_index *x, uint8_t type, uint8_t flags, uint32_t time_ms, uint32_t size)
{
    struct avpacket *p = packet(type, flags, size);
    flv_index_add(x, p, time_ms);
    avpacket_unref(&p);
}

struct found {
    double   duration, filesize, width;
    unsigned times, positions, padding;
    double   first_position, last_time;
    bool     trackmap;
};

static void read_array(struct amf_reader *r, unsigned *count, double *first, double *last)
{
    struct amf_value v;
    while (amf_read(r, &v) && v.type != AMF_END) {
        if ((*count)++ == 0 && first != NULL)
            *first = v.number;
        if (last != NULL)
            *last = v.number;
    }
}

static struct found parse_head(const uint8_t *head, size_t size)
{
    struct found      f = { 0 };
    struct amf_value  v;
    struct amf_reader r = amf_reader_over((struct bytes){ head + 24, size - 28 });
    assert_memory_equal(head, "FLV\x01", 4);
    CHECK_EQ(head[13], 18);
    CHECK_EQ(head[14] << 16 | head[15] << 8 | head[16], size - 28);
    CHECK_EQ(head[size - 4] << 24 | head[size - 3] << 16 | head[size - 2] << 8 | head[size - 1], size - 17);
    CHECK(amf_read(&r, &v) && bytes_equal(v.string, bytes_of("onMetaData")));
    CHECK(amf_read(&r, &v) && v.type == AMF_ECMA_ARRAY);
    unsigned members = 0, count = v.count;
    while (amf_read(&r, &v) && v.type != AMF_END) {
        members++;
        if (bytes_equal(v.key, bytes_of("duration")))
            f.duration = v.number;
        if (bytes_equal(v.key, bytes_of("filesize")))
            f.filesize = v.number;
        if (bytes_equal(v.key, bytes_of("width")))
            f.width = v.number;
        if (bytes_equal(v.key, bytes_of("trackmap"))) {
            f.trackmap = true;
            amf_leave(&r);
        }
        if (bytes_equal(v.key, bytes_of("padding")))
            read_array(&r, &f.padding, NULL, NULL);
        if (bytes_equal(v.key, bytes_of("keyframes"))) {
            while (amf_read(&r, &v) && v.type != AMF_END) {
                if (bytes_equal(v.key, bytes_of("times")))
                    read_array(&r, &f.times, NULL, &f.last_time);
                else
                    read_array(&r, &f.positions, &f.first_position, NULL);
            }
        }
    }
    CHECK_EQ(r.error, 0);
    CHECK_EQ(members, count);
    CHECK(!amf_read(&r, &v));
    return f;
}

static void test_head_before_and_after(void **state)
{
    (void)state;
    struct flv_index x;
    size_t           size = flv_head_size(said, 10);
    uint8_t         *head = malloc(size);
    flv_index_init(&x, 10, size);
    flv_head_write(head, size, said, &x);
    struct found f = parse_head(head, size);
    CHECK_EQ(f.padding, 20);
    CHECK_EQ(f.width, 320);
    CHECK(f.trackmap);
    CHECK_EQ(head[4], 0);

    add(&x, AV_VIDEO, AV_SEQUENCE_HEADER, 0, 30);
    add(&x, AV_AUDIO, AV_SEQUENCE_HEADER, 0, 4);
    uint64_t first = x.size;
    for (unsigned i = 0; i < 75; i++)
        add(&x, AV_VIDEO, i % 25 == 0 ? AV_KEYFRAME : 0, i * 40, 100);
    add(&x, AV_AUDIO, 0, 2900, 50);
    CHECK_EQ(x.size, size + 45 + 19 + 75 * 115 + 65);
    CHECK_EQ(flv_index_duration_ms(&x), 3000);
    flv_head_write(head, size, said, &x);
    f = parse_head(head, size);
    CHECK_EQ(head[4], 5);
    CHECK_EQ(f.times, 3);
    CHECK_EQ(f.positions, 3);
    CHECK_EQ(f.padding, 14);
    CHECK(f.duration == 3.0 && f.last_time == 2.0);
    CHECK_EQ(f.filesize, x.size);
    CHECK_EQ(f.first_position, first - 19 - 45); /* with its sequence header */
    CHECK_EQ(flv_head_capacity((struct bytes){ head + 24, size - 28 }, size), 10);
    free(head);
    flv_index_clear(&x);
}

/* Ten thousand keyframes in room for a hundred: evenly spread, in order, the first kept. */
static void test_full_index_is_thinned(void **state)
{
    (void)state;
    for (uint32_t capacity = 1; capacity < 130; capacity++) {
        struct flv_index x;
        flv_index_init(&x, capacity, 100);
        for (uint32_t i = 0; i < 10000; i++)
            add(&x, AV_VIDEO, AV_KEYFRAME, i * 1000, 10);
        CHECK(x.count <= capacity && x.count >= (capacity + 1) / 2);
        CHECK_EQ(x.keyframes[0].time_ms, 0);
        for (uint32_t i = 1; i < x.count; i++) {
            CHECK_EQ(x.keyframes[i].time_ms - x.keyframes[i - 1].time_ms, x.step * 1000);
            CHECK_EQ(x.keyframes[i].position, 100 + (uint64_t)x.keyframes[i].time_ms / 1000 * 25);
        }
        flv_index_thin(&x, (capacity + 2) / 3);
        CHECK(x.count <= (capacity + 2) / 3);
        flv_index_clear(&x);
    }
}

/* What a publisher may put there: nothing, nonsense, too much. */
static void test_metadata_of_all_kinds(void **state)
{
    (void)state;
    size_t   big_size = 200000;
    uint8_t *big = malloc(big_size);
    struct writer w = writer_over(big, big_size);
    amf_write_string(&w, "onMetaData");
    amf_write_object_start(&w);
    for (unsigned i = 0; i < 9000; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        amf_write_key(&w, key);
        amf_write_number(&w, i);
    }
    amf_write_object_end(&w);
    const struct bytes all[] = {
        { NULL, 0 }, { (const uint8_t *)"\xff\xff", 2 }, { metadata, sizeof metadata / 2 },
        { big, writer_size(&w) },
        { (const uint8_t *)"\x02\x00\x01x\x05", 5 },
    };
    for (size_t i = 0; i < COUNT(all); i++) {
        struct flv_index x;
        size_t           size = flv_head_size(all[i], 5);
        uint8_t         *copy = copy_exact(all[i].data, all[i].size), *head = malloc(size);
        flv_index_init(&x, 5, size);
        flv_head_write(head, size, (struct bytes){ copy, all[i].size }, &x);
        CHECK(size < FLV_INDEX_METADATA_MAX + 2000);
        CHECK_EQ(parse_head(head, size).padding, 10);
        CHECK_EQ(flv_head_capacity((struct bytes){ head + 24, size - 28 }, size), 5);
        free(head);
        free(copy);
    }
    free(big);
}

/* A whole file: head, headers, frames.  Sets offsets[i] to the end of its ith tag. */
static uint8_t *make_file(size_t *size, size_t *offsets, unsigned *tags)
{
    static const struct { uint8_t type; uint32_t time_ms; uint8_t body[6]; uint32_t size; } list[] = {
        { 9, 0, { 0x17, 0, 0, 0, 0, 1 }, 6 }, { 8, 0, { 0xaf, 0, 0x12, 0x10 }, 4 },
        { 9, 0, { 0x17, 1, 0, 0, 0, 7 }, 6 }, { 8, 10, { 0xaf, 1, 3 }, 3 },
        { 9, 40, { 0x27, 1, 0, 0, 0, 7 }, 6 }, { 8, 33, { 0xaf, 1 }, 200 },
        { 9, 80, { 0x17, 1, 0, 0, 0, 7 }, 6 },
    };
    size_t           head = flv_head_size(said, 4);
    uint8_t         *file = malloc(head + 1000);
    struct flv_index x;
    flv_index_init(&x, 4, head);
    flv_head_write(file, head, said, &x);
    struct writer w = writer_over(file + head, 1000);
    offsets[0] = head;
    *tags = 1;
    for (size_t i = 0; i < COUNT(list); i++) {
        write_be(&w, list[i].type, 1);
        write_be(&w, list[i].size, 3);
        write_be(&w, list[i].time_ms, 3);
        write_be(&w, 0, 4);
        write_bytes(&w, list[i].body,
                    sizeof list[i].body < list[i].size ? sizeof list[i].body : list[i].size);
        for (uint32_t at = sizeof list[i].body; at < list[i].size; at++)
            write_be(&w, 0xee, 1);
        write_be(&w, list[i].size + 11, 4);
        offsets[(*tags)++] = head + writer_size(&w);
    }
    *size = head + writer_size(&w);
    return file;
}

static void test_scan_cut_at_every_byte(void **state)
{
    (void)state;
    size_t   size, offsets[10];
    unsigned tags;
    uint8_t *file = make_file(&size, offsets, &tags);
    for (size_t cut = 0; cut <= size; cut++) {
        struct flv_scan s;
        uint8_t        *copy = copy_exact(file, cut);
        size_t          half = cut / 2, expected = cut < 13 ? 0 : 13;
        flv_scan_init(&s);
        CHECK_EQ(flv_scan_feed(&s, (struct bytes){ copy, half }), 0);
        CHECK_EQ(flv_scan_feed(&s, (struct bytes){ copy + half, cut - half }), 0);
        unsigned whole = 0;
        for (unsigned i = 0; i < tags; i++)
            if (offsets[i] <= cut) {
                expected = offsets[i];
                whole = i + 1;
            }
        CHECK_EQ(s.index.size, expected);
        CHECK_EQ(s.tags, whole);
        CHECK_EQ(s.head_size, whole > 0 ? offsets[0] : 0);
        CHECK_EQ(s.index.count, whole == tags ? 2 : whole > 3 ? 1 : 0);
        if (whole > 0)
            CHECK_EQ(flv_head_capacity((struct bytes){ s.metadata, s.metadata_size }, s.head_size), 4);
        flv_scan_clear(&s);
        free(copy);
    }
    free(file);
}

static void test_scan_stops_at_garbage(void **state)
{
    (void)state;
    size_t   size, offsets[10];
    unsigned tags;
    uint8_t *file = make_file(&size, offsets, &tags);
    static const struct { unsigned tag; size_t at; uint8_t value; } faults[] = {
        { 4, 0, 0 },       /* tag type of a hole of zeros */
        { 4, 0, 20 },
        { 4, 10, 1 },      /* stream id */
        { 4, 1, 1 },       /* a size that reaches beyond the end */
    };
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct flv_scan s;
        uint8_t        *copy = copy_exact(file, size);
        copy[offsets[faults[i].tag] + faults[i].at] = faults[i].value;
        flv_scan_init(&s);
        flv_scan_feed(&s, (struct bytes){ copy, size });
        CHECK_EQ(s.index.size, offsets[faults[i].tag]);
        flv_scan_clear(&s);
        copy[offsets[3] - 1] ^= 1; /* PreviousTagSize */
        flv_scan_init(&s);
        CHECK_EQ(flv_scan_feed(&s, (struct bytes){ copy, size }), ERR_PROTOCOL);
        CHECK_EQ(s.index.size, offsets[2]);
        flv_scan_clear(&s);
        free(copy);
    }
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head_before_and_after), cmocka_unit_test(test_full_index_is_thinned),
        cmocka_unit_test(test_metadata_of_all_kinds), cmocka_unit_test(test_scan_cut_at_every_byte),
        cmocka_unit_test(test_scan_stops_at_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
