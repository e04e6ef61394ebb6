#include "server/record_store.h"

#include "base/alloc.h"
#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_folder(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void add(struct record_list *list, const struct record_entry *entry)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity > 0 ? 2 * list->capacity : 64;
        list->entries = alloc_resize(list->entries, list->capacity, sizeof *list->entries);
    }
    list->entries[list->count++] = *entry;
}

typedef void visit_fn(int folder, const char *name, struct record_entry *, struct record_list *);

/* Call `visit` for each name in the folder, which is closed. */
static void each(int folder, visit_fn *visit, struct record_entry *so_far, struct record_list *out)
{
    DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
    if (dir == NULL) {
        if (folder >= 0)
            close(folder);
        return;
    }
    for (struct dirent *item = readdir(dir); item != NULL; item = readdir(dir))
        if (item->d_name[0] != '.')
            visit(dirfd(dir), item->d_name, so_far, out);
    closedir(dir);
}

static void visit_file(int folder, const char *name, struct record_entry *e, struct record_list *out)
{
    struct stat there;
    if (!record_path_parse_file(name, &e->path, &e->part) ||
        fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(there.st_mode))
        return;
    e->size = (uint64_t)there.st_size;
    e->changed_ms = (int64_t)there.st_mtim.tv_sec * 1000;
    add(out, e);
}

static void visit_stream(int folder, const char *name, struct record_entry *e, struct record_list *out)
{
    if (strlen(name) >= sizeof e->path.name)
        return;
    memcpy(e->path.name, name, strlen(name) + 1);
    each(open_folder(folder, name), visit_file, e, out);
}

static void visit_app(int folder, const char *name, struct record_entry *e, struct record_list *out)
{
    if (strlen(name) >= sizeof e->path.app)
        return;
    memcpy(e->path.app, name, strlen(name) + 1);
    each(open_folder(folder, name), visit_stream, e, out);
}

static int compare(const void *a, const void *b)
{
    const struct record_entry *x = a, *y = b;
    int order = strcmp(x->path.stamp, y->path.stamp);
    if (order == 0)
        order = (x->path.number > y->path.number) - (x->path.number < y->path.number);
    return order;
}

int record_store_list(const char *root, struct record_list *out)
{
    struct record_entry so_far = { .path.root = root };
    *out = (struct record_list){ 0 };
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return ERR_SYSTEM;
    each(folder, visit_app, &so_far, out);
    if (out->count > 0)
        qsort(out->entries, out->count, sizeof *out->entries, compare);
    return 0;
}

static bool same_stream(const struct record_entry *a, const struct record_entry *b)
{
    return strcmp(a->path.name, b->path.name) == 0 && strcmp(a->path.app, b->path.app) == 0;
}

/* From the oldest on, until what is left fits. */
static void choose_by_size(const struct record_list *l, const struct record_entry *of, uint64_t limit,
                           bool *goes)
{
    uint64_t total = 0;
    for (size_t i = 0; i < l->count; i++)
        if (!goes[i] && (of == NULL || same_stream(&l->entries[i], of)))
            total += l->entries[i].size;
    for (size_t i = 0; i < l->count && total > limit; i++) {
        if (goes[i] || l->entries[i].part || (of != NULL && !same_stream(&l->entries[i], of)))
            continue;
        goes[i] = true;
        total -= l->entries[i].size;
    }
}

/* Each stream once. */
static void choose_by_stream(const struct record_list *l, uint64_t limit, bool *goes)
{
    bool *seen = alloc_zeroed(l->count + 1);
    for (size_t i = 0; i < l->count; i++) {
        if (seen[i])
            continue;
        for (size_t j = i; j < l->count; j++)
            seen[j] |= same_stream(&l->entries[i], &l->entries[j]);
        choose_by_size(l, &l->entries[i], limit, goes);
    }
    free(seen);
}

static void choose_by_free(const struct record_list *l, uint64_t wanted, uint64_t available, bool *goes)
{
    for (size_t i = 0; i < l->count; i++)
        if (goes[i])
            available += l->entries[i].size;
    for (size_t i = 0; i < l->count && available < wanted; i++) {
        if (goes[i] || l->entries[i].part)
            continue;
        goes[i] = true;
        available += l->entries[i].size;
    }
}

void record_store_choose(const struct record_list *l, const struct record_limits *limits, int64_t now_ms,
                         uint64_t available, bool *goes)
{
    for (size_t i = 0; i < l->count; i++)
        goes[i] = limits->keep_s > 0 && !l->entries[i].part &&
                  now_ms - l->entries[i].changed_ms > (int64_t)limits->keep_s * 1000;
    if (limits->stream_size > 0)
        choose_by_stream(l, limits->stream_size, goes);
    if (limits->size > 0)
        choose_by_size(l, NULL, limits->size, goes);
    if (limits->free > 0)
        choose_by_free(l, limits->free, available, goes);
}

static int error_of_errno(void)
{
    return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
}

int record_store_look(const struct record_entry *e)
{
    char        file[RECORD_FILE_SIZE];
    struct stat there;
    int         folder = record_path_open_folder(&e->path, false);
    if (folder < 0)
        return error_of_errno();
    record_path_file(&e->path, false, file);
    int error = fstatat(folder, file, &there, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : error_of_errno();
    record_path_file(&e->path, true, file);
    if (error == ERR_NOT_FOUND && fstatat(folder, file, &there, AT_SYMLINK_NOFOLLOW) == 0)
        error = ERR_BUSY;
    close(folder);
    return error;
}

/* Unless it is held by who writes or repairs it (core/disk.h). */
static int delete_part(int folder, const char *part)
{
    int fd = openat(folder, part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_of_errno();
    int error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : ERR_BUSY;
    if (error == 0 && unlinkat(folder, part, 0) != 0)
        error = error_of_errno();
    close(fd);
    return error;
}

/* Those that hold something stay. */
static void remove_empty_folders(const struct record_path *path)
{
    int root = open(path->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int app = root >= 0 ? open_folder(root, path->app) : -1;
    if (app >= 0 && unlinkat(app, path->name, AT_REMOVEDIR) == 0)
        unlinkat(root, path->app, AT_REMOVEDIR);
    if (app >= 0)
        close(app);
    if (root >= 0)
        close(root);
}

int record_store_delete(const struct record_entry *e)
{
    char file[RECORD_FILE_SIZE];
    int  folder = record_path_open_folder(&e->path, false);
    if (folder < 0)
        return error_of_errno();
    record_path_file(&e->path, false, file);
    int error = unlinkat(folder, file, 0) == 0 ? 0 : error_of_errno();
    record_path_file(&e->path, true, file);
    if (error == ERR_NOT_FOUND)
        error = delete_part(folder, file);
    int saved = errno;
    close(folder);
    if (error == 0)
        remove_empty_folders(&e->path);
    errno = saved;
    return error;
}
