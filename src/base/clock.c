#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_format_iso(int64_t wall_ms, char *out)
{
    time_t    seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    localtime_r(&seconds, &local);
    size_t used = strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &local);
    long   offset_min = local.tm_gmtoff / 60;
    snprintf(out + used, CLOCK_ISO_SIZE - used, ".%03u%c%02u:%02u", (unsigned)(wall_ms % 1000),
             offset_min < 0 ? '-' : '+', (unsigned)(labs(offset_min) / 60) % 100u,
             (unsigned)(labs(offset_min) % 60));
}
