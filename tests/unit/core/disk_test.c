/* Writers and the threads that serve them, against a real folder: what is written, what is told and in
 * which order, and what is bounded. */
#include "check.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/config.h"
#include "core/context.h"
#include "core/disk.h"
#include "core/worker.h"
#include "media/avpacket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char            root[64];
static struct config  *config;
static struct context *context;
static struct worker  *worker;
static struct disk    *disk;

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/millrace-disk-XXXXXX");
    assert_non_null(mkdtemp(root));
    config = config_new();
    context = context_new(config);
    context->worker_count = 1;
    context->workers = alloc_zeroed(sizeof *context->workers);
    worker = context->workers[0] = worker_new(context, 0);
    disk = disk_new(1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    if (disk != NULL)
        CHECK_EQ(disk_free(disk, 5000), 0);
    worker_free_all(context);
    context_free(context);
    config_free(config);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

/* Who owns a writer, and what it has heard. */
struct owner {
    struct disk_writer *writer;
    unsigned            count;
    struct disk_report  reports[64];
    char                events[65]; /* their first letters, one after the other */
};

static void on_report(void *owner, const struct disk_report *report)
{
    static const char letters[] = { [DISK_OPENED] = 'o', [DISK_CLOSED] = 'c', [DISK_FAILED] = 'f',
                                    [DISK_LOW] = 'l',    [DISK_ROOM] = 'r',   [DISK_ENDED] = 'e' };
    struct owner *o = owner;
    assert_true(o->count < COUNT(o->reports));
    o->events[o->count] = letters[report->event];
    o->reports[o->count++] = *report;
}

static const struct disk_writer_ops ops = { on_report };

static void start(struct owner *o, uint64_t buffer_size)
{
    struct disk_options options = { .buffer_size = buffer_size };
    *o = (struct owner){ 0 };
    o->writer = disk_writer_new(disk, worker, &options, &ops, o);
}

/* Until so many reports have come. */
static void wait_for(struct owner *o, unsigned count)
{
    uint64_t until_ms = clock_monotonic_ms() + 10000;
    while (o->count < count) {
        uv_run(&worker->loop.uv, UV_RUN_NOWAIT);
        if (clock_monotonic_ms() > until_ms)
            fail_msg("only \"%s\" was reported", o->events);
        usleep(1000);
    }
}

static void begin(struct owner *o, const char *app, unsigned number)
{
    struct record_path path = { .root = root, .name = "a", .stamp = "20260131090507", .number = number };
    snprintf(path.app, sizeof path.app, "%s", app);
    disk_writer_open(o->writer, &path, "HEAD", 4, o);
}

static void write_one(struct owner *o, uint8_t fill, uint32_t size, uint32_t time_ms)
{
    struct avpacket *p = avpacket_new(AV_VIDEO, size);
    assert_non_null(p);
    p->size = size;
    memset(avpacket_body(p), fill, size);
    struct writer w = writer_over(avpacket_body(p) + size, AVPACKET_TAILROOM);
    write_be(&w, size + AVPACKET_FLV_SIZE, AVPACKET_TAILROOM);
    disk_writer_write(o->writer, p, time_ms);
    avpacket_unref(&p);
}

static void finish(struct owner *o)
{
    disk_writer_end(o->writer);
    o->writer = NULL;
}

static const char *path_of(const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static size_t read_file(const char *name, uint8_t *out, size_t room)
{
    int fd = open(path_of(name), O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, out, room);
    close(fd);
    assert_true(n >= 0);
    return (size_t)n;
}

static void test_a_file_and_the_next(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        'D', 'O', 'N', 'E',
        9, 0, 0, 2, 0, 0, 5, 0, 0, 0, 0, 7, 7, 0, 0, 0, 13,
        9, 0, 0, 1, 0x03, 0x04, 0x05, 0x02, 0, 0, 0, 8, 0, 0, 0, 12,
    };
    uint8_t      got[128];
    struct owner o;
    start(&o, 1 << 20);
    begin(&o, "live", 1);
    write_one(&o, 7, 2, 5);
    write_one(&o, 8, 1, 0x02030405);
    disk_writer_close(o.writer, "DONE", 4);
    begin(&o, "live", 1); /* that number is taken by now */
    finish(&o);
    wait_for(&o, 5);
    assert_string_equal(o.events, "ocofe");
    CHECK_EQ(read_file("live/a/20260131090507_segment_001.flv", got, sizeof got), sizeof expected);
    assert_memory_equal(got, expected, sizeof expected);
    CHECK_EQ(o.reports[1].size, sizeof expected);
    CHECK(o.reports[1].file == &o);
    CHECK_EQ(o.reports[2].path.number, 2);
    CHECK_EQ(o.reports[3].error, ECANCELED); /* ended without being closed: left to be repaired */
    CHECK_EQ(read_file("live/a/20260131090507_segment_002.flv.part", got, sizeof got), 4);
}

/* While it is written nobody else may take it for one that was cut off. */
static void test_it_is_held(void **state)
{
    (void)state;
    struct owner o;
    start(&o, 1 << 20);
    begin(&o, "live", 1);
    wait_for(&o, 1);
    int fd = open(path_of("live/a/20260131090507_segment_001.flv.part"), O_RDONLY);
    assert_true(fd >= 0);
    CHECK(flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK);
    disk_writer_close(o.writer, "DONE", 4);
    finish(&o);
    wait_for(&o, 3);
    CHECK_EQ(flock(fd, LOCK_SH | LOCK_NB), 0);
    close(fd);
}

static void test_what_cannot_be_written_is_counted(void **state)
{
    (void)state;
    struct owner o;
    close(open(path_of("file"), O_WRONLY | O_CREAT, 0644));
    start(&o, 1 << 20);
    begin(&o, "file", 1); /* no folder */
    for (int i = 0; i < 3; i++)
        write_one(&o, 1, 10, 0);
    disk_writer_close(o.writer, "DONE", 4);
    begin(&o, "live", 1);
    write_one(&o, 1, 10, 0);
    disk_writer_close(o.writer, "DONE", 4);
    wait_for(&o, 3);
    assert_string_equal(o.events, "foc");
    CHECK_EQ(o.reports[0].error, ENOTDIR);
    CHECK_EQ(disk_writer_lost(o.writer), 3);
    finish(&o);
    wait_for(&o, 4);
}

/* A folder that goes away in the middle: seen within a second, by the next write. */
static void test_a_file_that_is_removed(void **state)
{
    (void)state;
    struct owner o;
    start(&o, 1 << 20);
    begin(&o, "live", 1);
    wait_for(&o, 1);
    CHECK_EQ(unlink(path_of("live/a/20260131090507_segment_001.flv.part")), 0);
    disk_writer_close(o.writer, "DONE", 4);
    wait_for(&o, 2);
    assert_string_equal(o.events, "of");
    CHECK_EQ(o.reports[1].error, ENOENT);
    finish(&o);
    wait_for(&o, 3);
}

/* More than any disk takes at once. */
static void test_room(void **state)
{
    (void)state;
    enum { SIZE = 100 * 1024, BUFFER = 400 * 1024 };
    struct owner o;
    unsigned     queued = 0;
    start(&o, BUFFER);
    CHECK_EQ(disk_writer_room(o.writer, 10 * BUFFER), DISK_HAS_ROOM); /* alone it may */
    begin(&o, "live", 1);
    while (disk_writer_room(o.writer, SIZE) == DISK_HAS_ROOM && queued < 10000) {
        write_one(&o, 1, SIZE, queued);
        queued++;
    }
    if (queued < 10000) /* a disk that keeps up with us is never full */
        wait_for(&o, 2);
    CHECK_EQ(disk_writer_room(o.writer, SIZE), DISK_HAS_ROOM);
    disk_writer_close(o.writer, "DONE", 4);
    finish(&o);
    wait_for(&o, queued < 10000 ? 4 : 3);
}

/* Together they are bounded too, but none is held up for the others when it has little. */
static void test_room_of_all(void **state)
{
    (void)state;
    enum { WRITERS = 8, SIZE = 128 * 1024 };
    struct owner all[WRITERS];
    unsigned     full = 0;
    for (int i = 0; i < WRITERS; i++)
        start(&all[i], 64 * 1024 * 1024);
    for (int i = 0; i < WRITERS; i++) {
        begin(&all[i], "live", 1);
        for (int j = 0; j < 40; j++) {
            enum disk_room room = disk_writer_room(all[i].writer, SIZE);
            CHECK(room != DISK_WRITER_FULL);
            full += room == DISK_ALL_FULL;
            if (room == DISK_HAS_ROOM)
                write_one(&all[i], 1, SIZE, 0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        disk_writer_close(all[i].writer, "DONE", 4);
        finish(&all[i]);
    }
    for (int i = 0; i < WRITERS; i++)
        while (all[i].count == 0 || all[i].events[all[i].count - 1] != 'e')
            wait_for(&all[i], all[i].count + 1);
    CHECK(full > 0); /* 40 MB at once into 1 MB */
}

/* What comes when no worker runs any more is told all the same. */
static void test_after_the_end(void **state)
{
    (void)state;
    struct owner o;
    start(&o, 1 << 20);
    begin(&o, "live", 1);
    disk_writer_close(o.writer, "DONE", 4);
    finish(&o);
    CHECK_EQ(disk_free(disk, 5000), 0);
    disk = NULL;
    CHECK_EQ(o.count, 0);
    worker_settle_all(context);
    assert_string_equal(o.events, "oce");
}

#define WITH_DISK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DISK(test_a_file_and_the_next),
        WITH_DISK(test_it_is_held),
        WITH_DISK(test_what_cannot_be_written_is_counted),
        WITH_DISK(test_a_file_that_is_removed),
        WITH_DISK(test_room),
        WITH_DISK(test_room_of_all),
        WITH_DISK(test_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
