/* static_files.h - the files below static.root, as answers to GET and HEAD.
 *
 * Whole or in one range, with entity tag and date, from "name.br" or "name.gz" beside the file if
 * the client takes it; a folder is its index.html.  What begins with a dot is not there, nor is what
 * lies outside of the root, however a path or a link puts it.  A page of our own (server/pages.h) is
 * served where the root has no file of its name.
 *
 * All reading is done by libuv's threads, never by a loop's: one buffer for each answer, filled
 * again when the client has taken it. */
#ifndef MILLRACE_SERVER_STATIC_FILES_H
#define MILLRACE_SERVER_STATIC_FILES_H

#include <stdbool.h>

struct config;
struct http_request;
struct http_session;

/* Whether `path` belongs to the files: it lies below static.router, and there is a root. */
bool static_files_match(const struct config *, const char *path);

/* Whether static.router sets a part of the paths aside for files.  If it is "/", files have what
 * nobody else wants. */
bool static_files_are_mounted(const struct config *);

/* Answer a request that matches, now or later. */
void static_files_serve(struct http_session *, const struct http_request *);

#endif
