/* supervise.h - what the service manager is told, as sd_notify(3) has it: that the server is ready, that
 * it reads its configuration again, that it stops; and, if it asks for that (WatchdogSec=), that every
 * worker still turns.  Without a manager all of it is nothing. */
#ifndef MILLRACE_SERVER_SUPERVISE_H
#define MILLRACE_SERVER_SUPERVISE_H

struct context;
struct supervisor;

/* Say so, whatever comes of it: "READY=1". */
void supervise_tell(const char *state);

/* Watch the workers, on a thread of its own, if the manager wants to hear of them; NULL if not.  Until
 * supervise_stop() they must stay. */
struct supervisor *supervise_start(struct context *);
void               supervise_stop(struct supervisor *); /* NULL is allowed */

#endif
