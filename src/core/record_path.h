/* record_path.h - where recordings lie: ROOT/app/name/YYYYMMDDHHMMSS_segment_NNN.flv, and the same
 * with ".part" while a file is not complete.
 *
 * Folders are entered one by one and symbolic links below the root are not followed, so nothing
 * is read, written or removed outside of it, whatever a stream is called. */
#ifndef MILLRACE_CORE_RECORD_PATH_H
#define MILLRACE_CORE_RECORD_PATH_H

#include "protocol/url.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_PART        ".part"
#define RECORD_STAMP_SIZE  16 /* YYYYMMDDHHMMSS and an end mark, and one to spare */
#define RECORD_FILE_SIZE   64
#define RECORD_NUMBER_MAX  99999

struct record_path {
    const char *root;                      /* borrowed: outlives all that writes */
    char        app[URL_APP_MAX + 1];
    char        name[URL_NAME_MAX + 1];
    char        stamp[RECORD_STAMP_SIZE];
    unsigned    number;
};

/* The local time of `wall_ms`. */
void record_path_stamp(int64_t wall_ms, char out[RECORD_STAMP_SIZE]);

/* The file's own name, with or without ".part". */
void record_path_file(const struct record_path *, bool part, char out[RECORD_FILE_SIZE]);

/* ROOT/app/name/FILE.  false if it does not fit. */
bool record_path_full(const struct record_path *, bool part, char *out, size_t size);

/* Read stamp and number from the name of a complete file, or of one with ".part" (*part). */
bool record_path_parse_file(const char *file, struct record_path *out, bool *part);

/* Milliseconds since 1970 of a stamp in local time; -1 if it is none. */
int64_t record_path_time_ms(const char *stamp);

/* Open the folder of a stream, making it and those above it if `make`.  A descriptor, or
 * ERR_SYSTEM with errno; EINVAL for a name that could lead astray. */
int record_path_open_folder(const struct record_path *, bool make);

/* Give `from`, in `folder`, the complete name of `path`, or of the next number that is free, which
 * *path then has.  0, or ERR_SYSTEM with errno. */
int record_path_rename(int folder, const char *from, struct record_path *path);

#endif
