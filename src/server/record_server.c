#include "server/record_server.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "core/broadcast.h"
#include "core/config.h"
#include "core/context.h"
#include "core/events.h"
#include "core/worker.h"
#include "server/record_keeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a disk may take at the end, beyond drain_s. */
#define FINISH_MS 10000

struct record_server {
    struct context       *context;
    char                 *root;    /* record.path, which no reload changes */
    struct event_observer observer;
    struct disk          *disk;
    struct record_keeper *keeper;  /* NULL once the server is finished */
    pthread_mutex_t       lock;
    struct map           *active;  /* lock: stream path to struct recording */
    struct list           all;     /* lock: those that are ending, too */
    unsigned              turn;    /* lock: of the worker for the next manual start */
};

/* Counted: the list of all has one reference, posts have one each. */
struct recording {
    struct record_owner    owner;
    struct list            link;    /* server's; lock */
    unsigned               refs;    /* lock */
    struct record_server  *server;
    struct worker         *worker;
    struct record_session *session; /* lock; NULL before and after */
    struct record_status   status;  /* lock */
    struct url_stream      stream;
};

static const struct config *config_for(const struct worker *w, const char *app)
{
    return config_of_app(w->config, app);
}

static void lock(struct record_server *server)
{
    pthread_mutex_lock(&server->lock);
}

static void unlock(struct record_server *server)
{
    pthread_mutex_unlock(&server->lock);
}

/* With the lock. */
static void unref(struct recording *r)
{
    if (--r->refs == 0)
        free(r);
}

/* With the lock: it is no longer the recording of its stream. */
static void retire(struct recording *r)
{
    if (map_get(r->server->active, r->stream.path) == r)
        map_remove(r->server->active, r->stream.path);
}

/* As the owner of a session: on its worker. */

static struct recording *recording_of(struct record_owner *owner)
{
    return LIST_ITEM(owner, struct recording, owner);
}

static void on_status(struct record_owner *owner, const struct record_session *s,
                      const struct record_status *status)
{
    struct recording *r = recording_of(owner);
    (void)s;
    lock(r->server);
    r->status = *status;
    unlock(r->server);
}

/* Another publisher may have begun before this recording heard of the end of the last: it saw that
 * its stream is being recorded, and left it at that. */
static bool on_stream_end(struct record_owner *owner, const struct record_session *s)
{
    struct recording     *r = recording_of(owner);
    struct record_server *server = r->server;
    bool                  stays = false;
    (void)s;
    lock(server);
    bool current = map_get(server->active, r->stream.path) == r;
    retire(r);
    unlock(server);
    if (!current || !broadcast_is_live(server->context, r->stream.path) ||
        !config_for(r->worker, r->stream.app)->record.auto_start)
        return false;
    lock(server);
    if (map_get(server->active, r->stream.path) == NULL) {
        map_put(server->active, r->stream.path, r);
        stays = true;
    }
    unlock(server);
    return stays;
}

static void on_end(struct record_owner *owner, const struct record_session *s)
{
    struct recording     *r = recording_of(owner);
    struct record_server *server = r->server;
    (void)s;
    lock(server);
    retire(r);
    list_remove(&r->link);
    r->session = NULL;
    unref(r);
    unlock(server);
}

/* Starting: on the worker that will record. */

static struct record_settings settings_of(const struct record_server *server, const struct config *config)
{
    return (struct record_settings){
        .root = server->root,
        .segment_ms = config->record.segment_duration * 1000,
        .segment_size = config->record.segment_bytes,
        .disk = {
            .sync = (enum disk_sync)config->record.fsync,
            .sync_s = config->record.fsync_s,
            .min_free = config->record.min_free,
            .buffer_size = config->record.buffer_bytes,
        },
    };
}

/* The entry of a recording that is about to begin; NULL if there is one. */
static struct recording *enter(struct record_server *server, struct worker *w,
                               const struct url_stream *stream)
{
    struct recording *r = NULL;
    lock(server);
    if (map_get(server->active, stream->path) == NULL) {
        r = alloc_zeroed(sizeof *r);
        r->owner = (struct record_owner){ on_status, on_stream_end, on_end };
        r->refs = 1;
        r->server = server;
        r->worker = w;
        r->stream = *stream;
        r->stream.query = (struct bytes){ 0 };
        memcpy(r->status.path, stream->path, sizeof r->status.path);
        list_init(&r->link);
        list_append(&server->all, &r->link);
        map_put(server->active, stream->path, r);
    }
    unlock(server);
    return r;
}

static void start(struct record_server *server, struct worker *w, const struct url_stream *stream)
{
    struct recording *r = enter(server, w, stream);
    if (r == NULL || w->stopping)
        return;
    struct record_settings settings = settings_of(server, config_for(w, stream->app));
    struct record_session *s = record_session_start(w, server->disk, &r->stream, &settings, &r->owner);
    if (s == NULL) {
        log_error(NULL, "cannot record %s: too many streams", stream->path);
        on_end(&r->owner, NULL);
        return;
    }
    lock(server);
    r->session = s;
    unlock(server);
}

static void on_event(struct event_observer *observer, const struct event *e)
{
    struct record_server *server = LIST_ITEM(observer, struct record_server, observer);
    struct url_stream     stream;
    if (e->type == EVENT_POST_PUBLISH && config_for(e->worker, e->session->stream->app)->record.auto_start &&
        url_stream_from_path(e->session->stream->path, &stream, NULL) == 0)
        start(server, e->worker, &stream);
    else if (e->type == EVENT_DONE_RECORD && server->keeper != NULL)
        record_keeper_look(server->keeper);
}

/* On demand. */

struct request {
    struct record_server *server;
    struct worker        *worker;
    struct url_stream     stream;
};

static void post_start(void *request, void *unused)
{
    struct request *q = request;
    (void)unused;
    start(q->server, q->worker, &q->stream);
    free(q);
}

static void post_stop(void *recording, void *unused)
{
    struct recording     *r = recording;
    struct record_server *server = r->server;
    (void)unused;
    lock(server);
    struct record_session *s = r->session;
    unlock(server);
    if (s != NULL)
        record_session_stop(s, "stopped by hand");
    lock(server);
    unref(r);
    unlock(server);
}

int record_server_start(struct record_server *server, const char *path)
{
    struct url_stream stream;
    if (url_stream_from_path(path, &stream, NULL) != 0)
        return ERR_INVALID;
    if (!broadcast_is_live(server->context, stream.path))
        return ERR_NOT_FOUND;
    lock(server);
    bool           busy = map_get(server->active, stream.path) != NULL;
    struct worker *w = server->context->workers[server->turn++ % server->context->worker_count];
    unlock(server);
    if (busy)
        return ERR_BUSY;
    struct request *q = alloc_zeroed(sizeof *q);
    *q = (struct request){ server, w, stream };
    q->stream.query = (struct bytes){ 0 };
    worker_post(NULL, w, post_start, q, NULL);
    return 0;
}

/* With the lock. */
static void stop(struct recording *r)
{
    retire(r);
    r->refs++;
    worker_post(NULL, r->worker, post_stop, r, NULL);
}

int record_server_stop(struct record_server *server, const char *path)
{
    lock(server);
    struct recording *r = map_get(server->active, path);
    if (r != NULL)
        stop(r);
    unlock(server);
    return r != NULL ? 0 : ERR_NOT_FOUND;
}

size_t record_server_stop_all(struct record_server *server)
{
    lock(server);
    size_t count = map_count(server->active);
    LIST_EACH (node, &server->all) {
        struct recording *r = LIST_ITEM(node, struct recording, link);
        if (map_get(server->active, r->stream.path) == r)
            stop(r);
    }
    unlock(server);
    return count;
}

size_t record_server_list(struct record_server *server, struct record_status **out)
{
    size_t count = 0;
    lock(server);
    *out = alloc_zeroed((map_count(server->active) + 1) * sizeof **out);
    LIST_EACH (node, &server->all) {
        struct recording *r = LIST_ITEM(node, struct recording, link);
        if (map_get(server->active, r->stream.path) == r)
            (*out)[count++] = r->status;
    }
    unlock(server);
    return count;
}

int record_server_status(struct record_server *server, const char *path, struct record_status *out)
{
    lock(server);
    struct recording *r = map_get(server->active, path);
    if (r != NULL)
        *out = r->status;
    unlock(server);
    return r != NULL ? 0 : ERR_NOT_FOUND;
}

/* The server itself. */

/* Said at start rather than at the first stream. */
static int check_root(const char *root)
{
    struct stat there;
    if (mkdir(root, 0755) != 0 && errno != EEXIST) {
        log_error(NULL, "record.path: cannot make %s: %s", root, strerror(errno));
        return ERR_SYSTEM;
    }
    if (stat(root, &there) != 0 || !S_ISDIR(there.st_mode)) {
        log_error(NULL, "record.path: %s is not a folder", root);
        return ERR_SYSTEM;
    }
    if (access(root, R_OK | W_OK | X_OK) != 0)
        log_warn(NULL, "record.path: %s cannot be written to now: %s", root, strerror(errno));
    return 0;
}

struct record_server *record_server_new(struct context *context, struct catalogue *catalogue, int *error)
{
    const struct config *config = context->config;
    *error = 0;
    if (config->record.path[0] == '\0')
        return NULL;
    *error = check_root(config->record.path);
    if (*error != 0)
        return NULL;
    struct record_server *server = alloc_zeroed(sizeof *server);
    server->context = context;
    server->root = alloc_string(config->record.path);
    server->observer.on_event = on_event;
    pthread_mutex_init(&server->lock, NULL);
    server->active = map_new();
    list_init(&server->all);
    server->disk = disk_new(config->record.buffers_bytes);
    server->keeper = record_keeper_new(context, server->root, catalogue);
    events_add(context, &server->observer);
    return server;
}

int record_server_finish(struct record_server *server)
{
    int error = disk_free(server->disk, FINISH_MS);
    server->disk = NULL;
    if (error != 0)
        log_error(NULL, "a disk does not answer: recordings are left as %s files", RECORD_PART);
    else
        record_keeper_free(server->keeper);
    server->keeper = NULL;
    return error;
}

void record_server_free(struct record_server *server)
{
    if (server == NULL)
        return;
    map_free(server->active);
    pthread_mutex_destroy(&server->lock);
    free(server->root);
    free(server);
}
