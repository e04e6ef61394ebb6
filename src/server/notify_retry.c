#include "server/notify_retry.h"

enum notify_outcome notify_outcome_of(long status)
{
    if (status >= 200 && status < 300)
        return NOTIFY_TAKEN;
    if (status == 0 || status == 408 || status == 425 || status == 429 || (status >= 500 && status < 600))
        return NOTIFY_LATER;
    return status >= 400 && status < 500 ? NOTIFY_REFUSED : NOTIFY_BROKEN;
}

uint64_t notify_retry_ms(unsigned attempt, uint32_t first_ms, uint64_t retry_after_s, uint32_t random)
{
    uint64_t pause_ms = first_ms;
    for (unsigned i = 1; i < attempt && pause_ms < NOTIFY_RETRY_MAX_MS; i++)
        pause_ms *= 2;
    if (pause_ms > NOTIFY_RETRY_MAX_MS)
        pause_ms = NOTIFY_RETRY_MAX_MS;
    pause_ms -= random % (pause_ms / 2 + 1);
    uint64_t wanted_ms = retry_after_s > NOTIFY_AFTER_MAX_MS / 1000 ? NOTIFY_AFTER_MAX_MS : retry_after_s * 1000;
    return pause_ms > wanted_ms ? pause_ms : wanted_ms;
}
