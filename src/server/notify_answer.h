/* notify_answer.h - what a webhook has answered that was asked to decide: prePublish, prePlay
 * (docs/WEBHOOKS.md).  Pure.
 *
 *     2xx                                  it may; the body does not matter, unless it is JSON with
 *     { "name": "other" }                  another name in the same app, or
 *     { "path": "/app/name" }              another stream altogether
 *     4xx                                  it may not, maybe with
 *     { "reason": "not today" }            what the client is told
 *
 * Anything else, 408, 425 and 429 included, is no answer. */
#ifndef MILLRACE_SERVER_NOTIFY_ANSWER_H
#define MILLRACE_SERVER_NOTIFY_ANSWER_H

#include "base/bytes.h"
#include "core/access.h"

/* The most that is read of an answer. */
#define NOTIFY_ANSWER_MAX (64 * 1024)

/* 0 and *out; or ERR_PROTOCOL for what is no answer, names that no stream can have included. */
int notify_answer_read(long status, struct bytes body, const char *app, struct access_verdict *out);

/* `text`, which comes from elsewhere, as a phrase for clients and the log: visible characters on one
 * line, cut at ACCESS_REASON_SIZE.  What is not UTF-8 ends it. */
void notify_answer_clean(const char *text, size_t size, char out[ACCESS_REASON_SIZE]);

#endif
