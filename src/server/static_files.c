#include "server/static_files.h"

#include "core/config.h"
#include "core/worker.h"
#include "server/file_answer.h"
#include "server/http_peer.h"
#include "server/pages.h"

#include <string.h>

/* static.router without the slashes around it. */
static struct bytes mount_of(const struct config *config)
{
    struct bytes mount = bytes_of(config->static_files.router);
    while (mount.size > 0 && mount.data[0] == '/') {
        mount.data++;
        mount.size--;
    }
    while (mount.size > 0 && mount.data[mount.size - 1] == '/')
        mount.size--;
    return mount;
}

/* What of `path` lies below the router; NULL if it does not. */
static const char *below_router(const struct config *config, const char *path)
{
    struct bytes mount = mount_of(config);
    if (path[0] != '/')
        return NULL;
    path++;
    if (mount.size == 0)
        return path;
    if (strncmp(path, (const char *)mount.data, mount.size) != 0)
        return NULL;
    path += mount.size;
    return *path == '/' ? path + 1 : *path == '\0' ? path : NULL;
}

bool static_files_match(const struct config *config, const char *path)
{
    return config->static_files.root[0] != '\0' && below_router(config, path) != NULL;
}

bool static_files_are_mounted(const struct config *config)
{
    return mount_of(config).size > 0;
}

/* A slash in a name cannot be, and where it came from a proxy may have read it otherwise than we. */
static bool has_escaped_slash(const char *target)
{
    size_t size = strcspn(target, "?");
    for (size_t i = 0; i + 2 < size; i++)
        if (target[i] == '%' && target[i + 1] == '2' && (target[i + 2] | 0x20) == 'f')
            return true;
    return false;
}

void static_files_serve(struct http_session *s, const struct http_request *request)
{
    const struct config *config = s->base.worker->config;
    const char          *path = below_router(config, request->path);
    struct file_wanted   wanted = {
        .root = config->static_files.root,
        .path = path,
        .otherwise = pages_match(request->path) ? pages_serve : NULL,
    };
    if (has_escaped_slash(request->target))
        http_answer_error(s, 404, "there is nothing here");
    else
        file_answer_start(s, request, &wanted);
}
