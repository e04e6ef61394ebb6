/* catalogue_query.c - what is asked of the database. */
#include "core/catalogue_peer.h"

#include "base/error.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static json_t *read_column(sqlite3_stmt *s, int at)
{
    switch (sqlite3_column_type(s, at)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(s, at));
    case SQLITE_TEXT:
        return json_string((const char *)sqlite3_column_text(s, at));
    default:
        return json_null();
    }
}

static json_t *read_row(sqlite3_stmt *s)
{
    json_t *row = json_object();
    for (int i = 0; i < sqlite3_column_count(s); i++)
        json_object_set_new(row, sqlite3_column_name(s, i), read_column(s, i));
    return row;
}

/* All rows, as an array of objects; NULL on an error.  With db_lock. */
static json_t *read_rows(struct catalogue *c, sqlite3_stmt *s)
{
    json_t *rows = json_array();
    int     result;
    while ((result = catalogue_step(c, s, "list")) == SQLITE_ROW)
        json_array_append_new(rows, read_row(s));
    catalogue_finish(s);
    if (result == SQLITE_DONE)
        return rows;
    json_decref(rows);
    return NULL;
}

static void bind_filter(sqlite3_stmt *s, const struct catalogue_filter *f)
{
    char prefix[URL_PATH_SIZE + 2];
    if (f->stream != NULL)
        catalogue_bind_text(s, 1, f->stream);
    sqlite3_bind_int64(s, 2, f->from_ms);
    sqlite3_bind_int64(s, 3, f->to_ms);
    if (f->app == NULL)
        return;
    snprintf(prefix, sizeof prefix, "/%s/", f->app);
    catalogue_bind_text(s, 4, prefix);
}

static json_t *list(struct catalogue *c, enum catalogue_statement which, const struct catalogue_filter *f)
{
    sqlite3_stmt *s = c->statements[which];
    pthread_mutex_lock(&c->db_lock);
    bind_filter(s, f);
    sqlite3_bind_int64(s, 5, f->count > 0 ? f->count : 100);
    sqlite3_bind_int64(s, 6, (sqlite3_int64)f->offset);
    if (f->kind != NULL)
        catalogue_bind_text(s, 7, f->kind);
    json_t *rows = read_rows(c, s);
    pthread_mutex_unlock(&c->db_lock);
    return rows;
}

static int64_t count(struct catalogue *c, enum catalogue_statement which, const struct catalogue_filter *f)
{
    sqlite3_stmt *s = c->statements[which];
    pthread_mutex_lock(&c->db_lock);
    bind_filter(s, f);
    if (f->kind != NULL)
        catalogue_bind_text(s, 7, f->kind);
    bool    found = catalogue_step(c, s, "count") == SQLITE_ROW;
    int64_t total = found ? sqlite3_column_int64(s, 0) : ERR_SYSTEM;
    catalogue_finish(s);
    pthread_mutex_unlock(&c->db_lock);
    return total;
}

json_t *catalogue_recordings(struct catalogue *c, const struct catalogue_filter *f)
{
    return list(c, LIST_RECORDINGS, f);
}

int64_t catalogue_count_recordings(struct catalogue *c, const struct catalogue_filter *f)
{
    return count(c, COUNT_RECORDINGS, f);
}

int catalogue_sum_recordings(struct catalogue *c, const struct catalogue_filter *f, int64_t *duration_ms,
                             int64_t *size)
{
    sqlite3_stmt *s = c->statements[SUM_RECORDINGS];
    pthread_mutex_lock(&c->db_lock);
    bind_filter(s, f);
    bool found = catalogue_step(c, s, "sum up") == SQLITE_ROW;
    *duration_ms = found ? sqlite3_column_int64(s, 0) : 0;
    *size = found ? sqlite3_column_int64(s, 1) : 0;
    catalogue_finish(s);
    pthread_mutex_unlock(&c->db_lock);
    return found ? 0 : ERR_SYSTEM;
}

json_t *catalogue_recording(struct catalogue *c, const char *file)
{
    sqlite3_stmt *s = c->statements[ONE_RECORDING];
    pthread_mutex_lock(&c->db_lock);
    catalogue_bind_text(s, 1, file);
    json_t *row = catalogue_step(c, s, "look up a recording") == SQLITE_ROW ? read_row(s) : NULL;
    catalogue_finish(s);
    pthread_mutex_unlock(&c->db_lock);
    return row;
}

json_t *catalogue_usage(struct catalogue *c)
{
    pthread_mutex_lock(&c->db_lock);
    json_t *rows = read_rows(c, c->statements[USAGE_BY_STREAM]);
    pthread_mutex_unlock(&c->db_lock);
    return rows;
}

/* As text is copied out: what does not fit would be the name of something else. */
static bool read_text(sqlite3_stmt *s, int at, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(s, at);
    return text != NULL && (size_t)snprintf(out, size, "%s", text) < size;
}

int catalogue_next(struct catalogue *c, const struct catalogue_filter *f, struct catalogue_place *place)
{
    sqlite3_stmt *s = c->statements[NEXT_RECORDING];
    char          state[16];
    pthread_mutex_lock(&c->db_lock);
    bind_filter(s, f);
    sqlite3_bind_int64(s, 5, place->start_ms);
    catalogue_bind_text(s, 6, place->file);
    int  result = catalogue_step(c, s, "look for a recording");
    bool fits = result == SQLITE_ROW && read_text(s, 0, place->file, sizeof place->file) &&
                read_text(s, 2, state, sizeof state);
    if (fits) {
        place->start_ms = sqlite3_column_int64(s, 1);
        place->is_recording = strcmp(state, "recording") == 0;
    }
    catalogue_finish(s);
    pthread_mutex_unlock(&c->db_lock);
    return fits ? 0 : result == SQLITE_DONE ? ERR_NOT_FOUND : ERR_SYSTEM;
}

json_t *catalogue_sessions(struct catalogue *c, const struct catalogue_filter *f)
{
    return list(c, LIST_SESSIONS, f);
}

int64_t catalogue_count_sessions(struct catalogue *c, const struct catalogue_filter *f)
{
    return count(c, COUNT_SESSIONS, f);
}
