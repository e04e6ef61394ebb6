/* catalogue_db.c - the database itself: opening it, and each thing that is asked of it. */
#include "core/catalogue_peer.h"

#include "base/clock.h"
#include "base/log.h"
#include "media/avcodec.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define BUSY_MS   5000

static const char *const sql[CATALOGUE_STATEMENTS] = {
    [PUT_RECORDING] =
        "INSERT OR REPLACE INTO recordings(file, stream, start_ms, end_ms, duration_ms, size, video, audio,"
        " state, reason) VALUES(?1, ?2, ?3, ?3 + ?4, ?4, ?5, ?6, ?7, ?8, ?9)",
    [REMOVE_RECORDING] = "DELETE FROM recordings WHERE file = ?1",
    [KNOWS_RECORDING] = "SELECT 1 FROM recordings WHERE file = ?1 AND size = ?2 AND state = 'complete'",
    [LIST_FILES] = "SELECT file FROM recordings",
    [BEGIN_SESSION] =
        "INSERT INTO sessions(id, kind, protocol, ip, stream, start_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [END_SESSION] =
        "UPDATE sessions SET end_ms = ?3, reason = ?4 WHERE id = ?1 AND kind = ?2 AND end_ms IS NULL",
    [FORGET_SESSIONS] = "DELETE FROM sessions WHERE start_ms < ?1",
    [LIST_RECORDINGS] =
        "SELECT file, stream, start_ms, end_ms, duration_ms, size, video, audio, state, reason"
        " FROM recordings WHERE (?1 IS NULL OR stream = ?1) AND (?2 = 0 OR end_ms > ?2)"
        " AND (?3 = 0 OR start_ms < ?3) ORDER BY start_ms DESC, file DESC LIMIT ?4 OFFSET ?5",
    [LIST_SESSIONS] =
        "SELECT id, kind, protocol, ip, stream, start_ms, end_ms, reason FROM sessions"
        " WHERE (?1 IS NULL OR stream = ?1) AND (?2 = 0 OR end_ms IS NULL OR end_ms > ?2)"
        " AND (?3 = 0 OR start_ms < ?3) ORDER BY start_ms DESC LIMIT ?4 OFFSET ?5",
    [BEGIN_ALL] = "BEGIN",
    [COMMIT_ALL] = "COMMIT",
};

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS recordings(file TEXT PRIMARY KEY, stream TEXT NOT NULL,"
    " start_ms INTEGER NOT NULL, end_ms INTEGER, duration_ms INTEGER, size INTEGER, video TEXT, audio TEXT,"
    " state TEXT NOT NULL, reason TEXT);"
    "CREATE INDEX IF NOT EXISTS recordings_by_stream ON recordings(stream, start_ms);"
    "CREATE INDEX IF NOT EXISTS recordings_by_time ON recordings(start_ms);"
    "CREATE TABLE IF NOT EXISTS sessions(id TEXT NOT NULL, kind TEXT NOT NULL, protocol TEXT, ip TEXT,"
    " stream TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER, reason TEXT);"
    "CREATE INDEX IF NOT EXISTS sessions_by_id ON sessions(id);"
    "CREATE INDEX IF NOT EXISTS sessions_by_time ON sessions(start_ms);"
    "UPDATE sessions SET end_ms = start_ms, reason = 'the server ended without notice' WHERE end_ms IS NULL;";

/* SQL: with db_lock. */

static void complain(struct catalogue *c, const char *what)
{
    log_error(NULL, "catalogue: cannot %s: %s", what, sqlite3_errmsg(c->db));
}

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

static int step(struct catalogue *c, sqlite3_stmt *s, const char *what)
{
    int result = sqlite3_step(s);
    if (result != SQLITE_DONE && result != SQLITE_ROW)
        complain(c, what);
    return result;
}

static void finish(sqlite3_stmt *s)
{
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

static void put_recording(struct catalogue *c, const struct catalogue_recording *r)
{
    sqlite3_stmt *s = c->statements[PUT_RECORDING];
    bind_text(s, 1, r->file);
    bind_text(s, 2, r->stream);
    sqlite3_bind_int64(s, 3, r->start_ms);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)r->duration_ms);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)r->size);
    bind_text(s, 6, r->video);
    bind_text(s, 7, r->audio);
    bind_text(s, 8, r->state);
    bind_text(s, 9, r->reason);
    step(c, s, "note a recording");
    finish(s);
}

static void write_record(struct catalogue *c, const struct catalogue_note *n)
{
    char file[URL_PATH_SIZE + RECORD_FILE_SIZE];
    bool begins = n->type == EVENT_POST_RECORD;
    snprintf(file, sizeof file, "%s/%s", n->path + 1, n->file);
    struct catalogue_recording r = {
        .file = file,
        .stream = n->path,
        .start_ms = n->record.start_ms,
        .duration_ms = n->record.duration_ms,
        .size = n->record.size,
        .video = avcodec_name(n->record.video_codec),
        .audio = avcodec_name(n->record.audio_codec),
        .state = begins ? "recording" : n->record.kept ? "complete" : "interrupted",
        .reason = n->reason,
    };
    put_recording(c, &r);
}

static void write_session(struct catalogue *c, const struct catalogue_note *n)
{
    bool          begins = n->type == EVENT_POST_PUBLISH || n->type == EVENT_POST_PLAY;
    bool          publish = n->type == EVENT_POST_PUBLISH || n->type == EVENT_DONE_PUBLISH;
    sqlite3_stmt *s = c->statements[begins ? BEGIN_SESSION : END_SESSION];
    bind_text(s, 1, n->id);
    bind_text(s, 2, publish ? "publish" : "play");
    if (begins) {
        bind_text(s, 3, n->protocol);
        bind_text(s, 4, n->ip);
        bind_text(s, 5, n->path);
        sqlite3_bind_int64(s, 6, n->time_ms);
    } else {
        sqlite3_bind_int64(s, 3, n->time_ms);
        bind_text(s, 4, n->reason);
    }
    step(c, s, "note a session");
    finish(s);
}

static void run_statement(struct catalogue *c, enum catalogue_statement which)
{
    step(c, c->statements[which], "write");
    finish(c->statements[which]);
}

void catalogue_write_notes(struct catalogue *c, const struct catalogue_note *notes, size_t count)
{
    pthread_mutex_lock(&c->db_lock);
    run_statement(c, BEGIN_ALL);
    for (size_t i = 0; i < count; i++) {
        if (notes[i].type == EVENT_POST_RECORD || notes[i].type == EVENT_DONE_RECORD)
            write_record(c, &notes[i]);
        else
            write_session(c, &notes[i]);
    }
    run_statement(c, COMMIT_ALL);
    pthread_mutex_unlock(&c->db_lock);
}

void catalogue_forget_old(struct catalogue *c)
{
    sqlite3_stmt *s = c->statements[FORGET_SESSIONS];
    if (c->keep_s == 0)
        return;
    pthread_mutex_lock(&c->db_lock);
    sqlite3_bind_int64(s, 1, clock_wall_ms() - (int64_t)c->keep_s * 1000);
    step(c, s, "forget old sessions");
    finish(s);
    pthread_mutex_unlock(&c->db_lock);
}

void catalogue_close_db(struct catalogue *c)
{
    for (int i = 0; i < CATALOGUE_STATEMENTS; i++) {
        sqlite3_finalize(c->statements[i]);
        c->statements[i] = NULL;
    }
    sqlite3_close(c->db);
    c->db = NULL;
}

static bool open_db(struct catalogue *c, const char *path)
{
    int  flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(path, &c->db, flags, NULL) == SQLITE_OK &&
              sqlite3_busy_timeout(c->db, BUSY_MS) == SQLITE_OK &&
              sqlite3_exec(c->db, schema, NULL, NULL, NULL) == SQLITE_OK;
    for (int i = 0; i < CATALOGUE_STATEMENTS && ok; i++)
        ok = sqlite3_prepare_v2(c->db, sql[i], -1, &c->statements[i], NULL) == SQLITE_OK;
    return ok;
}

/* One that is no database, or not ours, is kept aside for whoever wants to look at it. */
bool catalogue_open_db(struct catalogue *c, const char *path)
{
    char aside[4096];
    if (open_db(c, path))
        return true;
    int  code = sqlite3_errcode(c->db) & 0xff;
    bool useless = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
    log_error(NULL, "catalogue %s: %s", path, sqlite3_errmsg(c->db));
    catalogue_close_db(c);
    bool fits = (size_t)snprintf(aside, sizeof aside, "%s.broken", path) < sizeof aside;
    if (!useless || !fits || rename(path, aside) != 0)
        return false;
    log_warn(NULL, "catalogue: put aside as %s, and made anew", aside);
    if (open_db(c, path))
        return true;
    catalogue_close_db(c);
    return false;
}

/* For those who may wait. */

void catalogue_put(struct catalogue *c, const struct catalogue_recording *r)
{
    pthread_mutex_lock(&c->db_lock);
    put_recording(c, r);
    pthread_mutex_unlock(&c->db_lock);
}

void catalogue_remove(struct catalogue *c, const char *file)
{
    sqlite3_stmt *s = c->statements[REMOVE_RECORDING];
    pthread_mutex_lock(&c->db_lock);
    bind_text(s, 1, file);
    step(c, s, "remove a recording");
    finish(s);
    pthread_mutex_unlock(&c->db_lock);
}

bool catalogue_knows(struct catalogue *c, const char *file, uint64_t size)
{
    sqlite3_stmt *s = c->statements[KNOWS_RECORDING];
    pthread_mutex_lock(&c->db_lock);
    bind_text(s, 1, file);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)size);
    bool known = step(c, s, "look up a recording") == SQLITE_ROW;
    finish(s);
    pthread_mutex_unlock(&c->db_lock);
    return known;
}

/* The names of those that are gone, as a JSON array. */
static json_t *list_gone(struct catalogue *c, bool (*exists)(void *arg, const char *file), void *arg)
{
    sqlite3_stmt *s = c->statements[LIST_FILES];
    json_t       *gone = json_array();
    pthread_mutex_lock(&c->db_lock);
    while (step(c, s, "list recordings") == SQLITE_ROW) {
        const char *file = (const char *)sqlite3_column_text(s, 0);
        if (file != NULL && !exists(arg, file))
            json_array_append_new(gone, json_string(file));
    }
    finish(s);
    pthread_mutex_unlock(&c->db_lock);
    return gone;
}

void catalogue_prune(struct catalogue *c, bool (*exists)(void *arg, const char *file), void *arg)
{
    json_t *gone = list_gone(c, exists, arg);
    for (size_t i = 0; i < json_array_size(gone); i++)
        catalogue_remove(c, json_string_value(json_array_get(gone, i)));
    json_decref(gone);
}

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

static json_t *list(struct catalogue *c, enum catalogue_statement which, const struct catalogue_filter *f)
{
    sqlite3_stmt *s = c->statements[which];
    json_t       *rows = json_array();
    int           result;
    pthread_mutex_lock(&c->db_lock);
    if (f->stream != NULL)
        bind_text(s, 1, f->stream);
    sqlite3_bind_int64(s, 2, f->from_ms);
    sqlite3_bind_int64(s, 3, f->to_ms);
    sqlite3_bind_int64(s, 4, f->count > 0 ? f->count : 100);
    sqlite3_bind_int64(s, 5, f->offset);
    while ((result = step(c, s, "list")) == SQLITE_ROW) {
        json_t *row = json_object();
        for (int i = 0; i < sqlite3_column_count(s); i++)
            json_object_set_new(row, sqlite3_column_name(s, i), read_column(s, i));
        json_array_append_new(rows, row);
    }
    finish(s);
    pthread_mutex_unlock(&c->db_lock);
    if (result == SQLITE_DONE)
        return rows;
    json_decref(rows);
    return NULL;
}

json_t *catalogue_recordings(struct catalogue *c, const struct catalogue_filter *f)
{
    return list(c, LIST_RECORDINGS, f);
}

json_t *catalogue_sessions(struct catalogue *c, const struct catalogue_filter *f)
{
    return list(c, LIST_SESSIONS, f);
}
