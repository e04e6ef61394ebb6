#include "server/record_keeper.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "core/catalogue.h"
#include "core/config.h"
#include "core/context.h"
#include "core/flv_file.h"
#include "media/avcodec.h"
#include "server/record_store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* How often it looks by itself, and how long it waits after it was told to: what is told of
 * often comes in bunches. */
#define LOOK_S   10
#define SETTLE_S 1

/* How often all files are compared with the catalogue. */
#define SYNC_MS (10 * 60 * 1000)

/* The local time in a name may be another one's by an hour, where clocks are put back. */
#define NAMED_WITHIN_MS (2 * 3600 * 1000)

/* A part that holds nothing may be one that was created this moment. */
#define EMPTY_MS 10000

struct record_keeper {
    struct context      *context;
    const char          *root;
    struct catalogue    *catalogue; /* may be NULL */
    uint64_t             synced_ms; /* the thread's: when the catalogue was last compared; 0: never */
    pthread_t            thread;
    pthread_mutex_t      lock;
    pthread_cond_t       wake;
    bool                 stopping; /* lock */
    bool                 look;     /* lock */
    const char          *mending;  /* the thread's: a file, for the progress in the log */
};

static bool is_stopping(struct record_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    bool stopping = k->stopping;
    pthread_mutex_unlock(&k->lock);
    return stopping;
}

/* The catalogue. */

static void write_file_key(const struct record_entry *e, char *out, size_t size)
{
    char file[RECORD_FILE_SIZE];
    record_path_file(&e->path, e->part, file);
    snprintf(out, size, "%s/%s/%s", e->path.app, e->path.name, file);
}

/* The file knows better than its name, to the millisecond, unless it was given another name. */
static int64_t start_of(const struct record_entry *e, const struct flv_scan *scan)
{
    int64_t named_ms = record_path_time_ms(e->path.stamp), said_ms = scan->index.origin.wall_ms;
    return llabs(said_ms - named_ms) <= NAMED_WITHIN_MS ? said_ms : named_ms;
}

static void put_in_catalogue(struct record_keeper *k, const struct record_entry *e,
                             const struct flv_scan *scan,
                             uint64_t duration_ms, const char *reason)
{
    char file[URL_PATH_SIZE + RECORD_FILE_SIZE], stream[URL_PATH_SIZE];
    write_file_key(e, file, sizeof file);
    snprintf(stream, sizeof stream, "/%s/%s", e->path.app, e->path.name);
    struct catalogue_recording r = {
        .file = file,
        .stream = stream,
        .start_ms = start_of(e, scan),
        .duration_ms = duration_ms,
        .size = e->size,
        .video = avcodec_name(scan->index.video.codec),
        .audio = avcodec_name(scan->index.audio.codec),
        .state = "complete",
        .reason = reason,
    };
    if (k->catalogue != NULL)
        catalogue_put(k->catalogue, &r);
}

static void learn(struct record_keeper *k, const struct record_entry *e)
{
    char            file[RECORD_FILE_SIZE], key[URL_PATH_SIZE + RECORD_FILE_SIZE];
    struct flv_scan scan;
    write_file_key(e, key, sizeof key);
    if (e->part || catalogue_knows(k->catalogue, key, e->size))
        return;
    int folder = record_path_open_folder(&e->path, false);
    if (folder < 0)
        return;
    record_path_file(&e->path, false, file);
    if (flv_file_look(folder, file, &scan) == 0) {
        double duration_s = flv_scan_number(&scan, "duration");
        bool   sane = duration_s >= 0 && duration_s < 1e9;
        put_in_catalogue(k, e, &scan, sane ? (uint64_t)(duration_s * 1000 + 0.5) : 0, "found");
    }
    flv_scan_clear(&scan);
    close(folder);
}

static bool exists(void *keeper, const char *file)
{
    struct record_keeper *k = keeper;
    char                  full[4096], part[4096];
    snprintf(full, sizeof full, "%s/%s", k->root, file);
    snprintf(part, sizeof part, "%s/%s%s", k->root, file, RECORD_PART);
    return access(full, F_OK) == 0 || access(part, F_OK) == 0;
}

/* The files are the truth. */
static void sync_catalogue(struct record_keeper *k)
{
    struct record_list list;
    uint64_t           now_ms = clock_monotonic_ms();
    if (k->catalogue == NULL || (k->synced_ms != 0 && now_ms - k->synced_ms < SYNC_MS) ||
        record_store_list(k->root, &list) != 0)
        return;
    k->synced_ms = now_ms;
    for (size_t i = 0; i < list.count && !is_stopping(k); i++)
        learn(k, &list.entries[i]);
    free(list.entries);
    if (!is_stopping(k))
        catalogue_prune(k->catalogue, exists, k);
}

/* Repair. */

static bool on_progress(void *keeper, uint64_t done, uint64_t size)
{
    struct record_keeper *k = keeper;
    log_info(NULL, "repairing %s: %u %%", k->mending, size > 0 ? (unsigned)(done * 100 / size) : 100);
    return !is_stopping(k);
}

static void finish_part(struct record_keeper *k, int folder, const char *part, struct record_entry *e,
                        const struct flv_scan *scan, const struct flv_file_result *result)
{
    char full[4096];
    if (record_path_rename(folder, part, &e->path) != 0) {
        log_error(NULL, "cannot complete %s: %s", k->mending, strerror(errno));
        return;
    }
    e->part = false;
    e->size = scan->index.size;
    put_in_catalogue(k, e, scan, flv_index_duration_ms(&scan->index), "repaired");
    record_path_full(&e->path, false, full, sizeof full);
    log_info(NULL, "repaired %s: %llu bytes, %llu ms; %llu bytes of an unfinished packet cut off", full,
             (unsigned long long)scan->index.size, (unsigned long long)flv_index_duration_ms(&scan->index),
             (unsigned long long)result->cut);
}

/* Nothing was ever written to it that could be seen or heard. */
static void drop_part(struct record_keeper *k, int folder, const char *part, struct record_entry *e)
{
    char key[URL_PATH_SIZE + RECORD_FILE_SIZE];
    if (clock_wall_ms() - e->changed_ms < EMPTY_MS)
        return;
    if (unlinkat(folder, part, 0) != 0)
        return;
    log_info(NULL, "removed %s: it held no frame", k->mending);
    e->part = false;
    write_file_key(e, key, sizeof key);
    if (k->catalogue != NULL)
        catalogue_remove(k->catalogue, key);
}

static void repair(struct record_keeper *k, struct record_entry *e)
{
    char                     part[RECORD_FILE_SIZE], full[4096];
    struct flv_scan          scan;
    struct flv_file_result   result;
    struct flv_file_progress progress = { on_progress, k };
    int                      folder = record_path_open_folder(&e->path, false);
    if (folder < 0)
        return;
    record_path_file(&e->path, true, part);
    record_path_full(&e->path, true, full, sizeof full);
    k->mending = full;
    int error = flv_file_repair(folder, part, &progress, &scan, &result);
    int cause = errno;
    if (error == 0)
        finish_part(k, folder, part, e, &scan, &result);
    else if (error == ERR_NOT_FOUND || error == ERR_PROTOCOL)
        drop_part(k, folder, part, e);
    else if (error != ERR_BUSY && error != ERR_CLOSED)
        log_error(NULL, "cannot repair %s: %s", full,
                  error == ERR_SYSTEM ? strerror(cause) : err_name(error));
    flv_scan_clear(&scan);
    close(folder);
    k->mending = NULL;
}

static void repair_all(struct record_keeper *k)
{
    struct record_list list;
    if (record_store_list(k->root, &list) != 0)
        return;
    for (size_t i = 0; i < list.count && !is_stopping(k); i++)
        if (list.entries[i].part)
            repair(k, &list.entries[i]);
    free(list.entries);
}

/* Retention. */

static uint64_t available_at(const char *root)
{
    struct statvfs there;
    return statvfs(root, &there) == 0 ? (uint64_t)there.f_bavail * there.f_frsize : UINT64_MAX;
}

static void delete_chosen(struct record_keeper *k, const struct record_list *list, const bool *goes)
{
    char full[4096];
    for (size_t i = 0; i < list->count && !is_stopping(k); i++) {
        if (!goes[i])
            continue;
        record_path_full(&list->entries[i].path, false, full, sizeof full);
        if (record_store_delete(&list->entries[i]) != 0) {
            log_error(NULL, "cannot delete %s: %s", full, strerror(errno));
            continue;
        }
        log_info(NULL, "deleted %s: record.keep", full);
        write_file_key(&list->entries[i], full, sizeof full);
        if (k->catalogue != NULL)
            catalogue_remove(k->catalogue, full);
    }
}

/* A reload may change them; the newest configuration stays while the lock is held. */
static struct record_limits limits_now(struct record_keeper *k)
{
    pthread_mutex_lock(&k->context->lock);
    const struct config *c = k->context->config;
    struct record_limits limits = { c->record.keep_s, c->record.keep_bytes, c->record.keep_stream_bytes,
                                    c->record.keep_free };
    pthread_mutex_unlock(&k->context->lock);
    return limits;
}

static void retain(struct record_keeper *k)
{
    struct record_limits limits = limits_now(k);
    struct record_list   list;
    if (limits.keep_s == 0 && limits.size == 0 && limits.stream_size == 0 && limits.free == 0)
        return;
    if (record_store_list(k->root, &list) != 0)
        return;
    bool *goes = alloc_zeroed(list.count + 1);
    record_store_choose(&list, &limits, clock_wall_ms(), available_at(k->root), goes);
    delete_chosen(k, &list, goes);
    free(goes);
    free(list.entries);
}

/* The thread. */

/* With the lock. */
static void wait_for(struct record_keeper *k, uint64_t wait_s)
{
    uint64_t        until_ms = clock_monotonic_ms() + wait_s * 1000;
    struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
                              .tv_nsec = (long)(until_ms % 1000) * 1000000 };
    bool            settling = wait_s == SETTLE_S;
    int             error = 0;
    while (!k->stopping && (settling || !k->look) && error == 0)
        error = pthread_cond_timedwait(&k->wake, &k->lock, &until);
}

static void *run(void *keeper)
{
    struct record_keeper *k = keeper;
    pthread_mutex_lock(&k->lock);
    while (!k->stopping) {
        k->look = false;
        pthread_mutex_unlock(&k->lock);
        repair_all(k);
        retain(k);
        sync_catalogue(k);
        pthread_mutex_lock(&k->lock);
        wait_for(k, LOOK_S);
        wait_for(k, SETTLE_S);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

struct record_keeper *record_keeper_new(struct context *context, const char *root,
                                        struct catalogue *catalogue)
{
    struct record_keeper *k = alloc_zeroed(sizeof *k);
    pthread_condattr_t    monotonic;
    k->context = context;
    k->root = root;
    k->catalogue = catalogue;
    pthread_mutex_init(&k->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&k->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&k->thread, NULL, run, k) != 0)
        abort(); /* at start only */
    return k;
}

void record_keeper_free(struct record_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_cond_broadcast(&k->wake);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_mutex_destroy(&k->lock);
    pthread_cond_destroy(&k->wake);
    free(k);
}

void record_keeper_look(struct record_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    k->look = true;
    pthread_cond_signal(&k->wake);
    pthread_mutex_unlock(&k->lock);
}
