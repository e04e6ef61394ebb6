/* rtmp_handshake.h - the server's half of the RTMP handshake (RTMP 1.0, 5.2).
 *
 * Two kinds are spoken.  The simple one of the specification, in which each side echoes the
 * other's 1536 bytes, and the digest one of Flash Player 9 and later (also ffmpeg), in which
 * each side hides an HMAC-SHA256 among them and signs its echo.  A client whose C1 carries a
 * valid digest gets the second, anyone else the first.
 *
 * Pure: the randomness is the caller's, and no clock is read (our epoch is sent as 0). */
#ifndef MILLRACE_PROTOCOL_RTMP_HANDSHAKE_H
#define MILLRACE_PROTOCOL_RTMP_HANDSHAKE_H

#include "base/bytes.h"

#include <stdint.h>
#include <sys/types.h>

enum {
    RTMP_HANDSHAKE_SIZE         = 1536,                        /* C1, S1, C2, S2 */
    RTMP_HANDSHAKE_REQUEST_SIZE = 1 + RTMP_HANDSHAKE_SIZE,     /* C0 and C1 */
    RTMP_HANDSHAKE_REPLY_SIZE   = 1 + 2 * RTMP_HANDSHAKE_SIZE, /* S0, S1 and S2 */
    RTMP_DIGEST_SIZE            = 32,
};

enum rtmp_handshake_kind {
    RTMP_HANDSHAKE_SIMPLE,
    RTMP_HANDSHAKE_DIGEST,
};

/* What a client's C2 says about it. */
enum rtmp_client_proof {
    RTMP_PROOF_NONE,   /* neither of the two below */
    RTMP_PROOF_ECHO,   /* C2 carries our S1's random bytes: 5.2.4 */
    RTMP_PROOF_SIGNED, /* C2 is signed with the player's key over our S1's digest */
};

/* What has to be remembered from C1 until C2.  Plain data. */
struct rtmp_handshake {
    enum rtmp_handshake_kind kind;
    uint8_t s1_hash[RTMP_DIGEST_SIZE];   /* SHA-256 of S1's random part */
    uint8_t s1_digest[RTMP_DIGEST_SIZE]; /* the digest in S1; only in the digest handshake */
};

/* Answer C0 and C1 at the start of `in` with S0, S1 and S2.  `random` is fresh randomness.
 * Returns RTMP_HANDSHAKE_REQUEST_SIZE, *state and `out` written; 0 while C1 is not complete;
 * from the first byte on ERR_UNSUPPORTED for an encrypted version (6, RTMPE) and ERR_PROTOCOL
 * for what is no version at all (0-2 and 32-255: 5.2.2); ERR_SYSTEM if a digest cannot be
 * computed. */
ssize_t rtmp_handshake_reply(struct bytes in, const uint8_t random[RTMP_HANDSHAKE_SIZE],
                             struct rtmp_handshake *state, uint8_t out[RTMP_HANDSHAKE_REPLY_SIZE]);

/* Take C2 from the start of `in`.  Returns RTMP_HANDSHAKE_SIZE and sets *proof; 0 while C2 is
 * not complete; ERR_SYSTEM.  C2 is judged, never refused: docs/PROTOCOLS.md says why. */
ssize_t rtmp_handshake_finish(struct bytes in, const struct rtmp_handshake *state,
                              enum rtmp_client_proof *proof);

#endif
