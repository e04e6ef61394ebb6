#include "check.h"

#include "base/error.h"
#include "media/avcodec.h"
#include "protocol/flv.h"
#include "protocol/wire.h"

#include <stdio.h>

#define HEADER "FLV\x01\x05\0\0\0\x09\0\0\0\0"
#define BYTES(text) ((struct bytes){ (const uint8_t *)text, sizeof text - 1 })

enum { TAG_MAX = 1 << 20 };

static void test_header_cut_anywhere(void **state)
{
    (void)state;
    static const struct { const char *wire; size_t size; ssize_t result; bool audio, video; } cases[] = {
        { "FLV\x01\x05\0\0\0\x09\0\0\0\0",      13, 13, true,  true  },
        { "FLV\x01\x04\0\0\0\x09\0\0\0\0",      13, 13, true,  false },
        { "FLV\x01\x01\0\0\0\x09\xff\xff\0\0",  13, 13, false, true  }, /* PreviousTagSize0 as it likes */
        { "FLV\x01\0\0\0\0\x0bxy\0\0\0\0",      15, 15, false, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t cut = 0; cut <= cases[i].size; cut++) {
            uint8_t          *wire = copy_exact(cases[i].wire, cut);
            struct flv_header header = { 0 };
            bool              whole = cut == cases[i].size;
            CHECK_EQ(flv_read_header((struct bytes){ wire, cut }, &header), whole ? cases[i].result : 0);
            CHECK_EQ(header.has_audio, whole && cases[i].audio);
            CHECK_EQ(header.has_video, whole && cases[i].video);
            free(wire);
        }
    }
}

static void test_header_refusals(void **state)
{
    (void)state;
    static const struct { const char *wire; int error; } cases[] = {
        { "FLX\x01\x05\0\0\0\x09\0\0\0\0",    ERR_PROTOCOL    },
        { "FLV\x02\x05\0\0\0\x09\0\0\0\0",    ERR_UNSUPPORTED },
        { "FLV\x01\x05\0\0\0\x08\0\0\0\0",    ERR_PROTOCOL    },
        { "FLV\x01\x05\0\0\x10\x01\0\0\0\0",  ERR_TOO_BIG     },
        { "FLV\x01\x05\xff\xff\xff\xff\0\0\0\0", ERR_TOO_BIG  },
        { "HTTP/1.1 200 ",                    ERR_PROTOCOL    },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct flv_header header;
        struct flv_reader reader;
        struct avpacket  *p;
        struct bytes      in = { (const uint8_t *)cases[i].wire, 13 };
        CHECK_EQ(flv_read_header(in, &header), cases[i].error);
        flv_reader_init(&reader, TAG_MAX);
        CHECK_EQ(flv_read(&reader, in, &p), cases[i].error);
        CHECK_EQ(flv_read(&reader, in, &p), cases[i].error);
        assert_null(p);
        flv_reader_clear(&reader);
    }
}

static void test_write_header(void **state)
{
    (void)state;
    uint8_t out[FLV_HEADER_SIZE];
    flv_write_header(out, true, true);
    assert_memory_equal(out, "FLV\x01\x05\0\0\0\x09\0\0\0\0", 13);
    flv_write_header(out, true, false);
    assert_memory_equal(out, "FLV\x01\x04\0\0\0\x09\0\0\0\0", 13);
    flv_write_header(out, false, true);
    assert_memory_equal(out, "FLV\x01\x01\0\0\0\x09\0\0\0\0", 13);
}

/* Feed `in` in pieces of `step` bytes, each an exact copy; up to `room` packets.  Returns how many
 * came, or the error. */
static int read_all(struct flv_reader *r, struct bytes in, size_t step, struct avpacket **out, int room)
{
    int count = 0;
    for (size_t at = 0; at < in.size;) {
        size_t   size = step < in.size - at ? step : in.size - at;
        uint8_t *piece = copy_exact(in.data + at, size);
        for (size_t used = 0; used < size;) {
            struct avpacket *p = (void *)1;
            ssize_t          n = flv_read(r, (struct bytes){ piece + used, size - used }, &p);
            if (n < 0) {
                assert_null(p);
                free(piece);
                return (int)n;
            }
            CHECK(n > 0 && (size_t)n <= size - used);
            used += (size_t)n;
            if (p != NULL) {
                CHECK(count < room);
                out[count++] = p;
            }
        }
        free(piece);
        at += size;
    }
    return count;
}

static const char stream[] =
    HEADER
    "\x12\0\0\x03\0\0\0\0\0\0\0" "\x02\0\0" "\0\0\0\x0e"
    "\x08\0\0\0\0\0\x05\0\0\0\0" "\0\0\0\x0b"                      /* an empty body */
    "\x0f\0\0\x02\0\0\x05\0\0\0\0" "xy" "\0\0\0\x0d"               /* AMF3 data: skipped */
    "\x09\0\0\x05\x02\x03\x04\x01\0\0\x07" "\x17\x01\0\0\0" "\0\0\0\x10"
    "\x08\0\0\x02\xff\xff\xff\xff\0\0\0" "\xaf\x01" "\0\0\0\x0c";  /* PreviousTagSize as OBS wrote it */

static void test_tags_cut_anywhere(void **state)
{
    (void)state;
    static const struct { uint8_t type; int64_t dts_ms; const char *body; size_t size; } want[] = {
        { AV_DATA,  0,          "\x02\0\0",      3 },
        { AV_AUDIO, 5,          "",              0 },
        { AV_VIDEO, 0x01020304, "\x17\x01\0\0\0", 5 },
        { AV_AUDIO, 0xffffffff, "\xaf\x01",      2 },
    };
    for (size_t step = 1; step < sizeof stream; step++) {
        struct flv_reader r;
        struct avpacket  *out[COUNT(want)];
        flv_reader_init(&r, TAG_MAX);
        CHECK_EQ(read_all(&r, BYTES(stream), step, out, COUNT(want)), COUNT(want));
        CHECK(r.header_done && r.header.has_audio && r.header.has_video);
        for (size_t i = 0; i < COUNT(want); i++) {
            CHECK_EQ(out[i]->type, want[i].type);
            CHECK_EQ(out[i]->dts_ms, want[i].dts_ms);
            CHECK_EQ(out[i]->size, want[i].size);
            CHECK_EQ(out[i]->flags, 0);
            assert_memory_equal(avpacket_body(out[i]), want[i].body, want[i].size);
            avpacket_unref(&out[i]);
        }
        flv_reader_clear(&r);
    }
}

/* A reader may be dropped, or set up anew, in the middle of anything. */
static void test_clear_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof stream; cut++) {
        struct flv_reader r;
        struct avpacket  *out[8];
        flv_reader_init(&r, TAG_MAX);
        int count = read_all(&r, (struct bytes){ (const uint8_t *)stream, cut }, cut, out, 8);
        CHECK(count >= 0);
        while (count > 0)
            avpacket_unref(&out[--count]);
        flv_reader_clear(&r);
        CHECK_EQ(read_all(&r, BYTES(HEADER), 5, out, 8), 0);
        CHECK(r.header_done);
        flv_reader_clear(&r);
    }
}

static void test_tag_refusals(void **state)
{
    (void)state;
    static const struct { struct bytes wire; int error; } cases[] = {
        { BYTES(HEADER "\x29\0\0\x01\0\0\0\0\0\0\0"),                 ERR_UNSUPPORTED }, /* encrypted */
        { BYTES(HEADER "\x49\0\0\x01\0\0\0\0\0\0\0"),                 ERR_PROTOCOL    },
        { BYTES(HEADER "\x89\0\0\x01\0\0\0\0\0\0\0"),                 ERR_PROTOCOL    },
        { BYTES(HEADER "\x09\x10\0\x01\0\0\0\0\0\0\0"),               ERR_TOO_BIG     },
        { BYTES(HEADER "\x0f\x10\0\x01\0\0\0\0\0\0\0"),               ERR_TOO_BIG     }, /* skipped, but no less */
        { BYTES(HEADER "\x09\0\0\x01\0\0\0\0\0\0\0" "a\0\0\0\x0d"),   ERR_PROTOCOL    },
        { BYTES(HEADER "\x09\0\0\x01\0\0\0\0\0\0\0" "a\0\0\0\x0a"),   ERR_PROTOCOL    },
        { BYTES(HEADER "\x09\0\0\x01\0\0\0\0\0\0\0" "a\0\0\0\x01"),   ERR_PROTOCOL    },
        { BYTES(HEADER "\x09\0\0\x01\0\0\0\0\0\0\0" "a\0\0\0\0"),     ERR_PROTOCOL    },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t step = 1; step <= cases[i].wire.size; step++) {
            struct flv_reader r;
            struct avpacket  *out[1];
            flv_reader_init(&r, TAG_MAX);
            CHECK_EQ(read_all(&r, cases[i].wire, step, out, 1), cases[i].error);
            assert_null(r.packet);
            CHECK_EQ(flv_read(&r, BYTES("\x09"), out), cases[i].error);
            flv_reader_clear(&r);
        }
    }
}

/* Memory follows the bytes that came, not the number that was announced. */
static void test_memory_grows_with_the_bytes(void **state)
{
    (void)state;
    enum { BODY = 0xffffff };
    struct flv_reader r;
    struct avpacket  *out[1];
    uint8_t          *body = malloc(BODY);
    assert_non_null(body);
    for (size_t i = 0; i < BODY; i++)
        body[i] = (uint8_t)(i * 7 >> 3);
    flv_reader_init(&r, BODY);
    CHECK_EQ(read_all(&r, BYTES(HEADER "\x09\xff\xff\xff\0\0\0\0\0\0\0"), 100, out, 1), 0);
    CHECK_EQ(r.packet->capacity, 16384);
    CHECK_EQ(read_all(&r, (struct bytes){ body, 16384 }, 1000, out, 1), 0);
    CHECK_EQ(r.packet->capacity, 16384);
    CHECK_EQ(read_all(&r, (struct bytes){ body + 16384, 1 }, 1, out, 1), 0);
    CHECK_EQ(r.packet->capacity, 32768);
    CHECK_EQ(read_all(&r, (struct bytes){ body + 16385, BODY - 16385 }, 100000, out, 1), 0);
    CHECK_EQ(r.packet->capacity, BODY);
    CHECK_EQ(read_all(&r, BYTES("\x01\0\0\x0a"), 4, out, 1), 1);
    CHECK_EQ(out[0]->size, BODY);
    assert_memory_equal(avpacket_body(out[0]), body, BODY);
    avpacket_unref(&out[0]);
    free(body);
    flv_reader_clear(&r);
}

/* The files of tests/data, counted apart from this reader. */
static const struct file {
    const char *name;
    int         tags, sequence_headers, keyframes, track_infos, ends, frames, multitrack;
    uint32_t    codecs[6];      /* in the order of their first appearance */
} files[] = {
    { "avc_aac.flv",    31, 2, 2, 0, 1, 27, 0,  { AVCODEC_H264, AVCODEC_AAC } },
    { "hevc_opus.flv",  27, 2, 2, 2, 0, 22, 0,  { AVCODEC_HEVC, AVCODEC_OPUS } },
    { "multitrack.flv", 68, 5, 4, 3, 1, 58, 41, { AVCODEC_H264, AVCODEC_HEVC, AVCODEC_AAC, AVCODEC_OPUS,
                                                  AVCODEC_MP3 } },
    { "vp9_ac3.flv",    21, 2, 2, 2, 0, 16, 0,  { AVCODEC_VP9, AVCODEC_AC3 } },
    { "av1_flac.flv",   15, 2, 2, 2, 0, 10, 0,  { AVCODEC_AV1, AVCODEC_FLAC } },
};

static struct bytes load(const char *name)
{
    char  path[512];
    FILE *file;
    snprintf(path, sizeof path, SOURCE_DIR "/tests/data/flv/%s", name);
    assert_non_null(file = fopen(path, "rb"));
    uint8_t *data = malloc(32768);
    assert_non_null(data);
    size_t size = fread(data, 1, 32768, file);
    fclose(file);
    return (struct bytes){ data, size };
}

static void count_packet(struct file *found, struct avpacket *p)
{
    CHECK_EQ(avcodec_classify(p), 0);
    found->tags++;
    found->sequence_headers += (p->flags & AV_SEQUENCE_HEADER) != 0;
    found->keyframes += (p->flags & AV_KEYFRAME) != 0;
    found->track_infos += (p->flags & AV_TRACK_INFO) != 0;
    found->ends += (p->flags & AV_END_OF_SEQUENCE) != 0;
    found->multitrack += (p->flags & AV_MULTITRACK) != 0;
    found->frames += avpacket_is_frame(p);
    for (size_t i = 0; p->codec != AVCODEC_NONE && i < COUNT(found->codecs); i++) {
        if (found->codecs[i] == AVCODEC_NONE)
            found->codecs[i] = p->codec;
        if (found->codecs[i] == p->codec)
            return;
    }
    CHECK_EQ(p->type, AV_DATA);
}

/* Read a file of FFmpeg's and classify it; then our wire form of each packet must be the very bytes
 * of the file. */
static void check_file(const struct file *want, size_t step)
{
    struct bytes      in = load(want->name);
    struct flv_reader r;
    struct avpacket  *out[128];
    struct file       found = { .name = want->name };
    size_t            at = FLV_HEADER_SIZE;
    flv_reader_init(&r, TAG_MAX);
    int count = read_all(&r, in, step, out, COUNT(out));
    CHECK_EQ(count, want->tags);
    for (int i = 0; i < count; i++) {
        count_packet(&found, out[i]);
        wire_frame(out[i], 4096);
        struct bytes tag = wire_flv_bytes(out[i]);
        CHECK(at + tag.size <= in.size);
        assert_memory_equal(tag.data, in.data + at, tag.size);
        at += tag.size;
        avpacket_unref(&out[i]);
    }
    CHECK_EQ(at, in.size);
    CHECK_EQ(found.sequence_headers, want->sequence_headers);
    CHECK_EQ(found.keyframes, want->keyframes);
    CHECK_EQ(found.track_infos, want->track_infos);
    CHECK_EQ(found.ends, want->ends);
    CHECK_EQ(found.frames, want->frames);
    CHECK_EQ(found.multitrack, want->multitrack);
    assert_memory_equal(found.codecs, want->codecs, sizeof found.codecs);
    flv_reader_clear(&r);
    free((void *)in.data);
}

static void test_files_of_ffmpeg(void **state)
{
    (void)state;
    static const size_t steps[] = { 1, 7, 1000, 32768 };
    for (size_t i = 0; i < COUNT(files); i++) {
        for (size_t k = 0; k < COUNT(steps); k++)
            check_file(&files[i], steps[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_cut_anywhere),
        cmocka_unit_test(test_header_refusals),
        cmocka_unit_test(test_write_header),
        cmocka_unit_test(test_tags_cut_anywhere),
        cmocka_unit_test(test_clear_anywhere),
        cmocka_unit_test(test_tag_refusals),
        cmocka_unit_test(test_memory_grows_with_the_bytes),
        cmocka_unit_test(test_files_of_ffmpeg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
