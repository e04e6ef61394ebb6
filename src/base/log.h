/* log.h - the one way a line reaches the log, which is stderr.
 *
 * Every line holds the wall time, a level, a message and, where the caller gives it, whom it
 * is about.  A line is at most LOG_LINE_MAX bytes and goes out in one write(2): a pipe takes
 * that much whole or not at all, so lines of several threads never mix.  What comes from a
 * peer is escaped in both formats: it can neither start a line nor drive a terminal, and JSON
 * stays valid whatever its bytes are.
 *
 * Logging does not wait for a pipe, a socket or a terminal whose reader is stuck: such a line is
 * dropped and counted.  All calls may be made from any thread, and leave errno alone. */
#ifndef MILLRACE_BASE_LOG_H
#define MILLRACE_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_LINE_MAX 4096

enum log_level {
    LOG_LEVEL_NONE, /* as the threshold: nothing is written */
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

enum log_format {
    LOG_FORMAT_TEXT, /* 2026-01-31T09:05:07.123+01:00 INFO  message [session ip path] */
    LOG_FORMAT_JSON, /* {"time":..,"level":..,"message":..,"session":..,"ip":..,"path":..} */
};

/* Whom a line is about.  Borrowed for the call; a member may be NULL or empty.  The text
 * format adds only those that the message does not name by itself. */
struct log_context {
    const char *id;
    const char *ip;
    const char *path; /* stream path, "/app/name" */
};

/* Lines up to `level` are written, in `format`; before the first call those up to
 * LOG_LEVEL_INFO are, as text.  Looks anew at what stderr is. */
void log_setup(enum log_level level, enum log_format format);

/* Lines that could not be written since the process began. */
uint64_t log_dropped(void);

/* log.c's, here for the check below. */
extern atomic_int log_threshold;

static inline bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_threshold, memory_order_relaxed);
}

/* Without regard to the threshold; log_error() and the others check it, and evaluate their
 * arguments only if the line is wanted.  `context` may be NULL. */
void log_write(enum log_level level, const struct log_context *context, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_at(level, context, ...) \
    (log_enabled(level) ? log_write(level, context, __VA_ARGS__) : (void)0)
#define log_error(context, ...) log_at(LOG_LEVEL_ERROR, context, __VA_ARGS__)
#define log_warn(context, ...)  log_at(LOG_LEVEL_WARN, context, __VA_ARGS__)
#define log_info(context, ...)  log_at(LOG_LEVEL_INFO, context, __VA_ARGS__)
#define log_debug(context, ...) log_at(LOG_LEVEL_DEBUG, context, __VA_ARGS__)

#endif
