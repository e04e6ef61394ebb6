/* text.h - text that grows as it is written, for what is made of our own data: answers, reports.
 *
 * Zeroed to begin with.  Memory is taken with alloc_resize(): whoever writes bounds what it writes. */
#ifndef MILLRACE_BASE_TEXT_H
#define MILLRACE_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
    char  *data; /* no end mark */
    size_t size;
    size_t capacity;
};

void text_add(struct text *, const void *data, size_t size);
void text_add_string(struct text *, const char *);
void text_add_char(struct text *, char);
void text_add_number(struct text *, uint64_t);

/* With up to three decimals, as many as are needed; what is not finite is 0. */
void text_add_real(struct text *, double);

void text_clear(struct text *);

#endif
