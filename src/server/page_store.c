/* MILLRACE_PAGES is the folder where web/ was built; a program without pages is compiled without it. */
#include "server/page_store.h"

#include <string.h>

#ifdef MILLRACE_PAGES

/* The bytes of a file.  The assembler reads it, which needs no source file of a megabyte. */
#define EMBED(symbol, file)                                             \
    __asm__(".pushsection .rodata, \"a\"\n"                             \
            ".global " #symbol "\n"                                     \
            ".hidden " #symbol "\n"                                     \
            #symbol ":\n"                                               \
            ".incbin \"" MILLRACE_PAGES file "\"\n"                     \
            ".popsection\n");                                           \
    extern __attribute__((visibility("hidden"))) const uint8_t symbol[];

/* pages.inc, written by web/pack.mjs, names each file and tells how large it is in each form. */
#define PAGE(symbol, path, version, size, gzip_size, br_size)           \
    EMBED(symbol, path)                                                 \
    EMBED(symbol##_gz, path ".gz")                                      \
    EMBED(symbol##_br, path ".br")
#include "pages.inc"
#undef PAGE

static const struct page pages[] = {
#define PAGE(symbol, path, version, size, gzip_size, br_size)           \
    { path, version, { symbol, size }, { symbol##_gz, gzip_size }, { symbol##_br, br_size } },
#include "pages.inc"
#undef PAGE
};

static const size_t page_count = sizeof pages / sizeof *pages;

#else

static const struct page *const pages = NULL;
static const size_t page_count = 0;

#endif

const struct page *page_store_find(const char *path)
{
    if (strcmp(path, "/") == 0)
        path = "/index.html";
    for (size_t i = 0; i < page_count; i++)
        if (strcmp(pages[i].path, path) == 0)
            return &pages[i];
    return NULL;
}
