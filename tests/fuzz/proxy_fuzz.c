/* proxy_fuzz.c - PROXY headers: what is read whole is waited for when it is cut, and taken alike
 * with anything behind it. */
#include "base/error.h"
#include "net/proxy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sockaddr_storage client = { .ss_family = 77 }, again = { .ss_family = 77 };
    ssize_t                 n = proxy_read((struct bytes){ data, size }, &client);
    must(n <= 0 || ((size_t)n <= size && n <= PROXY_SIZE_MAX));
    must((client.ss_family == 77) == (n <= 0));
    if (n < 0) {
        must(n == ERR_PROTOCOL || n == ERR_TOO_BIG);
        return 0;
    }
    size_t  whole = n > 0 ? (size_t)n : size;
    uint8_t exact[PROXY_SIZE_MAX];
    must(n > 0 || size < PROXY_SIZE_MAX);
    if (whole > 0)
        memcpy(exact, data, whole);
    must(proxy_read((struct bytes){ exact, whole }, &again) == n);
    must(memcmp(&client, &again, sizeof client) == 0);
    for (size_t cut = 0; cut < whole && cut < 300; cut++)
        must(proxy_read((struct bytes){ exact, cut }, &again) == 0);
    return 0;
}
