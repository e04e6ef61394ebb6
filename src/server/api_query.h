/* api_query.h - the query of a request, held to the names that mean something: a misspelt filter that
 * is ignored would show or change more than was asked for.
 *
 * Pure functions. */
#ifndef MILLRACE_SERVER_API_QUERY_H
#define MILLRACE_SERVER_API_QUERY_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

enum { API_QUERY_MAX = 16, API_QUERY_SIZE = 4096, API_QUERY_WHY_SIZE = 160 };

struct api_query {
    struct {
        const char *name; /* both point into `text` */
        const char *value;
    } items[API_QUERY_MAX];
    size_t count;
    char   text[API_QUERY_SIZE + 2 * API_QUERY_MAX];
};

/* Whether `name` is one of the words in `words`, which have spaces between them; NULL is none. */
bool api_word_is_in(const char *words, const char *name, size_t size);

/* Read the query.  `allowed` are the names it may have, or "*" for any, of which the first
 * API_QUERY_MAX are kept.  false with a sentence in `why` if there is another, or one twice, or a
 * value that is no UTF-8 or has control characters. */
bool api_query_parse(struct bytes query, const char *allowed, struct api_query *out,
                     char why[API_QUERY_WHY_SIZE]);

const char *api_query_value(const struct api_query *, const char *name); /* NULL: not there */

#endif
