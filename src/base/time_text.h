/* time_text.h - moments as people and other programs write them. */
#ifndef MILLRACE_BASE_TIME_TEXT_H
#define MILLRACE_BASE_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

struct tm;

/* Read a moment as milliseconds since 1970.  False if `text` is none, or is not between the years
 * 1970 and 9999; *out_ms is unchanged then.  What is understood:
 *
 *   2026-01-31T09:05:07.123+01:00   ISO 8601; seconds and their fraction may be left out, as may the
 *                                   time of day.  "T" may be a space, and so may the "+" of the offset,
 *                                   which is what becomes of it in a query that nobody escaped.  Z is
 *                                   UTC; without an offset it is the server's local time
 *   1769846707, 1769846707.123      seconds since 1970
 *   1769846707123                   milliseconds since 1970: anything from 10^11 on */
bool time_text_parse(const char *text, int64_t *out_ms);

/* Seconds since 1970 of a local time; of two that are called the same, one. */
int64_t time_text_of_local(const struct tm *);

#endif
