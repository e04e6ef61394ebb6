/* catalogue_db.c - the database itself: opening it, and what is written into it. */
#include "core/catalogue_peer.h"

#include "base/clock.h"
#include "base/log.h"
#include "media/avcodec.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define BUSY_MS   5000

#define RECORDING "file, stream, start_ms, end_ms, duration_ms, size, video, audio, state, reason"

/* What restricts a list: the parameters 1 to 4, and of sessions 7 (catalogue_query.c). */
#define OF_STREAM "(?1 IS NULL OR stream = ?1) AND (?4 IS NULL OR substr(stream, 1, length(?4)) = ?4)"
#define RECORDED_THEN \
    "(?2 = 0 OR end_ms > ?2 OR state = 'recording') AND (?3 = 0 OR start_ms < ?3)"
#define THERE_THEN \
    "(?2 = 0 OR end_ms IS NULL OR end_ms > ?2) AND (?3 = 0 OR start_ms < ?3) AND (?7 IS NULL OR kind = ?7)"

static const char *const sql[CATALOGUE_STATEMENTS] = {
    [PUT_RECORDING] =
        "INSERT OR REPLACE INTO recordings(file, stream, start_ms, end_ms, duration_ms, size, video, audio,"
        " state, reason) VALUES(?1, ?2, ?3, ?3 + ?4, ?4, ?5, ?6, ?7, ?8, ?9)",
    [REMOVE_RECORDING] = "DELETE FROM recordings WHERE file = ?1",
    [KNOWS_RECORDING] = "SELECT 1 FROM recordings WHERE file = ?1 AND size = ?2 AND state = 'complete'",
    [LIST_FILES] = "SELECT file FROM recordings",
    [BEGIN_SESSION] =
        "INSERT INTO sessions(id, kind, protocol, ip, stream, start_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [END_SESSION] = "UPDATE sessions SET end_ms = ?3, reason = ?4, in_bytes = ?5, out_bytes = ?6 WHERE id = "
                    "?1 AND kind = ?2 AND end_ms IS NULL",
    [FORGET_SESSIONS] = "DELETE FROM sessions WHERE start_ms < ?1",
    [LIST_RECORDINGS] = "SELECT " RECORDING " FROM recordings WHERE " OF_STREAM " AND " RECORDED_THEN
                        " ORDER BY start_ms DESC, file DESC LIMIT ?5 OFFSET ?6",
    [COUNT_RECORDINGS] = "SELECT COUNT(*) FROM recordings WHERE " OF_STREAM " AND " RECORDED_THEN,
    [SUM_RECORDINGS] =
        "SELECT TOTAL(duration_ms), TOTAL(size) FROM recordings WHERE " OF_STREAM " AND " RECORDED_THEN,
    [ONE_RECORDING] = "SELECT " RECORDING " FROM recordings WHERE file = ?1",
    [NEXT_RECORDING] = "SELECT file, start_ms, state FROM recordings WHERE stream = ?1 AND " RECORDED_THEN
                       " AND (start_ms, file) > (?5, ?6) ORDER BY start_ms, file LIMIT 1",
    [USAGE_BY_STREAM] = "SELECT stream, COUNT(*) AS files, SUM(size) AS size, MIN(start_ms) AS start_ms, "
                        "MAX(end_ms) AS end_ms"
                        " FROM recordings GROUP BY stream ORDER BY stream",
    [LIST_SESSIONS] = "SELECT id, kind, protocol, ip, stream, start_ms, end_ms, reason, in_bytes, out_bytes"
                      " FROM sessions WHERE " OF_STREAM " AND " THERE_THEN
                      " ORDER BY start_ms DESC, rowid DESC LIMIT ?5 OFFSET ?6",
    [COUNT_SESSIONS] = "SELECT COUNT(*) FROM sessions WHERE " OF_STREAM " AND " THERE_THEN,
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
    " stream TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER, reason TEXT, in_bytes INTEGER,"
    " out_bytes INTEGER);"
    "CREATE INDEX IF NOT EXISTS sessions_by_id ON sessions(id);"
    "CREATE INDEX IF NOT EXISTS sessions_by_stream ON sessions(stream, start_ms);"
    "CREATE INDEX IF NOT EXISTS sessions_by_time ON sessions(start_ms);"
    "UPDATE sessions SET end_ms = start_ms, reason = 'the server ended without notice' WHERE end_ms IS NULL;";

/* SQL: with db_lock. */

static void complain(struct catalogue *c, const char *what)
{
    log_error(NULL, "catalogue: cannot %s: %s", what, sqlite3_errmsg(c->db));
}

void catalogue_bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

int catalogue_step(struct catalogue *c, sqlite3_stmt *s, const char *what)
{
    int result = sqlite3_step(s);
    if (result != SQLITE_DONE && result != SQLITE_ROW)
        complain(c, what);
    return result;
}

void catalogue_finish(sqlite3_stmt *s)
{
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
}

static void put_recording(struct catalogue *c, const struct catalogue_recording *r)
{
    sqlite3_stmt *s = c->statements[PUT_RECORDING];
    catalogue_bind_text(s, 1, r->file);
    catalogue_bind_text(s, 2, r->stream);
    sqlite3_bind_int64(s, 3, r->start_ms);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)r->duration_ms);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)r->size);
    catalogue_bind_text(s, 6, r->video);
    catalogue_bind_text(s, 7, r->audio);
    catalogue_bind_text(s, 8, r->state);
    catalogue_bind_text(s, 9, r->reason);
    catalogue_step(c, s, "note a recording");
    catalogue_finish(s);
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
    catalogue_bind_text(s, 1, n->id);
    catalogue_bind_text(s, 2, publish ? "publish" : "play");
    if (begins) {
        catalogue_bind_text(s, 3, n->protocol);
        catalogue_bind_text(s, 4, n->ip);
        catalogue_bind_text(s, 5, n->path);
        sqlite3_bind_int64(s, 6, n->time_ms);
    } else {
        sqlite3_bind_int64(s, 3, n->time_ms);
        catalogue_bind_text(s, 4, n->reason);
        sqlite3_bind_int64(s, 5, (sqlite3_int64)n->carried.in_bytes);
        sqlite3_bind_int64(s, 6, (sqlite3_int64)n->carried.out_bytes);
    }
    catalogue_step(c, s, "note a session");
    catalogue_finish(s);
}

static void run_statement(struct catalogue *c, enum catalogue_statement which)
{
    catalogue_step(c, c->statements[which], "write");
    catalogue_finish(c->statements[which]);
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
    catalogue_step(c, s, "forget old sessions");
    catalogue_finish(s);
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

/* Columns that a database of an earlier version has not; they are there already in all others. */
static void add_columns(struct catalogue *c)
{
    static const char *const columns[] = { "in_bytes", "out_bytes" };
    char                     text[80];
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        snprintf(text, sizeof text, "ALTER TABLE sessions ADD COLUMN %s INTEGER", columns[i]);
        sqlite3_exec(c->db, text, NULL, NULL, NULL);
    }
}

static bool open_db(struct catalogue *c, const char *path)
{
    int  flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(path, &c->db, flags, NULL) == SQLITE_OK &&
              sqlite3_busy_timeout(c->db, BUSY_MS) == SQLITE_OK &&
              sqlite3_exec(c->db, schema, NULL, NULL, NULL) == SQLITE_OK;
    if (ok)
        add_columns(c);
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
    catalogue_bind_text(s, 1, file);
    catalogue_step(c, s, "remove a recording");
    catalogue_finish(s);
    pthread_mutex_unlock(&c->db_lock);
}

bool catalogue_knows(struct catalogue *c, const char *file, uint64_t size)
{
    sqlite3_stmt *s = c->statements[KNOWS_RECORDING];
    pthread_mutex_lock(&c->db_lock);
    catalogue_bind_text(s, 1, file);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)size);
    bool known = catalogue_step(c, s, "look up a recording") == SQLITE_ROW;
    catalogue_finish(s);
    pthread_mutex_unlock(&c->db_lock);
    return known;
}

/* The names of those that are gone, as a JSON array. */
static json_t *list_gone(struct catalogue *c, bool (*exists)(void *arg, const char *file), void *arg)
{
    sqlite3_stmt *s = c->statements[LIST_FILES];
    json_t       *gone = json_array();
    pthread_mutex_lock(&c->db_lock);
    while (catalogue_step(c, s, "list recordings") == SQLITE_ROW) {
        const char *file = (const char *)sqlite3_column_text(s, 0);
        if (file != NULL && !exists(arg, file))
            json_array_append_new(gone, json_string(file));
    }
    catalogue_finish(s);
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
