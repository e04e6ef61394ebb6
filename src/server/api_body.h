/* api_body.h - the body of a request: a JSON object of known members.
 *
 * Pure functions. */
#ifndef MILLRACE_SERVER_API_BODY_H
#define MILLRACE_SERVER_API_BODY_H

#include "base/bytes.h"

#include <jansson.h>
#include <stdbool.h>

enum { API_BODY_MAX = 64 * 1024, API_BODY_DEPTH_MAX = 8, API_BODY_WHY_SIZE = 160 };

/* Whether a Content-Type is JSON's, in UTF-8; NULL is not. */
bool api_body_is_json(const char *content_type);

/* The object, which the caller owns; or NULL with a sentence in `why`: it is no JSON, or of another
 * type, or nested deeper than API_BODY_DEPTH_MAX, or has a member twice, or one that is not among the
 * words of `members` (api_word_is_in()); NULL there is none, "*" any. */
json_t *api_body_parse(struct bytes text, const char *members, char why[API_BODY_WHY_SIZE]);

#endif
