/* flv_file.h - recorded files on disk: what is in one, and making a cut-off one whole.
 *
 * These read a file from end to end, and so are for threads that may wait. */
#ifndef MILLRACE_CORE_FLV_FILE_H
#define MILLRACE_CORE_FLV_FILE_H

#include "protocol/flv_scan.h"

#include <stdbool.h>
#include <stdint.h>

/* Told about once a second while a file is read.  Returning false ends it. */
struct flv_file_progress {
    bool (*on_progress)(void *arg, uint64_t done, uint64_t size);
    void *arg;
};

struct flv_file_result {
    uint64_t size;     /* before */
    uint64_t cut;      /* bytes taken off the end, or for a scan: that are not whole */
    bool     changed;  /* by a repair: it was not right as it was */
    bool     rewritten; /* there was no room for the index: the file was written anew */
};

/* Read the file at `path` in `folder` (AT_FDCWD for none).  The caller clears *out, whatever is
 * returned: 0; ERR_SYSTEM with errno; ERR_PROTOCOL if it is no FLV file at all; ERR_CLOSED if
 * progress said so. */
int flv_file_scan(int folder, const char *path, const struct flv_file_progress *, struct flv_scan *out,
                  struct flv_file_result *);

/* Cut the file after its last whole tag and write its head anew: duration, size, index of
 * keyframes.  As above; ERR_BUSY if somebody is writing it; ERR_NOT_FOUND if it holds no frame
 * (the file is left as it is). */
int flv_file_repair(int folder, const char *path, const struct flv_file_progress *, struct flv_scan *out,
                    struct flv_file_result *);

#endif
