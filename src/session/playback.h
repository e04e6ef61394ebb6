/* playback.h - what playing has in common, whatever protocol carries the packets: a place among
 * the viewers of a stream, or the refusal of one.  On the session's worker. */
#ifndef MILLRACE_SESSION_PLAYBACK_H
#define MILLRACE_SESSION_PLAYBACK_H

struct outlet;
struct session;
struct viewer;

/* A place among the viewers of the session's stream: 0 and *out, which the viewer, initialised,
 * must join in this turn; or ERR_TOO_BIG with a phrase in *why, logged and counted. */
int playback_open(struct session *, struct viewer *, struct outlet **out, const char **why);

/* Log and count a refusal for another reason. */
void playback_refuse(struct session *, const char *why);

#endif
