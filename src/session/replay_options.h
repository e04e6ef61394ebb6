/* replay_options.h - which period of a stream's recordings is asked for, and how it is to come;
 * docs/RECORDING.md tells users about it. */
#ifndef MILLRACE_SESSION_REPLAY_OPTIONS_H
#define MILLRACE_SESSION_REPLAY_OPTIONS_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct replay_options {
    int64_t from_ms;     /* wall clock; from=, or 0 */
    int64_t to_ms;       /* to=, or the end of time: all that there is */
    bool    follows;     /* to= is in the future */
    bool    is_fast;     /* pace=fast: as the client reads, not as time passes */
    bool    closes_gaps; /* gaps=close */
};

/* From the text behind "?", which may hold other things.  0; or ERR_INVALID and a static phrase for the
 * peer in *why: a value that is none, a name that stands there twice, or a period that has no length
 * or has not begun. */
int replay_options_read(struct bytes query, int64_t now_ms, struct replay_options *out, const char **why);

#endif
