#include "server/notify_sign.h"

#include "base/alloc.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

void notify_sign(const char *secret, int64_t timestamp_s, struct bytes body, char out[NOTIFY_SIGN_SIZE])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned      mac_size = 0;
    char          stamp[24];
    size_t        stamp_size = (size_t)snprintf(stamp, sizeof stamp, "%lld.", (long long)timestamp_s);
    uint8_t      *text = alloc_zeroed(stamp_size + body.size + 1);
    memcpy(text, stamp, stamp_size);
    if (body.size > 0)
        memcpy(text + stamp_size, body.data, body.size);
    if (HMAC(EVP_sha256(), secret, (int)strlen(secret), text, stamp_size + body.size, mac, &mac_size) == NULL)
        abort(); /* the algorithm is not there: nothing would be signed */
    free(text);
    size_t used = (size_t)snprintf(out, NOTIFY_SIGN_SIZE, "sha256=");
    for (unsigned i = 0; i < mac_size; i++)
        used += (size_t)snprintf(out + used, NOTIFY_SIGN_SIZE - used, "%02x", mac[i]);
}
