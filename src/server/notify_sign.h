/* notify_sign.h - the signature of a webhook's request, by which the receiver knows that it is ours
 * and was not changed (docs/WEBHOOKS.md). */
#ifndef MILLRACE_SERVER_NOTIFY_SIGN_H
#define MILLRACE_SERVER_NOTIFY_SIGN_H

#include "base/bytes.h"

#include <stdint.h>

#define NOTIFY_SIGN_SIZE 72 /* "sha256=", 64 hexadecimal digits and an end mark */

/* HMAC-SHA256 (RFC 2104) with `secret` as its key over "TIMESTAMP.BODY"; the timestamp is seconds
 * since 1970, in decimal.  A receiver that refuses old timestamps cannot be sent a request twice. */
void notify_sign(const char *secret, int64_t timestamp_s, struct bytes body, char out[NOTIFY_SIGN_SIZE]);

#endif
