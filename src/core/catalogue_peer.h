/* catalogue_peer.h - what the files of the catalogue share; nobody else includes it.
 *
 *     catalogue.c        the queue of events, and the thread that empties it
 *     catalogue_db.c     the database
 *     catalogue_query.c  what is asked of it */
#ifndef MILLRACE_CORE_CATALOGUE_PEER_H
#define MILLRACE_CORE_CATALOGUE_PEER_H

#include "core/catalogue.h"
#include "core/events.h"
#include "core/record_path.h"
#include "core/session.h"

#include <pthread.h>
#include <sqlite3.h>

enum catalogue_statement {
    PUT_RECORDING,
    REMOVE_RECORDING,
    KNOWS_RECORDING,
    LIST_FILES,
    BEGIN_SESSION,
    END_SESSION,
    FORGET_SESSIONS,
    LIST_RECORDINGS,
    COUNT_RECORDINGS,
    SUM_RECORDINGS,
    ONE_RECORDING,
    NEXT_RECORDING,
    USAGE_BY_STREAM,
    LIST_SESSIONS,
    COUNT_SESSIONS,
    BEGIN_ALL,
    COMMIT_ALL,
    CATALOGUE_STATEMENTS,
};

/* What an event leaves to be written, copied. */
struct catalogue_note {
    enum event_type     type;
    char                id[SESSION_ID_SIZE];
    char                ip[ADDRESS_IP_SIZE];
    char                protocol[16];
    char                path[URL_PATH_SIZE];
    char                file[RECORD_FILE_SIZE];
    char                reason[96];
    int64_t             time_ms;
    struct meter        carried; /* by the session, until then */
    struct event_record record; /* its pointers are not used */
};

struct catalogue {
    struct event_observer observer;
    pthread_mutex_t       db_lock;
    sqlite3              *db;                     /* db_lock */
    sqlite3_stmt         *statements[CATALOGUE_STATEMENTS]; /* db_lock */
    uint32_t              keep_s;
    pthread_t             thread;
    pthread_mutex_t       lock;
    pthread_cond_t        wake;
    bool                  stopping;               /* lock, like all below */
    size_t                first, count;
    uint64_t              dropped;
    struct catalogue_note           notes[CATALOGUE_QUEUE];
};

/* Open `path`, or put it aside and make a new one; false, logged, if neither can be. */
bool catalogue_open_db(struct catalogue *, const char *path);
void catalogue_close_db(struct catalogue *);

/* All in one transaction. */
void catalogue_write_notes(struct catalogue *, const struct catalogue_note *, size_t count);
void catalogue_forget_old(struct catalogue *);

/* Statements, with db_lock: bind a copy of a text, step and log an error, make ready for the next time. */
void catalogue_bind_text(sqlite3_stmt *, int at, const char *text);
int  catalogue_step(struct catalogue *, sqlite3_stmt *, const char *what);
void catalogue_finish(sqlite3_stmt *);

#endif
