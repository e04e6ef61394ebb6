/* iso_time.h - points in time as requests and answers write them (ISO 8601, as RFC 3339 has it). */
#ifndef MILLRACE_PROTOCOL_ISO_TIME_H
#define MILLRACE_PROTOCOL_ISO_TIME_H

#include <stdint.h>

/* "2026-01-31T09:05:07.123Z" and its end mark. */
#define ISO_TIME_SIZE 25

/* Milliseconds since 1970, of one of these:
 *
 *     2026-01-31T09:05:07Z        a space may stand for the T; seconds and any number of decimals
 *     2026-01-31T09:05+01:00      may be missing; the offset may not, nor may it be "-00:00".
 *                                 "09:05 01:00" is "09:05+01:00" after a query's "+" became a space
 *     1769850307                  seconds since 1970, if it is below 10^11
 *     1769850307123               milliseconds
 *
 * 0; or ERR_INVALID, *out unchanged, for anything else, years before 1970 and after 9999. */
int iso_time_parse(const char *text, int64_t *out_ms);

/* In UTC, with milliseconds; `ms` from 1970 to 9999, what is outside is brought to the nearest. */
void iso_time_format(int64_t ms, char out[ISO_TIME_SIZE]);

#endif
