#include "base/log_flood.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stdint.h>

static const char *const names[LOG_FLOODS] = {
    [LOG_FLOOD_CONNECTIONS] = "connections refused for a limit",
    [LOG_FLOOD_DESCRIPTORS] = "connections refused for want of file descriptors",
    [LOG_FLOOD_PROXY]       = "connections refused for their PROXY header",
    [LOG_FLOOD_STREAMS]     = "publishers and viewers refused",
};

static struct {
    atomic_uint_fast64_t second;
    atomic_uint          written; /* in it */
    atomic_uint          left_out;
} floods[LOG_FLOODS];

bool log_flood_pass(enum log_flood kind)
{
    uint64_t      now = clock_monotonic_ms() / 1000;
    uint_fast64_t last = atomic_load_explicit(&floods[kind].second, memory_order_relaxed);
    if (last != now && atomic_compare_exchange_strong(&floods[kind].second, &last, now))
        atomic_store_explicit(&floods[kind].written, 0, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&floods[kind].written, 1, memory_order_relaxed) < LOG_FLOOD_LINES)
        return true;
    atomic_fetch_add_explicit(&floods[kind].left_out, 1, memory_order_relaxed);
    return false;
}

void log_flood_report(void)
{
    for (int kind = 0; kind < LOG_FLOODS; kind++) {
        unsigned count = atomic_exchange_explicit(&floods[kind].left_out, 0, memory_order_relaxed);
        if (count > 0)
            log_warn(NULL, "%u more %s, not logged one by one", count, names[kind]);
    }
}
