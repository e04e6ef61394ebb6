/* playback.h - what playing has in common, whatever protocol carries the packets: a place among
 * the viewers of a stream, or the refusal of one.  On the session's worker. */
#ifndef MILLRACE_SESSION_PLAYBACK_H
#define MILLRACE_SESSION_PLAYBACK_H

struct outlet;
struct session;
struct viewer;

/* A place among the viewers of the session's stream, as the session's query wants it
 * (session/play_options.h): 0 and *out, which the viewer, initialised, must join in this turn; or an
 * error with a phrase in *why, logged and counted: ERR_INVALID for a query that makes no sense,
 * ERR_TOO_BIG for a limit, ERR_REFUSED for more forms of the stream than it is made in. */
int playback_open(struct session *, struct viewer *, struct outlet **out, const char **why);

/* Take the place, and leave it: outlet_join() and outlet_leave(), counted. */
void playback_join(struct session *, struct viewer *, struct outlet *);
void playback_leave(struct session *, struct viewer *);

/* Log and count a refusal for another reason. */
void playback_refuse(struct session *, const char *why);

/* The viewer was lost (viewer_ops.on_lost): tells that it has stalled, if it has.  Returns
 * the reason to end with. */
const char *playback_lost(struct session *, int error);

#endif
