#include "server/file_lookup.h"

#include "base/beneath.h"
#include "base/error.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_lookup_is_plain(const char *path)
{
    while (*path != '\0') {
        size_t size = strcspn(path, "/");
        if (size == 0 || path[0] == '.')
            return false;
        path += size;
        if (*path == '/')
            path++;
    }
    return true;
}

/* Open a path whose pieces follow each other.  The descriptor, with what it is in *about; or an error. */
static int open_file(int root, const char *path, const char *suffix, struct stat *about)
{
    char text[PATH_MAX];
    int  size = snprintf(text, sizeof text, "%s%s", path, suffix);
    if (size < 0 || (size_t)size >= sizeof text)
        return ERR_NOT_FOUND;
    int fd = beneath_open(root, text);
    if (fd < 0 || fstat(fd, about) == 0)
        return fd;
    close(fd);
    return ERR_SYSTEM;
}

/* The same for a regular file; anything else is not found. */
static int open_regular(int root, const char *path, const char *suffix, struct stat *about)
{
    int fd = open_file(root, path, suffix, about);
    if (fd < 0 || S_ISREG(about->st_mode))
        return fd;
    close(fd);
    return ERR_NOT_FOUND;
}

static int64_t modified_ns(const struct stat *about)
{
    return (int64_t)about->st_mtim.tv_sec * 1000000000 + about->st_mtim.tv_nsec;
}

static void describe(struct file_lookup *l, int fd, const struct stat *about)
{
    l->fd = fd;
    l->size = (uint64_t)about->st_size;
    l->modified_ns = modified_ns(about);
    snprintf(l->etag, sizeof l->etag, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"", (uint64_t)l->modified_ns,
             l->size, (uint64_t)about->st_ino);
}

/* A compressed copy beside the file stands for it, unless it is older: then it is of another. */
static bool take_copy(struct file_lookup *l, int root, const char *suffix, const char *coding)
{
    struct stat about;
    int         fd = open_regular(root, l->path, suffix, &about);
    if (fd < 0)
        return false;
    if (modified_ns(&about) < l->modified_ns) {
        close(fd);
        return false;
    }
    close(l->fd);
    l->coding = coding;
    describe(l, fd, &about);
    return true;
}

static void choose_coding(struct file_lookup *l, int root, const char *br, const char *gzip)
{
    if (!l->mime.is_text)
        return;
    if (l->takes_br && take_copy(l, root, br, "br"))
        return;
    if (l->takes_gzip)
        take_copy(l, root, gzip, "gzip");
}

static int find_in_folder(struct file_lookup *l, int root)
{
    struct stat about;
    bool        slash = l->path[0] == '\0' || l->path[strlen(l->path) - 1] == '/';
    int         fd = open_regular(root, l->path, slash ? "index.html" : "/index.html", &about);
    if (fd < 0)
        return fd;
    if (!l->is_folder) {
        l->is_elsewhere = true;
        close(fd);
        return 0;
    }
    l->mime = mime_of("index.html");
    describe(l, fd, &about);
    choose_coding(l, root, "index.html.br", "index.html.gz");
    return 0;
}

static int find(struct file_lookup *l, int root)
{
    struct stat about;
    if (l->is_folder || l->path[0] == '\0')
        return find_in_folder(l, root);
    int fd = open_file(root, l->path, "", &about);
    if (fd < 0)
        return fd;
    if (S_ISREG(about.st_mode)) {
        l->mime = mime_of(l->path);
        describe(l, fd, &about);
        choose_coding(l, root, ".br", ".gz");
        return 0;
    }
    close(fd);
    return S_ISDIR(about.st_mode) ? find_in_folder(l, root) : ERR_NOT_FOUND;
}

void file_lookup_run(struct file_lookup *l)
{
    l->fd = -1;
    l->error = ERR_NOT_FOUND;
    if (!file_lookup_is_plain(l->path))
        return;
    int root = beneath_open_root(l->root);
    if (root < 0) {
        l->error = root;
        return;
    }
    l->error = find(l, root);
    close(root);
}
