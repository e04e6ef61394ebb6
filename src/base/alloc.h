/* alloc.h - two kinds of memory: what is small and ours, which never fails, and what a peer or a
 * file sizes, which may.
 *
 * Running out of memory for a small structure ends the process with one line on stderr: no
 * state could be kept consistent.  What a peer sizes is capped first, and asked for with
 * alloc_try(), whose NULL ends that peer and nobody else; tests have it fail. */
#ifndef MILLRACE_BASE_ALLOC_H
#define MILLRACE_BASE_ALLOC_H

#include <stddef.h>

/* Zeroed; the caller frees with free(). */
void *alloc_zeroed(size_t size);

/* As realloc(), for `count` items of `size` bytes; aborts on overflow too. */
void *alloc_resize(void *old, size_t count, size_t size);

/* A copy of `text`, or of its first `size` bytes with an end mark; the caller frees it. */
char *alloc_string(const char *text);
char *alloc_string_of(const void *text, size_t size);

/* Free a string that may be a secret: nothing of it stays in memory.  NULL is allowed. */
void alloc_wipe_string(char *text);

/* As malloc() and realloc(): NULL if there is no memory, with `old` as it was. */
void *alloc_try(size_t size) __attribute__((warn_unused_result));
void *alloc_try_resize(void *old, size_t size) __attribute__((warn_unused_result));

#endif
