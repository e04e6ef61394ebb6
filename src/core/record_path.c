#include "core/record_path.h"

#include "base/error.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STAMP_DIGITS = 14 };

void record_path_stamp(int64_t wall_ms, char out[RECORD_STAMP_SIZE])
{
    time_t    seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    localtime_r(&seconds, &local);
    strftime(out, RECORD_STAMP_SIZE, "%Y%m%d%H%M%S", &local);
}

void record_path_file(const struct record_path *p, bool part, char out[RECORD_FILE_SIZE])
{
    snprintf(out, RECORD_FILE_SIZE, "%s_segment_%03u.flv%s", p->stamp, p->number, part ? RECORD_PART : "");
}

bool record_path_full(const struct record_path *p, bool part, char *out, size_t size)
{
    char file[RECORD_FILE_SIZE];
    record_path_file(p, part, file);
    return (size_t)snprintf(out, size, "%s/%s/%s/%s", p->root, p->app, p->name, file) < size;
}

static size_t count_digits(const char *text)
{
    size_t count = 0;
    while (isdigit((unsigned char)text[count]))
        count++;
    return count;
}

bool record_path_parse_file(const char *file, struct record_path *out, bool *part)
{
    static const char middle[] = "_segment_";
    const char       *at = file + STAMP_DIGITS;
    if (count_digits(file) != STAMP_DIGITS || strncmp(at, middle, strlen(middle)) != 0)
        return false;
    at += strlen(middle);
    size_t digits = count_digits(at);
    if (digits < 3 || digits > 5)
        return false;
    unsigned number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (unsigned)(at[i] - '0');
    *part = strcmp(at + digits, ".flv" RECORD_PART) == 0;
    if (!*part && strcmp(at + digits, ".flv") != 0)
        return false;
    memcpy(out->stamp, file, STAMP_DIGITS);
    out->stamp[STAMP_DIGITS] = '\0';
    out->number = number;
    return true;
}

static int number_of(const char *digits, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++)
        value = 10 * value + (digits[i] - '0');
    return value;
}

/* mktime() would read the time zone anew each time, beside all threads that log. */
int64_t record_path_time_ms(const char *stamp)
{
    if (count_digits(stamp) != STAMP_DIGITS)
        return -1;
    struct tm tm = {
        .tm_year = number_of(stamp, 4) - 1900,
        .tm_mon = number_of(stamp + 4, 2) - 1,
        .tm_mday = number_of(stamp + 6, 2),
        .tm_hour = number_of(stamp + 8, 2),
        .tm_min = number_of(stamp + 10, 2),
        .tm_sec = number_of(stamp + 12, 2),
    };
    time_t    as_utc = timegm(&tm), seconds = as_utc;
    struct tm local;
    for (int i = 0; i < 2; i++) { /* the offset that is in force then, not the one a few hours off */
        localtime_r(&seconds, &local);
        seconds = as_utc - local.tm_gmtoff;
    }
    return seconds < 0 ? -1 : (int64_t)seconds * 1000;
}

/* protocol/url.h promises as much of every stream that comes from a peer. */
static bool is_harmless(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

static int enter(int folder, const char *name, bool make)
{
    if (make && mkdirat(folder, name, 0755) != 0 && errno != EEXIST)
        return -1;
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int enter_and_close(int folder, const char *name, bool make)
{
    int fd = enter(folder, name, make);
    int error = errno;
    close(folder);
    errno = error;
    return fd;
}

int record_path_open_folder(const struct record_path *p, bool make)
{
    if (!is_harmless(p->app) || !is_harmless(p->name)) {
        errno = EINVAL;
        return ERR_SYSTEM;
    }
    if (make && mkdir(p->root, 0755) != 0 && errno != EEXIST)
        return ERR_SYSTEM;
    int fd = open(p->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        fd = enter_and_close(fd, p->app, make);
    if (fd >= 0)
        fd = enter_and_close(fd, p->name, make);
    return fd >= 0 ? fd : ERR_SYSTEM;
}

/* As rename(2), but never over another file. */
static int rename_exclusive(int folder, const char *from, const char *to)
{
    if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS) /* what file systems without it say */
        return -1;
    struct stat there;
    if (fstatat(folder, to, &there, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(folder, from, folder, to);
}

int record_path_rename(int folder, const char *from, struct record_path *path)
{
    char to[RECORD_FILE_SIZE];
    for (;;) {
        record_path_file(path, false, to);
        if (rename_exclusive(folder, from, to) == 0)
            return 0;
        if (errno != EEXIST || path->number >= RECORD_NUMBER_MAX)
            return ERR_SYSTEM;
        path->number++;
    }
}
