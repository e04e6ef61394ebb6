/* play_options.h - what a viewer may ask for in the query of the URL it plays; docs/PLAYING.md tells
 * users about it. */
#ifndef MILLRACE_SESSION_PLAY_OPTIONS_H
#define MILLRACE_SESSION_PLAY_OPTIONS_H

#include "base/bytes.h"
#include "core/track_choice.h"

struct play_options {
    struct track_choice tracks;      /* video=, audio=, plain= */
    bool                starts_live; /* start=live */
};

/* From the text behind "?", which may hold other things; what it does not ask for stays as it comes.
 * 0; or ERR_INVALID and a static phrase for the peer in *why: a value that is none, or a name that
 * stands there twice. */
int play_options_read(struct bytes query, struct play_options *out, const char **why);

#endif
