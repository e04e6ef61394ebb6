/* sign_tool.h - "millrace sign": signed URLs from the command line, by the secrets of the server's own
 * configuration. */
#ifndef MILLRACE_CORE_SIGN_TOOL_H
#define MILLRACE_CORE_SIGN_TOOL_H

#include <stddef.h>
#include <stdint.h>

#define SIGN_TOOL_SIZE 4096

/* What the arguments ask for, as of `now_s`, in `out`: the query "sign=...", or the whole URL.
 * 0; or ERR_INVALID with one sentence in `out`.  As getopt does, it may reorder argv, and is for one
 * thread only.  --help is sign_tool()'s. */
int sign_tool_make(int argc, char **argv, int64_t now_s, char out[SIGN_TOOL_SIZE]);

/* As a command: argv[0] is the word.  Returns the exit status. */
int sign_tool(int argc, char **argv);

#endif
