#include "core/disk_file.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "media/avpacket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define LOOK_MS 1000

void disk_file_init(struct disk_file *f)
{
    *f = (struct disk_file){ .folder = -1, .fd = -1 };
}

static void close_all(struct disk_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->folder >= 0)
        close(f->folder);
    f->fd = f->folder = -1;
}

static int check_free(struct disk_file *f)
{
    struct statvfs there;
    if (f->options->min_free == 0)
        return 0;
    if (fstatvfs(f->folder, &there) != 0)
        return errno;
    f->low = (uint64_t)there.f_bavail * there.f_frsize < f->options->min_free;
    return 0;
}

/* The first number from that of the path on whose names are both free. */
static int create(struct disk_file *f)
{
    for (; f->path.number <= RECORD_NUMBER_MAX; f->path.number++) {
        char        file[RECORD_FILE_SIZE];
        struct stat there;
        record_path_file(&f->path, false, file);
        if (fstatat(f->folder, file, &there, AT_SYMLINK_NOFOLLOW) == 0)
            continue;
        record_path_file(&f->path, true, file);
        f->fd = openat(f->folder, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (f->fd >= 0)
            return flock(f->fd, LOCK_EX | LOCK_NB) == 0 || errno == ENOLCK || errno == EOPNOTSUPP ? 0 : errno;
        if (errno != EEXIST)
            return errno;
    }
    return EEXIST;
}

static int write_at(int fd, const uint8_t *data, size_t size, off_t at)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, data, size, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        data += n;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

/* A file whose head cannot be written holds nothing. */
static void remove_part(struct disk_file *f)
{
    char file[RECORD_FILE_SIZE];
    record_path_file(&f->path, true, file);
    unlinkat(f->folder, file, 0);
}

static int begin(struct disk_file *f, const void *head, size_t size)
{
    int error = check_free(f);
    if (error == 0 && f->low)
        error = ENOSPC;
    if (error == 0)
        error = create(f);
    if (error != 0)
        return error;
    error = write_at(f->fd, head, size, 0);
    if (error == 0 && lseek(f->fd, (off_t)size, SEEK_SET) < 0)
        error = errno;
    if (error != 0)
        remove_part(f);
    return error;
}

static int try_to_open(struct disk_file *f, const void *head, size_t size)
{
    f->folder = record_path_open_folder(&f->path, true);
    if (f->folder < 0) {
        f->folder = -1;
        return errno;
    }
    int error = begin(f, head, size);
    if (error != 0)
        close_all(f);
    return error;
}

int disk_file_open(struct disk_file *f, const struct record_path *path, const struct disk_options *options,
                   const void *head, size_t size)
{
    disk_file_init(f);
    f->options = options;
    f->path = *path;
    int error = try_to_open(f, head, size);
    if (error == ENOENT) /* who deletes recordings found the folder empty just then */
        error = try_to_open(f, head, size);
    if (error != 0)
        return error;
    f->size = size;
    f->synced_ms = f->looked_ms = clock_monotonic_ms();
    return 0;
}

static void write_tag_header(uint8_t out[AVPACKET_FLV_SIZE], const struct disk_tag *tag)
{
    struct writer w = writer_over(out, AVPACKET_FLV_SIZE);
    write_be(&w, tag->packet->type, 1);
    write_be(&w, tag->packet->size, 3);
    write_be(&w, tag->time_ms & 0xffffff, 3);
    write_be(&w, tag->time_ms >> 24, 1);
    write_be(&w, 0, 3);
}

/* writev() until all is written.  *done is what was, also after an error. */
static int write_all(int fd, struct iovec *iov, unsigned count, uint64_t *done)
{
    while (count > 0) {
        ssize_t n = writev(fd, iov, (int)count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        *done += (uint64_t)n;
        size_t left = (size_t)n;
        for (; count > 0 && left >= iov->iov_len; iov++, count--)
            left -= iov->iov_len;
        if (count > 0) {
            iov->iov_base = (uint8_t *)iov->iov_base + left;
            iov->iov_len -= left;
        }
    }
    return 0;
}

/* A file that was removed takes bytes as before: somebody has to look. */
static int look_after(struct disk_file *f)
{
    uint64_t    now_ms = clock_monotonic_ms();
    struct stat there;
    if (f->options->sync == DISK_SYNC_INTERVAL &&
        now_ms - f->synced_ms >= (uint64_t)f->options->sync_s * 1000) {
        f->synced_ms = now_ms;
        if (fdatasync(f->fd) != 0)
            return errno;
    }
    if (now_ms - f->looked_ms < LOOK_MS)
        return 0;
    f->looked_ms = now_ms;
    if (fstat(f->fd, &there) != 0)
        return errno;
    return there.st_nlink == 0 ? ENOENT : check_free(f);
}

static uint64_t tag_size(const struct disk_tag *tag)
{
    return AVPACKET_FLV_SIZE + (uint64_t)tag->packet->size + AVPACKET_TAILROOM;
}

int disk_file_write(struct disk_file *f, const struct disk_tag *tags, size_t count)
{
    uint8_t      headers[DISK_FILE_TAGS_MAX][AVPACKET_FLV_SIZE];
    struct iovec iov[2 * DISK_FILE_TAGS_MAX];
    uint64_t     done = 0;
    for (size_t i = 0; i < count; i++) {
        const struct avpacket *p = tags[i].packet;
        write_tag_header(headers[i], &tags[i]);
        iov[2 * i] = (struct iovec){ headers[i], AVPACKET_FLV_SIZE };
        iov[2 * i + 1] = (struct iovec){ (void *)(p->room + AVPACKET_HEADROOM), p->size + AVPACKET_TAILROOM };
    }
    int error = write_all(f->fd, iov, 2 * (unsigned)count, &done);
    for (f->written = 0; f->written < count && done >= tag_size(&tags[f->written]); f->written++) {
        done -= tag_size(&tags[f->written]);
        f->size += tag_size(&tags[f->written]);
        f->time_ms = tags[f->written].time_ms;
    }
    return error != 0 ? error : look_after(f);
}

static int sync_whole(struct disk_file *f)
{
    if (f->options->sync == DISK_SYNC_NONE)
        return 0;
    return fsync(f->fd) == 0 ? 0 : errno;
}

int disk_file_finish(struct disk_file *f, const void *head, size_t size)
{
    char        part[RECORD_FILE_SIZE];
    struct stat there;
    record_path_file(&f->path, true, part);
    int error = write_at(f->fd, head, size, 0);
    if (error == 0)
        error = sync_whole(f);
    if (error == 0 && fstat(f->fd, &there) == 0 && there.st_nlink == 0)
        error = ENOENT;
    if (error == 0 && record_path_rename(f->folder, part, &f->path) != 0)
        error = errno;
    if (error == 0 && f->options->sync != DISK_SYNC_NONE && fsync(f->folder) != 0)
        error = errno;
    if (error == 0)
        close_all(f);
    return error;
}

void disk_file_abandon(struct disk_file *f)
{
    if (f->fd >= 0 && ftruncate(f->fd, (off_t)f->size) != 0) {
        /* the repair will cut it */
    }
    close_all(f);
}
