#include "base/time_text.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define SECONDS_MAX INT64_C(253402300799) /* the end of the year 9999 */

/* Numbers from here on are milliseconds: as seconds they would be beyond the year 5000. */
#define MS_FROM INT64_C(100000000000)

enum { NUMBER_DIGITS_MAX = 15, FRACTION_DIGITS_MAX = 9 };

/* `count` digits as a number; false if they are not there. */
static bool take_digits(const char **at, int count, int *out)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)(*at)[i]))
            return false;
        value = 10 * value + ((*at)[i] - '0');
    }
    *at += count;
    *out = value;
    return true;
}

static bool take_char(const char **at, const char *one_of)
{
    if (**at == '\0' || strchr(one_of, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

/* What follows a decimal point, in milliseconds, rounded down. */
static bool take_fraction(const char **at, int *ms)
{
    int digits = 0;
    *ms = 0;
    for (; isdigit((unsigned char)**at); (*at)++, digits++)
        if (digits < 3)
            *ms = 10 * *ms + (**at - '0');
    for (int i = digits; i < 3; i++)
        *ms *= 10;
    return digits > 0 && digits <= FRACTION_DIGITS_MAX;
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= NUMBER_DIGITS_MAX && (text[digits] == '\0' || text[digits] == '.');
}

static bool parse_number(const char *at, int64_t *out_ms)
{
    int64_t value = 0;
    int     ms = 0;
    for (; isdigit((unsigned char)*at); at++)
        value = 10 * value + (*at - '0');
    bool is_ms = value >= MS_FROM;
    if (!is_ms && take_char(&at, ".") && !take_fraction(&at, &ms))
        return false;
    if (*at != '\0' || value > (is_ms ? SECONDS_MAX * 1000 : SECONDS_MAX))
        return false;
    *out_ms = is_ms ? value : value * 1000 + ms;
    return true;
}

static bool take_date(const char **at, struct tm *tm)
{
    int year, month, day;
    if (!take_digits(at, 4, &year) || !take_char(at, "-") || !take_digits(at, 2, &month) ||
        !take_char(at, "-") || !take_digits(at, 2, &day))
        return false;
    *tm = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
    struct tm same = *tm;
    timegm(&same); /* the 30th of February becomes another day */
    return year >= 1970 && same.tm_mon == tm->tm_mon && same.tm_mday == day;
}

static bool take_time(const char **at, struct tm *tm, int *ms)
{
    if (!take_digits(at, 2, &tm->tm_hour) || !take_char(at, ":") || !take_digits(at, 2, &tm->tm_min))
        return false;
    if (take_char(at, ":") && !take_digits(at, 2, &tm->tm_sec))
        return false;
    if (take_char(at, ".") && !take_fraction(at, ms))
        return false;
    return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

/* "+01:00", "+0100" or "+01", in seconds. */
static bool take_offset(const char **at, int *seconds)
{
    bool west = **at == '-';
    int  hours, minutes = 0;
    if (!take_char(at, "+- ") || !take_digits(at, 2, &hours))
        return false;
    bool colon = take_char(at, ":");
    if ((colon || **at != '\0') && !take_digits(at, 2, &minutes))
        return false;
    *seconds = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

/* mktime() would read the time zone anew each time, beside all threads that log. */
int64_t time_text_of_local(const struct tm *local)
{
    struct tm fields = *local, there;
    time_t    as_utc = timegm(&fields), seconds = as_utc;
    for (int i = 0; i < 2; i++) { /* the offset that is in force then, not the one a few hours off */
        localtime_r(&seconds, &there);
        seconds = as_utc - there.tm_gmtoff;
    }
    return seconds;
}

static bool parse_iso(const char *at, int64_t *out_ms)
{
    struct tm tm;
    int       ms = 0, offset_s = 0;
    int64_t   seconds;
    if (!take_date(&at, &tm) || (take_char(&at, "Tt ") && !take_time(&at, &tm, &ms)))
        return false;
    if (*at == '\0')
        seconds = time_text_of_local(&tm);
    else if (take_char(&at, "Zz") || take_offset(&at, &offset_s))
        seconds = timegm(&tm) - offset_s;
    else
        return false;
    if (*at != '\0' || seconds < 0 || seconds > SECONDS_MAX)
        return false;
    *out_ms = seconds * 1000 + ms;
    return true;
}

bool time_text_parse(const char *text, int64_t *out_ms)
{
    return is_number(text) ? parse_number(text, out_ms) : parse_iso(text, out_ms);
}
