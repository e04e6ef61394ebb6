/* check.h - what the unit tests share over cmocka. */
#ifndef MILLRACE_TESTS_CHECK_H
#define MILLRACE_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Signed comparison, so that a negative error reads as itself in the report. */
#define CHECK_EQ(got, want)                                                           \
    do {                                                                              \
        long long got_ = (long long)(got), want_ = (long long)(want);                 \
        if (got_ != want_)                                                            \
            fail_msg("%s is %lld, not %lld (%s)", #got, got_, want_, #want);          \
    } while (0)
#define CHECK(condition) assert_true(condition)

/* A heap copy of exactly `size` bytes, so that AddressSanitizer sees a read one byte past it. */
static inline uint8_t *copy_exact(const void *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

#endif
