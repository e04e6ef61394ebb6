/* Up to four peers who speak to a whole server, its sockets in memory: HTTP and WebSocket, unless the
 * script says otherwise. */
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    script_play((struct bytes){ data, size }, SIM_HTTP, NULL);
    return 0;
}
