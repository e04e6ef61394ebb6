/* file_lookup.h - which file a URL means, found on a thread that may wait for the disk. */
#ifndef MILLRACE_SERVER_FILE_LOOKUP_H
#define MILLRACE_SERVER_FILE_LOOKUP_H

#include "server/mime.h"

#include <stdbool.h>
#include <stdint.h>

enum { FILE_LOOKUP_ETAG_SIZE = 64 };

struct file_lookup {
    /* The question; the texts are owned by who asks. */
    const char *root;
    const char *path;       /* below it, decoded; "" is the root itself */
    bool        is_folder;  /* the URL ends in a slash */
    bool        takes_br;   /* the client's Accept-Encoding */
    bool        takes_gzip;
    /* The answer. */
    int         error;  /* 0, ERR_NOT_FOUND, ERR_REFUSED or ERR_SYSTEM */
    bool        is_elsewhere; /* a folder without its slash: the client is to ask again with it */
    int         fd;     /* of a regular file, the caller's from now on; -1 if there is none */
    const char *coding; /* of what is in it, "br" or "gzip"; NULL: none */
    struct mime mime;
    uint64_t    size;
    int64_t     modified_ns; /* since 1970 */
    char        etag[FILE_LOOKUP_ETAG_SIZE];
};

/* Find the answer. */
void file_lookup_run(struct file_lookup *);

/* Whether all segments of a path are such as we serve: none is empty or begins with a dot. */
bool file_lookup_is_plain(const char *path);

#endif
