/* C0, C1 and C2, whole or cut.  The answer never depends on how much lies behind C1, and a client
 * is only believed what it can prove. */
#include "base/error.h"
#include "protocol/rtmp_handshake.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t random[RTMP_HANDSHAKE_SIZE];
    static uint8_t out[RTMP_HANDSHAKE_REPLY_SIZE], again[RTMP_HANDSHAKE_REPLY_SIZE];
    for (size_t i = 0; i < sizeof random; i++) /* that of the captured seeds */
        random[i] = (uint8_t)(i * 13 + 5);

    struct rtmp_handshake state, other;
    ssize_t               n = rtmp_handshake_reply((struct bytes){ data, size }, random, &state, out);
    REQUIRE(n == 0 || n == RTMP_HANDSHAKE_REQUEST_SIZE || n == ERR_PROTOCOL || n == ERR_UNSUPPORTED);
    REQUIRE(n != 0 || size < RTMP_HANDSHAKE_REQUEST_SIZE);
    if (n <= 0)
        return 0;
    REQUIRE(rtmp_handshake_reply((struct bytes){ data, (size_t)n }, random, &other, again) == n);
    REQUIRE(memcmp(out, again, sizeof out) == 0);
    REQUIRE(out[0] == 3 && (state.kind == RTMP_HANDSHAKE_DIGEST || memcmp(out + 1537, data + 1, 1536) == 0));

    enum rtmp_client_proof proof = RTMP_PROOF_NONE;
    struct bytes           c2 = { data + n, size - (size_t)n };
    ssize_t                end = rtmp_handshake_finish(c2, &state, &proof);
    REQUIRE(end == (c2.size < RTMP_HANDSHAKE_SIZE ? 0 : RTMP_HANDSHAKE_SIZE));
    REQUIRE(proof != RTMP_PROOF_SIGNED || state.kind == RTMP_HANDSHAKE_DIGEST);
    REQUIRE(proof != RTMP_PROOF_ECHO || memcmp(c2.data + 8, out + 1 + 8, RTMP_HANDSHAKE_SIZE - 8) == 0);
    return 0;
}
