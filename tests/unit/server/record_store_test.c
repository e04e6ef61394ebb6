/* What retention chooses, and what is taken for a recording. */
#include "check.h"

#include "server/record_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct record_entry entry(const char *name, unsigned hour, uint64_t size, bool part)
{
    struct record_entry e = { .part = part, .size = size, .changed_ms = (int64_t)hour * 3600 * 1000 };
    strcpy(e.path.app, "live");
    strcpy(e.path.name, name);
    snprintf(e.path.stamp, sizeof e.path.stamp, "20260131%02u0000", hour % 24);
    e.path.number = 1;
    return e;
}

/* The marks as text, one letter a file. */
static const char *choose(struct record_entry *entries, size_t count, const struct record_limits *limits,
                          int64_t now_ms, uint64_t available)
{
    static char        text[32];
    bool               goes[32];
    struct record_list list = { entries, count, count };
    record_store_choose(&list, limits, now_ms, available, goes);
    for (size_t i = 0; i < count; i++)
        text[i] = goes[i] ? 'x' : '.';
    text[count] = '\0';
    return text;
}

static void test_choosing(void **state)
{
    (void)state;
    struct record_entry e[] = {
        entry("a", 1, 100, false), entry("b", 2, 100, false), entry("a", 3, 100, true),
        entry("b", 4, 300, false),
        entry("a", 5, 100, false), entry("a", 6, 100, false),
    };
    const int64_t hour_ms = 3600 * 1000;
    static const struct {
        struct record_limits limits;
        int64_t              hour;
        uint64_t             available;
        const char          *goes;
    } cases[] = {
        { { 0, 0, 0, 0 }, 100, 0, "......" },
        { { 3600, 0, 0, 0 }, 5, 0, "xx...." },       /* the part is older, and stays */
        { { 0, 800, 0, 0 }, 7, 0, "......" },
        { { 0, 799, 0, 0 }, 7, 0, "x....." },
        { { 0, 250, 0, 0 }, 7, 0, "xx.xx." },
        { { 0, 1, 0, 0 }, 7, 0, "xx.xxx" },
        { { 0, 0, 300, 0 }, 7, 0, "xx...." },        /* 400 of each */
        { { 0, 0, 0, 500 }, 7, 350, "xx...." },
        { { 0, 0, 0, 500 }, 7, 500, "......" },
        { { 3600, 0, 0, 500 }, 3, 350, "xx...." },   /* what goes for its age counts */
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(choose(e, COUNT(e), &cases[i].limits, cases[i].hour * hour_ms,
                                   cases[i].available),
                            cases[i].goes);
}

static void test_names(void **state)
{
    (void)state;
    static const struct { const char *file; bool ok, part; unsigned number; } cases[] = {
        { "20260131090507_segment_001.flv", true, false, 1 },
        { "20260131090507_segment_1234.flv.part", true, true, 1234 },
        { "20260131090507_segment_01.flv", false, false, 0 },
        { "20260131090507_segment_001.mp4", false, false, 0 },
        { "20260131090507_segment_001.flv.repair", false, false, 0 },
        { "2026013109050_segment_001.flv", false, false, 0 },
        { "20260131090507_segment_001.flv.part.part", false, false, 0 },
        { "20260131090507_segment_", false, false, 0 },
        { "20260131090507", false, false, 0 },
        { "", false, false, 0 },
        { "notes.flv", false, false, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct record_path path = { .number = 0 };
        bool               part = false;
        char              *name = (char *)copy_exact(cases[i].file, strlen(cases[i].file) + 1);
        CHECK_EQ(record_path_parse_file(name, &path, &part), cases[i].ok);
        if (cases[i].ok) {
            char again[RECORD_FILE_SIZE];
            record_path_file(&path, part, again);
            assert_string_equal(again, cases[i].file);
            CHECK_EQ(part, cases[i].part);
            CHECK_EQ(path.number, cases[i].number);
        }
        free(name);
    }
}

static void test_time(void **state)
{
    (void)state;
    char stamp[RECORD_STAMP_SIZE];
    setenv("TZ", "Asia/Kolkata", 1);
    tzset();
    record_path_stamp(1769850307123, stamp);
    assert_string_equal(stamp, "20260131143507");
    CHECK_EQ(record_path_time_ms(stamp), 1769850307000);
    CHECK_EQ(record_path_time_ms("2026"), -1);
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    CHECK_EQ(record_path_time_ms("20260329010000"), 1774742400000); /* an hour before summer time */
    CHECK_EQ(record_path_time_ms("20260329030000"), 1774746000000); /* its first moment */
}

static void touch(const char *root, const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, file);
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    CHECK(fd >= 0 && write(fd, "12345", 5) == 5);
    close(fd);
}

static void make_folder(const char *root, const char *folder)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    assert_int_equal(mkdir(path, 0755), 0);
}

/* Links out of the root are neither listed, entered nor written to. */
static void test_nothing_leaves_the_root(void **state)
{
    (void)state;
    char root[] = "/tmp/millrace-store-XXXXXX", outside[] = "/tmp/millrace-outside-XXXXXX", link_name[512];
    assert_non_null(mkdtemp(root));
    assert_non_null(mkdtemp(outside));
    touch(outside, "20260131090507_segment_009.flv");
    make_folder(root, "live");
    make_folder(root, "live/a");
    touch(root, "live/a/20260131090507_segment_002.flv");
    touch(root, "live/a/20260131090506_segment_001.flv.part");
    touch(root, "live/a/other.flv");
    snprintf(link_name, sizeof link_name, "%s/live/b", root);
    assert_int_equal(symlink(outside, link_name), 0);

    struct record_list list;
    CHECK_EQ(record_store_list(root, &list), 0);
    CHECK_EQ(list.count, 2);
    CHECK(list.entries[0].part && list.entries[0].path.number == 1 && list.entries[0].size == 5);
    CHECK_EQ(record_store_delete(&list.entries[1]), 0);
    CHECK(record_store_delete(&list.entries[1]) < 0 && errno == ENOENT);
    free(list.entries);

    struct record_path path = { .root = root, .app = "live", .name = "b", .number = 9 };
    strcpy(path.stamp, "20260131090507");
    CHECK(record_path_open_folder(&path, true) < 0);
    struct record_entry there = { .path = path };
    CHECK(record_store_delete(&there) < 0);
    strcpy(path.name, "../../etc");
    CHECK(record_path_open_folder(&path, true) < 0 && errno == EINVAL);
    strcpy(path.name, "..");
    CHECK(record_path_open_folder(&path, true) < 0 && errno == EINVAL);

    char command[1200];
    snprintf(command, sizeof command, "%s/20260131090507_segment_009.flv", outside);
    CHECK_EQ(access(command, F_OK), 0);
    snprintf(command, sizeof command, "rm -rf %s %s", root, outside);
    assert_int_equal(system(command), 0);
}

/* A name that is taken is never written over. */
static void test_renaming(void **state)
{
    (void)state;
    char root[] = "/tmp/millrace-store-XXXXXX", command[512];
    assert_non_null(mkdtemp(root));
    struct record_path path = { .root = root, .app = "live", .name = "a", .number = 3 };
    strcpy(path.stamp, "20260131090507");
    int folder = record_path_open_folder(&path, true);
    CHECK(folder >= 0);
    touch(root, "live/a/20260131090507_segment_003.flv");
    touch(root, "live/a/20260131090507_segment_004.flv");
    touch(root, "live/a/20260131090507_segment_003.flv.part");
    CHECK_EQ(record_path_rename(folder, "20260131090507_segment_003.flv.part", &path), 0);
    CHECK_EQ(path.number, 5);
    CHECK_EQ(faccessat(folder, "20260131090507_segment_005.flv", F_OK, 0), 0);
    CHECK(record_path_rename(folder, "nothing", &path) < 0);
    close(folder);
    snprintf(command, sizeof command, "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choosing), cmocka_unit_test(test_names), cmocka_unit_test(test_time),
        cmocka_unit_test(test_nothing_leaves_the_root), cmocka_unit_test(test_renaming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
