/* Any bytes as a file that a recording left behind: repaired, it is whole, is not repaired again, and reads
 * back to its end. */
#include "base/error.h"
#include "core/flv_file.h"
#include "core/record_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

#define FILE_NAME "20260101000000_segment_001.flv"

static char root[] = "/dev/shm/millrace-repair-XXXXXX";
static char app[sizeof root + 8], folder[sizeof app + 8], path[sizeof folder + 64];

static void remove_all(void)
{
    unlink(path);
    rmdir(folder);
    rmdir(app);
    rmdir(root);
}

static void make_folders(void)
{
    REQUIRE(mkdtemp(root) != NULL);
    snprintf(app, sizeof app, "%s/live", root);
    snprintf(folder, sizeof folder, "%s/s", app);
    snprintf(path, sizeof path, "%s/" FILE_NAME, folder);
    REQUIRE(mkdir(app, 0700) == 0 && mkdir(folder, 0700) == 0);
    atexit(remove_all);
}

static void write_file(const uint8_t *data, size_t size)
{
    if (path[0] == '\0')
        make_folders();
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static int repair(struct flv_file_result *result)
{
    struct flv_scan scan;
    int             error = flv_file_repair(AT_FDCWD, path, NULL, &scan, result);
    if (error == 0)
        REQUIRE(scan.tags > 0);
    flv_scan_clear(&scan);
    return error;
}

static void read_back(void)
{
    static const atomic_bool never;
    struct record_file       f;
    struct record_tag        tag;
    int                      result;
    record_file_init(&f, &never);
    REQUIRE(record_file_open(&f, root, "live/s/" FILE_NAME) == 0);
    while ((result = record_file_next(&f, &tag)) == 1)
        REQUIRE(tag.position < f.size);
    REQUIRE(result == 0 || result == ERR_PROTOCOL); /* a stream id, which a repair does not mind */
    record_file_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flv_file_result first = { 0 }, again = { 0 };
    write_file(data, size);
    if (repair(&first) != 0)
        return 0;
    REQUIRE(first.size == size && first.cut <= size);
    REQUIRE(repair(&again) == 0);
    REQUIRE(!again.changed && again.cut == 0 && !again.rewritten);
    read_back();
    return 0;
}
