#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void die(size_t size)
{
    fprintf(stderr, "millrace: out of memory (%zu bytes)\n", size);
    abort();
}

static void *or_die(void *memory, size_t size)
{
    if (memory == NULL && size > 0)
        die(size);
    return memory;
}

void *alloc_zeroed(size_t size)
{
    return or_die(calloc(1, size), size);
}

void *alloc_resize(void *old, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return or_die(NULL, SIZE_MAX);
    return or_die(realloc(old, total), total);
}

char *alloc_string_of(const void *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy == NULL)
        die(size + 1);
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *alloc_string(const char *text)
{
    return alloc_string_of(text, strlen(text));
}

void alloc_wipe_string(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

void *alloc_try(size_t size)
{
    return malloc(size);
}

void *alloc_try_resize(void *old, size_t size)
{
    return realloc(old, size);
}
