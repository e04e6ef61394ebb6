/* auth.h - signs: what a URL carries to prove that its maker knew a secret (docs/ACCESS.md).
 *
 * A sign stands in the query of a stream's URL, as `sign=`, in one of two forms:
 *
 *     <expiry>-<md5>                        Node Media Server's: the MD5, in lower-case hex, of
 *                                           "<path>-<expiry>-<secret>".  Good for playing and
 *                                           publishing, from anywhere
 *     v2.<expiry>.<use>.<bits>.<mac>        ours: HMAC-SHA256 under the secret, in base64url, of
 *                                           "v2\n<use>\n<expiry>\n<network>\n<path>"
 *
 *     expiry    seconds since 1970: the last second in which the sign is good; v2: or 0, for ever
 *     use       "play", "publish" or "any"
 *     bits      0: good from any address; else the first so many bits of the client's address
 *               are signed, as the network that they make ("192.0.2.0/24", "192.0.2.7"), which
 *               is not in the URL; empty with 0
 *     path      "/app/name", decoded
 *
 * Reading is strict: numbers are plain digits without zeros in front, nothing stands before or
 * behind, and a query with two signs has none.  MACs are compared in constant time.
 *
 * Nothing here may be logged: not the query, not the sign, not the secret. */
#ifndef MILLRACE_CORE_AUTH_H
#define MILLRACE_CORE_AUTH_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum auth_use { AUTH_PLAY, AUTH_PUBLISH, AUTH_ANY };

/* "play", "publish" or "any". */
const char *auth_use_name(enum auth_use);

#define AUTH_SIGN_SIZE   96 /* the longest sign, with its end mark */
#define AUTH_SECRETS_MAX 16

/* What signs are checked against; borrowed. */
struct auth_keys {
    const char *secrets[AUTH_SECRETS_MAX]; /* any of them will do */
    size_t      count;
    bool        legacy; /* Node Media Server's form is good too */
};

/* Who asks for what; borrowed. */
struct auth_request {
    enum auth_use use; /* AUTH_PLAY or AUTH_PUBLISH */
    const char   *path;
    struct bytes  query; /* undecoded */
    const char   *ip;
    int64_t       now_s; /* wall clock */
};

/* NULL if the query has a good sign; else a static phrase, fit for the client and the log, such
 * as "the sign has expired". */
const char *auth_refusal(const struct auth_request *, const struct auth_keys *);

/* What a sign is to say; borrowed. */
struct auth_grant {
    enum auth_use use;
    const char   *path;
    int64_t       expiry_s; /* 0: for ever */
    const char   *network;  /* an address or a network, as cidr_parse() takes; NULL: any address */
};

/* Write a v2 sign, without "sign=".  0; or ERR_INVALID for a network that is none or is all
 * addresses, an expiry that cannot be written, or an empty secret. */
int auth_sign(const struct auth_grant *, const char *secret, char out[AUTH_SIGN_SIZE]);

/* The same in Node Media Server's form, which has neither use nor network. */
int auth_sign_legacy(const char *path, int64_t expiry_s, const char *secret, char out[AUTH_SIGN_SIZE]);

#endif
