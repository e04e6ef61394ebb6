/* mime.h - the media type of a file, by the end of its name. */
#ifndef MILLRACE_SERVER_MIME_H
#define MILLRACE_SERVER_MIME_H

#include <stdbool.h>

struct mime {
    const char *type;    /* as in Content-Type; static */
    bool        is_text; /* worth compressing: a ".br" or ".gz" may lie beside it */
};

/* Never fails: what is not known is application/octet-stream. */
struct mime mime_of(const char *name);

#endif
