#include "core/record_file.h"

#include "base/alloc.h"
#include "base/error.h"
#include "core/record_path.h"
#include "media/avcodec.h"
#include "protocol/amf.h"
#include "protocol/flv.h"
#include "protocol/flv_head.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PREVIOUS_SIZE = 4,
    METADATA_MAX  = 1024 * 1024,
};

void record_file_init(struct record_file *f, const atomic_bool *cancelled)
{
    *f = (struct record_file){ .fd = -1, .cancelled = cancelled };
}

void record_file_close(struct record_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    avpacket_unref(&f->metadata);
    avpacket_unref(&f->look);
    free(f->window);
    f->window = NULL;
    f->fd = -1;
}

/* Bytes. */

static int read_at(int fd, uint64_t at, uint8_t *to, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = pread(fd, to + *got, size - *got, (off_t)(at + *got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_SYSTEM;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return 0;
}

/* `size` bytes at `at`, borrowed up to the next call; NULL if they are not there or cannot be read. */
static const uint8_t *view(struct record_file *f, uint64_t at, size_t size)
{
    if (at >= f->window_at && at + size <= f->window_at + f->window_size)
        return f->window + (at - f->window_at);
    if (read_at(f->fd, at, f->window, RECORD_FILE_WINDOW, &f->window_size) != 0)
        f->window_size = 0;
    f->window_at = at;
    return size <= f->window_size ? f->window : NULL;
}

int record_file_read(struct record_file *f, const struct record_tag *tag, uint32_t offset, uint8_t *to,
                     size_t size)
{
    uint64_t at = tag->position + AVPACKET_FLV_SIZE + offset;
    size_t   got;
    if (at >= f->window_at && at + size <= f->window_at + f->window_size) {
        memcpy(to, f->window + (at - f->window_at), size);
        return 0;
    }
    if (size <= RECORD_FILE_WINDOW / 2) {
        const uint8_t *from = view(f, at, size);
        if (from != NULL)
            memcpy(to, from, size);
        return from != NULL ? 0 : ERR_SYSTEM;
    }
    return read_at(f->fd, at, to, size, &got) == 0 && got == size ? 0 : ERR_SYSTEM;
}

/* Whether the file goes as far as that. */
static bool reaches(struct record_file *f, uint64_t end)
{
    struct stat there;
    if (end <= f->size)
        return true;
    if (fstat(f->fd, &there) == 0)
        f->size = (uint64_t)there.st_size;
    return end <= f->size;
}

/* Tags. */

static bool parse_header(const uint8_t *data, struct record_tag *out)
{
    struct reader r = reader_over((struct bytes){ data, AVPACKET_FLV_SIZE });
    out->type = (uint8_t)read_be(&r, 1);
    out->body_size = (uint32_t)read_be(&r, 3);
    out->time_ms = (uint32_t)read_be(&r, 3);
    out->time_ms |= (uint32_t)read_be(&r, 1) << 24;
    return read_be(&r, 3) == 0 && (out->type == AV_AUDIO || out->type == AV_VIDEO || out->type == AV_DATA);
}

/* What the start of the body says; a tag that nobody can classify is a tag all the same. */
static int classify(struct record_file *f, struct record_tag *tag)
{
    size_t         size = tag->body_size < RECORD_FILE_LOOK ? tag->body_size : RECORD_FILE_LOOK;
    const uint8_t *body = view(f, tag->position + AVPACKET_FLV_SIZE, size);
    if (body == NULL)
        return ERR_SYSTEM;
    f->look->type = tag->type;
    f->look->flags = f->look->track = 0;
    f->look->size = (uint32_t)size;
    memcpy(avpacket_body(f->look), body, size);
    if (avcodec_classify(f->look) != 0)
        f->look->flags = AV_TRACK_INFO;
    tag->flags = f->look->flags;
    tag->track = f->look->track;
    return 0;
}

int record_file_next(struct record_file *f, struct record_tag *out)
{
    struct record_tag tag = { .position = f->at };
    if (atomic_load_explicit(f->cancelled, memory_order_relaxed))
        return ERR_CLOSED;
    if (!reaches(f, f->at + AVPACKET_FLV_SIZE))
        return 0;
    const uint8_t *header = view(f, f->at, AVPACKET_FLV_SIZE);
    if (header == NULL)
        return ERR_SYSTEM;
    if (!parse_header(header, &tag))
        return ERR_PROTOCOL;
    uint64_t end = f->at + AVPACKET_FLV_SIZE + tag.body_size + PREVIOUS_SIZE;
    if (!reaches(f, end))
        return 0;
    int error = classify(f, &tag);
    if (error != 0)
        return error;
    f->at = end;
    *out = tag;
    return 1;
}

struct avpacket *record_file_packet(struct record_file *f, const struct record_tag *tag)
{
    struct avpacket *p = NULL;
    if (tag->body_size <= RECORD_FILE_HEADER_MAX)
        p = avpacket_new(tag->type, tag->body_size);
    if (p == NULL)
        return NULL;
    p->size = tag->body_size;
    p->flags = tag->flags;
    p->track = tag->track;
    p->dts_ms = tag->time_ms;
    if (record_file_read(f, tag, 0, avpacket_body(p), p->size) != 0)
        avpacket_unref(&p);
    return p;
}

bool record_file_is_written(const struct record_file *f)
{
    if (flock(f->fd, LOCK_SH | LOCK_NB) != 0)
        return errno == EWOULDBLOCK;
    flock(f->fd, LOCK_UN);
    return false;
}

/* The head. */

static int open_one(int folder, const char *name, bool part)
{
    char file[RECORD_FILE_SIZE + sizeof RECORD_PART];
    snprintf(file, sizeof file, "%s%s", name, part ? RECORD_PART : "");
    return openat(folder, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* It may get its name between two looks. */
static int open_any(const struct record_path *path, const char *name)
{
    int folder = record_path_open_folder(path, false);
    if (folder < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
    int fd = open_one(folder, name, false);
    if (fd < 0 && errno == ENOENT)
        fd = open_one(folder, name, true);
    if (fd < 0 && errno == ENOENT)
        fd = open_one(folder, name, false);
    int error = errno;
    close(folder);
    errno = error;
    return fd >= 0 ? fd : error == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
}

/* "app/name/FILE" into its parts. */
static bool split(const char *file, struct record_path *path, const char **name)
{
    const char *first = strchr(file, '/'), *last = strrchr(file, '/');
    bool        part;
    if (first == NULL || first == last || (size_t)(first - file) >= sizeof path->app ||
        (size_t)(last - first - 1) >= sizeof path->name || strlen(last + 1) >= RECORD_FILE_SIZE)
        return false;
    memcpy(path->app, file, (size_t)(first - file));
    memcpy(path->name, first + 1, (size_t)(last - first - 1));
    *name = last + 1;
    return record_path_parse_file(*name, path, &part) && !part;
}

static bool is_metadata(struct bytes body)
{
    struct amf_reader r = amf_reader_over(body);
    struct amf_value  v;
    return amf_read(&r, &v) && v.type == AMF_STRING && bytes_equal(v.string, bytes_of("onMetaData"));
}

/* 1 if the tag is metadata, which is kept then; 0, or an error. */
static int read_metadata(struct record_file *f, const struct record_tag *tag)
{
    if (tag->type != AV_DATA || tag->body_size == 0 || tag->body_size > METADATA_MAX)
        return 0;
    f->metadata = avpacket_new(AV_DATA, tag->body_size);
    if (f->metadata == NULL)
        return ERR_OUT_OF_MEMORY;
    f->metadata->size = tag->body_size;
    int error = record_file_read(f, tag, 0, avpacket_body(f->metadata), tag->body_size);
    if (error != 0)
        return error;
    if (is_metadata(avpacket_bytes(f->metadata))) {
        flv_head_read_origin(avpacket_bytes(f->metadata), &f->origin);
        return 1;
    }
    avpacket_unref(&f->metadata);
    return 0;
}

static int read_head(struct record_file *f)
{
    struct flv_header header;
    struct record_tag tag;
    const uint8_t    *start = view(f, 0, FLV_HEADER_SIZE);
    if (start == NULL ||
        flv_read_header((struct bytes){ start, FLV_HEADER_SIZE }, &header) != FLV_HEADER_SIZE)
        return ERR_PROTOCOL;
    f->flag_audio = header.has_audio;
    f->flag_video = header.has_video;
    f->at = FLV_HEADER_SIZE;
    int found = record_file_next(f, &tag);
    if (found == 0)
        return ERR_PROTOCOL;
    if (found > 0)
        found = read_metadata(f, &tag);
    if (found == 0)
        f->at = tag.position;
    f->head_size = f->at;
    return found < 0 ? found : 0;
}

int record_file_open(struct record_file *f, const char *root, const char *file)
{
    struct record_path path = { .root = root };
    struct stat        there;
    const char        *name;
    if (!split(file, &path, &name))
        return ERR_NOT_FOUND;
    f->fd = open_any(&path, name);
    if (f->fd < 0) {
        int error = f->fd;
        f->fd = -1;
        return error;
    }
    if (fstat(f->fd, &there) != 0 || !S_ISREG(there.st_mode))
        return ERR_PROTOCOL;
    f->window = alloc_try(RECORD_FILE_WINDOW);
    f->look = avpacket_new(AV_DATA, RECORD_FILE_LOOK);
    return f->window != NULL && f->look != NULL ? read_head(f) : ERR_OUT_OF_MEMORY;
}
