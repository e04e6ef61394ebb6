/* stream_key.h - publishing under a secret name, so that whoever may watch a stream does not learn
 * what publishes it (publish.keys).
 *
 * A key stands where the name of the stream does, as in the stream-key box of an encoder; the
 * stream itself is named by the configuration.  A stream that has keys is published with one of
 * them only, and needs no sign then. */
#ifndef MILLRACE_CORE_STREAM_KEY_H
#define MILLRACE_CORE_STREAM_KEY_H

#include <stdbool.h>

struct session;

/* If the stream that the session asks to publish is named by a key, give it its real name instead, so
 * that the key is nowhere any more: true.  If it may not be published in the way it was asked for,
 * *why is a static phrase, fit for the client and the log; else NULL. */
bool stream_key_apply(struct session *, const char **why);

#endif
