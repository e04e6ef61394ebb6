/* page_store.h - the pages of web/, as they were built and put into this program: each plain, and
 * compressed in the two ways that browsers ask for. */
#ifndef MILLRACE_SERVER_PAGE_STORE_H
#define MILLRACE_SERVER_PAGE_STORE_H

#include "base/bytes.h"

struct page {
    const char  *path;    /* of the URL: "/index.html" */
    const char  *version; /* the same as long as the content is: hexadecimal digits */
    struct bytes plain, gzip, br;
};

/* The page of that path, or NULL; "/" is "/index.html".  Static. */
const struct page *page_store_find(const char *path);

#endif
