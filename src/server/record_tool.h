/* record_tool.h - "millrace repair" and "millrace info": recorded files, looked after by hand. */
#ifndef MILLRACE_SERVER_RECORD_TOOL_H
#define MILLRACE_SERVER_RECORD_TOOL_H

/* argv[1] and on are files.  Return the exit status: 0; 1 if a file could not be repaired, or is
 * not whole; 2 if none is named.
 *
 * A file is repaired in place; one that ends in ".part" loses that, unless there is a file of that
 * name. */
int record_tool_repair(int argc, char **argv);
int record_tool_info(int argc, char **argv);

#endif
