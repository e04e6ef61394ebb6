#include "server/record_tool.h"

#include "base/error.h"
#include "core/flv_file.h"
#include "core/options.h"
#include "core/record_path.h"
#include "media/avcodec.h"
#include "protocol/flv_head.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* For those who watch a terminal. */
static bool on_progress(void *path, uint64_t done, uint64_t size)
{
    fprintf(stderr, "%s: %u %%\n", (const char *)path, size > 0 ? (unsigned)(done * 100 / size) : 100);
    return true;
}

static int complain(const char *path, int error, int cause)
{
    const char *why = error == ERR_SYSTEM      ? strerror(cause)
                      : error == ERR_PROTOCOL  ? "not an FLV file"
                      : error == ERR_NOT_FOUND ? "there is no frame in it"
                      : error == ERR_BUSY      ? "it is being written"
                                               : err_name(error);
    fprintf(stderr, "millrace: %s: %s\n", path, why);
    return OPTIONS_EXIT_FAILURE;
}

/* Take off ".part". */
static int give_name(const char *path, char *to, size_t size)
{
    size_t length = strlen(path), part = strlen(RECORD_PART);
    snprintf(to, size, "%s", path);
    if (length <= part || length >= size || strcmp(path + length - part, RECORD_PART) != 0)
        return 0;
    to[length - part] = '\0';
    return renameat2(AT_FDCWD, path, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : ERR_SYSTEM;
}

static int repair(char *path)
{
    struct flv_scan          scan;
    struct flv_file_result   result;
    struct flv_file_progress progress = { on_progress, path };
    char                     name[4096];
    int                      error = flv_file_repair(AT_FDCWD, path, &progress, &scan, &result);
    if (error == 0)
        error = give_name(path, name, sizeof name);
    int cause = errno;
    if (error == 0)
        printf("%s: %s, %" PRIu64 " bytes, %.3f s, %" PRIu64 " bytes cut off\n", name,
               result.changed ? "repaired" : "was whole", scan.index.size,
               (double)flv_index_duration_ms(&scan.index) / 1000, result.cut);
    flv_scan_clear(&scan);
    return error == 0 ? 0 : complain(path, error, cause);
}

static void print_kind(const char *what, const struct flv_index_kind *kind)
{
    const char *codec = avcodec_name(kind->codec);
    if (kind->seen)
        printf("  %s     %s, %" PRIu64 " bytes\n", what, codec[0] != '\0' ? codec : "unknown", kind->size);
}

static int info(char *path)
{
    struct flv_scan          scan;
    struct flv_file_result   result;
    struct flv_file_progress progress = { on_progress, path };
    int                      error = flv_file_scan(AT_FDCWD, path, &progress, &scan, &result);
    int                      cause = errno;
    if (error == 0) {
        bool indexed = flv_head_capacity((struct bytes){ scan.metadata, scan.metadata_size },
                                         scan.head_size) > 0;
        printf("%s\n  size      %" PRIu64 " bytes, %" PRIu64 " tags\n  duration  %.3f s\n", path, result.size,
               scan.tags, (double)flv_index_duration_ms(&scan.index) / 1000);
        print_kind("video", &scan.index.video);
        print_kind("audio", &scan.index.audio);
        printf("  keyframes %u%s\n", scan.index.count, indexed ? ", with room for an index" : "");
        if (result.cut > 0)
            printf("  broken    the last %" PRIu64 " bytes; millrace repair cuts them off\n", result.cut);
    }
    flv_scan_clear(&scan);
    return error != 0 ? complain(path, error, cause) : result.cut > 0 ? OPTIONS_EXIT_FAILURE : 0;
}

static int each(int argc, char **argv, int (*act)(char *path))
{
    int status = 0;
    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "Usage: millrace %s FILE...\n", argv[0]);
        return OPTIONS_EXIT_USAGE;
    }
    for (int i = 1; i < argc; i++)
        if (act(argv[i]) != 0)
            status = OPTIONS_EXIT_FAILURE;
    return status;
}

int record_tool_repair(int argc, char **argv)
{
    return each(argc, argv, repair);
}

int record_tool_info(int argc, char **argv)
{
    return each(argc, argv, info);
}
