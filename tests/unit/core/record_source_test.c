/* Recorded files read back: seeking by index and without, files cut anywhere, and several on one
 * timeline.  Bodies are as x264 and FAAC make them, as far as anybody looks. */
#include "check.h"

#include "base/error.h"
#include "core/catalogue.h"
#include "core/config.h"
#include "core/context.h"
#include "core/record_file.h"
#include "core/record_piece.h"
#include "core/record_source.h"
#include "media/avcodec.h"
#include "protocol/flv.h"
#include "protocol/flv_head.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAME_MS = 40, GOP = 5, COUNT_FRAMES = 20, SEGMENT_MS = COUNT_FRAMES * FRAME_MS };

static const int64_t start_ms = INT64_C(1769846707000);
static const atomic_bool never;
static char            root[64];
static struct config  *config;
static struct context *context;
static struct catalogue *catalogue;

static int set_up(void **state)
{
    char path[128];
    (void)state;
    strcpy(root, "/tmp/millrace-source-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof path, "%s/live", root);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/live/a", root);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/c.db", root);
    config = config_new();
    context = context_new(config);
    catalogue = catalogue_new(context, path, 0);
    assert_non_null(catalogue);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    catalogue_free(catalogue);
    context_free(context);
    config_free(config);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

/* A file in memory. */
struct film {
    uint8_t         *data;
    size_t           size, head_size;
    struct flv_index index;
    uint8_t          header;   /* a byte of the sequence header: another picture */
    size_t           body_size;
    unsigned         first;    /* number of the first frame */
};

static void add_tag(struct film *f, uint8_t type, uint32_t time_ms, const uint8_t *start, size_t start_size,
                    size_t size)
{
    struct avpacket *p = avpacket_new(type, (uint32_t)size);
    assert_non_null(p);
    p->size = (uint32_t)size;
    memset(avpacket_body(p), 0x55, size);
    memcpy(avpacket_body(p), start, start_size);
    CHECK_EQ(avcodec_classify(p), 0);
    flv_index_add(&f->index, p, time_ms);
    f->data = realloc(f->data, f->size + size + 15);
    assert_non_null(f->data);
    struct writer w = writer_over(f->data + f->size, size + 15);
    write_be(&w, type, 1);
    write_be(&w, size, 3);
    write_be(&w, time_ms & 0xffffff, 3);
    write_be(&w, time_ms >> 24, 1);
    write_be(&w, 0, 3);
    write_bytes(&w, avpacket_body(p), size);
    write_be(&w, size + 11, 4);
    f->size += size + 15;
    avpacket_unref(&p);
}

static void add_headers(struct film *f)
{
    const uint8_t video[] = { 0x17, 0, 0, 0, 0, 1, 0x42, f->header, 0x0b, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1,
                              0x68 };
    const uint8_t audio[] = { 0xaf, 0, 0x12, 0x10 };
    add_tag(f, AV_VIDEO, 0, video, sizeof video, sizeof video);
    add_tag(f, AV_AUDIO, 0, audio, sizeof audio, sizeof audio);
}

static void add_frame(struct film *f, unsigned number, uint32_t time_ms)
{
    const uint8_t video[] = { number % GOP == 0 ? 0x17 : 0x27, 1, 0, 0, 0, (uint8_t)(f->first + number) };
    const uint8_t audio[] = { 0xaf, 1, (uint8_t)(f->first + number) };
    add_tag(f, AV_VIDEO, time_ms, video, sizeof video, f->body_size);
    add_tag(f, AV_AUDIO, time_ms + 3, audio, sizeof audio, 20);
}

/* Complete, or as it is while it is written. */
static struct film make_film(const struct flv_origin *origin, unsigned first, size_t body_size, bool complete)
{
    struct film f = { .body_size = body_size, .first = first };
    f.size = f.head_size = flv_head_size((struct bytes){ 0 }, 16);
    f.data = calloc(1, f.size);
    flv_index_init(&f.index, 16, f.size);
    f.index.origin = *origin;
    if (!complete)
        flv_head_write(f.data, f.head_size, (struct bytes){ 0 }, &f.index);
    add_headers(&f);
    for (unsigned i = 0; i < COUNT_FRAMES; i++)
        add_frame(&f, i, i * FRAME_MS);
    if (complete)
        flv_head_write(f.data, f.head_size, (struct bytes){ 0 }, &f.index);
    return f;
}

static void free_film(struct film *f)
{
    flv_index_clear(&f->index);
    free(f->data);
}

static void save(const struct film *f, size_t size, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/live/a/%s", root, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK_EQ(write(fd, f->data, size), size);
    close(fd);
}

static void list(const char *file, int64_t wall_ms, const char *state)
{
    struct catalogue_recording r = { file, "/live/a", wall_ms, SEGMENT_MS, 1, "H264", "AAC", state, "" };
    catalogue_put(catalogue, &r);
}

/* One file. */

#define NAME "20260131090507_segment_001.flv"

static struct flv_origin origin_of(int64_t wall_ms, int64_t stream_ms, bool is_uniform)
{
    return (struct flv_origin){ wall_ms, stream_ms, 77, is_uniform };
}

static void check_seek(uint32_t time_ms)
{
    struct record_file  f;
    struct record_start start;
    struct record_tag   tag;
    record_file_init(&f, &never);
    CHECK_EQ(record_file_open(&f, root, "live/a/" NAME), 0);
    CHECK_EQ(record_file_seek(&f, time_ms, &start), 0);
    uint32_t frame = time_ms / FRAME_MS / GOP * GOP;
    uint32_t expected = (frame < COUNT_FRAMES ? frame : COUNT_FRAMES - GOP) * FRAME_MS;
    CHECK_EQ(start.time_ms, expected);
    CHECK_EQ(record_file_next(&f, &tag), 1);
    if (expected > 0) {
        CHECK_EQ(tag.time_ms, expected);
        CHECK(tag.flags & AV_KEYFRAME);
        CHECK_EQ(start.headers->count, 2);
    } else {
        CHECK(tag.flags & AV_SEQUENCE_HEADER);
        assert_null(start.headers);
    }
    header_set_unref(&start.headers);
    record_file_close(&f);
}

static void test_seek(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) { /* by the index; by reading all; a part */
        struct flv_origin origin = origin_of(start_ms, 0, kind == 0);
        struct film       film = make_film(&origin, 0, 100, kind < 2);
        save(&film, film.size, kind < 2 ? NAME : NAME ".part");
        for (uint32_t ms = 0; ms <= SEGMENT_MS + 500; ms += 10)
            check_seek(ms);
        free_film(&film);
        if (kind == 1) {
            char path[160];
            snprintf(path, sizeof path, "%s/live/a/" NAME, root);
            unlink(path);
        }
    }
}

/* Whatever is missing, what is whole before it is read, and nothing else. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    struct flv_origin origin = origin_of(start_ms, 0, false);
    struct film       film = make_film(&origin, 0, 40, false);
    char              path[160];
    snprintf(path, sizeof path, "%s/live/a/" NAME ".part", root);
    save(&film, film.size, NAME ".part");
    for (size_t cut = film.size; cut-- > 0;) {
        struct record_file f;
        struct record_tag  tag;
        uint8_t            body[40];
        CHECK_EQ(truncate(path, (off_t)cut), 0);
        record_file_init(&f, &never);
        int error = record_file_open(&f, root, "live/a/" NAME);
        CHECK_EQ(error, cut < film.head_size ? ERR_PROTOCOL : 0);
        size_t at = film.head_size;
        while (error == 0 && record_file_next(&f, &tag) == 1) {
            CHECK_EQ(tag.position, at);
            CHECK_EQ(record_file_read(&f, &tag, 0, body, tag.body_size), 0);
            assert_memory_equal(body, film.data + at + 11, tag.body_size);
            at += tag.body_size + 15;
        }
        if (error == 0)
            CHECK(at <= cut && cut - at < 55);
        record_file_close(&f);
    }
    free_film(&film);
}

/* A head whose bytes lie: seeking finds a keyframe all the same, or says that it cannot. */
static void test_lying_head(void **state)
{
    (void)state;
    struct flv_origin origin = origin_of(start_ms, 0, true);
    struct film       film = make_film(&origin, 0, 40, true);
    char              path[160];
    snprintf(path, sizeof path, "%s/live/a/" NAME, root);
    save(&film, film.size, NAME);
    int fd = open(path, O_WRONLY);
    for (size_t at = FLV_HEADER_SIZE; at < film.head_size; at++) {
        struct record_file  f;
        struct record_start start = { 0 };
        struct record_tag   tag;
        uint8_t             lie = film.data[at] ^ 0xff;
        CHECK_EQ(pwrite(fd, &lie, 1, (off_t)at), 1);
        record_file_init(&f, &never);
        if (record_file_open(&f, root, "live/a/" NAME) == 0 && record_file_seek(&f, 500, &start) == 0 &&
            record_file_next(&f, &tag) == 1 && start.at > f.head_size)
            CHECK(tag.flags & (AV_KEYFRAME | AV_SEQUENCE_HEADER));
        header_set_unref(&start.headers);
        record_file_close(&f);
        CHECK_EQ(pwrite(fd, film.data + at, 1, (off_t)at), 1);
    }
    close(fd);
    free_film(&film);
}

static void test_names_that_lead_astray(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", "/", "a", "live/a", "live/a/", "live/a/x.flv", "../" NAME, "live/../" NAME, "live/a/../" NAME,
        "/live/a/" NAME, "live//" NAME, "live/a/" NAME ".part", "live/b/" NAME,
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct record_file f;
        record_file_init(&f, &never);
        CHECK(record_file_open(&f, root, names[i]) < 0);
        record_file_close(&f);
    }
}

/* Several. */

struct got {
    unsigned frames, metadata, headers;
    uint8_t  first;               /* number of the first picture */
    int64_t  times[128];          /* of pictures */
    uint8_t  flags;
    size_t   size;
    bool     marks_are_sound;
};

static void read_packet(struct got *g, const struct avpacket *p)
{
    const uint8_t *body = p->room + AVPACKET_HEADROOM;
    if (p->type == AV_DATA) {
        g->metadata++;
    } else if (body[1] == 0) {
        g->headers++;
    } else if (p->type == AV_VIDEO) {
        if (g->frames == 0)
            g->first = body[5];
        CHECK_EQ(body[5], (uint8_t)(g->first + g->frames));
        assert_true(g->frames < COUNT(g->times));
        g->times[g->frames++] = p->dts_ms;
    }
}

static void take_bytes(struct got *g, struct flv_reader *reader, const uint8_t *data, size_t size)
{
    g->size += size;
    while (size > 0) {
        struct avpacket *p;
        ssize_t          n = flv_read(reader, (struct bytes){ data, size }, &p);
        CHECK(n > 0);
        data += n;
        size -= (size_t)n;
        if (p != NULL)
            read_packet(g, p);
        avpacket_unref(&p);
    }
}

static void check_marks(struct got *g, const struct record_piece *piece)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < piece->mark_count; i++) {
        g->marks_are_sound &= piece->marks[i].end >= before;
        before = piece->marks[i].end;
        if (i > 0)
            g->marks_are_sound &= piece->marks[i].time_ms >= piece->marks[i - 1].time_ms + RECORD_MARK_MS;
    }
    g->marks_are_sound &= before == piece->size && piece->size <= RECORD_PIECE_SIZE;
}

static struct got play(int64_t from_ms, int64_t to_ms, bool closes_gaps)
{
    struct record_period period = {
        .root = root, .path = "/live/a", .from_ms = from_ms, .to_ms = to_ms, .closes_gaps = closes_gaps,
    };
    struct got            got = { .marks_are_sound = true };
    struct record_piece   piece = { .data = malloc(RECORD_PIECE_SIZE) };
    struct flv_reader     reader;
    struct record_source *source = record_source_new(catalogue, &period);
    flv_reader_init(&reader, 0xffffff);
    int error = record_source_open(source);
    while (error == 0) {
        record_source_read(source, &piece);
        take_bytes(&got, &reader, piece.data, piece.size);
        check_marks(&got, &piece);
        CHECK(piece.end == RECORD_PIECE_MORE || piece.end == RECORD_PIECE_LAST);
        if (piece.end == RECORD_PIECE_LAST) {
            CHECK(!piece.in_tag);
            break;
        }
    }
    got.flags = (uint8_t)(4 * reader.header.has_audio + reader.header.has_video);
    flv_reader_clear(&reader);
    record_source_free(source);
    free(piece.data);
    return got;
}

/* Three files of one run, the second of which comes `gap_ms` late on the stream's own time. */
static void save_three(size_t body_size, int64_t gap_ms, uint8_t header_of_last)
{
    static const char *const names[] = { "20260131090507_segment_001.flv", "20260131090507_segment_002.flv",
                                         "20260131090508_segment_003.flv" };
    for (unsigned i = 0; i < 3; i++) {
        char              file[64];
        int64_t           at_ms = SEGMENT_MS * (int64_t)i + (i > 0 ? gap_ms : 0);
        struct flv_origin origin = origin_of(start_ms + at_ms, 10000 + at_ms, true);
        struct film       film = { .body_size = 0 };
        film = make_film(&origin, COUNT_FRAMES * i, body_size, i < 2);
        if (i == 2)
            film.data[film.head_size + 11 + 7] = header_of_last;
        save(&film, film.size, names[i]);
        snprintf(file, sizeof file, "live/a/%s", names[i]);
        list(file, origin.wall_ms + i * 7, "complete"); /* clocks differ */
        free_film(&film);
    }
}

static void test_one_timeline(void **state)
{
    (void)state;
    save_three(100, 0, 0);
    struct got g = play(0, INT64_MAX, false);
    CHECK_EQ(g.frames, 3 * COUNT_FRAMES);
    for (unsigned i = 0; i < g.frames; i++)
        CHECK_EQ(g.times[i], i * FRAME_MS);
    CHECK_EQ(g.headers, 2);
    CHECK_EQ(g.metadata, 1);
    CHECK_EQ(g.flags, 5);
    CHECK(g.marks_are_sound);

    g = play(start_ms + SEGMENT_MS + 250, start_ms + 2 * SEGMENT_MS + 130, false);
    CHECK_EQ(g.first, COUNT_FRAMES + GOP);
    CHECK_EQ(g.times[0], 0);
    CHECK_EQ(g.headers, 2);
    CHECK_EQ(g.frames, COUNT_FRAMES - GOP + 3);

    save_three(100, 0, 9);
    CHECK_EQ(play(0, INT64_MAX, false).headers, 3);
    CHECK_EQ(play(start_ms + 10 * SEGMENT_MS, INT64_MAX, false).size, 0);
}

static void test_gaps(void **state)
{
    (void)state;
    save_three(100, 5000, 0);
    struct got g = play(0, INT64_MAX, false);
    CHECK_EQ(g.times[COUNT_FRAMES], SEGMENT_MS + 5000);
    CHECK_EQ(g.times[2 * COUNT_FRAMES], 2 * SEGMENT_MS + 5000);
    g = play(0, INT64_MAX, true);
    CHECK_EQ(g.times[COUNT_FRAMES], SEGMENT_MS - FRAME_MS + 3 + 20);
    CHECK_EQ(g.times[2 * COUNT_FRAMES], g.times[COUNT_FRAMES] + SEGMENT_MS);
}

/* Tags that are larger than a piece. */
static void test_large_tags(void **state)
{
    (void)state;
    save_three(300 * 1024, 0, 0);
    struct got g = play(0, INT64_MAX, false);
    CHECK_EQ(g.frames, 3 * COUNT_FRAMES);
    CHECK(g.size > 60 * 300 * 1024);
    CHECK(g.marks_are_sound);
}

/* Files of others have no origin: the wall clock says where they lie. */
static void test_files_of_others(void **state)
{
    (void)state;
    static const char *const names[] = { "20260131090507_segment_001.flv", "20260131090510_segment_001.flv" };
    for (unsigned i = 0; i < 2; i++) {
        char              file[64];
        struct flv_origin none = { 0 };
        struct film       film = make_film(&none, COUNT_FRAMES * i, 100, true);
        save(&film, film.size, names[i]);
        snprintf(file, sizeof file, "live/a/%s", names[i]);
        list(file, start_ms + 3000 * (int64_t)i, "complete");
        free_film(&film);
    }
    struct got g = play(0, INT64_MAX, false);
    CHECK_EQ(g.frames, 2 * COUNT_FRAMES);
    CHECK_EQ(g.times[COUNT_FRAMES], 3000);
    CHECK_EQ(play(0, INT64_MAX, true).times[COUNT_FRAMES], SEGMENT_MS - FRAME_MS + 3 + 20);
}

/* A row without a file, a file that ends in the middle of a tag, and one that is no FLV. */
static void test_what_is_broken_is_passed_by(void **state)
{
    (void)state;
    save_three(100, 0, 0);
    struct film junk = { .data = (uint8_t *)(uintptr_t)"not an FLV file at all, whatever it is called" };
    save(&junk, 40, "20260131090509_segment_004.flv");
    list("live/a/20260131090509_segment_004.flv", start_ms + 3000, "complete");
    list("live/a/20260131090509_segment_005.flv", start_ms + 4000, "complete");
    CHECK_EQ(play(0, INT64_MAX, false).frames, 3 * COUNT_FRAMES);
    CHECK_EQ(play(start_ms + 3100, INT64_MAX, false).size, 0);
    struct flv_origin origin = origin_of(start_ms, 10000, true);
    struct film       film = make_film(&origin, 0, 100, true);
    memset(film.data + film.size - 400, 0xee, 400);
    save(&film, film.size, "20260131090507_segment_001.flv");
    free_film(&film);
    struct record_file f;
    struct record_tag  tag;
    int                found;
    record_file_init(&f, &never);
    CHECK_EQ(record_file_open(&f, root, "live/a/20260131090507_segment_001.flv"), 0);
    while ((found = record_file_next(&f, &tag)) == 1) {
    }
    CHECK_EQ(found, ERR_PROTOCOL);
    record_file_close(&f);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(test_seek),
        WITH_FILES(test_cut_anywhere),
        WITH_FILES(test_lying_head),
        WITH_FILES(test_names_that_lead_astray),
        WITH_FILES(test_one_timeline),
        WITH_FILES(test_gaps),
        WITH_FILES(test_large_tags),
        WITH_FILES(test_files_of_others),
        WITH_FILES(test_what_is_broken_is_passed_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
