#include "protocol/iso_time.h"

#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY_S   INT64_C(86400)
#define LAST_MS INT64_C(253402300799999) /* of the year 9999 */

/* Below this a number is seconds: as such it is in the year 5138, as milliseconds in 1973. */
#define SECONDS_MAX INT64_C(100000000000)

/* Days from 1970-01-01, in the Gregorian calendar; `year` from 1970. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1; /* a year that ends with February */
    int     m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int days_in(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* `count` digits; false if there are fewer. */
static bool read_digits(const char **at, int count, int *out)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return true;
}

static bool take(const char **at, const char *choices)
{
    if (**at == '\0' || strchr(choices, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

static bool read_date(const char **at, int64_t *days)
{
    int  year, month, day;
    bool read = read_digits(at, 4, &year) && take(at, "-") && read_digits(at, 2, &month) && take(at, "-") &&
                read_digits(at, 2, &day);
    if (!read || year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
        return false;
    *days = days_of(year, month, day);
    return true;
}

/* What stands behind a point, rounded down. */
static bool read_decimals(const char **at, int *ms)
{
    int scale = 100;
    *ms = 0;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
        *ms += (**at - '0') * scale;
    return true;
}

static bool read_clock(const char **at, int64_t *out_ms)
{
    int hour, minute, second = 0, ms = 0;
    if (!read_digits(at, 2, &hour) || !take(at, ":") || !read_digits(at, 2, &minute))
        return false;
    if (take(at, ":")) {
        if (!read_digits(at, 2, &second) || (take(at, ".,") && !read_decimals(at, &ms)))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second */
        return false;
    *out_ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + ms;
    return true;
}

static bool read_offset(const char **at, int64_t *out_ms)
{
    int hour, minute;
    *out_ms = 0;
    if (take(at, "Zz"))
        return true;
    bool negative = **at == '-';
    if (!take(at, "+- ") || !read_digits(at, 2, &hour))
        return false;
    take(at, ":");
    if (!read_digits(at, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *out_ms = (hour * 60 + minute) * INT64_C(60000) * (negative ? -1 : 1);
    return !negative || *out_ms != 0;
}

static int parse_iso(const char *text, int64_t *out_ms)
{
    int64_t days, clock_ms, offset_ms;
    bool    read = read_date(&text, &days) && take(&text, "Tt ") && read_clock(&text, &clock_ms) &&
                read_offset(&text, &offset_ms) && *text == '\0';
    if (!read)
        return ERR_INVALID;
    int64_t ms = days * DAY_S * 1000 + clock_ms - offset_ms;
    if (ms < 0 || ms > LAST_MS)
        return ERR_INVALID;
    *out_ms = ms;
    return 0;
}

static int parse_number(const char *text, int64_t *out_ms)
{
    int64_t value = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > LAST_MS)
            return ERR_INVALID;
        value = value * 10 + (*text - '0');
    }
    if (value < SECONDS_MAX)
        value *= 1000;
    if (value > LAST_MS)
        return ERR_INVALID;
    *out_ms = value;
    return 0;
}

int iso_time_parse(const char *text, int64_t *out_ms)
{
    if (text[0] == '\0')
        return ERR_INVALID;
    return strspn(text, "0123456789") == strlen(text) ? parse_number(text, out_ms) : parse_iso(text, out_ms);
}

/* The inverse of days_of(). */
static void date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097, of_era = shifted % 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int     of_year = (int)(of_era - (365 * y + y / 4 - y / 100));
    int     m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int)(y + era * 400) + (*month <= 2);
}

void iso_time_format(int64_t ms, char out[ISO_TIME_SIZE])
{
    int year, month, day;
    ms = ms < 0 ? 0 : ms > LAST_MS ? LAST_MS : ms;
    int second = (int)(ms / 1000 % DAY_S);
    date_of(ms / 1000 / DAY_S, &year, &month, &day);
    char text[64];
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, second / 3600,
             second / 60 % 60, second % 60, (int)(ms % 1000));
    memcpy(out, text, ISO_TIME_SIZE - 1);
    out[ISO_TIME_SIZE - 1] = '\0';
}
