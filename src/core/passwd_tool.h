/* passwd_tool.h - "millrace passwd": what goes into api.users and api.tokens. */
#ifndef MILLRACE_CORE_PASSWD_TOOL_H
#define MILLRACE_CORE_PASSWD_TOOL_H

/* As a command: argv[0] is the word.  Returns the exit status. */
int passwd_tool(int argc, char **argv);

#endif
