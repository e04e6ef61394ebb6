/* Repair of files on disk: one of ours cut at every byte, one of ffmpeg's, one of nobody's. */
#include "check.h"

#include "base/error.h"
#include "core/flv_file.h"
#include "media/avcodec.h"
#include "protocol/flv.h"
#include "protocol/flv_head.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder_name[] = "/tmp/millrace-file-XXXXXX";
static int  folder;

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder_name));
    folder = open(folder_name, O_RDONLY | O_DIRECTORY);
    return folder < 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(folder);
    return rmdir(folder_name);
}

static void write_file(const uint8_t *data, size_t size)
{
    int fd = openat(folder, "x.flv", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static uint8_t *read_file(const char *path, size_t *size)
{
    struct stat there;
    int         fd = openat(folder, path, O_RDONLY);
    CHECK(fd >= 0 && fstat(fd, &there) == 0);
    uint8_t *data = malloc((size_t)there.st_size + 1);
    *size = (size_t)there.st_size;
    CHECK_EQ(read(fd, data, *size), *size);
    close(fd);
    return data;
}

static void write_tag(struct writer *w, uint8_t type, uint32_t time_ms, const char *body, size_t size)
{
    write_be(w, type, 1);
    write_be(w, size, 3);
    write_be(w, time_ms, 3);
    write_be(w, 0, 4);
    write_bytes(w, body, size);
    write_be(w, size + 11, 4);
}

/* The head as it is when a file is begun, then tags. */
static size_t make_file(uint8_t *out, size_t room)
{
    struct flv_index x;
    struct bytes     none = { 0 };
    size_t           head = flv_head_size(none, 3);
    flv_index_init(&x, 3, head);
    flv_head_write(out, head, none, &x);
    struct writer w = writer_over(out + head, room - head);
    write_tag(&w, 9, 0, "\x17\0\0\0\0\1\2\3", 8);
    write_tag(&w, 9, 0, "\x17\1\0\0\0abcdef", 11);
    write_tag(&w, 8, 5, "\xaf\1xyz", 5);
    write_tag(&w, 9, 40, "\x27\1\0\0\0gh", 7);
    write_tag(&w, 9, 80, "\x17\1\0\0\0ij", 7);
    return head + writer_size(&w);
}

static int repair(struct flv_scan *scan, struct flv_file_result *result)
{
    return flv_file_repair(folder, "x.flv", NULL, scan, result);
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    uint8_t file[4000];
    size_t  size = make_file(file, sizeof file), head = flv_head_size((struct bytes){ 0 }, 3);
    for (size_t cut = 0; cut <= size; cut++) {
        struct flv_scan        scan;
        struct flv_file_result result;
        write_file(file, cut);
        int error = repair(&scan, &result);
        flv_scan_clear(&scan);
        CHECK_EQ(error, cut < 13 ? ERR_PROTOCOL : cut < head + 23 + 26 ? ERR_NOT_FOUND : 0);
        if (error != 0)
            continue;
        size_t   got_size;
        uint8_t *got = read_file("x.flv", &got_size);
        CHECK_EQ(got_size, scan.index.size);
        CHECK(got_size <= cut && cut - got_size < 26);
        assert_memory_equal(got + head, file + head, got_size - head);
        CHECK_EQ(got[4], (cut >= head + 23 + 26 + 20 ? 4 : 0) | 1);
        free(got);
        /* It is whole now: a second time nothing changes. */
        CHECK_EQ(repair(&scan, &result), 0);
        CHECK(!result.changed && result.cut == 0 && !result.rewritten);
        CHECK_EQ(scan.index.count, cut == size ? 2 : 1);
        flv_scan_clear(&scan);
    }
    unlinkat(folder, "x.flv", 0);
}

/* ffmpeg leaves no room for an index. */
static void test_file_of_another_program(void **state)
{
    (void)state;
    size_t                 size, again_size;
    int                    data = open(SOURCE_DIR "/tests/data/flv", O_RDONLY | O_DIRECTORY), keep = folder;
    struct flv_scan        before, after;
    struct flv_file_result result;
    folder = data;
    uint8_t *original = read_file("avc_aac.flv", &size);
    folder = keep;
    close(data);
    write_file(original, size);
    CHECK_EQ(flv_file_scan(folder, "x.flv", NULL, &before, &result), 0);
    CHECK_EQ(result.cut, 0);
    CHECK_EQ(repair(&after, &result), 0);
    CHECK(result.changed && result.rewritten);
    flv_scan_clear(&after);
    uint8_t *again = read_file("x.flv", &again_size);
    CHECK_EQ(repair(&after, &result), 0);
    CHECK(!result.changed);
    CHECK_EQ(after.tags, before.tags);
    CHECK_EQ(after.index.video.size, before.index.video.size);
    CHECK_EQ(after.index.audio.codec, AVCODEC_AAC);
    CHECK_EQ(after.index.count, before.index.count);
    CHECK_EQ(again_size - after.head_size, size - before.head_size);
    assert_memory_equal(again + after.head_size, original + before.head_size, size - before.head_size);
    flv_scan_clear(&before);
    flv_scan_clear(&after);
    free(original);
    free(again);
    unlinkat(folder, "x.flv", 0);
}

static void test_refusals(void **state)
{
    (void)state;
    struct flv_scan        scan;
    struct flv_file_result result;
    CHECK_EQ(repair(&scan, &result), ERR_SYSTEM);
    CHECK_EQ(errno, ENOENT);
    flv_scan_clear(&scan);
    write_file((const uint8_t *)"This is not FLV.", 16);
    CHECK_EQ(repair(&scan, &result), ERR_PROTOCOL);
    flv_scan_clear(&scan);
    int writer = openat(folder, "x.flv", O_WRONLY);
    CHECK_EQ(flock(writer, LOCK_EX), 0);
    CHECK_EQ(repair(&scan, &result), ERR_BUSY);
    flv_scan_clear(&scan);
    close(writer);
    unlinkat(folder, "x.flv", 0);
    CHECK_EQ(symlinkat("/etc/hostname", folder, "x.flv"), 0);
    CHECK_EQ(repair(&scan, &result), ERR_SYSTEM);
    flv_scan_clear(&scan);
    unlinkat(folder, "x.flv", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_file_of_another_program),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
