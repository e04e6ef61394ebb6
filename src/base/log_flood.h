/* log_flood.h - lines that peers can cause as often as they like.
 *
 * Of each kind some are written in a second, which is all of them as long as nothing unusual goes on;
 * the rest is counted, and told once a second in one line.  All calls may be made from any thread. */
#ifndef MILLRACE_BASE_LOG_FLOOD_H
#define MILLRACE_BASE_LOG_FLOOD_H

#include <stdbool.h>

/* Of one kind, in a second. */
#define LOG_FLOOD_LINES 20

enum log_flood {
    LOG_FLOOD_CONNECTIONS, /* refused for a limit */
    LOG_FLOOD_DESCRIPTORS, /* refused for want of one */
    LOG_FLOOD_PROXY,       /* refused for their PROXY header */
    LOG_FLOOD_STREAMS,     /* publishers and viewers that were refused */
    LOG_FLOODS,
};

/* Whether a line of this kind may be written now; if not, it is counted. */
bool log_flood_pass(enum log_flood);

/* Tell what was left out: about once a second. */
void log_flood_report(void);

#endif
