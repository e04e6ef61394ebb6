/* beneath.h - open a file below a folder and nowhere else, whatever the path says and whatever
 * links lie there.
 *
 * The calls wait for the disk: not for a loop's thread. */
#ifndef MILLRACE_BASE_BENEATH_H
#define MILLRACE_BASE_BENEATH_H

/* A descriptor of the folder, for the calls below; ERR_NOT_FOUND, ERR_REFUSED or ERR_SYSTEM. */
int beneath_open_root(const char *folder);

/* Open `path`, which is relative to the root, for reading.  Links are followed as long as they stay
 * below the root; an absolute one never does.  Nothing waits for a FIFO's other end.  Returns the
 * descriptor, of a file or a folder or anything else, or:
 *
 *   ERR_NOT_FOUND  there is none, or the way leads out
 *   ERR_REFUSED    we may not read it
 *   ERR_SYSTEM     anything else; errno has the cause */
int beneath_open(int root, const char *path);

/* The same for kernels before 5.6 and containers that forbid openat2(): step by step, and no link
 * at all is followed.  beneath_open() falls back on it. */
int beneath_walk(int root, const char *path);

#endif
